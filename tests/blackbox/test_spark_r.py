"""sparkr statements: with real R and a stand-in for the SparkR package, and the message where SparkR is missing.

The SparkR package is in no package registry, so the tests build a package of the same name with the few functions that
attach R to a session. Evaluation, output, errors and interrupts are the real ones.
"""

import base64
import shutil

import pytest

from blackbox import gateway as gateways
from blackbox.conftest import new_directory, run_gateway

KIND = "sparkr"

needs_r = pytest.mark.skipif(shutil.which("R") is None, reason="R is not installed")


@pytest.fixture(scope="module")
def r_gateway(spark_home, library_with_sparkr):
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local[1]", "repl.scala-prestart": "false", "repl.sparkr-lib": str(library_with_sparkr)}))


@pytest.fixture(scope="module")
def r_session(r_gateway):
    return r_gateway.client.create(kind=KIND).wait_idle(300)


@pytest.fixture
def r(r_session, r_gateway):
    """r(code) runs code that must succeed and returns its text/plain. (The gateway is here for its logs.)"""

    def run(code):
        return r_session.text(code, KIND)

    run.session = r_session
    return run


def test_without_sparkr_the_error_says_what_is_missing(session):
    output = session.error("1 + 1", KIND)
    assert "SparkR" in output["evalue"] + "".join(output["traceback"])
    assert session.text("'fine'", "pyspark") == "'fine'"


@needs_r
@pytest.mark.parametrize("code,text", [
    ("1 + 2", "[1] 3"),
    ("x <- 5", ""),
    ("cat('a\\nb\\n')", "a\nb"),
    ("print('grüße ☃'); invisible(3)", '[1] "grüße ☃"'),
    ("", ""),
    ("# a comment", ""),
    ("f <- function(n) {\r\n  n * 2\r\n}\r\nf(21)", "[1] 42"),
    ("message('to stderr')", "to stderr"),
    ("system('echo from a child')", "from a child"),
    ("1\n2", "[1] 1\n[1] 2"),
])
def test_values_and_output(r, code, text):
    assert r(code) == text


@needs_r
def test_variables_stay(r):
    r("kept <- c(1, 2, 3)")
    assert r("sum(kept)") == "[1] 6"


@needs_r
@pytest.mark.parametrize("code,words", [("stop('on purpose')", "on purpose"), ("nobody", "nobody"),
                                        ("f <- function( {", ""), ("log('x')", "non-numeric")])
def test_errors_leave_a_usable_session(r, code, words):
    output = r.session.error(code, KIND)
    assert output["ename"] == "Error" and words in output["evalue"]
    assert r("40 + 2") == "[1] 42"


@needs_r
def test_output_before_an_error_is_not_lost(r):
    output = r.session.error("cat('seen before\\n')\nstop('boom')", KIND)
    assert "seen before" in "".join(output["traceback"])


@needs_r
def test_plot(r):
    output = r.session.run("plot(1:10)", KIND)
    assert output["status"] == "ok"
    assert base64.b64decode(output["data"]["image/png"]).startswith(b"\x89PNG")


@needs_r
@pytest.mark.parametrize("code", ["while (TRUE) {}", "Sys.sleep(1000)", "repeat { x <- 1 }"])
def test_cancel(r, code):
    r("kept <- 'still here'")
    number = r.session.submit(code, KIND)
    r.session.wait_statement_state(number, "running")
    r.session.cancel(number)
    assert r.session.wait(number, 60)["state"] == "cancelled"
    assert r("kept") == '[1] "still here"'


@needs_r
def test_quit_ends_r_not_the_session(r):
    output = r.session.error("quit('no')", KIND)
    assert "died" in output["evalue"]
    assert r("1 + 1") == "[1] 2"


@needs_r
def test_completion(r):
    r("long_variable_name <- 1")
    assert any("long_variable_name" in word for word in r.session.complete("long_var", KIND))


@needs_r
def test_python_shares_the_session(r):
    assert r.session.text("spark.range(3).count()", "pyspark") == "3"
