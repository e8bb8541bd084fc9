"""The sparkr kind on real Spark and real R, attached through RBackend by a stand-in for SparkR."""
import base64
import os
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))

pytestmark = [pytest.mark.spark, pytest.mark.skipif(shutil.which("R") is None, reason="no R on this machine")]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A folder with the stand-in installed."""
    work = tmp_path_factory.mktemp("sparkr")
    source, folder = work / "SparkR", work / "lib"
    shutil.copytree(os.path.join(HERE, "sparkr_standin"), source)
    folder.mkdir()
    install = ["R", "CMD", "INSTALL", "--no-docs", "--no-test-load", "-l", str(folder), str(source)]
    done = subprocess.run(install, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return str(folder)


def set_environment(session, **variables):
    """Change the environment of the session's driver."""
    output = session.run("import os; os.environ.update(%r)" % variables)
    assert output["status"] == "ok", output


@pytest.fixture
def r(session, library):
    """The session, in which the sparkr kind works."""
    set_environment(session, SPARKR_LIB=library, SPARKR_DRIVER_R="R")
    return session


def run(session, code):
    output = session.run(code, "sparkr")
    assert output["status"] == "ok", output
    return output["data"]["text/plain"]


# The first two tests need a session in which R has not been started yet.

def test_without_r_the_user_is_told_what_is_missing(session):
    set_environment(session, SPARKR_DRIVER_R="/no/such/R", SPARKR_LIB="")
    output = session.run("1", "sparkr")
    assert (output["status"], output["ename"]) == ("error", "InterpreterError")
    assert "R is not installed" in output["evalue"] and "/no/such/R" in output["evalue"]


def test_without_sparkr_the_user_is_told_where_to_get_it(session):
    set_environment(session, SPARKR_DRIVER_R="R", SPARKR_LIB="")
    output = session.run("1", "sparkr")
    assert (output["status"], output["ename"]) == ("error", "InterpreterError")
    assert all(words in output["evalue"] for words in ("no SparkR package", "R/lib", "SPARKR_LIB"))
    assert session.run("1 + 1")["data"]["text/plain"] == "2"


def test_values_and_errors_in_livys_form(r):
    assert run(r, "1 + 2") == "[1] 3"
    assert run(r, "x <- 1") == ""
    assert run(r, "cat('\\n\\na\\n\\n')") == "\na\n"
    assert run(r, "a <- 1\r\na") == "[1] 1"
    assert r.run("cat('one\\ntwo\\n'); no_such_name", "sparkr") == {
        "status": "error", "execution_count": r.next_id - 1, "ename": "Error",
        "evalue": "[1] \"Error: object 'no_such_name' not found\"", "traceback": ["one\n", "two\n"]}


def test_the_session_is_predefined_and_shared(r):
    assert run(r, "c(class(spark), class(sc), class(sqlContext))") == '[1] "jobj" "jobj" "jobj"'
    assert run(r, "callJMethod(sc, 'version')") == run(r, "callJMethod(spark, 'version')")
    run(r, "invisible(callJMethod(sql('select 42 as x'), 'createOrReplaceTempView', 'from_r'))")
    assert r.run("print(spark.table('from_r').collect())")["data"]["text/plain"] == "[Row(x=42)]"
    assert r.run("select x from from_r", "sql")["data"]["application/json"]["data"] == [[42]]
    r.run("spark.range(7).createOrReplaceTempView('for_r')")
    assert run(r, "callJMethod(sql('select * from for_r'), 'count')") == "[1] 7"


def test_an_error_of_spark(r):
    output = r.run("sql('select * from nope')", "sparkr")
    assert output["status"] == "error" and "TABLE_OR_VIEW_NOT_FOUND" in output["evalue"]


def test_a_plot_is_an_image_beside_the_text(r):
    output = r.run("cat('drawn'); plot(1:3)", "sparkr")
    assert output["data"]["text/plain"] == "drawn"
    assert base64.b64decode(output["data"]["image/png"]).startswith(b"\x89PNG")
    assert list(r.run("1", "sparkr")["data"]) == ["text/plain"]


def test_text_is_streamed_while_the_code_runs(r):
    statement = r.submit("sparkr", "cat('early\\n'); repeat Sys.sleep(0.01)")
    r.wait_text(statement, "early")
    assert r.complete("mtc", "sparkr") == []
    r.cancel(statement)
    state, output = r.result(statement)
    assert state == "cancelled" and output["traceback"] == ["early\n"]
    assert r.complete("mtc", "sparkr") == ["mtcars"]


@pytest.mark.parametrize("code", [
    "invisible(callJMethod(sql('select sum(id % 7) from range(10000000000000)'), 'count'))",
    "repeat callJMethod(sc, 'version')",
    "repeat callJMethod(sql('select 1'), 'count')",
    "while (TRUE) {}", "system('sleep 1000')",
])
def test_cancel(r, code):
    run(r, "kept <- 1")
    statement = r.submit("sparkr", "kept <- 2; cat('go\\n'); " + code)
    r.wait_text(statement, "go")
    r.cancel(statement)
    assert r.result(statement)[0] == "cancelled"
    # The connection to the JVM is in step: an answer belongs to its question.
    assert run(r, "c(kept, callJMethod(sql('select * from range(5)'), 'count'))") == "[1] 2 5"


def test_cancel_does_not_touch_the_jobs_of_other_kinds(r):
    python = r.submit("pyspark", "import time\n"
                      "print(sc.parallelize(range(4), 4).map(lambda x: time.sleep(1) or x).sum())")
    r.wait_started(python)
    statement = r.submit("sparkr", "cat('go\\n'); repeat {}")
    r.wait_text(statement, "go")
    r.cancel(statement)
    assert r.result(statement)[0] == "cancelled"
    assert r.result(python)[1]["data"] == {"text/plain": "6"}


def test_after_its_death_r_starts_again_and_is_attached(r):
    run(r, "gone <- 1")
    output = r.run("message('bye'); quit('no')", "sparkr")
    assert output["ename"] == "Error" and output["evalue"].startswith("Interpreter died:\nbye\n")
    assert run(r, "c(exists('gone'), callJMethod(sql('select 1'), 'count') == 1)") == "[1] FALSE  TRUE"
    pid = int(run(r, "cat(Sys.getpid())"))
    statement = r.submit("sparkr", "cat('go\\n'); repeat {}")
    r.wait_text(statement, "go")
    os.kill(pid, 9)
    assert r.result(statement)[1]["evalue"] == "Interpreter died:\ngo\n"
    assert run(r, "1") == "[1] 1"


def test_the_secret_is_not_in_rs_environment(r):
    assert run(r, "grep('SPARKR_BACKEND|SPARKGATE_R', names(Sys.getenv()), value = TRUE)") == "character(0)"


def test_output_beyond_the_limit_is_cut(r):
    text = run(r, "cat(strrep('x', 1.2e7)); 1")
    assert len(text) < 11 * 1024 * 1024 and "[output cut: " in text.splitlines()[-1]
