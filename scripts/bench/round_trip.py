#!/usr/bin/env python3
"""Statement round trip: POST until the output is read with GETs, beside what it costs at least.

The lower bound of a kind, measured in the same run: the time inside the driver (`completed` - `started`), plus two HTTP
exchanges of the same connection (GET /version), which any client pays for a POST and a GET.
"""

import time

from common import gateway, median, parse_arguments, percentile, python_of, row, table

CODE = {"pyspark": "1+1", "spark": "1+1", "sql": "select 1"}


def timed(call, *arguments):
    begin = time.perf_counter()
    answer = call(*arguments)
    return (time.perf_counter() - begin) * 1000, answer


def round_trip(session, kind):
    number = session.submit(CODE[kind], kind)
    while True:
        statement = session.client.ok("GET", f"{session.path}/statements/{number}")
        if statement["state"] == "available":
            assert statement["output"]["status"] == "ok", statement
            return statement["completed"] - statement["started"]


def measure(session, kind, count):
    trips = [timed(round_trip, session, kind) for _ in range(count)]
    version = [timed(session.client.get, "/version")[0] for _ in range(count)]
    total, inside = [t for t, _ in trips], [d for _, d in trips]
    return percentile(total, 0.5), percentile(total, 0.99), percentile(inside, 0.5), 2 * percentile(version, 0.5)


def main():
    arguments = parse_arguments(__doc__, 5)
    with gateway(arguments.spark_home, python_of(arguments.spark_home)) as server:
        session = server.client.create(kind="pyspark").wait_idle()
        for kind in CODE:  # warm-up: interpreters, JIT
            for _ in range(30):
                round_trip(session, kind)
        table("kind", "p50 ms", "p99 ms", "in driver p50 ms", "two HTTP exchanges p50 ms", "over the lower bound ms")
        for kind, count in (("pyspark", 300), ("spark", 40), ("sql", 60)):
            runs = [measure(session, kind, count) for _ in range(arguments.runs)]
            p50, p99, inside, http = (median(column) for column in zip(*runs))
            row(kind, p50, p99, float(inside), http, p50 - inside - http)
        session.delete()


main()
