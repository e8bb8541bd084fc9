"""The server is killed, or stopped, and started again while real Spark works: nothing is lost, nothing runs twice.

What runs waits for files and appends a line to one, which tells what ran twice or not at all. The many other moments
are in test_recovery.py, with a fake driver.
"""

import os
import re
import signal
import time

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import idle_session, new_directory, run_recovering
from blackbox.files import Files

# hold(folder, word) makes the file WORD.begun, waits for WORD.go, appends the word to the file `ran`, and returns it.
# (It looks again and again: code in Spark's processes has no other way to hear from a test.)
DEFINITIONS = {
    "pyspark": """
import os, subprocess, time
def hold(folder, word):
    open(os.path.join(folder, word + ".begun"), "w").close()
    while not os.path.exists(os.path.join(folder, word + ".go")):
        time.sleep(0.02)
    with open(os.path.join(folder, "ran"), "a") as ran:
        ran.write(word + "\\n")
    return word
_ = spark.udf.register("hold", hold)
""",
    "spark": """
import java.nio.file.{Files, Paths, StandardOpenOption}
def hold(folder: String, word: String): String = {
  Files.write(Paths.get(folder, word + ".begun"), Array[Byte]())
  while (!Files.exists(Paths.get(folder, word + ".go"))) Thread.sleep(20)
  Files.write(Paths.get(folder, "ran"), (word + "\\n").getBytes, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
  word
}
"""}
KINDS = {"pyspark": 'print("before")\nword = hold("FOLDER", "WORD")\nprint("after")\nword',
         "spark": 'println("before"); val word = hold("FOLDER", "WORD"); println("after")',
         "sql": 'select hold("FOLDER", "WORD")'}
CONNECTED = "sparkgate: the driver has connected again"
BATCH = """import os, sys, time
from pyspark import SparkContext
sc = SparkContext()
folder, exit_code = sys.argv[1], int(sys.argv[2])
def gate(name):
    while not os.path.exists(os.path.join(folder, name)):
        time.sleep(0.02)
print("before", sc.applicationId, flush=True)
gate("down")
for number in range(100):
    print("during", number, flush=True)
if exit_code:
    sys.exit(exit_code)
open(os.path.join(folder, "said"), "w").close()
gate("up")
print("after", sc.parallelize(range(4), 2).sum())
"""


@pytest.fixture(scope="module")
def server(spark_home):
    yield from run_recovering(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local[2]", "session.kill-grace": "2s", "file.local-dir-whitelist": "/"}))


@pytest.fixture
def gateway(server):
    """It is up, also where an earlier test failed while it was down."""
    return server if server.process.poll() is None else server.start()


@pytest.fixture(scope="module")
def shared_session(server):
    return []


@pytest.fixture
def session(gateway, shared_session):
    """It serves the tests one after the other, since its start costs seconds, and all of them kill its server."""

    def create():
        session = gateway.client.create()
        for kind, code in DEFINITIONS.items():
            session.text(code, kind)
        return session

    return idle_session(shared_session, create)


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def code(kind, files, word):
    return KINDS[kind].replace("FOLDER", str(files.directory)).replace("WORD", word)


def check_result(session, number, kind, word):
    statement = session.wait(number)
    assert statement["state"] == "available" and statement["output"]["status"] == "ok", statement
    data = statement["output"]["data"]
    if kind == "sql":
        assert data["application/json"]["data"] == [[word]], data
    elif kind == "pyspark":
        assert data == {"text/plain": f"before\nafter\n'{word}'"}
        assert session.partial(number)["text"] == "before\nafter\n"
    else:
        lines = [line.removeprefix("val ") for line in data["text/plain"].splitlines()]
        assert lines.index("before") < lines.index("after") and f"word: String = {word}" in lines, lines


# ---- statements

@pytest.mark.parametrize("kind", KINDS)
def test_a_statement_runs_on_across_kills(gateway, session, files, kind):
    number = session.submit(code(kind, files, "word"), kind)
    files.wait("word.begun")
    known = session.log().count(CONNECTED)
    gateway.restart()
    assert session.state() == "busy"
    until(lambda: session.log().count(CONNECTED) > known, 20, "the driver has connected again")
    assert session.statement(number)["state"] == "running"
    gateway.restart()  # and again, maybe before the driver has dialled
    assert session.state() == "busy"
    for word in ("word", "next"):
        files.open(word + ".go")
    check_result(session, number, kind, "word")
    check_result(session, session.submit(code(kind, files, "next"), kind), kind, "next")
    assert files.lines("ran") == ["word", "next"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_of_the_time_without_a_server_and_what_waits_behind_it(gateway, session, files, kind):
    first = session.submit(code(kind, files, "first"), kind)
    waiting = {other: session.submit(code(other, files, other), other) for other in KINDS}
    files.wait("first.begun")
    gateway.kill()
    for word in ("first", *KINDS):
        files.open(word + ".go")
    until(lambda: files.lines("ran"), 20, "the statement has run")
    gateway.start()
    check_result(session, first, kind, "first")
    for other, number in waiting.items():
        check_result(session, number, other, other)
    assert files.lines("ran") == ["first", *KINDS]


def test_a_statement_of_before_is_cancelled(gateway, session, files):
    """A Spark job, so that its tasks have to end as well, and a loop in each language."""
    task = f'def work(x):\n    open("{files / "task"}", "w").close()\n    time.sleep(1000)\n'
    for kind, statement, begun in (
            ("pyspark", task + "sc.parallelize(range(2), 2).foreach(work)", "task"),
            ("pyspark", code("pyspark", files, "python"), "python.begun"),
            ("spark", code("spark", files, "scala"), "scala.begun")):
        number, waiting = session.submit(statement, kind), session.submit("'next'", "pyspark")
        files.wait(begun)
        gateway.restart()
        session.cancel(number)
        assert session.wait(number)["state"] == "cancelled"
        assert session.wait(waiting)["output"]["data"]["text/plain"] == "'next'"
        until(lambda: session.text("sc.statusTracker().getActiveJobsIds()", "pyspark") == "[]", 30, "no job is left")
    for word in ("python", "scala", "last"):
        files.open(word + ".go")
    check_result(session, session.submit(code("spark", files, "last"), "spark"), "spark", "last")
    assert files.lines("ran") == ["last"]


def test_a_confirmed_cancel_is_carried_out_by_the_next_server(gateway, session, files):
    number = session.submit(code("spark", files, "never"), "spark")
    files.wait("never.begun")
    session.cancel(number)
    gateway.restart()
    assert session.wait(number)["state"] == "cancelled"
    for word in ("never", "last"):
        files.open(word + ".go")
    check_result(session, session.submit(code("spark", files, "last"), "spark"), "spark", "last")
    assert files.lines("ran") == ["last"]


def test_a_graceful_restart(gateway, session, files):
    """SIGTERM, as an upgrade sends it."""
    running, waiting = (session.submit(code("pyspark", files, word), "pyspark") for word in ("running", "waiting"))
    files.wait("running.begun")
    assert gateway.stop() == 0
    for word in ("running", "waiting"):
        files.open(word + ".go")
    until(lambda: files.lines("ran"), 20, "the statement has run")
    gateway.start()
    check_result(session, running, "pyspark", "running")
    check_result(session, waiting, "pyspark", "waiting")
    assert files.lines("ran") == ["running", "waiting"]


# ---- batches

def test_batches_run_on_and_end_without_a_server(gateway, files):
    """One ends without a server, and fails; the other one writes to its log before, during and after that time."""
    (files / "job.py").write_text(BATCH)
    good, bad = (batches.create(gateway.client, file=str(files / "job.py"), args=[str(files.directory), exit_code])
                 for exit_code in ("0", "7"))
    until(lambda: bad.view()["appId"], 120, bad.log_text)
    until(lambda: spoken(good), 120, good.log_text)  # its id may be known now, or is found by the next server
    gateway.kill()
    files.open("down")
    files.wait("said")
    until((gateway.directory_of(bad) / "exit.json").exists, 60, "its end is recorded")
    gateway.start()
    assert (good.state(), bad.state()) == ("running", "dead")
    assert re.search(r"^sparkgate: .*exit code [17]$", bad.log_text(), re.MULTILINE), bad.log_text()
    until(lambda: good.view()["appId"], 60, good.log_text)
    files.open("up")
    assert good.wait_end() == "success"
    for batch, after in ((good, ["after 6"]), (bad, [])):
        assert spoken(batch) == ["before " + batch.view()["appId"], *(f"during {n}" for n in range(100)), *after]
        assert batch.delete().status == 200


def spoken(batch):
    """What the program has printed, without Spark's lines."""
    return [line for line in batch.output() if re.match("before |during |after ", line)]


# ---- sessions

def test_sessions_that_started_during_a_kill_and_died_during_another(gateway):
    created = [gateway.client.create(kind="pyspark") for _ in range(2)]
    until(lambda: all("JVM up" in session.log_text() for session in created), 120,
          lambda: "\n".join(session.log_text() for session in created))
    gateway.restart()
    for session in created:
        session.wait_idle(300)
    shims, jvms = zip(*(gateway.shim_of(session) for session in created))
    driver = int(created[1].text("import os\nos.getpid()"))
    processes = {pid: text for shim in shims for pid, text in batches.tree(shim).items()}
    assert driver in processes and "SparkSubmit" in processes[jvms[0]]
    gateway.kill()
    os.kill(jvms[0], signal.SIGKILL)
    os.kill(driver, signal.SIGKILL)
    batches.all_gone(processes)
    gateway.start()
    for session, reason in zip(created, ("killed by signal 9 (KILL)", "exit code 137")):
        assert session.state() == "dead"
        assert f"spark-submit has ended: {reason}" in session.log_text(), session.log_text()
        assert session.delete().status == 200


def test_twenty_seconds_of_work_ten_without_a_server_and_a_deletion(gateway, session, files):
    """The last test of the session, which it deletes."""
    session.text("kept = 41", "pyspark")
    application, log = session.view()["appId"], session.log()
    number = session.submit(f"""
detached = subprocess.Popen(["setsid", "sleep", "9876"])
print("begins")
open("{files / "begun"}", "w").close()
time.sleep(5)
sc._jvm.System.err.println("a line of the time without a server")
time.sleep(15)
with open("{files / "ran"}", "a") as ran:
    ran.write("ran\\n")
print("ends")
kept + 1""", "pyspark")
    files.wait("begun")
    gateway.kill()
    time.sleep(10)  # the time without a server is what this test is about; nothing else happens in it
    gateway.start()
    statement = session.wait(number)
    assert statement["state"] == "available" and statement["output"] == {
        "status": "ok", "execution_count": number, "data": {"text/plain": "begins\nends\n42"}}
    assert session.text("kept", "pyspark") == "41"
    assert files.lines("ran") == ["ran"]
    assert session.view()["appId"] == application == session.text("print(sc.applicationId)", "pyspark").strip()
    assert set(log) < set(session.log()) and "a line of the time without a server" in session.log()
    processes = batches.tree(gateway.shim_of(session)[0])
    assert any("sleep 9876" in text for text in processes.values()), processes
    assert session.delete().status == 200
    batches.all_gone(processes)
    assert gateway.client.get(session.path).status == 404
    assert not gateway.directory_of(session).exists()
