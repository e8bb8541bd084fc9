#!/usr/bin/env python3
"""How long the event loop is busy at a time while hostile clients and sessions do their worst, and what a polite client sees.

10,000 ended batches are listed. For the given seconds, each in a thread of its own: bodies of 15 MiB, gzip bombs, creations
with a conf of 1 MB, lists of all batches, lists of outputs of 8 MB, sessions that print without end or answer with 60 MB,
clients that send a byte a second, and a removal of 1 GB. Needs no Spark; the children are the fakes of the tests. The turns
are the server's own figures (GET /metrics): p99.9 is the upper end of its bucket.
"""

import argparse
import gzip
import http.client
import json
import os
import re
import socket
import sys
import threading
import time

from common import fake_spark_home, gateway, percentile, row, table

from blackbox import batches

FINISHED, SLOW_CLIENTS, MIB = 10_000, 500, 1 << 20
REMOVED_BYTES = 1 << 30


class Hostile:
    """Jobs that run until the end; what is refused or cut is what the server is for."""

    def __init__(self, server, end):
        self.server, self.end, self.threads, self.done = server, end, [], {}

    def start(self, job, *arguments):
        thread = threading.Thread(target=self._repeat, args=(job, arguments))
        self.threads.append(thread)
        thread.start()

    def _repeat(self, job, arguments):
        client = self.server.client.fork()
        while time.monotonic() < self.end:
            try:
                job(client, *arguments)
                self.done[job.__name__] = self.done.get(job.__name__, 0) + 1
            except (OSError, http.client.HTTPException):
                client.close()
        client.close()

    def wait(self):
        for thread in self.threads:
            thread.join()


def large_bodies(client, session):
    client.post(session.path + "/statements", b'{"code":"say ' + b"x" * (15 * MIB) + b'"}')


def bombs(client, session):
    bomb = gzip.compress(b'{"code":"say ' + b"x" * (16 * MIB - 100) + b'"}')
    client.post(session.path + "/statements", bomb, headers={"Content-Encoding": "gzip"})


def large_creations(client):
    conf = {f"spark.fake.k{number}": "v" * 1000 for number in range(1000)}
    answer = client.post("/sessions", {"conf": conf})
    if answer.status == 201:
        client.delete(f"/sessions/{answer.json['id']}")


def lists(client):
    client.get("/batches?size=10000")


def outputs(client, session):
    client.get(session.path + "/statements")


def printing(client, session):
    number = client.post(session.path + "/statements", {"code": "flood 64"}).json["id"]
    session.client = client
    session.wait(number)


def large_results(client, session):
    number = client.post(session.path + "/statements", {"code": "big 60000000"}).json["id"]
    session.client = client
    session.wait(number)


def slow_clients(client):
    sockets = [socket.create_connection((client.host, client.port)) for _ in range(SLOW_CLIENTS)]
    for byte in b"GET / HTTP/1.1\r\nX-":
        for one in sockets:
            one.send(bytes([byte]))
        time.sleep(0.5)
    for one in sockets:
        one.close()


def removals(client, server):
    session = client.create(kind="pyspark").wait_idle()
    with open(server.directory_of(session) / "work" / "large", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, REMOVED_BYTES)
    session.delete()


class Polite(threading.Thread):
    """Asks for a statement every 5 ms."""

    def __init__(self, server, path, end):
        super().__init__()
        self.client, self.path, self.end, self.times = server.client.fork(), path, end, []

    def run(self):
        while time.monotonic() < self.end:
            begin = time.perf_counter()
            assert self.client.get(self.path).status == 200
            self.times.append((time.perf_counter() - begin) * 1000)
            time.sleep(0.005)


def turns(server):
    """[(upper end of a bucket in ms, turns below)], and the longest in ms."""
    text = server.client.get("/metrics").text
    buckets = re.findall(r'^sparkgate_event_loop_turn_seconds_bucket\{le="([^"]+)"\} (\d+)$', text, re.MULTILINE)
    longest = re.search(r"^sparkgate_event_loop_longest_turn_seconds (\S+)$", text, re.MULTILINE)[1]
    return [(float(end) * 1000, int(count)) for end, count in buckets], float(longest) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--only", help="the jobs to run, between commas, to find who holds up the loop")
    arguments = parser.parse_args()
    seconds, only = arguments.seconds, arguments.only.split(",") if arguments.only else None
    with fake_spark_home() as home, gateway(home, sys.executable, **{
            "server.recovery.mode": "recovery", "statement.output-limit": "48m", "server.log.level": "warn"}) as server:
        batches.multiply(server, FINISHED)
        sessions = [server.client.create(kind="pyspark").wait_idle() for _ in range(5)]
        sessions[0].run("say 1")
        for _ in range(10):
            sessions[1].run("big 8000000")
        end = time.monotonic() + seconds
        polite, hostile = Polite(server, sessions[0].path + "/statements/0", end), Hostile(server, end)
        polite.start()
        for job, given in ((large_bodies, (sessions[2],)), (bombs, (sessions[2],)), (large_creations, ()), (lists, ()),
                               (lists, ()), (outputs, (sessions[1],)), (printing, (sessions[3],)), (large_results, (sessions[4],)),
                               (slow_clients, ()), (removals, (server,))):
            if only is None or job.__name__ in only:
                hostile.start(job, *given)
        hostile.wait()
        polite.join()
        buckets, longest = turns(server)
        total = buckets[-1][1]
        table("", "")
        row("turns", total)
        row("turn: p99.9 at most, ms", next(end for end, below in buckets if below >= 0.999 * total))
        row("turns above 20 ms", total - next(below for end, below in buckets if end >= 20))
        row("the longest turn, ms", longest)
        row("polite client: p50, ms", percentile(polite.times, 0.5))
        row("polite client: p99.9, ms", percentile(polite.times, 0.999))
        print("done meanwhile: " + json.dumps(hostile.done), file=sys.stderr)


main()
