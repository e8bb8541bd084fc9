"""The store refuses: full disk, I/O errors, a lock of somebody else, damage. Writes answer 503, all else goes on.

Drivers and batches are fake. A disk is filled in earnest (tmpfs, where mounting is allowed), or the server's files are
kept from growing by a limit on their size, which the kernel reports as an I/O error.
"""

import contextlib
import errno
import pathlib
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import Session, until
from blackbox.conftest import new_directory, run_recovering
from blackbox.workload import Work

FAILING = gateways.BINARY.with_name("sparkgate-crashtest")
# The passes of the workload that are sure to be made; the first is the reading at the start. Calls may share a commit.
CASES = [("store.call", number) for number in range(2, 30)] + [("store.commit", number) for number in range(2, 19)]
SETTINGS = {"session.kill-grace": "1s", "file.local-dir-whitelist": "/"}
LARGE = 200_000  # characters of an output that only the store keeps


class FullDisk:
    """The state directory is a small tmpfs, whose rest is taken by a file."""

    name = "disk is full"

    def __init__(self, gateway):
        self.gateway, self.filler = gateway, gateway.state_dir / "filler"
        gateway.state_dir.mkdir(mode=0o700)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", gateway.state_dir],
                                 capture_output=True, text=True)
        if mounted.returncode:
            shutil.rmtree(gateway.directory)
            pytest.skip(f"mounting is not allowed here: {mounted.stderr.strip()}")

    def begin(self):
        with open(self.filler, "wb", buffering=0) as file:
            for size in (1 << 16, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError as full:
                    assert full.errno == errno.ENOSPC

    def end(self):
        self.filler.unlink()

    def remove(self):
        subprocess.run(["umount", self.gateway.state_dir], check=True)


class NoGrowth:
    """No file of the server may be written to: RLIMIT_FSIZE is 0."""

    name = "disk I/O error"

    def __init__(self, gateway):
        self.gateway = gateway

    def _limit(self, size):
        hard = resource.prlimit(self.gateway.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self.gateway.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def begin(self):
        self._limit(0)

    def end(self):
        if self.gateway.process.poll() is None:
            self._limit(resource.RLIM_INFINITY)

    def remove(self):
        pass


@pytest.fixture(params=[FullDisk, NoGrowth])
def trouble(request, fake_spark_home):
    """A server, and a disk that can be made to refuse."""
    gateway = gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings=SETTINGS)
    disk = request.param(gateway)
    running = run_recovering(gateway)
    next(running)
    yield disk
    try:
        for _ in running:
            pass
    finally:
        disk.remove()


@pytest.fixture
def gateway(fake_spark_home):
    yield from run_recovering(
        gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings=SETTINGS))


def idle_session(client, **request):
    return Session(client, client.ok("POST", "/sessions", {"kind": "pyspark", **request}, status=201)).wait_idle()


def assert_refused(answer, why="the store failed"):
    assert answer.status == 503, answer
    assert list(answer.json) == ["msg"] and why in answer.json["msg"], answer
    assert int(answer.headers["Retry-After"]) > 0


def post_until_refused(post):
    """What was accepted before: SQLite may have room in its files for some more."""
    accepted = []
    while (answer := post()).status == 201:
        accepted.append(answer.json["id"])
        assert len(accepted) < 10_000
    assert_refused(answer)
    return accepted


def stored(gateway, query):
    """One row of the server's database."""
    with contextlib.closing(sqlite3.connect(f"file:{gateway.state_dir / 'sparkgate.db'}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchone()


def test_a_disk_that_takes_nothing(trouble, tmp_path):
    gateway = trouble.gateway
    client = gateway.client
    session, other = idle_session(client), idle_session(client)
    assert session.text("say before") == "before"
    large = session.text(f"big {LARGE}")
    running = session.submit(f"await {tmp_path / 'go'} {tmp_path / 'ran'} late")
    until((tmp_path / "ran").exists, 20, "the statement runs")
    waiting = session.submit(f"count {tmp_path / 'ran'} queued")
    starts = tmp_path / "starts"
    job = batches.create(client, conf=batches.fake_conf(record=starts, until=tmp_path / "go", last="the end"))
    until(starts.exists, 20, "the batch runs")

    trouble.begin()
    more = post_until_refused(lambda: client.post(session.path + "/statements", {"code": "say more"}))
    for path, body in (("/sessions", {"kind": "pyspark"}), ("/batches", {"file": batches.FILE})):
        assert_refused(client.post(path, body))
    assert_refused(client.post(f"{session.path}/statements/{waiting}/cancel"))
    assert other.delete().status == 200 and client.get(other.path).status == 404
    (tmp_path / "go").touch()
    assert session.wait(running)["output"]["data"]["text/plain"] == "late"
    assert session.wait(waiting)["state"] == "available"
    job.wait_state("success")
    for path in ("", "/0", "/0/state", "/0/log", "/0/statements", f"/0/statements/{running}"):
        client.ok("GET", "/sessions" + path)
    assert session.statement(1)["output"]["data"]["text/plain"] == large
    assert "the end" in job.log_text()
    assert gateway.process.poll() is None

    trouble.end()
    last = {}

    def accepted():
        answer = client.post(session.path + "/statements", {"code": "say after"})
        if answer.status == 201:
            last["id"] = answer.json["id"]
        return answer.status == 201

    until(accepted, 30, "writes are taken again")
    assert session.wait(last["id"])["state"] == "available"
    # What ended meanwhile reaches the store without anybody's doing.
    until(lambda: stored(gateway, "SELECT count(*) FROM statements WHERE state <> 'available'") == (0,), 30,
          lambda: stored(gateway, "SELECT group_concat(id || state) FROM statements"))
    until(lambda: stored(gateway, "SELECT state FROM batches") == ("success",), 30, "the batch's end is stored")
    until(lambda: stored(gateway, "SELECT count(*) FROM sessions") == (1,), 30, "the removal is stored")

    gateway.restart()
    statements = client.ok("GET", session.path + "/statements?size=100000")["statements"]
    outputs = [each["output"]["data"]["text/plain"] for each in statements]
    assert outputs == ["before", large, "late", "queued", *["more"] * len(more), "after"]
    assert (tmp_path / "ran").read_text() == "late\nqueued\n"
    assert [each["id"] for each in client.ok("GET", "/sessions")["sessions"]] == [session.id]
    assert [each["state"] for each in client.ok("GET", "/batches")["sessions"]] == ["success"]
    assert client.ok("POST", "/sessions", {"kind": "pyspark"}, status=201)["id"] == 2


def test_what_was_removed_does_not_come_back(trouble):
    """Although the store has never heard of it."""
    gateway = trouble.gateway
    session = idle_session(gateway.client)
    directory = gateway.state_dir / "sessions" / str(session.id)
    trouble.begin()
    post_until_refused(lambda: gateway.client.post(session.path + "/statements", {"code": "say more"}))
    assert session.delete().status == 200
    gateway.kill()
    assert stored(gateway, "SELECT count(*) FROM sessions") == (1,) and directory.exists()
    trouble.end()
    gateway.start()
    assert gateway.client.ok("GET", "/sessions")["sessions"] == []
    until(lambda: stored(gateway, "SELECT count(*) FROM sessions") == (0,) and not directory.exists(), 30, "it is forgotten")


@pytest.mark.parametrize("place, number", CASES)
def test_each_call_fails_in_turn(gateway, tmp_path, place, number):
    gateway.kill()
    gateway.environment["SPARKGATE_FAILURE_POINT"] = f"{place}:{number}"
    gateway.start(FAILING)
    work = Work(gateway, tmp_path)
    made = work.run()
    assert "failure point" in gateway.log(), "it was not passed so often"
    gateway.restart()
    work.check(*made)


def test_a_start_whose_reading_fails(gateway):
    gateway.kill()
    gateway.environment["SPARKGATE_FAILURE_POINT"] = "store.call:1"
    process = gateway.spawn(FAILING)
    assert process.wait(20) == 8
    assert "sparkgate.db: the store failed: a test wants it so" in gateway.log()
    del gateway.environment["SPARKGATE_FAILURE_POINT"]
    gateway.start()


class Lock:
    """Somebody else's write transaction."""

    def __init__(self, gateway):
        self.database = sqlite3.connect(gateway.state_dir / "sparkgate.db", isolation_level=None)

    def __enter__(self):
        self.database.execute("BEGIN IMMEDIATE")

    def __exit__(self, *exception):
        self.database.execute("ROLLBACK")
        self.database.close()


def test_a_lock_of_somebody_else(gateway):
    client = gateway.client
    session = idle_session(client)
    large = session.text(f"big {LARGE}")
    refused = []
    with Lock(gateway):
        writer = threading.Thread(target=lambda: refused.append(
            client.fork().post(session.path + "/statements", {"code": "say no"})))
        writer.start()
        assert session.statement(0)["output"]["data"]["text/plain"] == large
        assert not refused, "the read waited for the write"
        writer.join()
    assert_refused(refused[0], "another program has locked it")
    assert session.text("say yes") == "yes"
    assert [each["id"] for each in client.ok("GET", session.path + "/statements")["statements"]] == [0, 2]


def test_a_start_while_it_is_locked(gateway):
    gateway.kill()
    with Lock(gateway):
        assert gateway.spawn().wait(20) == 8
    assert "sparkgate.db: the store failed: another program has locked it" in gateway.log()
    gateway.start()


def test_a_stop_while_it_starts(gateway):
    """SIGTERM is not lost, and does not kill."""
    gateway.kill()
    with Lock(gateway):
        process = gateway.spawn()
        until(lambda: "sparkgate.db" in gateway.open_files(), 20, "the store is opened")
        process.terminate()
    assert process.wait(20) == 0
    assert "stopping on signal 15" in gateway.log()
    gateway.start()


def damage(gateway, first_byte):
    """Overwrites all of the database from there on, while no server runs. Returns what the file is then."""
    file = pathlib.Path(gateway.state_dir / "sparkgate.db")
    whole = bytearray(file.read_bytes())
    whole[first_byte:] = b"\xff" * (len(whole) - first_byte)
    file.write_bytes(whole)
    return file, bytes(whole)


@pytest.mark.parametrize("first_byte", [0, 100, 4096])
def test_a_damaged_store_is_refused_and_left_alone(gateway, first_byte):
    idle_session(gateway.client).delete()
    gateway.client.ok("POST", "/batches", {"file": batches.FILE}, status=201)
    gateway.stop()
    file = gateway.state_dir / "sparkgate.db"
    good = file.read_bytes()
    _, damaged = damage(gateway, first_byte)
    before = gateway.log()
    assert gateway.spawn().wait(20) == 8
    line = gateway.log()[len(before):].splitlines()[-1]
    assert f"{file}: the store is damaged" in line and "restore a copy, or move it away" in line
    assert file.read_bytes() == damaged
    file.write_bytes(good)
    gateway.start()


def test_an_output_that_is_damaged_while_it_runs(gateway):
    client = gateway.client
    session = idle_session(client)
    session.text(f"big {LARGE}")
    session.text("say whole")
    gateway.stop()  # the write-ahead log is merged into the file
    gateway.start()
    file = gateway.state_dir / "sparkgate.db"
    # The output's own pages: their content is the letter that the fake driver repeats.
    whole = bytearray(file.read_bytes())
    at = whole.find(b"x" * 4000)
    assert at > 0
    page = at // 4096 * 4096
    whole[page:page + 4096] = b"\xff" * 4096
    with open(file, "r+b") as out:
        out.seek(page)
        out.write(whole[page:page + 4096])
    assert_refused(client.get(session.path + "/statements/0"), "the store is damaged")
    assert session.statement(1)["output"]["data"]["text/plain"] == "whole"
    assert session.text("say on") == "on"
