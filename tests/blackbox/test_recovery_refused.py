"""A recovery that fails as a whole ends the start with one line and exit code 8, and nothing is lost by that.

What it would have recovered goes on meanwhile, no file is another one afterwards, and when the cause is mended the next
server goes on with all of it.
"""

import contextlib
import hashlib
import pathlib
import shutil
import sqlite3
import struct
import sys

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.conftest import new_directory, run_recovering

CANNOT_START = 8
PAGE = 4096


def sql(*statements):
    def change(state_dir):
        with contextlib.closing(sqlite3.connect(state_dir / "sparkgate.db", isolation_level=None)) as store:
            for each in statements:
                store.execute(each)

    return change


def cut(size):
    """`size`: from that of the whole file."""

    def change(state_dir):
        file = state_dir / "sparkgate.db"
        with open(file, "r+b") as out:
            out.truncate(size(file.stat().st_size))

    return change


def root_page(state_dir, table):
    with contextlib.closing(sqlite3.connect(state_dir / "sparkgate.db")) as store:
        return store.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]


def flip(position, *tables):
    """Bits of the database file: at `position`, or there within the first page of a table."""

    def change(state_dir):
        file = state_dir / "sparkgate.db"
        whole = bytearray(file.read_bytes())
        for page in [root_page(state_dir, table) for table in tables] or [1]:
            whole[(page - 1) * PAGE + position] ^= 0xF0
        file.write_bytes(whole)

    return change


def cells_out_of_the_page(state_dir):
    """The b-tree of sessions names places behind its end."""
    file, page = state_dir / "sparkgate.db", root_page(state_dir, "sessions")
    whole = bytearray(file.read_bytes())
    whole[(page - 1) * PAGE + 3:(page - 1) * PAGE + 5] = struct.pack(">H", 0x7FFF)
    file.write_bytes(whole)


def replaced_by_a_file(name):
    def change(state_dir):
        (state_dir / name).rename(state_dir.parent / "aside")
        (state_dir / name).write_text("in the way")

    return change


def replaced_by_a_directory(state_dir):
    (state_dir / "sparkgate.db").unlink()
    (state_dir / "sparkgate.db").mkdir()


CASES = {
    "newer schema": sql("PRAGMA user_version = 1000"),
    "negative schema": sql("PRAGMA user_version = -1"),
    "somebody else's file": sql("PRAGMA application_id = 1"),
    **{f"no {table}": sql("PRAGMA foreign_keys = OFF", f"DROP TABLE {table}") for table in ("sessions", "statements", "batches", "counters")},
    "a column is missing": sql("ALTER TABLE sessions RENAME COLUMN details TO facts"),
    "a view of that name": sql("ALTER TABLE batches RENAME TO other", "CREATE VIEW batches AS SELECT * FROM other"),
    "half of it": cut(lambda whole: whole // 2),
    "a few bytes": cut(lambda whole: 99),
    "one page": cut(lambda whole: PAGE),
    "all but its last page": cut(lambda whole: whole - PAGE),
    "a part of its last page": cut(lambda whole: whole - PAGE // 2),
    "no SQLite file": flip(3),
    "no such page": flip(0, "sessions"),
    "no such pages": flip(0, "sessions", "batches", "statements"),
    "counters": flip(0, "counters"),
    "places outside": cells_out_of_the_page,
    "a directory": replaced_by_a_directory,
    "sessions is a file": replaced_by_a_file("sessions"),
    "batches is a file": replaced_by_a_file("batches"),
}


def contents(directory):
    """{path: hash of what is in it} of all below; what SQLite makes to look at a database is left out."""
    found = {}
    for path in sorted(directory.rglob("*")):
        if path.is_symlink() or not path.is_file():
            found[path.relative_to(directory)] = "link" if path.is_symlink() else path.stat().st_mode
        elif not path.name.endswith(("-wal", "-shm")):
            found[path.relative_to(directory)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


class Stopped:
    """A gateway that was stopped while a session and a batch of it live on; its state directory is there to be broken."""

    def __init__(self, gateway, directory):
        self.gateway, self.directory, client = gateway, directory, gateway.client
        self.session = client.create(kind="pyspark", name="lives").wait_idle()
        self.session.run("say before")
        self.batch = batches.create(client, conf=batches.fake_conf(until=directory / "end", record=directory / "starts"))
        self.dead = client.create(kind="pyspark", conf=batches.fake_conf(exit=3))
        self.dead.wait_dead()
        batches.wait_started(directory / "starts")
        assert gateway.stop() == 0
        with contextlib.closing(sqlite3.connect(gateway.state_dir / "sparkgate.db")) as store:
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.programs = [pid for program in (self.session, self.batch) for pid in gateway.shim_of(program)]
        self.kept = pathlib.Path(directory / "kept.db")
        shutil.copyfile(gateway.state_dir / "sparkgate.db", self.kept)

    def start_in_vain(self):
        settings = [word for key, value in self.gateway.settings.items() if key != "server.log.level" for word in ("--set", f"{key}={value}")]
        return gateways.run("serve", "--port-file", self.gateway.port_file, *settings, environment=self.gateway.environment,
                            timeout=20)

    def mend(self):
        state_dir = self.gateway.state_dir
        if (state_dir / "sparkgate.db").is_dir():
            (state_dir / "sparkgate.db").rmdir()
        for name in ("sparkgate.db-wal", "sparkgate.db-shm"):
            (state_dir / name).unlink(missing_ok=True)
        shutil.copyfile(self.kept, state_dir / "sparkgate.db")
        for name in ("sessions", "batches"):
            if (state_dir / name).is_file():
                (state_dir / name).unlink()
                (state_dir.parent / "aside").rename(state_dir / name)


@pytest.fixture(scope="module")
def running(fake_spark_home):
    yield from run_recovering(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "session.kill-grace": "1s", "file.local-dir-whitelist": "/"}))


@pytest.fixture(scope="module")
def stopped(running, tmp_path_factory):
    yield Stopped(running, tmp_path_factory.mktemp("refused"))


@pytest.mark.parametrize("case", list(CASES))
def test_a_start_that_is_refused_changes_nothing(stopped, case):
    gateway = stopped.gateway
    try:
        CASES[case](gateway.state_dir)
        before, alive = contents(gateway.state_dir), {pid for pid in stopped.programs if batches.alive(pid)}
        gateway.port_file.unlink(missing_ok=True)
        answer = stopped.start_in_vain()
        assert answer.returncode == CANNOT_START, answer
        assert answer.stdout == "" and len(answer.stderr.strip().splitlines()) == 1, answer
        assert str(gateway.state_dir) in answer.stderr, answer.stderr
        assert contents(gateway.state_dir) == before
        assert not gateway.port_file.exists()
        assert {pid for pid in stopped.programs if batches.alive(pid)} == alive, "they are not the server's business now"
    finally:
        stopped.mend()


def test_what_was_there_goes_on_when_the_cause_is_mended(stopped):
    """After all of the above."""
    gateway, client = stopped.gateway, stopped.gateway.client
    gateway.start()
    assert [view["id"] for view in client.ok("GET", "/sessions")["sessions"]] == [stopped.session.id, stopped.dead.id]
    assert stopped.session.state() == "idle" and stopped.dead.state() == "dead"
    assert stopped.session.statement(0)["output"]["data"]["text/plain"] == "before"
    assert stopped.session.text("say after") == "after"
    assert stopped.batch.state() == "running"
    (stopped.directory / "end").touch()
    assert stopped.batch.wait_end() == "success"
    assert len(batches.read_record(stopped.directory / "starts")) == 1
    stopped.session.delete()
