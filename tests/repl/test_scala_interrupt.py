"""Cancelling Scala, up to code that ignores interrupts."""
import os
import shutil
import subprocess

import pytest

import harness

pytestmark = pytest.mark.spark

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "native", "jvmstop.c")

ENDLESS = [
    "Thread.sleep(100000)",
    "sc.parallelize(1 to 1000, 2).map { n => Thread.sleep(1000); n }.count",
    "while (true) spark.range(10).count",
    "while (true) { try Thread.sleep(100000) catch { case e: InterruptedException => } }",
    "while (true) {}",
    "var n = 0L\ndef deep(k: Int): Unit = if (k > 0) { deep(k - 1); n += 1 } else while (true) n += 1\n"
    "deep(500)",
]


def cancelled(session, code):
    """Run `code` until it is surely in its loop, cancel it, wait for its end; its state and output."""
    statement = session.submit("spark", "println(\"go\")\n" + code)
    session.wait_text(statement, "go\n")
    session.cancel(statement)
    return session.result(statement)


def check_alive(session):
    output = session.run("println(kept + sc.parallelize(1 to 4, 2).map(_ + kept).sum)", kind="spark")
    assert output.get("data") == {"text/plain": "45.0\n"}, output


@pytest.mark.parametrize("code", ENDLESS)
def test_endless_code_is_stopped_and_the_variables_survive(session, code):
    session.run("val kept = 7", kind="spark")
    state, output = cancelled(session, code)
    assert state == "cancelled"
    assert output["status"] == "error"
    check_alive(session)


def test_nothing_runs_after_the_part_that_was_cancelled(session):
    session.run("val kept = 7; var later = 0", kind="spark")
    state, _ = cancelled(
        session, "try Thread.sleep(100000) catch { case e: InterruptedException => }\nclass C\nlater = 1")
    assert state == "cancelled"
    assert session.run("println(later)", kind="spark")["data"] == {"text/plain": "0\n"}


@pytest.fixture(scope="module")
def new_jdk():
    """JAVA_HOME of a JDK without Thread.stop."""
    home = os.environ.get("SPARKGATE_TEST_JAVA_25")
    if home is None or harness.spark_home("4.1") is None:
        pytest.skip("needs SPARKGATE_TEST_JAVA_25 and SPARKGATE_TEST_SPARK_41")
    return home


@pytest.fixture(scope="module")
def agent(new_jdk, tmp_path_factory):
    """The stop agent, built from source."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    library = str(tmp_path_factory.mktemp("agent") / "libsparkgate_jvmstop.so")
    include = os.path.join(new_jdk, "include")
    subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I" + include,
                    "-I" + os.path.join(include, "linux"), "-o", library, SOURCE], check=True)
    return library


def test_loops_are_stopped_by_the_agent_on_a_jdk_without_thread_stop(new_jdk, agent):
    session = harness.Session("4.1", {"stop_agent": agent}, java_home=new_jdk)
    try:
        session.wait_ready()
        session.run("val kept = 7", kind="spark")
        for code in ENDLESS:
            assert cancelled(session, code)[0] == "cancelled", code
            check_alive(session)
        assert not os.path.exists("/tmp/.attach_pid%d" % session.process.pid)
    finally:
        session.close()


def test_closures_and_classes_on_a_jdk_whose_lambdas_are_sealed(new_jdk):
    session = harness.Session("4.1", java_home=new_jdk)
    try:
        session.wait_ready()
        code = ("val offset = 10\nvar factor = 2\ncase class P(a: Int)\ndef twice(n: Int) = n * factor\n"
                "val plus = udf((n: Long) => n + offset)\n"
                "println(sc.parallelize(1 to 3, 2).map(n => twice(n) + offset).collect.toList)\n"
                "println(Seq(P(1), P(2)).toDS.map(p => P(p.a + offset)).collect.toList)\n"
                "println(spark.range(2).select(plus($\"id\")).as[Long].collect.toList)")
        output = session.run(code, kind="spark")
        assert output["status"] == "ok", output
        shown = output["data"]["text/plain"]
        assert "List(12, 14, 16)\nList(P(11), P(12))\nList(10, 11)\n" in shown
    finally:
        session.close()


def test_without_the_agent_the_user_is_told_why_and_the_other_kinds_go_on(new_jdk):
    session = harness.Session("4.1", {"cancel_timeout": 2.0}, java_home=new_jdk)
    try:
        session.wait_ready()
        statement = session.submit("spark", "println(\"go\"); while (true) {}")
        session.wait_text(statement, "go\n")
        session.cancel(statement)
        session.wait(lambda: session.of("cancel_failed", id=statement))
        reason = session.of("cancel_failed")[0][0]["reason"]
        assert "JDK 25" in reason and "agent" in reason
        assert statement not in session.results
        assert session.run("1 + 1")["data"] == {"text/plain": "2"}
    finally:
        session.close()
