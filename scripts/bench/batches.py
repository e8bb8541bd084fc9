#!/usr/bin/env python3
"""Batches on the fake spark-submit: questions among 10,000 finished ones, a log of 1 GB, 200 creations at once.

Needs no Spark. Beside each question stands GET /version on the same connection, the least that any question costs.
"""

import os
import sys
import threading
import time

from common import fake_spark_home, gateway, median, parse_arguments, percentile, resident_kib, row, table

from blackbox import batches
from blackbox.fake_spark_submit import LINE
from blackbox.gateway import descendants

FINISHED = 10_000
LINES = 1_000_000_000 // LINE
AT_ONCE = 200
QUESTIONS = 200


def p50_ms(client, path, count=QUESTIONS):
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - begin) * 1000)
        assert answer.status == 200, answer
    return percentile(times, 0.5)


def many_finished(home, runs):
    with gateway(home, sys.executable, **{"server.recovery.mode": "recovery"}) as server:
        batches.multiply(server, FINISHED)
        client = server.client
        found = client.get("/batches?size=0").json["total"]
        assert found == FINISHED, found
        paths = {"GET /batches?from=9900&size=100": "/batches?from=9900&size=100", "GET /batches/{id}": f"/batches/{FINISHED - 50}",
                 "GET /batches?state=dead&size=100": "/batches?state=dead&size=100", "GET /version": "/version"}
        for name, path in paths.items():
            p50_ms(client, path, 20)
            figures = [p50_ms(client, path) for _ in range(runs)]
            row(f"{FINISHED} finished: p50 of {name}, ms", median(figures), max(figures))
        row(f"{FINISHED} finished: resident memory, KiB", resident_kib(server.process.pid), "")


def gigabyte(home, runs):
    growth, pages, seconds = [], [], []
    for _ in range(runs):
        with gateway(home, sys.executable) as server:
            warm = batches.create(server.client, conf=batches.fake_conf(block=1000))
            warm.wait_end()
            p50_ms(server.client, f"{warm.path}/log?from=100&size=100")
            before = peak = resident_kib(server.process.pid)
            begin = time.perf_counter()
            one = batches.create(server.client, conf=batches.fake_conf(block=LINES))
            while one.state() not in batches.FINAL:
                peak = max(peak, resident_kib(server.process.pid))
                time.sleep(0.05)
            seconds.append(time.perf_counter() - begin)
            total = one.page("?size=0")["total"]
            assert one.state() == "success" and total >= LINES
            pages.append(p50_ms(server.client, f"{one.path}/log?from={total // 2}&size=100"))
            growth.append((max(peak, resident_kib(server.process.pid)) - before) / 1024)
    row("1 GB of output: growth of the gateway's memory, MiB", median(growth), max(growth))
    row("1 GB of output: p50 of a page of 100 lines from its middle, ms", median(pages), max(pages))
    row("1 GB of output: POST until it has ended, s", median(seconds), max(seconds))


def threads_of(server):
    return len(os.listdir(f"/proc/{server.process.pid}/task"))


def post_all(server):
    """Seconds until all are answered. The connections are there before."""
    clients = [server.client.fork() for _ in range(AT_ONCE)]
    for client in clients:
        client.get("/version")
    answers, barrier = [], threading.Barrier(AT_ONCE + 1)

    def post(client):
        barrier.wait()
        answers.append(client.post("/batches", {"file": batches.FILE}))
        client.close()

    posting = [threading.Thread(target=post, args=(client,)) for client in clients]
    for thread in posting:
        thread.start()
    begin = time.perf_counter()
    barrier.wait()
    for thread in posting:
        thread.join()
    seconds = time.perf_counter() - begin
    assert [answer.status for answer in answers] == [201] * AT_ONCE
    return seconds


def at_once(home, runs):
    answered, ended, threads, left = [], [], [], []
    for _ in range(runs):
        with gateway(home, sys.executable, **{"server.session.max-creation": "4"}) as server:
            batches.create(server.client).wait_end()
            before = most = threads_of(server)
            begin = time.perf_counter()
            answered.append(post_all(server))
            while server.client.get("/batches?size=0&state=starting,running").json["total"]:
                most = max(most, threads_of(server))
                time.sleep(0.05)
            ended.append(time.perf_counter() - begin)
            assert server.client.get("/batches?size=0&state=success").json["total"] == AT_ONCE + 1
            threads.append(most - before)
            batches.until(lambda: not descendants(server.process.pid), 10, "all processes gone")
            left.append(len(descendants(server.process.pid)))
    row(f"{AT_ONCE} creations at once: all answered 201, s", median(answered), max(answered))
    row(f"{AT_ONCE} creations at once: all ended, 4 at a time, s", median(ended), max(ended))
    row(f"{AT_ONCE} creations at once: threads more than before", median(threads), max(threads))
    row(f"{AT_ONCE} creations at once: processes left", median(left), max(left))


def main():
    arguments = parse_arguments(__doc__, 5, spark=False)
    table("", "median", "highest")
    with fake_spark_home() as home:
        many_finished(home, arguments.runs)
        gigabyte(home, arguments.runs)
        at_once(home, arguments.runs)


main()
