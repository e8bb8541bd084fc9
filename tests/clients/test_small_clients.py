"""Small clients on PyPI: Livy-Submit opens a session, which livy-uploads and livyclient then use, too; livyc has its own."""

import pytest

from .conftest import Environment

pytestmark = pytest.mark.extra

SCRIPT = "import sys\nprint('sum', spark.range(4).selectExpr('sum(id)').first()[0])\nprint('Grüße')\n"
# livyclient shows the last ten lines of a batch's log.
JOB = """import sys
from pyspark import SparkContext
context = SparkContext()
total = context.parallelize(range(4), 2).sum()
context.stop()
print("arguments", sys.argv[1:], total)
"""


def steps(client, gateway, *arguments):
    return Environment(client).script("small_clients.py", client, f"http://127.0.0.1:{gateway.port}", *arguments)


def livy_submit(gateway, *arguments):
    """What the command prints."""
    ended = Environment("livy-submit").run("livy_submit", "--livy-url", f"http://127.0.0.1:{gateway.port}", "-u", "user", "-p", "none",
                                           *arguments)
    assert ended.returncode == 0, f"{arguments}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.fixture(scope="module")
def submitted(gateway, tmp_path_factory):
    """(the session's id as text, what was printed): a script was run in a new session, which was kept."""
    folder = tmp_path_factory.mktemp("submit")
    (folder / "script.py").write_text(SCRIPT)
    printed = livy_submit(gateway, "--submit", folder / "script.py", "--task-name", "small", "--keep-session-alive",
                          "--write-session-id", folder / "id", "--driver-memory", "1g", "--driver-cores", "1")
    number = (folder / "id").read_text()
    yield number, printed
    gateway.client.delete(f"/sessions/{number}")


def test_livy_submit_runs_a_script(gateway, submitted):
    number, printed = submitted
    assert f"Started session with id = {number}" in printed
    assert "available |" in printed and "100.0% Complete" in printed
    assert printed.endswith("--------------- text/plain ---------------\nsum 6\nGrüße\n")


def test_livy_submit_shows_and_ends_sessions(gateway, submitted, tmp_path):
    number = submitted[0]
    (tmp_path / "bad.py").write_text("1 / 0")
    printed = livy_submit(gateway, "--submit", tmp_path / "bad.py", "--connect-existing-session", number)
    assert "ERROR ZeroDivisionError while executing application on the driver:" in printed and "division by zero" in printed
    assert f"{number:<5} {'':<15} idle" in livy_submit(gateway, "--list-sessions")
    information = livy_submit(gateway, "--information", number)
    assert "    Kind : pyspark\n    State: idle\n" in information and "    Statement 0 (state: available)" in information
    assert livy_submit(gateway, "--retrieve-statement", number, 0) == SCRIPT + "\n"
    assert livy_submit(gateway, "--retrieve-statement-output", number, 0).endswith("\nsum 6\nGrüße\n")
    assert "because it does not exist" in livy_submit(gateway, "--delete", 77)


def test_livy_uploads_brings_files(gateway, submitted, tmp_path):
    """It finds the session by its name."""
    (tmp_path / "data.bin").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "hello.txt").write_text("hello")
    seen = steps("livy-uploads", gateway, "LivySubmit - small", tmp_path)
    assert seen["session"] == int(submitted[0])
    assert seen["same"] and seen["names"] == ["data.bin", "hello.txt"] and seen["lines"] == ["read 2560", ""]
    assert seen["shell"] == ["data.bin\nhello.txt\n", 3]
    assert "division by zero" in seen["error"] and any("SparkContext" in line for line in seen["log"])


def test_livyclient_runs_statements_and_batches(gateway, submitted, tmp_path):
    (tmp_path / "job.py").write_text(JOB)
    seen = steps("livyclient", gateway, submitted[0], f"local:{tmp_path}/job.py")
    session, batch = seen["session"], seen["batch"]
    assert (session["name"], session["kind"], session["state"]) == ("LivySubmit - small", "pyspark", "idle") and seen["nobody"] is None
    assert (seen["ok"]["status"], seen["ok"]["text"]) == ("ok", "42")
    assert (seen["error"]["ename"], seen["error"]["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert (batch["name"], batch["state"]) == ("small", "success") and seen["listed"] == [batch] and seen["left"] == []
    assert any("arguments ['a word', 'ü'] 6" in line for line in seen["log"])


def test_livyc_reads_values_and_frames(gateway):
    seen = steps("livyc", gateway)
    assert (seen["printed"], seen["word"], seen["numbers"], seen["product"]) == ("Grüße", "Grüße", [1, 2], 42)
    assert seen["frame"] == {"id": [0, 1, 2], "twice": [0, 2, 4]}
    assert "ZeroDivisionError" in seen["error"] and "division by zero" in seen["error"]
