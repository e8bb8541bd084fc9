"""Records that no server has written: the store of one that does not run, as an older, a newer or a faulty version leaves it.

Columns are in docs/store-format.md. What a record of this version looks like is taken from a session and a batch that
the server made and that have ended; a test changes what it is about.
"""

import contextlib
import json
import shutil
import sqlite3

from blackbox import batches

STATES = ("not_started", "starting", "recovering", "idle", "running", "busy", "shutting_down", "error", "dead", "killed", "success")
ENDED = ("error", "dead", "killed", "success")
STATEMENT_STATES = ("waiting", "running", "available", "cancelling", "cancelled")
FINAL = ("available", "cancelled")
NEWER = "hibernating"  # a state that this version does not know
EXIT_CODE = 3  # of the patterns' programs


class Records:
    """Of a gateway that runs; it is stopped, and then its store is the test's."""

    def __init__(self, gateway, starts):
        """`starts`: a file that gets a line for each spark-submit that is started by one of the records."""
        self.gateway, self.starts = gateway, starts
        behaviour = {"exit": EXIT_CODE, "record": starts}
        session = gateway.client.create(kind="pyspark", conf=batches.fake_conf(**behaviour))
        session.wait_dead()
        batch = batches.create(gateway.client, conf=batches.fake_conf(**behaviour))
        batch.wait_state("dead")
        self.patterns = {"sessions": session.id, "batches": batch.id}
        self.started = len(batches.read_record(starts))

    @contextlib.contextmanager
    def open(self):
        with contextlib.closing(sqlite3.connect(self.gateway.state_dir / "sparkgate.db")) as database, database:
            database.execute("PRAGMA synchronous=OFF")
            yield database

    def stop(self):
        assert self.gateway.stop() == 0
        with self.open() as database:
            for table, number in self.patterns.items():
                row = database.execute(f"SELECT request, details FROM {table} WHERE id = ?", (number,)).fetchone()
                setattr(self, f"{table}_request", json.loads(row[0]))
                setattr(self, f"{table}_details", json.loads(row[1]))

    def request(self, table, **fields):
        """As text; `fields` are changed in the pattern's."""
        return json.dumps({**getattr(self, f"{table}_request"), **fields})

    def details(self, table, state="dead", **fields):
        own = {} if state in ENDED else {"ended": 0, "reason": ""}
        return json.dumps({**getattr(self, f"{table}_details"), **own, **fields})

    def add(self, database, table, number, state, request=None, details=None, directory=True):
        """`request`, `details`: str or bytes (stored as text in any case), else as the pattern's. `directory`: it has the files
        of a program that ran and has ended."""
        request = self.request(table) if request is None else request
        details = self.details(table, state) if details is None else details
        database.execute(f"INSERT INTO {table} (id, node, state, request, details) VALUES (?, '', ?, CAST(? AS TEXT), CAST(? AS TEXT))",
                         (number, state, as_bytes(request), as_bytes(details)))
        if directory:
            shutil.copytree(self.directory(table, self.patterns[table]), self.directory(table, number),
                            ignore=shutil.ignore_patterns("*.fifo"))

    def add_statement(self, database, session, number, state, output=None, code="say x"):
        started, completed = (1, 2) if state in FINAL else (0, 0)
        database.execute("INSERT INTO statements VALUES (?, ?, 'pyspark', ?, ?, ?, 0.0, ?, CAST(? AS TEXT))",
                         (session, number, state, started, completed, code, None if output is None else as_bytes(output)))

    def directory(self, table, number):
        return self.gateway.state_dir / table / str(number)

    def rows(self, table):
        """{key: the other columns}, as bytes: what is no UTF-8 can be compared as well."""
        with self.open() as database:
            database.text_factory = bytes
            keys = 2 if table == "statements" else 1
            found = database.execute(f"SELECT * FROM {table}").fetchall()
        return {row[0] if keys == 1 else row[:keys]: row[keys:] for row in found}

    def listed(self, table):
        """{id: view} of all that the server lists, in its order."""
        return {view["id"]: view for view in self.gateway.client.ok("GET", f"/{table}?size=1000000")["sessions"]}

    def nothing_was_started(self, but=0):
        assert len(batches.read_record(self.starts)) == self.started + but


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()
