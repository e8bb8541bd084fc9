"""Cancel of everything that can run: it says `cancelled` when the code has stopped, and the session stays usable."""

import pytest

from blackbox import gateway as gateways
from blackbox.client import until

# What runs; MARK is a file that it makes when it is really at work (in a task on a worker, say).
RUNNING = {
    "python loop": ("pyspark", "open(MARK, 'w')\nwhile True: pass"),
    "python sleep": ("pyspark", "import time\nopen(MARK, 'w')\ntime.sleep(1000)"),
    "python child": ("pyspark", "import subprocess\nsubprocess.run(['sh', '-c', 'touch $0; exec sleep 4321', MARK])"),
    "python lock": ("pyspark", "import threading\nlock = threading.Lock()\nlock.acquire()\nopen(MARK, 'w')\nlock.acquire()"),
    "python job": ("pyspark", "import time\ndef work(x):\n    open(MARK, 'w')\n    time.sleep(1000)\n"
                              "sc.parallelize(range(8), 8).foreach(work)"),
    "python frame": ("pyspark", "open(MARK, 'w')\nspark.range(10**13).selectExpr('sum(id * id % 7)').collect()"),
    "python jobs": ("pyspark", "while True:\n    spark.range(10).count()\n    open(MARK, 'w')"),
    "jvm call": ("pyspark", "open(MARK, 'w')\nsc._jvm.java.lang.Thread.sleep(1000000)"),
    "scala sleep": ("spark", "new java.io.File(MARK).createNewFile()\nThread.sleep(1000000)"),
    "scala loop": ("spark", "new java.io.File(MARK).createNewFile()\nwhile (true) {}"),
    "scala job": ("spark", "sc.parallelize(1 to 8, 8).foreach { x =>\n  new java.io.File(MARK).createNewFile()\n"
                           "  Thread.sleep(1000000)\n}"),
    "sql query": ("sql", "select sum(a.id * b.id % 7) from range(10000000) a cross join range(10000000) b"),
}


@pytest.mark.parametrize("name", RUNNING)
def test_cancel_of_a_running_statement(session, name, tmp_path):
    kind, code = RUNNING[name]
    session.text("kept = 'python variable'", "pyspark")
    if kind == "spark":
        session.text("val kept = \"scala value\"", "spark")
    mark = tmp_path / "mark"
    number = session.submit(code.replace("MARK", f'"{mark}"'), kind)
    session.wait_statement_state(number, "running")
    if "MARK" in code:
        until(mark.exists, 60, "it is at work")
    session.cancel(number)
    assert session.statement(number)["state"] in ("cancelling", "cancelled")
    done = session.wait(number, 60)
    assert done["state"] == "cancelled" and done["progress"] == 1.0, done
    assert session.text("kept", "pyspark") == "'python variable'"
    assert session.text("spark.range(5).count()", "pyspark") == "5"
    if kind == "spark":
        assert "scala value" in session.text("kept", "spark")
    assert session.state() == "idle"


def test_cancelled_child_process_is_gone(session):
    number = session.submit("import subprocess\nsubprocess.run(['sleep', '5432'])", "pyspark")
    until(lambda: sleeping("5432"), 20, "the child runs")
    session.cancel(number)
    assert session.wait(number)["state"] == "cancelled"
    until(lambda: not sleeping("5432"), 20, "the child is gone")


def sleeping(seconds):
    return any(text.split() == ["sleep", seconds] for text in gateways.processes_with("").values())


def test_output_of_a_cancelled_statement_stays_readable(session):
    number = session.submit("print('so far', flush=True)\nwhile True: pass", "pyspark")
    session.wait_partial(number, "so far")
    session.cancel(number)
    assert session.wait(number)["state"] == "cancelled"
    assert "so far" in session.partial(number)["text"]


def test_cancel_of_a_waiting_statement(session):
    running = session.submit("import time\ntime.sleep(1000)", "pyspark")
    session.wait_statement_state(running, "running")
    waiting = session.submit("'never'", "pyspark")
    last = session.submit("'last'", "pyspark")
    session.cancel(waiting)
    cancelled = session.statement(waiting)
    assert (cancelled["state"], cancelled["output"], cancelled["started"]) == ("cancelled", None, 0)
    session.cancel(running)
    assert session.wait(running)["state"] == "cancelled"
    assert session.wait(last)["output"]["data"]["text/plain"] == "'last'"


def test_code_that_swallows_the_interrupt_is_reported_not_forgotten(session):
    """`cancelled` would be a lie until the code really ends."""
    number = session.submit("""
import time
end = time.monotonic() + 4
while time.monotonic() < end:
    try:
        print('in the loop', flush=True)
        time.sleep(0.1)
    except KeyboardInterrupt:
        pass
print('ended by itself')""", "pyspark")
    session.wait_partial(number, "in the loop")
    session.cancel(number)
    session.wait_statement_state(number, "cancelling")
    done = session.wait(number)
    assert done["state"] == "cancelled" and done["completed"] - done["started"] >= 3000
    assert session.text("'fine'", "pyspark") == "'fine'"


def test_cancel_at_once(session):
    """Cancels that arrive before, during and after the statement runs; none hits another statement."""
    for _ in range(20):
        number = session.submit("sum(range(1000))", "pyspark")
        session.cancel(number)
        state = session.wait(number)["state"]
        assert state in ("available", "cancelled")
        assert session.text("'untouched'", "pyspark") == "'untouched'"
