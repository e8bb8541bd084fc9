"""Released clients, unmodified, against the server on a real Spark.

Each client has a virtual environment of its own, which scripts/setup makes from requirements/NAME.txt; those below
requirements/extra are only there for scripts/test --all, whose tests have the marker `extra`. What a test has a client
do stands in a script beside it, which runs in that environment and prints what it saw as JSON.
"""

import json
import os
import pathlib
import subprocess
import tempfile

import pytest

from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import (SPARK_VERSIONS, VENVS, binary, library_with_sparkr, new_directory, pytest_collection_modifyitems,  # noqa: F401
                               pytest_runtest_makereport, run_gateway, run_recovering, spark_home)

HERE = pathlib.Path(__file__).resolve().parent
VERSIONS = os.environ.get("SPARKGATE_TEST_CLIENTS_SPARK", "").split() or SPARK_VERSIONS


@pytest.fixture(scope="session", params=VERSIONS)
def spark_version(request):
    return request.param


@pytest.fixture(scope="session")
def gateway(spark_home):  # noqa: F811
    """Shared by the tests of one Spark version. It has the defaults of an operator who has set nothing."""
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={"spark.master": "local[2]"}))


@pytest.fixture(scope="module")
def batch_gateway(spark_home):  # noqa: F811
    """For batches whose files are here, and for tests that kill it: it goes on with what runs. Each module has its own."""
    yield from run_recovering(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local[2]", "file.local-dir-whitelist": tempfile.gettempdir(), "session.kill-grace": "2s"}))


def check_nothing_left(server):
    """Of all that was started only the server itself is alive."""
    until(lambda: set(gateways.processes_with(str(server.directory))) == {server.process.pid}, 30,
          lambda: f"nothing is left: {gateways.processes_with(str(server.directory))}")


class Environment:
    """The virtual environment of a client."""

    def __init__(self, name):
        self.directory = VENVS / f"client-{name}"
        assert (self.directory / ".sparkgate-complete").exists(), f"no {self.directory}: run scripts/setup --with-tests"

    def run(self, command, *arguments, environment=None, deadline=300, **options):
        """Runs a command of the environment to its end."""
        return subprocess.run([self.directory / "bin" / command, *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=deadline, env={**os.environ, **(environment or {})}, **options)

    def start(self, command, *arguments, output, environment=None):
        """Starts one whose output goes to a file, and which is the leader of its process group."""
        with open(output, "wb") as file:
            return subprocess.Popen([self.directory / "bin" / command, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                    stdout=file, stderr=file, start_new_session=True, env={**os.environ, **(environment or {})})

    def script(self, name, *arguments, **options):
        """What a script beside the tests saw: the JSON in the last line of its standard output."""
        ended = self.run("python", HERE / name, *arguments, **options)
        assert ended.returncode == 0, f"{name} {arguments}: exit code {ended.returncode}\n{ended.stdout[-4000:]}\n{ended.stderr[-8000:]}"
        return json.loads(ended.stdout.splitlines()[-1])
