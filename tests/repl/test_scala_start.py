"""The start of the Scala interpreter: ahead, failing, again."""
import os
import time

import pytest

import harness

pytestmark = pytest.mark.spark

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
    classes = os.path.join(session.dir, "classes")
    try:
        session.wait_ready()
        os.rename(classes, classes + ".away")
        open(classes, "w").close()              # a file where the compiler's folder should be
        output = session.run("1+1", kind="spark")
        assert output["ename"] == "InterpreterError"
        assert output["evalue"].startswith("the Scala interpreter cannot start: ")
        assert session.run("1+1")["data"] == {"text/plain": "2"}
        os.remove(classes)
        os.rename(classes + ".away", classes)
        output = session.run("val n = 1\nprintln(sc.parallelize(1 to 2).map(_ + n).sum)", kind="spark")
        assert output["status"] == "ok" and output["data"]["text/plain"].startswith("5.0\n"), output
    finally:
        session.close()


def test_a_stopped_context_is_told(version):
    session = harness.Session(version)
    try:
        session.wait_ready()
        session.run("sc._jsc.stop()")           # as Scala's sc.stop(), of which Python's `sc` learns nothing
        ename, error = session.add("file", __file__)
        assert ename == "InterpreterError" and "SparkContext was stopped" in error
        session.run("sc.stop()")
        output = session.run("1+1", kind="spark")
        assert output["ename"] == "InterpreterError"
        assert "SparkContext was stopped" in output["evalue"]
        assert session.add("file", __file__) == (ename, error)
    finally:
        session.close()


def test_system_exit_ends_the_session_and_hangs_nothing(version):
    session = harness.Session(version)
    try:
        session.wait_ready()
        session.submit("spark", "System.exit(3)")
        assert session.process.wait(120) == 3
        deadline = time.monotonic() + 30
        while session.processes():
            assert time.monotonic() < deadline, session.processes()
            time.sleep(0.05)
    finally:
        session.close()
