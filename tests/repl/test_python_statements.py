"""What statements of plain Python answer: the real driver, without Spark."""
import json
import os
import time

import pytest


def text(output):
    assert output["status"] == "ok", output
    assert set(output["data"]) == {"text/plain"}
    return output["data"]["text/plain"]


def failure(output, ename):
    assert output["status"] == "error" and output["ename"] == ename, output
    assert isinstance(output["evalue"], str)
    assert all(isinstance(line, str) for line in output["traceback"])
    assert "sparkgate_repl" not in "".join(output["traceback"])
    return output


@pytest.mark.parametrize("code, expected", [
    ("1+2", "3"),
    ("1\n2\n3", "3"),
    ("x = 5", ""),
    ("None", ""),
    ("", ""),
    ("   \n\n", ""),
    ("# only a comment", ""),
    ("print('a')\nprint('b')", "a\nb"),
    ("print('a'); 5", "a\n5"),
    ("print('a', end=''); 5", "a5"),
    ("for i in range(2):\n    i", ""),
    ("for i in range(2):\n    print(i)", "0\n1"),
    ("'é😀'", "'é😀'"),
    ("print('é😀')", "é😀"),
    ("if True:\r\n    y = 7\r\ny\r\n", "7"),
    ("import sys\nprint('err', file=sys.stderr)\nprint('out')", "out\nerr"),
    ("'\\ud800'", "'\\ud800'"),
    ("class A:\n    def __repr__(self): return '\\ud800'\nA()", "?"),
    ("__name__", "'__main__'"),
    ("import __main__; __main__.__dict__ is globals()", "True"),
    ("'driver' in __import__('sys').modules", "False"),
    ("from __future__ import annotations\ndef f(a: nope): return 1\nf(0)", "1"),
    ("def g(a: nope2): return 2\ng(0)", "2"),
    ("import inspect\ndef h():\n    return 1\nprint(inspect.getsource(h))", "def h():\n    return 1"),
    ("x" * 0 + "z = '" + "m" * (1024 * 1024) + "'; len(z)", str(1024 * 1024)),
])
def test_text_of_a_statement(plain_session, code, expected):
    output = plain_session.run(code)
    assert text(output).replace("\ufffd", "?") == expected


def test_underscore_holds_the_last_value(plain_session):
    plain_session.run("40 + 2")
    assert text(plain_session.run("_ + 1")) == "43"


def test_execution_count_is_the_id_and_follows_the_status(plain_session):
    statement = plain_session.submit("pyspark", "1")
    _, output = plain_session.result(statement)
    assert list(output) == ["status", "execution_count", "data"] and output["execution_count"] == statement


def test_text_of_children_and_of_c_code_comes_in_order(plain_session):
    code = ("import os, ctypes\nprint('1'); os.system('echo 2'); print('3')\n"
            "ctypes.CDLL(None).puts(b'4'); ctypes.CDLL(None).fflush(None); os.write(1, b'5\\n'); print('6')")
    assert text(plain_session.run(code)) == "1\n2\n3\n4\n5\n6"


def test_bytes_that_are_no_utf8_and_nulls_pass(plain_session):
    out = text(plain_session.run("import os\nn = os.write(1, b'a\\xff\\x00b\\x00sparkgate:x')"))
    assert out == "a\ufffd\0b\0sparkgate:x"


def test_what_is_written_between_statements_goes_to_the_log(plain_session):
    plain_session.run("import threading\ngo = threading.Event()\n"
                      "def late():\n    go.wait(0.2)\n    print('from the background')\n"
                      "threading.Thread(target=late).start()")
    deadline = time.monotonic() + 30
    while "from the background" not in plain_session.log():
        assert time.monotonic() < deadline
    assert text(plain_session.run("'next'")) == "'next'"


@pytest.mark.parametrize("code, ename, evalue, last", [
    ("1/0", "ZeroDivisionError", "division by zero", "ZeroDivisionError: division by zero\n"),
    ("nope", "NameError", "name 'nope' is not defined", "NameError: name 'nope' is not defined\n"),
    ("def f(:", "SyntaxError", None, None),
    ("if True:\npass", "IndentationError", None, None),
    ("exit()", "SystemExit", "None", None),
    ("quit()", "SystemExit", "None", None),
    ("import sys; sys.exit(3)", "SystemExit", "3", None),
    ("input()", "EOFError", None, None),
    ("def r(): return r()\nr()", "RecursionError", None, None),
    ("raise MemoryError('no')", "MemoryError", "no", None),
    ("'x' * 10**15", "MemoryError", None, None),
    ("raise KeyboardInterrupt", "KeyboardInterrupt", "", None),
    ("class Odd(BaseException): pass\nraise Odd('x')", "Odd", "x", None),
    ("class S(Exception):\n    def __str__(self): raise ValueError\nraise S()", "S", None, None),
    ("class R:\n    def __repr__(self): raise ValueError('r')\nR()", "ValueError", "r", None),
    ("raise Exception(None)", "Exception", "None", None),
    ("%foo x", "UnknownMagic", "unknown magic command 'foo'", "UnknownMagic: unknown magic command 'foo'\n"),
    ("%", "UnknownMagic", "magic command not specified", "UnknownMagic: magic command not specified\n"),
    ("%json nope", "NameError", "name 'nope' is not defined", None),
    ("%json", "ValueError", None, None),
    ("%json object()", "TypeError", None, None),
    ("x = [1, 'a']\n%table x", "ValueError", None, None),
    ("assert False, 'why'", "AssertionError", "why", None),
])
def test_errors(plain_session, code, ename, evalue, last):
    output = failure(plain_session.run(code), ename)
    if evalue is not None:
        assert output["evalue"] == evalue
    if last is not None:
        assert output["traceback"][-1] == last
    assert text(plain_session.run("'alive'")) == "'alive'"


@pytest.mark.parametrize("code", ["1\0", "(" * 5000, "-" * 1000000 + "1", "\ud800"])
def test_code_that_python_cannot_read_is_an_error(plain_session, code):
    assert plain_session.run(code)["status"] == "error"
    assert text(plain_session.run("'alive'")) == "'alive'"


def test_a_syntax_error_anywhere_runs_nothing(plain_session):
    failure(plain_session.run("ran = 1\ndef f(:\n"), "SyntaxError")
    failure(plain_session.run("ran"), "NameError")


def test_the_traceback_shows_the_users_lines(plain_session):
    output = failure(plain_session.run("def inner():\n    raise KeyError('k')\n\ninner()"), "KeyError")
    whole = "".join(output["traceback"])
    assert "    inner()\n" in whole and "    raise KeyError('k')\n" in whole
    assert output["traceback"][0] == "Traceback (most recent call last):\n"


def test_chained_exceptions_are_shown(plain_session):
    code = "try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise ValueError('v') from e"
    whole = "".join(failure(plain_session.run(code), "ValueError")["traceback"])
    assert "ZeroDivisionError" in whole and "direct cause" in whole


def test_text_before_an_exception_stands_first_in_the_traceback(plain_session):
    statement = plain_session.submit("pyspark", "print('before')\nprint('and', end='')\n1/0")
    _, output = plain_session.result(statement)
    assert output["traceback"][:3] == ["before\n", "and\n", "Traceback (most recent call last):\n"]
    assert plain_session.text(statement) == "before\nand"
    assert text(plain_session.run("'next'")) == "'next'"


def test_a_forked_child_does_not_become_a_second_driver(plain_session):
    code = "import os\npid = os.fork()\nif pid:\n    os.waitpid(pid, 0)\npid > 0"
    assert text(plain_session.run(code)) == "True"
    assert text(plain_session.run("'alive'")) == "'alive'"


@pytest.mark.parametrize("code", [
    "import os; os.close(1); os.close(2)",
    "import sys; sys.stdout.close(); sys.stderr.close(); sys.stdin.close()",
    "import os; d = os.open('/dev/null', os.O_WRONLY); n = os.dup2(d, 1)",
    "import sys; del sys.stdout",
    "import sys; sys.stderr = None",
])
def test_closed_streams_are_opened_again(plain_session, code):
    plain_session.run(code)
    assert text(plain_session.run("print('seen')")) == "seen"


def test_a_child_that_reads_standard_input_sees_its_end(plain_session):
    assert text(plain_session.run("import subprocess; subprocess.run(['cat']).returncode")) == "0"


def test_os_exit_ends_the_driver(plain):
    session = plain()
    session.submit("pyspark", "import os; os._exit(7)")
    assert session.process.wait(30) == 7


# ---- magics, tables, JSON

def test_json_magic(plain_session):
    output = plain_session.run("v = {'a': [1, None, float('nan'), float('inf')], 'b': (1, 'é')}\n%json v")
    assert output["data"] == {"application/json": {"a": [1, None, None, None], "b": [1, "é"]}}


def test_printed_text_stands_beside_a_magics_result(plain_session):
    output = plain_session.run("print('p')\n%json [1]")
    assert output["data"] == {"application/json": [1], "text/plain": "p"}


def test_the_last_step_decides(plain_session):
    assert text(plain_session.run("%json [1]\n5")) == "5"
    assert plain_session.run("5\n%json [1]")["data"] == {"application/json": [1]}


def test_magic_lines_within_strings_and_expressions_are_python(plain_session):
    code = "s = '''\n%json x\n'''\n%json s"
    assert plain_session.run(code)["data"] == {"application/json": "\n%json x\n"}
    assert text(plain_session.run("x = 3\n(10\n%x)")) == "1"


def test_a_syntax_error_beside_magics_names_its_line(plain_session):
    output = failure(plain_session.run("%json 1\n\ndef f(:\n"), "SyntaxError")
    assert "line 3" in "".join(output["traceback"])


def test_an_unknown_magic_runs_nothing(plain_session):
    failure(plain_session.run("ran2 = 1\n%foo x"), "UnknownMagic")
    failure(plain_session.run("ran2"), "NameError")


def test_table_magic(plain_session):
    output = plain_session.run("rows = [{'b': 1, 'a': None}, {'a': 'x', 'b': 2}]\n%table rows")
    payload = plain_session.of("result")[-1][1].decode()
    assert output["data"] == {"application/vnd.livy.table.v1+json": {
        "headers": [{"name": "a", "type": "STRING_TYPE"}, {"name": "b", "type": "INT_TYPE"}],
        "data": [[None, 1], ["x", 2]]}}
    assert '{"name":"a","type":"STRING_TYPE"}' in payload


# ---- display

def test_html_is_shown_beside_the_text_and_keeps_what_was_printed(plain_session):
    code = "class H:\n    def _repr_html_(self): return '<b>h</b>'\n    def __repr__(self): return 'plain'\n"
    assert plain_session.run(code + "H()")["data"] == {"text/html": "<b>h</b>", "text/plain": "plain"}
    assert plain_session.run("print('<p>'); H()")["data"] == {
        "text/html": "<pre>&lt;p&gt;</pre>\n<b>h</b>", "text/plain": "<p>\nplain"}
    assert plain_session.run("display(H(), H())")["data"]["text/html"] == "<b>h</b>\n<b>h</b>"


def test_display_prints_plain_values_in_their_place(plain_session):
    assert text(plain_session.run("print('a'); display(5, 'b'); print('c')")) == "a\n5\nb\nc"


def test_png_stands_alone_unless_something_was_printed(plain_session):
    code = "class P:\n    def _repr_png_(self): return b'\\x89PNG'\n"
    assert plain_session.run(code + "P()")["data"] == {"image/png": "iVBORw=="}
    assert plain_session.run("print('t'); P()")["data"] == {"image/png": "iVBORw==", "text/plain": "t"}


def test_a_rich_form_that_fails_leaves_the_text(plain_session):
    assert text(plain_session.run(
        "class B:\n    def _repr_html_(self): 1/0\n    def __repr__(self): return 'b'\nB()")) == "b"


def test_objects_that_answer_to_any_name_are_plain(plain_session):
    assert text(plain_session.run(
        "class Any:\n    def __getattr__(self, n): return self\n    def __repr__(self): return 'any'\nAny()"
    )) == "any"


# ---- limit

def test_output_beyond_the_limit_is_cut_and_marked(plain):
    session = plain(output_limit=1000)
    statement = session.submit("pyspark", "print('x' * 999); print('tail')")
    _, output = session.result(statement)
    mark = "… [output cut: 5 more bytes]"
    assert output["data"]["text/plain"] == "x" * 999 + "\n" + mark
    assert session.text(statement) == "x" * 999 + "\n\n" + mark + "\n"
    assert text(session.run("'next'")) == "'next'"


def test_the_limit_holds_for_values_and_errors(plain):
    session = plain(output_limit=1000)
    shown = text(session.run("'y' * 5000"))
    assert shown.endswith("\n… [output cut: 4003 more bytes]") and len(shown) < 1100
    output = failure(session.run("raise ValueError('e' * 5000)"), "ValueError")
    assert len(output["evalue"]) <= 1000 and "output cut" in output["traceback"][-1]
    output = failure(session.run("print('z' * 5000); 1/0"), "ZeroDivisionError")
    assert output["traceback"][1] == "… [output cut: 4001 more bytes]\n"


def test_a_hundred_megabytes_are_survived(plain_session):
    output = plain_session.run("for i in range(100): print('x' * (1 << 20))")
    assert len(output["data"]["text/plain"]) < 10 * 1024 * 1024 + 100
    peak = "import resource; resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024"
    assert int(text(plain_session.run(peak))) < 400


# ---- streams

def test_streams_come_while_the_statement_runs_and_before_its_result(plain_session):
    statement = plain_session.submit("pyspark", "import os, time\nprint('early')\n"
                                     "while not os.path.exists('go'): time.sleep(.01)\nprint('late')")
    plain_session.wait_text(statement, "early")
    assert statement not in plain_session.results
    open(os.path.join(plain_session.home, "go"), "w").close()
    plain_session.result(statement)
    ops = [h["op"] for h, _ in plain_session.frames if h.get("id") == statement]
    assert ops == ["started", "stream", "stream", "result"]
    assert plain_session.text(statement) == "early\nlate\n"


def test_results_are_strict_json(plain_session):
    plain_session.run("float('nan')")
    json.loads(plain_session.of("result")[-1][1], parse_constant=pytest.fail)
