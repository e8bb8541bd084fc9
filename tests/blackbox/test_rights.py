"""Whose files the server uses, who may read them, and what it does about things that others have put in its way. Needs
no Spark."""

import contextlib
import os
import pathlib
import stat
import sys

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_recovering

SOMEBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="takes root: files of another user")


@pytest.fixture
def refused(directory, fake_spark_home):
    """refused(state_dir, *words): the server does not start with it, and says why in one line with these words."""

    def check(state_dir, *words, **settings):
        arguments = ["--set", "server.port=0", "--set", f"state.dir={state_dir}"]
        for key, value in settings.items():
            arguments += ["--set", f"{key.replace('_', '-')}={value}"]
        answer = gateways.run("serve", *arguments, environment={**os.environ, "SPARK_HOME": str(fake_spark_home)}, timeout=20)
        assert (answer.returncode, answer.stdout) == (8, ""), answer
        assert len(answer.stderr.splitlines()) == 1, answer.stderr
        for word in words:
            assert str(word) in answer.stderr, answer.stderr

    return check


@pytest.fixture
def server(directory, fake_spark_home):
    """server(state_dir) runs a server there, and ends it with the test."""
    with contextlib.ExitStack() as running:

        def start(state_dir):
            one = gateways.Gateway(directory / "server", fake_spark_home, settings={"state.dir": str(state_dir)})
            running.callback(one.stop)
            return one.start()

        yield start


def tree(folder):
    """What is there, to see that nothing has come or changed."""
    return {str(path): (path.lstat().st_mode, path.lstat().st_uid) for path in sorted(pathlib.Path(folder).rglob("*"))}


def make(path, mode, owner=None):
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    if owner is not None:
        os.chown(path, *owner)
    return path


# ---- the directory itself


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o702, 0o770, 0o777, 0o1777])
def test_a_state_directory_that_is_open_to_others(refused, directory, mode):
    state = make(directory / "state", mode)
    refused(state, state, f"mode {mode:04o}", "chmod 700")
    assert not list(state.iterdir()), "nothing is created in it"


@root_only
def test_a_state_directory_of_another_user(refused, directory):
    state = make(directory / "state", 0o700, owner=(SOMEBODY, SOMEBODY))
    refused(state, state, f"belongs to another user (uid {SOMEBODY})")
    assert not list(state.iterdir())


def test_a_link_to_a_private_directory_is_the_operators_choice(server, directory):
    real = make(directory / "real", 0o700)
    (directory / "link").symlink_to("real")
    server(directory / "link")
    assert (real / "lock").exists()


def test_a_link_to_a_directory_that_is_open_to_others(refused, directory):
    real = make(directory / "real", 0o755)
    (directory / "link").symlink_to(real)
    refused(directory / "link", "open to other users")
    assert not list(real.iterdir())


def test_what_the_server_creates_is_private(server, directory):
    before = os.umask(0)
    try:
        server(directory / "a/b/state")
    finally:
        os.umask(before)
    for path in ("a", "a/b", "a/b/state"):
        assert stat.S_IMODE((directory / path).stat().st_mode) == 0o700


# ---- the way there


def test_a_parent_that_everybody_can_write(refused, server, directory):
    parent = make(directory / "open", 0o777)
    before = tree(directory)
    refused(parent / "state", parent, "by everybody")
    refused(parent / "x/../state", parent, "by everybody")
    (directory / "link").symlink_to(parent / "state")
    refused(directory / "link", parent, "by everybody")
    (directory / "link").unlink()
    assert tree(directory) == before, "nothing was created there"
    parent.chmod(0o1777)
    server(parent / "state")


@root_only
def test_a_parent_that_a_group_can_write(refused, server, directory):
    parent = make(directory / "shared", 0o775, owner=(0, SOMEBODY))
    refused(parent / "state", parent, "by its group")
    os.chown(parent, 0, 0)
    server(parent / "state")


@root_only
@pytest.mark.parametrize("mode", [0o700, 0o1777])
def test_a_parent_of_another_user(refused, directory, mode):
    parent = make(directory / "theirs", mode, owner=(SOMEBODY, SOMEBODY))
    refused(parent / "state", parent, f"belongs to another user (uid {SOMEBODY})")
    refused(parent / "a/b/state", parent, f"belongs to another user (uid {SOMEBODY})")
    assert not list(parent.iterdir())


@root_only
def test_a_link_of_another_user_on_the_way(refused, directory):
    make(directory / "real", 0o700)
    link = directory / "link"
    link.symlink_to("real")
    os.chown(link, SOMEBODY, SOMEBODY, follow_symlinks=False)
    refused(link / "state", link, "another user's link")
    refused(link, link, "another user's link")


def test_links_in_a_circle(refused, directory):
    (directory / "a").symlink_to("b")
    (directory / "b").symlink_to("a")
    refused(directory / "a/state", directory)


# ---- what lies in it

ROOMS = ("sessions", "batches", "run")
FILES = ("lock", "access.log", "sparkgate.db", "sparkgate.db-wal", "sparkgate.db-shm", "sparkgate.db-journal")


@pytest.mark.parametrize("name", ROOMS + FILES)
def test_a_link_in_the_place_of_one_of_our_files(refused, directory, name):
    """To a thing of the right kind, and to nothing; neither is touched."""
    state, outside = make(directory / "state", 0o700), make(directory / "outside", 0o755)
    if name in ROOMS:
        (outside / "thing").mkdir()
    else:
        (outside / "thing").write_text("precious")
    before = tree(outside)
    for target in ("thing", "nothing"):
        (state / name).unlink(missing_ok=True)
        (state / name).symlink_to(outside / target)
        refused(state, state / name, "is a link")
    assert tree(outside) == before
    assert name in ROOMS or (outside / "thing").read_text() == "precious"


@pytest.mark.parametrize("name", ROOMS + FILES)
def test_a_fifo_in_the_place_of_one_of_our_files(refused, directory, name):
    state = make(directory / "state", 0o700)
    os.mkfifo(state / name, 0o600)
    refused(state, state / name, "is not a directory" if name in ROOMS else "is not a regular file")


@pytest.mark.parametrize("name", FILES)
def test_a_directory_in_the_place_of_a_file(refused, directory, name):
    state = make(directory / "state", 0o700)
    (state / name).mkdir()
    refused(state, state / name, "is not a regular file")


@root_only
@pytest.mark.parametrize("name", ROOMS + FILES)
def test_a_thing_of_another_user(refused, directory, name):
    state = make(directory / "state", 0o700)
    if name in ROOMS:
        (state / name).mkdir()
    else:
        (state / name).touch()
    os.chown(state / name, SOMEBODY, SOMEBODY)
    refused(state, state / name, "belongs to another user")


def test_an_access_log_elsewhere_is_no_link_either(refused, directory):
    make(directory / "logs", 0o755)
    (directory / "logs/access.log").symlink_to("messages")
    refused(directory / "state", directory / "logs/access.log", "is a link",
            **{"server.access_log": directory / "logs/access.log"})
    assert not (directory / "logs/messages").exists()


def test_what_lies_in_the_place_of_the_socket_is_removed_not_followed(server, directory):
    state = make(directory / "state", 0o700)
    make(state / "run", 0o700)
    (directory / "precious").write_text("precious")
    (state / "run/driver.sock").symlink_to(directory / "precious")
    server(state)
    assert stat.S_ISSOCK((state / "run/driver.sock").lstat().st_mode)
    assert (directory / "precious").read_text() == "precious"


# ---- what it writes


@pytest.fixture
def without_umask(fake_spark_home):
    """A server that was started with umask 0, as a careless script would, and rotates its access log soon."""
    before = os.umask(0)
    running = run_recovering(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "server.access-log.max-size": "500", "file.local-dir-whitelist": "/", "session.kill-grace": "1s"}))
    try:
        gateway = next(running)
    finally:
        os.umask(before)
    yield gateway
    with contextlib.suppress(StopIteration):
        next(running)


def test_nobody_else_can_read_what_the_server_writes(without_umask):
    client, state = without_umask.client, without_umask.state_dir
    session = client.create(kind="pyspark").wait_idle()
    session.run("say hello")
    batches.create(client).wait_state("success")
    assert (state / "access.1.log").exists()
    folder = without_umask.directory_of(session)
    assert {"output.log", "driver.json", "shim.json"} <= {path.name for path in folder.iterdir()}
    files = [path for path in state.rglob("*") if "work" not in path.parts]
    assert len(files) > 10
    open_ones = [f"{oct(path.lstat().st_mode)} {path}" for path in [state, without_umask.port_file, *files]
                 if path.lstat().st_mode & 0o077]
    assert not open_ones, "\n".join(open_ones)


def umask_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("Umask:"))


def test_programs_have_the_umask_that_the_server_was_started_with(without_umask):
    session = without_umask.client.create(kind="pyspark").wait_idle()
    shim, program = without_umask.shim_of(session)
    assert umask_of(without_umask.process.pid) == umask_of(shim) == "0077"
    assert umask_of(program) == "0000"


# ---- places that others can write


def test_a_long_path_needs_nothing_in_tmp(directory, fake_spark_home):
    """The drivers find the socket, also after a restart, although no socket address can hold its path."""
    mine = f"sparkgate-{os.geteuid()}-"
    before = {name for name in os.listdir("/tmp") if name.startswith(mine)}
    gateway = gateways.Gateway(directory / "server", fake_spark_home, python=sys.executable)
    gateway.state_dir = directory / ("long" * 40) / "state"
    gateway.settings["state.dir"] = str(gateway.state_dir)
    running = run_recovering(gateway)
    next(running)
    session = gateway.client.create(kind="pyspark").wait_idle()
    assert (gateway.state_dir / "run/driver.sock").exists()
    assert {name for name in os.listdir("/tmp") if name.startswith(mine)} == before
    gateway.restart()
    session.run("say hello")
    with contextlib.suppress(StopIteration):
        next(running)
    until(lambda: not gateways.processes_with(str(directory)), 20, lambda: gateways.processes_with(str(directory)))
