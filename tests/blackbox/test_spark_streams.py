"""Output and logs of real Spark as they come, with `curl -N`.

What runs prints a line, then waits for a file that the test makes once it has seen that line: nothing else would show
that the line came at once.
"""

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox import streams
from blackbox.conftest import new_directory, run_gateway
from blackbox.streams import Events, text_of

STEPS = 5
# Each step waits for a file of the test. (It looks again and again: code in a driver has no other way to hear from it.)
PYTHON = """
import os, time
for step in range({steps}):
    print("line", step, flush=True)
    while not os.path.exists("{directory}/" + str(step)):
        time.sleep(0.01)
print("jobs:", spark.range(100, numPartitions=4).count())
"""
SCALA = """
for (step <- 0 until {steps}) {{
  println("line " + step)
  while (!new java.io.File("{directory}/" + step).exists) Thread.sleep(10)
}}
println("jobs: " + spark.range(100).count)
"""
JOB = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n" + PYTHON


def go(lines, directory):
    """Lets the program take its steps, each when its line has been seen; returns what comes afterwards."""
    for step in range(STEPS):
        while f"line {step}" not in lines.readline():
            pass
        (directory / str(step)).touch()
    return lines.read()


@pytest.mark.parametrize("kind,code", [("pyspark", PYTHON), ("spark", SCALA)])
def test_lines_of_a_statement(session, spark_client, tmp_path, kind, code):
    number = session.submit(code.format(steps=STEPS, directory=tmp_path), kind)
    path = f"{session.path}/statements/{number}/events"
    with streams.curl(spark_client.port, path) as curl:
        rest = go(curl.stdout, tmp_path)
    assert curl.returncode == 0 and "event: result" in rest and "event: end" in rest
    with Events(spark_client.port, path) as again:
        seen = list(again)
    assert text_of(seen) == "".join(f"line {step}\n" for step in range(STEPS)) + "jobs: 100\n"
    assert seen[-2].data == session.statement(number)


def test_states_of_a_session(session, spark_client):
    with Events(spark_client.port, session.path + "/events") as stream:
        number = session.submit("1 + 1", "pyspark")
        seen = stream.until("statement", id=number, state="available") + stream.until("state", state="idle")
    assert [event.data["state"] for event in seen if event.name == "state"] == ["idle", "busy", "idle"]


@pytest.fixture
def batch_gateway(spark_home, tmp_path):
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local[2]", "file.local-dir-whitelist": str(tmp_path)}))


def test_log_of_a_batch(batch_gateway, tmp_path):
    (tmp_path / "job.py").write_text(JOB.format(steps=STEPS, directory=tmp_path))
    one = batches.create(batch_gateway.client, file=str(tmp_path / "job.py"))
    with streams.curl(batch_gateway.port, one.path + "/log?follow=true") as curl:
        rest = go(curl.stdout, tmp_path)
    assert curl.returncode == 0 and "jobs: 100\n" in rest
    assert one.state() == "success"
