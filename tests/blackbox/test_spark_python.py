"""pyspark statements on real Spark: values, output, pictures, tables, errors and awkward code."""

import base64
import json

import pytest

from blackbox.client import until

KIND = "pyspark"


@pytest.fixture
def py(session):
    """py(code) runs code that must succeed and returns its text/plain; py.session is the session."""

    def run(code):
        return session.text(code, KIND)

    run.session = session
    return run


def data(session, code):
    output = session.run(code, KIND)
    assert output["status"] == "ok", output
    return output["data"]


@pytest.mark.parametrize("code,text", [
    ("1 + 2", "3"),
    ("1\n2\n3", "3"),
    ("'word'", "'word'"),
    ("x = 1", ""),
    ("None", ""),
    ("", ""),
    ("   \n\t\n", ""),
    ("# only a comment", ""),
    ("print('a')\nprint('b')\n'c'", "a\nb\n'c'"),
    ("a = 3\r\nb = 4\r\na * b\r\n", "12"),
    ("print('😀 grüße ☃')", "😀 grüße ☃"),
    ("for i in range(3):\n    print(i)", "0\n1\n2"),
    ("import sys; print('to stderr', file=sys.stderr)", "to stderr"),
    ("type(sc).__name__, type(spark).__name__, type(sqlContext).__name__",
     "('SparkContext', 'SparkSession', 'SQLContext')"),
    ("__name__", "'__main__'"),
])
def test_values_and_output(py, code, text):
    assert py(code) == text


def test_variables_stay(py):
    py("kept = [1, 2]")
    py("def twice(x):\n    return 2 * x")
    assert py("twice(kept)") == "[1, 2, 1, 2]"


def test_jobs(py):
    assert py("sc.parallelize(range(100), 4).map(lambda x: x * x).sum()") == "328350"
    assert py("spark.range(1000).filter('id % 7 = 0').count()") == "143"


def test_classes_of_the_session_run_on_workers(py):
    py("class Pair:\n    def __init__(self, a): self.a = a\n    def next(self): return self.a + 1")
    assert py("sc.parallelize([1, 2]).map(lambda x: Pair(x).next()).collect()") == "[2, 3]"


def test_show_prints_a_table(py):
    assert py("spark.range(2).show()").splitlines()[:4] == ["+---+", "| id|", "+---+", "|  0|"]


def test_output_of_children_and_c_code_is_in_program_order(py):
    code = """
import ctypes, os, subprocess, sys
print("python")
os.system("echo shell")
subprocess.run(["sh", "-c", "echo child; echo child-error >&2"])
os.write(1, b"descriptor\\n")
libc = ctypes.CDLL(None)
libc.puts(b"libc"); libc.fflush(None)
print("end")
"""
    lines = py(code).splitlines()
    assert sorted(lines) == sorted(["python", "shell", "child", "child-error", "descriptor", "libc", "end"])
    in_order = [line for line in lines if line != "child-error"]
    assert in_order == ["python", "shell", "child", "descriptor", "libc", "end"]


def test_nothing_of_sparks_own_leaks_in(py):
    """Log lines and the JVM's stdout belong to the session's log."""
    assert py("sc._jvm.System.out.println('from the JVM')\nsc.setLogLevel('WARN')\n"
              "spark._jvm.org.slf4j.LoggerFactory.getLogger('x').warn('a warning')\nprint('mine')") == "mine"
    until(lambda: "from the JVM" in py.session.log_text(), 20, py.session.log_text)


def test_error(py):
    output = py.session.error("def inner(x):\n    return 1 / x\n\ninner(0)", KIND)
    assert (output["ename"], output["evalue"]) == ("ZeroDivisionError", "division by zero")
    text = "".join(output["traceback"])
    assert text.startswith("Traceback (most recent call last):\n") and "inner" in text
    assert text.rstrip().endswith("ZeroDivisionError: division by zero")
    assert "sparkgate" not in text and "/repl/" not in text, "frames of the driver are in the traceback"


def test_output_before_an_exception_is_not_lost(py):
    output = py.session.error("print('seen before')\n1 / 0", KIND)
    assert "seen before" in "".join(output["traceback"])
    assert py("'next'") == "'next'"


@pytest.mark.parametrize("code,name", [
    ("this is no python", "SyntaxError"),
    ("print('never'\n", "SyntaxError"),
    ("def f():\n", "IndentationError"),
    ("nobody", "NameError"),
    ("raise KeyError('k')", "KeyError"),
    ("import nowhere_to_be_found", "ModuleNotFoundError"),
    ("exit()", "SystemExit"),
    ("import sys; sys.exit(3)", "SystemExit"),
    ("input()", "EOFError"),
    ("def f(): return f()\nf()", "RecursionError"),
    ("spark.sql('select nothing from nowhere')", "AnalysisException"),
    ("class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd()", "Odd"),
])
def test_errors_leave_a_usable_session(py, code, name):
    assert py.session.error(code, KIND)["ename"] == name
    assert py("40 + 2") == "42"


def test_syntax_error_runs_nothing(py):
    py("ran = False")
    py.session.error("ran = True\nthis is no python", KIND)
    assert py("ran") == "False"


def test_error_on_an_executor_names_its_cause(py):
    output = py.session.error("sc.parallelize([0]).map(lambda x: 1 // x).collect()", KIND)
    assert "ZeroDivisionError" in output["evalue"] + "".join(output["traceback"])


def test_json_magic(session):
    value = data(session, "value = {'a': [1, None, 'ü'], 'b': {'c': 1.5}}\n%json value")
    assert value == {"application/json": {"a": [1, None, "ü"], "b": {"c": 1.5}}}


def test_json_magic_with_nan_is_valid_json(session):
    number = session.submit("value = [float('nan'), float('inf'), 1]\n%json value", KIND)
    session.wait(number)
    body = session.client.get(f"{session.path}/statements/{number}").text

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    statement = json.loads(body, parse_constant=refuse)
    assert statement["output"]["status"] == "ok"


def test_table_magic(session):
    table = data(session, "rows = [{'n': 1, 's': 'a'}, {'n': 2, 's': None}]\n%table rows")
    assert table == {"application/vnd.livy.table.v1+json": {
        "headers": [{"name": "n", "type": "INT_TYPE"}, {"name": "s", "type": "STRING_TYPE"}],
        "data": [[1, "a"], [2, None]]}}


@pytest.mark.parametrize("code,name", [
    ("%json nobody", "NameError"),
    ("%json", None),
    ("%nonsense x", None),
    ("x = object()\n%json x", "TypeError"),
    ("mixed = [{'a': 1}, {'a': 'x'}]\n%table mixed", None),
])
def test_wrong_magics_are_errors(py, code, name):
    output = py.session.error(code, KIND)
    assert name is None or output["ename"] == name
    assert py("1") == "1"


def is_png(text):
    return base64.b64decode(text).startswith(b"\x89PNG\r\n")


def test_matplot_magic(session):
    shown = data(session, "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\n%matplot plt")
    assert list(shown) == ["image/png"] and is_png(shown["image/png"])


def test_figure_that_matplotlib_shows(session):
    shown = data(session, "import matplotlib.pyplot as plt\nplt.figure()\nplt.bar([1, 2], [3, 4])\nplt.show()")
    assert is_png(shown["image/png"])
    assert data(session, "1 + 1") == {"text/plain": "2"}, "the picture came again"


def test_pandas(session):
    shown = data(session, "import pandas\npandas.DataFrame({'a': [1, 2]})")
    assert shown["text/plain"].split() == ["a", "0", "1", "1", "2"]
    assert set(shown) <= {"text/plain", "text/html"}
    assert data(session, "int(spark.range(3).toPandas().id.sum())") == {"text/plain": "3"}


def test_code_of_a_megabyte(py):
    assert py("text = '''" + "é" * 500_000 + "'''\nlen(text)") == "500000"


def test_output_of_100_megabytes_is_bounded_and_marked(py):
    text = py("line = 'x' * 999\nfor _ in range(100_000):\n    print(line)")
    assert 9_000_000 < len(text) < 12_000_000
    assert "output cut" in text[-200:]
    assert py("'fine'") == "'fine'"


def test_live_output(session, tmp_path):
    go = tmp_path / "go"
    number = session.submit(f"import os, time\nprint('working')\nwhile not os.path.exists({str(go)!r}):\n"
                            "    time.sleep(0.01)\nprint('done')", KIND)
    session.wait_partial(number, "working")
    assert session.statement(number)["state"] == "running" and session.state() == "busy"
    go.touch()
    session.wait_partial(number, "done")
    assert session.wait(number)["output"]["data"]["text/plain"] == "working\ndone"


def test_progress_of_a_job(session, tmp_path):
    gate = tmp_path / "gate"
    number = session.submit(
        "import os, time\ndef work(i):\n    while i >= 4 and not os.path.exists(%r):\n        time.sleep(0.01)\n"
        "sc.parallelize(range(8), 8).foreach(work)" % str(gate), KIND)
    until(lambda: 0.0 < session.statement(number)["progress"] < 1.0, 60, lambda: session.statement(number))
    gate.touch()
    assert session.wait(number)["progress"] == 1.0


def test_background_output_does_not_reach_another_statement(py, tmp_path):
    go, gone = tmp_path / "go", tmp_path / "gone"
    py(f"import os, threading, time\ndef late():\n    while not os.path.exists({str(go)!r}): time.sleep(0.01)\n"
       f"    print('late words')\n    open({str(gone)!r}, 'w').close()\nthreading.Thread(target=late).start()")
    go.touch()
    until(gone.exists, 20, "the thread has printed")
    assert "late words" not in py("'quiet'")
