"""Fixtures: a server with a fake spark-submit for what needs no Spark, and one for each Spark version.

The server of one Spark version and its shared session serve all tests of that version (a start costs many seconds).
At the end of each server nothing that it started may be alive. A failed test prints the logs and keeps the directory.
"""

import contextlib
import glob
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import until

VENVS = pathlib.Path(os.environ.get("SPARKGATE_VENVS", gateways.ROOT / ".venv"))
SPARK_VERSIONS = ("3.5", "4.1")


def pytest_collection_modifyitems(items):
    """What asks for a real Spark is marked so, by its fixtures."""
    for item in items:
        if "spark_version" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.spark)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the logs of its server, whose directory is then kept."""
    report = (yield).get_result()
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, gateways.Gateway):
                value.failed = True
                report.sections.append(("server log", value.log()[-3000:]))
                report.sections.append(("session logs", value.session_logs()[-16000:]))


@pytest.fixture(scope="session", autouse=True)
def binary():
    assert os.access(gateways.BINARY, os.X_OK), f"{gateways.BINARY} is not there: run scripts/build release"


def run_gateway(server, end=gateways.Gateway.stop):
    """Starts `server`, yields it, ends it, and fails if anything survived."""
    server.failed = False
    try:
        yield server.start()
    finally:
        try:
            code = end(server)
        finally:
            left = server.leftovers()
        if server.failed or left or code != 0:
            print(f"kept: {server.directory}", file=sys.stderr)
        else:
            shutil.rmtree(server.directory, ignore_errors=True)
        assert not left, f"alive after the server ended: {left}\n{server.log()[-4000:]}"
        assert code == 0, f"the server ended with {code}\n{server.log()[-4000:]}"


def new_directory():
    """Short, since a Unix socket's path may have only 107 bytes."""
    return pathlib.Path(tempfile.mkdtemp(prefix="sg-"))


@pytest.fixture
def directory():
    """A directory of the test's own, gone when it ends."""
    path = new_directory()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def fake_spark_home(tmp_path_factory):
    """A SPARK_HOME whose spark-submit is fake_spark_submit.py."""
    return gateways.make_fake_spark_home(tmp_path_factory.mktemp("fake-spark"))


@pytest.fixture(scope="module")
def gateway(fake_spark_home):
    """A server with the fake spark-submit, shared by the tests of a module."""
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "session.kill-grace": "1s", "rsc.job-cancel.timeout": "2s", "statement.output-limit": "1m"}))


def run_recovering(server):
    """As run_gateway, for a server that the test may kill and start again, and whose children live on."""
    server.settings["server.recovery.mode"] = "recovery"
    yield from run_gateway(server, gateways.Gateway.end_everything)


@pytest.fixture
def client(gateway):
    client = gateway.client.fork()
    yield client
    client.close()


@pytest.fixture
def fake(client):
    """fake(behaviour...) creates a session on the fake spark-submit; all are deleted at the end of the test.

    Keywords become `spark.fake.<word>` in the session's conf (see fake_spark_submit.py); `request` is merged in.
    """
    sessions = []

    def create(request=None, **behaviour):
        conf = {f"spark.fake.{word}": str(value) for word, value in behaviour.items()}
        session = client.create(**{"kind": "pyspark", "conf": conf, **(request or {})})
        sessions.append(session)
        return session

    yield create
    for session in sessions:
        session.delete()


@pytest.fixture
def batch(client):
    """batch(behaviour...) creates a batch on the fake spark-submit; all are deleted at the end of the test.

    Keywords become `spark.fake.<word>` in the batch's conf; `request` is merged in.
    """
    created = []

    def create(request=None, **behaviour):
        request = dict(request or {})
        conf = {**batches.fake_conf(**behaviour), **request.pop("conf", {})}
        created.append(batches.create(client, conf=conf, **request))
        return created[-1]

    yield create
    for each in created:
        each.delete()


@pytest.fixture
def serve(fake_spark_home):
    """serve(settings) starts a server of the test's own with the fake spark-submit and returns it."""
    with contextlib.ExitStack() as running:

        def start(settings=None, **options):
            server = gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable,
                                      settings={"session.kill-grace": "1s", **(settings or {})}, **options)
            return running.enter_context(contextlib.contextmanager(run_gateway)(server))

        yield start


@pytest.fixture(scope="session", params=SPARK_VERSIONS)
def spark_version(request):
    return request.param


@pytest.fixture(scope="session")
def spark_home(spark_version):
    named = os.environ.get("SPARKGATE_TEST_SPARK_" + spark_version.replace(".", ""))
    found = [named] if named else glob.glob(f"{VENVS}/spark-{spark_version}/lib/python3*/site-packages/pyspark")
    assert found, f"no Spark {spark_version} in {VENVS}: run scripts/setup --with-tests"
    return pathlib.Path(found[0])


@pytest.fixture(scope="session")
def library_with_sparkr(tmp_path_factory):
    """A folder of R packages with the stand-in for SparkR, which is in no package registry."""
    library = tmp_path_factory.mktemp("r-library")
    done = subprocess.run(["R", "CMD", "INSTALL", "--no-docs", f"--library={library}", gateways.ROOT / "tests/repl/sparkr_standin"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return library


@pytest.fixture(scope="session")
def spark_gateway(spark_home):
    """A server on a real Spark. The interpreter of the driver is the virtual environment's, found by the server."""
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local[2]", "rsc.job-cancel.timeout": "15s"}))


@pytest.fixture
def spark_client(spark_gateway):
    client = spark_gateway.client.fork()
    yield client
    client.close()


@pytest.fixture(scope="session")
def shared_sessions(spark_gateway):
    """The one session (as a list, to be replaced) that tests of a Spark version share."""
    yield []
    spark_gateway.client.close()


@pytest.fixture
def session(spark_gateway, shared_sessions):
    return idle_session(shared_sessions, lambda: spark_gateway.client.create(name="shared"))


def idle_session(shared, create):
    """The session of the list `shared`, idle. If an earlier test ruined it there is a new one, so that one failure
    stays one."""
    if shared:
        try:
            until(lambda: shared[0].state() in ("idle", "dead", "error", "killed"), 20, "shared session idle")
        except AssertionError:
            pass
        if shared[0].state() != "idle":
            shared.pop().delete()
    if not shared:
        shared.append(create())
    return shared[0].wait_idle(300)


@pytest.fixture
def own_session(spark_client):
    """own_session(**request) creates a session for one test, waits until it is idle, and deletes it at the end."""
    sessions = []

    def create(**request):
        session = spark_client.create(**request)
        sessions.append(session)
        return session.wait_idle(300)

    yield create
    for session in sessions:
        session.delete()
