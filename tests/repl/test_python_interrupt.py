"""Cancelling plain Python: the real driver, without Spark."""
import os

import pytest


def state_of_cancelled(session, code):
    """Start `code`, which prints `go`, cancel it, and return (state, output)."""
    statement = session.submit("pyspark", code)
    session.wait_text(statement, "go")
    session.cancel(statement)
    return session.result(statement)


@pytest.mark.parametrize("code", [
    "print('go')\nwhile True: pass",
    "import time\nprint('go')\ntime.sleep(100)",
    "import threading\nlock = threading.Lock(); lock.acquire()\nprint('go')\nlock.acquire()",
    "import subprocess\nprint('go')\nsubprocess.run(['sleep', '100'])",
    "import sys\nprint('go')\nsys.setrecursionlimit(5000)\n"
    "def f(n):\n    while n == 4000: pass\n    f(n + 1)\nf(0)",
    "class Slow:\n    def __repr__(self):\n        print('go')\n        while True: pass\nSlow()",
])
def test_code_is_interrupted(plain_session, code):
    state, output = state_of_cancelled(plain_session, code)
    assert state == "cancelled"
    assert output["status"] == "error" and output["ename"] == "KeyboardInterrupt"
    assert "sparkgate_repl" not in "".join(output["traceback"])
    assert plain_session.run("'alive'")["data"] == {"text/plain": "'alive'"}


def test_the_state_is_cancelled_though_the_code_made_the_best_of_it(plain_session):
    code = "import time\nprint('go')\ntry: time.sleep(100)\nexcept KeyboardInterrupt: pass\n'saved'"
    state, output = state_of_cancelled(plain_session, code)
    assert state == "cancelled"
    assert output["data"]["text/plain"] == "go\n'saved'"


def test_a_cancel_that_comes_too_late_changes_nothing(plain_session):
    for _ in range(100):
        statement = plain_session.submit("pyspark", "1")
        plain_session.cancel(statement)
        state, output = plain_session.result(statement)
        assert (state == "available") == (output is not None and output["status"] == "ok")
        assert plain_session.run("2")["data"] == {"text/plain": "2"}
    plain_session.cancel(statement)
    plain_session.cancel(99999)
    assert plain_session.run("3")["data"] == {"text/plain": "3"}


def test_code_that_cannot_be_stopped_is_reported_once_and_ends_as_cancelled(plain):
    session = plain(cancel_timeout=0.3)
    code = ("import os, time\nprint('go')\nwhile not os.path.exists('stop'):\n"
            "    try: time.sleep(0.01)\n    except KeyboardInterrupt: pass")
    statement = session.submit("pyspark", code)
    session.wait_text(statement, "go")
    session.cancel(statement)
    session.wait(lambda: session.of("cancel_failed", id=statement))
    assert "KeyboardInterrupt" in session.of("cancel_failed")[0][0]["reason"]
    assert statement not in session.results
    open(os.path.join(session.home, "stop"), "w").close()
    assert session.result(statement)[0] == "cancelled"
    assert len(session.of("cancel_failed")) == 1


def test_a_waiting_statement_is_cancelled_without_having_run(plain):
    session = plain()
    first = session.submit("pyspark", "import time\nprint('go')\ntime.sleep(100)")
    second = session.submit("pyspark", "ran = 1")
    session.wait_text(first, "go")
    session.cancel(second)
    session.cancel(first)
    assert session.result(first)[0] == "cancelled"
    assert session.result(second) == ("cancelled", None)
    assert not session.of("started", id=second)
    assert session.run("ran")["ename"] == "NameError"


def test_the_users_own_handler_is_gone_with_the_next_statement(plain_session):
    plain_session.run("import signal; old = signal.signal(signal.SIGINT, signal.SIG_IGN)")
    assert state_of_cancelled(plain_session, "print('go')\nwhile True: pass")[0] == "cancelled"
