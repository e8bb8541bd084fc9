"""The start of the Scala interpreter: ahead, failing, again."""
import os
import time

import pytest

import harness

pytestmark = pytest.mark.spark

SESSION_BY_HAND = """
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession
SparkContext(conf=SparkConf().set("spark.repl.class.outputDir", %r))
SparkSession.builder.getOrCreate() is not None
"""


@pytest.fixture(params=harness.VERSIONS)
def version(request):
    if harness.spark_home(request.param) is None:
        pytest.skip("no Spark %s on this machine" % request.param)
    return request.param


def test_started_ahead_the_users_first_result_is_res0(version):
    session = harness.Session(version, {"scala_prestart": True})
    try:
        session.wait_ready()
        # Completion answers only once the interpreter is there, and starts nothing.
        deadline = time.monotonic() + 180
        while session.complete("sc.para", kind="spark") != ["parallelize"]:
            assert time.monotonic() < deadline
        assert session.of("started") == []
        output = session.run("1+1", kind="spark")
        assert output["data"] == {"text/plain": ("" if version == "3.5" else "val ") + "res0: Int = 2\n"}
        assert [name for name in os.listdir(session.dir) if name.startswith("console")] == []
    finally:
        session.close()


def test_a_failed_start_is_told_and_may_be_tried_again(version):
    session = harness.Session(version)
    try:
        session.wait_ready()
        session.run("sc.stop()")
        output = session.run("1+1", kind="spark")
        assert output["ename"] == "InterpreterError"
        assert "SparkContext" in output["evalue"]
        assert session.run("1+1")["data"] == {"text/plain": "2"}
        classes = os.path.join(session.dir, "classes")
        assert session.run(SESSION_BY_HAND % classes)["data"] == {"text/plain": "True"}
        output = session.run("val n = 1\nprintln(sc.parallelize(1 to 2).map(_ + n).sum)", kind="spark")
        assert output["status"] == "ok" and output["data"]["text/plain"].startswith("5.0\n"), output
    finally:
        session.close()


def test_system_exit_ends_the_session_and_hangs_nothing(version):
    session = harness.Session(version)
    try:
        session.wait_ready()
        session.submit("spark", "System.exit(3)")
        assert session.process.wait(120) == 3
        session.wait(lambda: session.processes() == [])
    finally:
        session.close()
