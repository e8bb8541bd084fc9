#!/usr/bin/env python3
"""Many clients at a time: 10,000 that keep an idle connection, and 5,000 that send one byte of a header a second.

What a good client sees meanwhile is measured over one keep-alive connection. Needs no Spark; each client is a socket of
this process, so the limit on open files has to allow 11,000.
"""

import resource
import selectors
import socket
import sys
import threading
import time

from common import fake_spark_home, gateway, median, parse_arguments, percentile, resident_kib, row, table

IDLE, SLOW = 10_000, 5_000
DEADLINE = 10  # seconds for a header: server.header-timeout
WARM_UP = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(port, count):
    out = []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port))
        one.setblocking(False)
        out.append(one)
    return out


def good_client_p99_ms(server, seconds):
    """One that asks every 5 ms."""
    client, times, end = server.client.fork(), [], time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.perf_counter()
        assert client.get("/version").status == 200
        times.append((time.perf_counter() - begin) * 1000)
        time.sleep(0.005)
    return percentile(times, 0.99)


def idle_clients(server):
    before = resident_kib(server.process.pid)
    sockets = connect(server.port, IDLE)
    for one in sockets:  # an idle keep-alive connection is one that has been used
        one.send(WARM_UP)
    for one in sockets:
        one.setblocking(True)
        assert one.recv(4096).startswith(b"HTTP/1.1 200")
    grown = resident_kib(server.process.pid) - before
    p99 = good_client_p99_ms(server, 5)
    for one in sockets:
        one.close()
    return grown / IDLE, p99


class SlowClients(threading.Thread):
    """Each sends a byte a second until the server cuts it; notes when that was."""

    def __init__(self, port):
        super().__init__()
        self.port, self.cut_after, self.ready = port, [], threading.Event()

    def run(self):
        sockets = connect(self.port, SLOW)
        begun, watch = {}, selectors.DefaultSelector()
        header = b"GET / HTTP/1.1\r\nX-Slow: " + b"a" * 100
        for one in sockets:
            one.send(header[:1])
            begun[one] = time.monotonic()
            watch.register(one, selectors.EVENT_READ)
        self.ready.set()
        position = 1
        while begun:
            next_byte = time.monotonic() + 1
            while begun and (rest := next_byte - time.monotonic()) > 0:
                for key, _ in watch.select(rest):
                    one = key.fileobj
                    self.cut_after.append(time.monotonic() - begun.pop(one))
                    watch.unregister(one)
                    one.close()
            for one in begun:
                try:
                    one.send(header[position:position + 1])
                except OSError:
                    pass  # cut: it will be readable
            position += 1


def slow_clients(server):
    crowd = SlowClients(server.port)
    crowd.start()
    crowd.ready.wait()
    p99 = good_client_p99_ms(server, DEADLINE - 1)
    crowd.join()
    return min(crowd.cut_after), max(crowd.cut_after), p99


def main():
    arguments = parse_arguments(__doc__, 3, spark=False)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    table("", "median", "worst")
    with fake_spark_home() as home:
        figures = []
        for _ in range(arguments.runs):
            with gateway(home, sys.executable, **{
                    "server.log.level": "warn", "server.max-connections": str(IDLE + 1000),
                    "server.max-connections-per-address": "0", "server.header-timeout": f"{DEADLINE}s"}) as server:
                figures.append((*idle_clients(server), *slow_clients(server)))
        names = (f"{IDLE} idle connections: resident memory of each, KiB", f"{IDLE} idle connections: p99 of a good client, ms",
                 f"{SLOW} slow clients: the first is cut after, s", f"{SLOW} slow clients: the last is cut after, s",
                 f"{SLOW} slow clients: p99 of a good client, ms")
        for name, values in zip(names, zip(*figures)):
            row(name, median(values), min(values) if "first" in name else max(values))


main()
