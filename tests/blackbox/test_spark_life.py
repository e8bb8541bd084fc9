"""Death of a session from inside and outside, with real Spark: the reason is said, nothing is left."""

import os
import signal

import pytest

from blackbox import gateway as gateways
from blackbox.client import until


def tree(gateway, session):
    """{pid: command line} of everything that runs for one session."""
    found = {}
    for pid, text in gateways.descendants(gateway.process.pid).items():
        if any(word.endswith(f"/sessions/{session.id}") or f"/sessions/{session.id}/" in word for word in text.split()):
            found[pid] = text
            found.update(gateways.descendants(pid))
    return found


def only(processes, *words):
    found = [pid for pid, text in processes.items() if all(word in text for word in words)]
    assert found, (words, processes)
    return found


def alive(pids):
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}") and "\nState:\tZ" not in status(pid)]


def status(pid):
    try:
        with open(f"/proc/{pid}/status") as file:
            return file.read()
    except OSError:
        return "\nState:\tZ"


def all_gone(processes):
    until(lambda: not alive(processes), 40, lambda: {pid: processes[pid] for pid in alive(processes)})


def dies(session, processes, *words):
    """The session becomes dead, its log has the words, no process is left."""
    session.wait_state("dead", 60)
    for word in words:
        assert word in session.log_text(), session.log_text()
    all_gone(processes)


@pytest.fixture
def lean(own_session):
    """A session without the Scala compiler's start in the background, which these tests would only wait for."""
    return lambda **request: own_session(kind="pyspark", **request)


def test_driver_killed(spark_gateway, lean):
    session = lean()
    pid = int(session.text("import os\nos.getpid()"))
    processes = tree(spark_gateway, session)
    assert pid in processes
    os.kill(pid, signal.SIGKILL)
    dies(session, processes, "spark-submit has ended")


def test_jvm_killed_while_a_job_runs(spark_gateway, lean):
    """The start timeline is looked at here, too, to save a start."""
    session = lean()
    log = session.log_text()
    places = [log.index(word) for word in ("queued", "spawned", "driver connected", "context ready")]
    assert places == sorted(places), log
    number = session.submit("import time\nsc.parallelize(range(4), 4).foreach(lambda x: time.sleep(1000))")
    session.wait_statement_state(number, "running")
    until(lambda: any("pyspark.daemon" in text for text in tree(spark_gateway, session).values()), 60, "workers run")
    processes = tree(spark_gateway, session)
    for pid in only(processes, "org.apache.spark.deploy.SparkSubmit"):
        os.kill(pid, signal.SIGKILL)
    dies(session, processes, "killed by signal 9")


@pytest.mark.parametrize("kind,code", [("spark", "System.exit(7)"), ("pyspark", "import os\nos._exit(7)")])
def test_code_that_ends_the_program(spark_gateway, own_session, kind, code):
    session = own_session(kind=kind)
    processes = tree(spark_gateway, session)
    session.submit(code, kind)
    dies(session, processes, "exit code 7")


def test_out_of_memory_in_the_jvm(spark_gateway, own_session):
    """The statement fails or the session dies with a reason; it does not hang."""
    session = own_session(kind="spark", driverMemory="600m")
    processes = tree(spark_gateway, session)
    number = session.submit("val hoard = new scala.collection.mutable.ArrayBuffer[Array[Byte]]\n"
                            "while (true) hoard += new Array[Byte](16 << 20)", "spark")
    until(lambda: session.state() == "dead" or session.statement(number)["state"] == "available", 120,
          lambda: session.log_text())
    if session.state() == "dead":
        dies(session, processes, "OutOfMemoryError")
    else:
        output = session.statement(number)["output"]
        assert output["status"] == "error" and "OutOfMemoryError" in output["evalue"], output
        assert session.text("'fine'", "pyspark") == "'fine'"


def test_out_of_memory_in_python(session):
    """A limit on the driver's address space, so that the machine is not the one that runs out."""
    output = session.error("import resource\nlimit = resource.getrlimit(resource.RLIMIT_AS)\n"
                           "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, limit[1]))\n"
                           "try:\n    x = bytearray(64 << 30)\nfinally:\n"
                           "    resource.setrlimit(resource.RLIMIT_AS, limit)", "pyspark")
    assert output["ename"] == "MemoryError"
    assert session.text("'fine'", "pyspark") == "'fine'"


def test_delete_during_a_job_leaves_nothing(spark_gateway, lean):
    session = lean()
    directories = {path for path in spark_gateway.state_dir.rglob("*") if f"/sessions/{session.id}" in str(path)}
    assert directories
    number = session.submit("import subprocess, time\nsubprocess.Popen(['setsid', 'sleep', '9876'])\n"
                            "sc.parallelize(range(4), 4).foreach(lambda x: time.sleep(1000))")
    session.wait_statement_state(number, "running")
    until(lambda: any("pyspark.daemon" in text for text in tree(spark_gateway, session).values()), 60, "workers run")
    processes = tree(spark_gateway, session)
    assert only(processes, "sleep", "9876")
    assert session.delete().json == {"msg": "deleted"}
    all_gone(processes)
    until(lambda: not any(path.exists() for path in directories), 20, lambda: [p for p in directories if p.exists()])
    assert session.client.get(session.path).status == 404


def test_delete_while_spark_starts(spark_gateway, spark_client):
    session = spark_client.create(kind="pyspark")
    until(lambda: any("java" in text for text in tree(spark_gateway, session).values()), 60, "the JVM starts")
    processes = tree(spark_gateway, session)
    assert session.delete().status == 200
    all_gone(processes)


def test_spark_that_cannot_start_says_why(spark_client):
    session = spark_client.create(kind="pyspark", conf={"spark.executor.memory": "nonsense"})
    session.wait_dead()
    assert "Executor memory must be a positive number" in session.log_text()
    session.delete()
