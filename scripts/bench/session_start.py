#!/usr/bin/env python3
"""Session start: POST until `idle`, beside a bare spark-submit of a Python file that makes a SparkContext (spawn until
the context is there). Both in turn in each run, so that the machine treats them alike."""

import os
import pathlib
import subprocess
import tempfile
import time

from common import gateway, median, parse_arguments, python_of, row, table


def bare_start(spark_home, directory):
    """Seconds from spawn to a SparkContext."""
    fifo = pathlib.Path(directory) / "up"
    os.mkfifo(fifo)
    script = pathlib.Path(directory) / "bare.py"
    script.write_text(f"import os\nfrom pyspark import SparkContext\nsc = SparkContext()\n"
                      f"open({str(fifo)!r}, 'w').write('up')\nsc.stop()\n")
    environment = {**os.environ, "SPARK_HOME": spark_home, "PYSPARK_PYTHON": str(python_of(spark_home)),
                   "SPARK_LOCAL_IP": "127.0.0.1"}
    begin = time.perf_counter()
    child = subprocess.Popen([f"{spark_home}/bin/spark-submit", "--conf", "spark.master=local[*]", "--conf",
                              "spark.ui.port=0", str(script)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, env=environment)
    with open(fifo) as up:
        up.read(2)
    seconds = time.perf_counter() - begin
    child.wait()
    fifo.unlink()
    return seconds


def gateway_start(client):
    begin = time.perf_counter()
    session = client.create(kind="pyspark").wait_idle()
    seconds = time.perf_counter() - begin
    session.delete()
    return seconds


def main():
    arguments = parse_arguments(__doc__, 5)
    bare, ours = [], []
    # Without the background start of Scala, which would go on while the next run is measured.
    with gateway(arguments.spark_home, python_of(arguments.spark_home), **{"repl.scala-prestart": "false"}) as server:
        with tempfile.TemporaryDirectory(prefix="sg-bench-") as directory:
            gateway_start(server.client)  # warms the page cache
            for _ in range(arguments.runs):
                bare.append(bare_start(arguments.spark_home, directory))
                ours.append(gateway_start(server.client))
    table("", "median s", "all")
    row("bare spark-submit until SparkContext", median(bare), " ".join(f"{s:.2f}" for s in bare))
    row("POST until idle", median(ours), " ".join(f"{s:.2f}" for s in ours))
    row("difference", median(ours) - median(bare), f"ratio {median(ours) / median(bare):.3f}")


main()
