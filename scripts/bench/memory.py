#!/usr/bin/env python3
"""Resident memory of the gateway and its shims, with drivers that only speak the protocol (tests/blackbox/fake_driver.py),
so that many sessions fit on a small machine."""

import sys

from common import ROOT, descendants_named, fake_spark_home, gateway, median, parse_arguments, resident_kib, row, table

SESSIONS = 50


def main():
    arguments = parse_arguments(__doc__, 5)
    idle, each, shims = [], [], []
    for _ in range(arguments.runs):
        with fake_spark_home() as home, gateway(home, sys.executable) as server:
            for _ in range(100):
                server.client.get("/sessions")
            before = resident_kib(server.process.pid)
            sessions = [server.client.create(kind="pyspark") for _ in range(SESSIONS)]
            for session in sessions:
                session.wait_idle()
                session.run("say 2")
            after = resident_kib(server.process.pid)
            idle.append(before)
            each.append((after - before) / SESSIONS)
            shims += [resident_kib(pid) for pid in descendants_named(server.process.pid, "sparkgate-shim")]
    table("", "median KiB", "highest KiB")
    row("gateway, idle", float(median(idle)), float(max(idle)))
    row(f"each of {SESSIONS} sessions more", float(median(each)), float(max(each)))
    row("a shim", float(median(shims)), float(max(shims)))


main()
