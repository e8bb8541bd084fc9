#!/usr/bin/env python3
"""The price of losing nothing: how soon a killed server is there again, and how fast statements are made durable.

Needs no Spark: the drivers speak the protocol without it. Durable POSTs stand beside the commits that SQLite itself makes
on the same disk, one after the other, and beside the same POSTs from one client alone.
"""

import contextlib
import json
import pathlib
import socket
import sqlite3
import sys
import tempfile
import threading
import time

from common import fake_spark_home, gateway, median, parse_arguments, percentile, row, table

from blackbox import batches

SESSIONS = 50
RECORDS = 10_000
CLIENTS = 8
SECONDS = 5
RECOVERY = {"server.recovery.mode": "recovery"}


def start_seconds(server):
    """From the start of the process until it answers GET /version."""
    begin = time.perf_counter()
    server.spawn()
    while not server.port_file.exists() or not server.port_file.read_text().endswith("\n"):
        time.sleep(0.001)
    server.client.move(int(server.port_file.read_text()))
    assert server.client.get("/version").status == 200
    return time.perf_counter() - begin


def starts(home, runs):
    with gateway(home, sys.executable, **RECOVERY) as server:
        def measure():
            figures = []
            for _ in range(runs):
                server.kill()
                figures.append(start_seconds(server))
            return median(figures), max(figures)

        row("start until the first answer: empty store, s", *measure())
        batches.multiply(server, RECORDS)
        assert server.client.get("/batches?size=0").json["total"] == RECORDS
        row(f"start until the first answer: {RECORDS} batches, s", *measure())


def reattach(home, runs):
    with gateway(home, sys.executable, **RECOVERY, **{"server.session.max-creation": "8"}) as server:
        sessions = [server.client.create(kind="pyspark") for _ in range(SESSIONS)]
        for session in sessions:
            session.wait_idle()
        figures = []
        for number in range(runs):
            server.kill()
            begin = time.perf_counter()
            start_seconds(server)
            for session in sessions:
                session.submit(f"say {number}")
            for session in sessions:
                assert session.wait(number)["output"]["data"]["text/plain"] == str(number)
            figures.append(time.perf_counter() - begin)
        row(f"start until each of {SESSIONS} live sessions has run a statement, s", median(figures), max(figures))


class Poster(threading.Thread):
    """Posts statements to its own session over one connection, as fast as they are answered. Bytes are made before."""

    def __init__(self, server, until):
        super().__init__()
        self.session = server.client.create(kind="pyspark").wait_idle()
        body = json.dumps({"code": "say x"})
        self.request = (f"POST {self.session.path}/statements HTTP/1.1\r\nHost: localhost\r\n"
                        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.until, self.times = until, []

    def run(self):
        clock, send, receive = time.perf_counter, self.socket.sendall, self.socket.recv
        while (begin := clock()) < self.until[0]:
            send(self.request)
            answer = receive(65536)
            self.times.append(clock() - begin)
            assert answer.startswith(b"HTTP/1.1 201 ") and answer.endswith(b"}"), answer
        self.socket.close()


def durable_posts(home, clients):
    """(POSTs a second, p50 and p99 in ms)."""
    with gateway(home, sys.executable, **RECOVERY, **{
            "rsc.retained-statements": "1000000", "server.max-requests-per-connection": "0"}) as server:
        until = [0.0]
        posters = [Poster(server, until) for _ in range(clients)]
        begin = time.perf_counter()
        until[0] = begin + SECONDS
        for poster in posters:
            poster.start()
        for poster in posters:
            poster.join()
        seconds = time.perf_counter() - begin
        times = [each * 1000 for poster in posters for each in poster.times]
        with contextlib.closing(sqlite3.connect(server.state_dir / "sparkgate.db")) as database:
            assert database.execute("SELECT count(*) FROM statements").fetchone()[0] == len(times)
        return len(times) / seconds, percentile(times, 0.5), percentile(times, 0.99)


def sqlite_commits(directory):
    """Commits a second of one small row each, with the server's settings."""
    with contextlib.closing(sqlite3.connect(pathlib.Path(directory) / "plain.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < SECONDS / 2:
            database.execute("INSERT INTO rows (text) VALUES (?)", ("x" * 200,))
            count += 1
        return count / (time.perf_counter() - begin)


def posts(home, runs):
    plain, alone, together, p99, ratio = [], [], [], [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="sg-bench-") as directory:
            plain.append(sqlite_commits(directory))
        alone.append(durable_posts(home, 1)[0])
        rate, _, slowest = durable_posts(home, CLIENTS)
        together.append(rate)
        p99.append(slowest)
        ratio.append(rate / plain[-1])
    row("SQLite's own commits, one after the other, a second", median(plain), max(plain))
    row("durable POSTs of 1 client, a second", median(alone), max(alone))
    row(f"durable POSTs of {CLIENTS} clients, a second", median(together), max(together))
    row(f"durable POSTs of {CLIENTS} clients: ratio to SQLite's own commits", median(ratio), max(ratio))
    row(f"durable POSTs of {CLIENTS} clients: p99, ms", median(p99), max(p99))


def main():
    arguments = parse_arguments(__doc__, 5, spark=False)
    table("", "median", "highest")
    with fake_spark_home() as home:
        starts(home, arguments.runs)
        reattach(home, arguments.runs)
        posts(home, arguments.runs)


main()
