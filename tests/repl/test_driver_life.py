"""Beginning and end of the driver, without Spark."""
import os
import signal
import subprocess
import sys

import harness


def test_shutdown_says_bye_and_ends(plain):
    session = plain()
    session.send("shutdown")
    assert session.process.wait(30) == 0
    assert session.of("bye")


def test_sigterm_is_a_shutdown_also_while_a_statement_runs(plain):
    session = plain()
    statement = session.submit("pyspark", "print('go')\nwhile True: pass")
    session.wait_text(statement, "go")
    os.kill(session.process.pid, signal.SIGTERM)
    assert session.process.wait(30) == 0
    assert session.result(statement)[0] == "cancelled" and session.of("bye")


def test_the_driver_outlives_the_gateway_and_delivers(plain):
    session = plain()
    statement = session.submit("pyspark", "import os, time\nprint('go')\n"
                               "while not os.path.exists('on'): time.sleep(.01)\nprint('on')")
    session.wait_text(statement, "go")
    session.vanish()
    open(os.path.join(session.home, "on"), "w").close()
    session.listen()
    assert session.result(statement)[1]["data"]["text/plain"] == "go\non"
    assert session.text(statement) == "go\non\n" and session.duplicates == 0


def test_an_orphan_ends(plain):
    session = plain(orphan_timeout=0.3)
    session.vanish()
    assert session.process.wait(30) == 0
    session.listen()


def test_the_driver_ends_with_its_parent():
    class Child(harness.PlainSession):
        def spawn(self, command, env):
            shell = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(1000)"
            super().spawn([sys.executable, "-c", shell] + command, env)

    session = Child()
    try:
        session.wait_ready()
        driver = session.hellos[0]["pid"]
        session.process.kill()
        session.process.wait()
        session.wait(lambda: session.of("bye"), 30)
        with session.changed:
            while driver in session.processes():
                session.changed.wait(0.01)
    finally:
        session.close()


def test_settings_that_cannot_be_read_end_the_driver_with_a_reason(tmp_path):
    for name, text in (("missing", None), ("nonsense", "{"), ("incomplete", "{}"), ("list", "[]")):
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        ended = subprocess.run([sys.executable, os.path.join(harness.REPL, "driver.py"), str(path)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
        assert ended.returncode == 1 and b"cannot read its settings" in ended.stderr


def test_a_kind_without_interpreter_answers_with_an_error(plain_session):
    output = plain_session.run("1", kind="cobol")
    assert output["ename"] == "InterpreterError" and "cobol" in output["evalue"]
