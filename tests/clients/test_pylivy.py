"""pylivy (the package `livy`): sessions of three kinds, data frames both ways, SQL, and batches."""

import pytest

from blackbox import batches
from clients.conftest import Environment, check_nothing_left

JOB = """import os, sys, time
from pyspark import SparkContext
if sys.argv[1] == "fail":
    sys.exit("on purpose")
if sys.argv[1] == "wait":
    open(os.path.join(sys.argv[2], "runs"), "w").write(str(os.getpid()))
    time.sleep(1000)  # until it is killed
print("arguments", sys.argv[1:], "sum", SparkContext().parallelize(range(4), 2).sum())
"""


def steps(step, gateway, *arguments):
    return Environment("pylivy").script("pylivy_steps.py", step, f"http://127.0.0.1:{gateway.port}/", *arguments)


@pytest.fixture(scope="module")
def sessions(gateway):
    """What a user saw who worked with all three kinds of sessions."""
    seen = steps("sessions", gateway)
    assert not gateway.client.ok("GET", "/sessions")["sessions"]
    return seen


def test_sessions_live_as_long_as_their_with_block(sessions):
    ids = sessions["ids"]
    assert sessions["version"] == "Version(0.9.0-incubating)"
    assert sessions["listed"] == {str(number): kind for number, kind in zip(ids, ("pyspark", "spark", "sql"))}
    assert [sessions[kind]["state"] for kind in ("pyspark", "spark", "sql")] == ["idle"] * 3
    assert sessions["after"] == [None] * 3
    assert sessions["state of a closed one"] == "session not found - it may have been shut down"


@pytest.mark.parametrize("kind, printed, error, evalue", [
    ("pyspark", "Grüße 42\n", "ZeroDivisionError", "division by zero"),
    ("spark", "Grüße 42\n\n", "Error", "java.lang.RuntimeException: on purpose")])
def test_run(sessions, kind, printed, error, evalue):
    """What is printed is Livy's: a Scala session keeps the newline, to which pylivy adds one."""
    seen = sessions[kind]
    assert seen["printed"] == printed and seen["text"] == printed[:-1] and seen["status"] == "ok"
    assert (seen["error"]["ename"], seen["error"]["evalue"]) == (error, evalue) and seen["error"]["traceback"]
    assert seen["statements"] == ["available"] * 6


def test_run_python_without_output(sessions):
    assert sessions["pyspark"]["nothing"] == ""
    assert "    1 / 0\n" in "".join(sessions["pyspark"]["error"]["traceback"])


@pytest.mark.parametrize("kind", ["pyspark", "spark"])
def test_a_frame_there_and_back(sessions, kind):
    """upload(), Spark adds a column, download(): values, letters and types are kept."""
    assert sessions[kind]["downloaded"] == {"columns": ["number", "share", "word", "twice"], "rows": [
        [1, 0.5, "one", 2], [2, -1.25, "zwei ☃", 4], [3, 1e10, 'a "quoted" \\ word', 6]]}


def test_download_sql(sessions):
    seen = sessions["sql"]
    assert seen["downloaded"] == {"columns": ["id", "word", "pair", "share", "maybe"], "rows": [
        [0, "word 0", [0, 0], 0, 0], [1, "word 1", [1, 2], 0.25, None], [2, "word 2", [2, 4], 0.5, 2]]}
    assert seen["count"] == {"columns": ["n"], "rows": [[3]]}
    assert seen["empty"] == {"columns": ["id"], "rows": []}
    assert seen["ddl"] == {"columns": [], "rows": []}
    assert "nowhere" in seen["error"]["evalue"] and seen["error"]["traceback"]


def test_batches(batch_gateway, tmp_path):
    (tmp_path / "job.py").write_text(JOB)
    seen = steps("batches", batch_gateway, tmp_path / "job.py", tmp_path)
    good, bad, killed = seen["good"], seen["bad"], seen["killed"]
    assert (good["state"], bad["state"]) == ("success", "dead")
    assert "arguments ['a word', 'ünï'] sum 6" in good["log"] and good["app_id"].startswith("local-")
    assert "on purpose" in bad["log"] and any("exit code" in line for line in bad["log"])
    for each in (good, bad):
        assert each["pages"] == each["log"] and each["beyond"] == []
    assert seen["listed"] == {str(good["id"]): "success", str(bad["id"]): "dead", str(killed["id"]): "running"}
    assert killed["after"] == "batch session not found - it may have been shut down"
    assert not batches.alive(int((tmp_path / "runs").read_text()))
    assert seen["refused"]["status"] == 400 and "/etc/passwd" in seen["refused"]["msg"]
    check_nothing_left(batch_gateway)
