"""sparkmagic's kernels and magics, in notebooks that nobody watches (nbclient)."""

import base64
import json
import re
import shutil
import subprocess

import pytest

from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_gateway
from clients.notebooks import Notebook


@pytest.fixture(scope="module")
def gateway(spark_home):
    """Of these tests alone: %%cleanup deletes each session of its server."""
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={"spark.master": "local[2]"}))


@pytest.fixture(scope="module")
def open_notebook(gateway, tmp_path_factory):
    """open_notebook(kernel) opens one, and closes it at the end: nothing may then be left of its session."""
    opened = []

    def open_it(kernel, url=f"http://127.0.0.1:{gateway.port}", **configuration):
        configuration.setdefault("livy_server_heartbeat_timeout_seconds", 0)
        # With widgets in which data frames are looked at nbclient now and then misses the end of a cell.
        configuration["use_auto_viz"] = False
        opened.append(Notebook(tmp_path_factory.mktemp(kernel), kernel, url, **configuration))
        return opened[-1]

    yield open_it
    codes = [notebook.close() for notebook in opened]
    left = gateway.client.get("/sessions").json["sessions"]
    assert codes == [0] * len(codes) and left == [], (codes, left)


def session_in(html):
    """The id of the session that a table of sessions marks as this notebook's."""
    return int(re.search(r"<tr><td>(\d+)</td>(?:(?!</tr>).)*✔", html)[1])


def started(notebook, code, kind):
    """Runs the first cell of a notebook, which starts its session."""
    cell = notebook.run(code)
    assert cell.output.startswith("Starting Spark application\nSparkSession available as 'spark'.\n"), cell
    notebook.session = session_in(cell.html[0])
    assert re.search(f"<td>{notebook.session}</td><td>local-\\d+</td><td>{kind}</td><td>idle</td>", cell.html[0]), cell
    notebook.first = cell.output.split(".\n", 1)[1]
    return notebook


@pytest.fixture(scope="module")
def python(open_notebook):
    return started(open_notebook("pysparkkernel"), "1+1", "pyspark")


@pytest.fixture(scope="module")
def scala(open_notebook):
    return started(open_notebook("sparkkernel"), "1+1", "spark")


def frame(notebook, name="df"):
    """The data frame of the notebook's own Python: its columns in their order, and the values."""
    text = notebook.run(f"%%local\n{name}.to_json(orient='split', index=False, date_format='iso')").value
    return json.loads(eval(text))


# ---- statements


def test_the_first_cell_starts_a_session(python):
    assert python.first == "2"


@pytest.mark.parametrize("code,text", [
    ("print('grüße ☃ 日本語 🚀')\n'…'", "grüße ☃ 日本語 🚀\n'…'"),
    ("for i in range(3):\n    print(i)", "0\n1\n2"),
    ("kept = 5", ""),
    ("# nothing", ""),
    ("    indented = 1\n    indented", "1"),
    ("spark.range(100).selectExpr('sum(id)').first()[0]", "4950"),
    ("spark.createDataFrame([('ä',)], ['ö']).show()", "+---+\n|  ö|\n+---+\n|  ä|\n+---+\n"),
])
def test_statements(python, code, text):
    assert python.run(code).output.strip("\n") == text.strip("\n")


def test_errors_have_a_traceback_and_the_session_goes_on(python):
    cell = python.run("def deep(n):\n    return 1 / n\n\n\ndeep(0)")
    assert cell.stderr.startswith("An error was encountered:\ndivision by zero\nTraceback (most recent call last):\n")
    assert "in deep\n" in cell.stderr and "return 1 / n\n" in cell.stderr and cell.stderr.endswith("ZeroDivisionError: division by zero\n\n")
    assert python.run("'usable'").output == "'usable'"


@pytest.mark.parametrize("code,words", [
    ("raise ValueError()", "ValueError"), ("raise Exception(None)", "None"), ("raise KeyError('grüße')", "grüße"), ("1 +", "SyntaxError"),
    ("import sys\nsys.exit(3)", "SystemExit"), ("spark.table('not_there')", "TABLE_OR_VIEW_NOT_FOUND"),
    ("spark.range(1).rdd.map(lambda x: 1 / 0).collect()", "ZeroDivisionError"),
    ("class Mute(Exception):\n    def __str__(self):\n        return None\n\n\nraise Mute()", "Mute"),
])
def test_whatever_the_error_it_is_shown(python, code, words):
    """sparkmagic dies of an evalue that is null, and shows an internal error."""
    cell = python.run(code)
    assert cell.stderr.startswith("An error was encountered:\n") and words in cell.stderr and not cell.errors, cell


def test_html_and_json_are_shown_as_such(python):
    assert python.run("print({'text/html': '<b>bold</b>'})").html == ["<b>bold</b>"]
    cell = python.run("numbers = {'a': [1, 2]}\n%json numbers")
    assert cell.data[-1]["text/plain"] == "{'a': [1, 2]}"


def test_a_plot(python):
    assert python.run("import matplotlib.pyplot as plt\n_ = plt.plot([1, 2, 3])").stderr == ""
    picture, = [each["image/png"] for each in python.run("%matplot plt").data if "image/png" in each]
    assert base64.b64decode(picture).startswith(b"\x89PNG")


def test_pretty(python):
    cell = python.run("%%pretty\nspark.range(2).selectExpr('id', 'id * 2 as twice').show()")
    assert re.findall(">([^<>\n]+)</pre>", cell.html[0]) == ["id", "twice", "0", "0", "1", "2"], cell


def test_large_output_is_whole(python):
    cell = python.run("print('é' * 2_000_000 + 'end')")
    assert cell.output == "é" * 2_000_000 + "end"


# ---- SQL and data frames


def test_sql_into_a_data_frame(python):
    cell = python.run("%%sql -o df\nselect id as z, concat('grüße ', id) as a, id / 4 as m, if(id = 1, null, date'2024-02-29') as d\nfrom range(3)")
    assert "An error" not in cell.stderr and not cell.errors and "grüße 2" in cell.html[-1], cell
    day = "2024-02-29T00:00:00.000"
    assert frame(python) == {"columns": ["z", "a", "m", "d"], "data": [
        [0, "grüße 0", 0.0, day], [1, "grüße 1", 0.25, None], [2, "grüße 2", 0.5, day]]}
    assert python.run("%%local\n[str(each) for each in df.dtypes]").value == "['int64', 'object', 'float64', 'datetime64[ns]']"


@pytest.mark.parametrize("options,query,rows", [
    ("", "select * from range(3000)", range(2500, 2501)), ("-n 3", "select * from range(100)", range(3, 4)),
    ("-n -1", "select *, repeat('x', 100) from range(20000)", range(20000, 20001)),
    ("-m sample -r 0.5 -n -1", "select * from range(1000)", range(300, 700)), ("", "select * from range(5) where id > 9", range(1)),
    ("", "create or replace temporary view five as select * from range(5)", range(1)), ("", "select * from five", range(5, 6)),
])
def test_rows_of_sql(python, options, query, rows):
    assert python.run(f"%%sql -q -o df {options}\n{query}").output == ""
    assert int(python.run("%%local\nlen(df)").value) in rows


def test_an_error_in_sql(python):
    cell = python.run("%%sql\nselect * from not_there")
    assert "TABLE_OR_VIEW_NOT_FOUND" in cell.stderr and "not_there" in cell.stderr and not cell.errors, cell


def test_warnings_do_not_break_sql(python):
    """Each line of the result must be JSON; what the JVM, Python and its workers say meanwhile must not be among them."""
    python.run("import sys, warnings\n"
               "from pyspark.sql.functions import udf\n"
               "@udf\n"
               "def noisy(x):\n"
               "    print('worker'); print('worker', file=sys.stderr); warnings.warn('worker')\n"
               "    return x\n"
               "_ = spark.udf.register('noisy', noisy)\n"
               "spark.conf.set('spark.sql.debug.maxToStringFields', 1)\n")
    wide = ", ".join(f"id as c{i}" for i in range(50))
    cell = python.run(f"%%sql -o df\nselect noisy(id) as n, {wide} from range(2)")
    assert "An error" not in cell.stderr and [row[:2] for row in frame(python)["data"]] == [[0, 0], [1, 1]], cell


def test_a_data_frame_of_a_cell(python):
    assert python.run("%%spark -o people -n 1\npeople = spark.createDataFrame([(1, 'ä'), (2, 'b')], ['id', 'name'])\n'made'").output == "'made'"
    assert frame(python, "people") == {"columns": ["id", "name"], "data": [[1, "ä"]]}


def test_send_to_spark(python):
    python.run("%%local\nimport pandas\ntext = 'grüße \"☃\" 🚀\\n\\'x\\''\n"
               "table = pandas.DataFrame({'id': range(2500), 'text': ['ä' * 500] * 2500})")
    assert python.run("%%send_to_spark -i text -t str -n there").output.endswith("Successfully passed 'text' as 'there' to Spark kernel")
    assert eval(python.run("there").output) == 'grüße "☃" 🚀\n\'x\''
    cell = python.run("%%send_to_spark -i table -t df -n sent")    # more than 1 MiB of code
    assert cell.output.endswith("Successfully passed 'table' as 'sent' to Spark kernel"), cell
    assert python.run("sent.count(), len(sent.orderBy('id').first()['text'])").output == "(2500, 500)"


# ---- the session


def test_a_session_that_died_says_why(open_notebook, gateway):
    """Its log has more than 100 lines, and the reason is at the end."""
    notebook = started(open_notebook("pysparkkernel"), "1", "pyspark")
    notebook.run("for _ in range(10): spark.range(10).rdd.count()")
    path = f"/sessions/{notebook.session}"
    notebook.run("import os\nos._exit(3)")
    until(lambda: gateway.client.get(path + "/state").json["state"] == "dead", 30, "it is dead")
    assert gateway.client.get(path + "/log?size=0").json["total"] > 100
    assert "sparkgate: spark-submit has ended: exit code 3" in notebook.run("1").stderr


def test_info_and_logs(python):
    cell = python.run("%%info")
    assert "{'kind': 'pyspark'}" in cell.html[0] and session_in(cell.html[1]) == python.session, cell
    log = python.run("%%logs").output
    assert log.startswith("stdout: \n") and "Running Spark version" in log, log


# All of them would run for ever: the interrupt is what ends them.
@pytest.mark.parametrize("code", ["while True:\n    pass", "import time\ntime.sleep(1000)",
                                  "spark.range(4).rdd.map(lambda x: __import__('time').sleep(1000)).collect()"])
def test_interrupt(python, code, tmp_path):
    cell = python.run(f"kept = 'kept'\nopen('{tmp_path}/runs', 'w').close()\n{code}", interrupt=f"{tmp_path}/runs")
    assert cell.stderr == "Interrupted by user\n" and not cell.errors, cell
    assert python.run("kept").output == "'kept'"


def test_configure_then_the_session_ends_then_a_restart(python, gateway):
    cell = python.run('%%configure -f\n{"idleTimeout": "3s", "executorMemory": "600m", "conf": {"spark.app.name": "grüße"}}')
    assert "Starting Spark application" in cell.output and "'spark.app.name': 'grüße'" in cell.html[-2], cell
    assert gateway.client.get(f"/sessions/{python.session}").status == 404
    session = session_in(cell.html[-1])
    cell = python.run("spark.sparkContext.appName, spark.conf.get('spark.executor.memory')")
    assert cell.output == "('grüße', '600m')"

    until(lambda: gateway.client.get(f"/sessions/{session}/state").status == 404, 60, "the session has ended")
    cell = python.run("1+1")
    assert f'''{{"msg":"Session '{session}' not found.","reason":"idle for 3s"}}''' in cell.stderr, cell

    python.restart()
    started(python, "2+2", "pyspark")
    assert python.first == "4"


def test_delete_and_cleanup(python, gateway):
    if python.run("1+1").stderr:
        python.restart()
    other = gateway.client.create(kind="pyspark")
    assert "Cannot delete this kernel's session" in python.run(f"%%delete -f -s {session_in(python.run('%%info').html[1])}").stderr
    assert python.run(f"%%delete -f -s {other.id}").output == ""
    assert other.client.get(other.path).status == 404
    gateway.client.create(kind="spark")
    assert python.run("%%cleanup -f").output == ""
    assert gateway.client.get("/sessions").json["sessions"] == []
    assert python.run("%%info").html[1] == "No active sessions."


# ---- Scala


def test_scala_statements(scala):
    assert scala.first.removeprefix("val ") == "res1: Int = 2\n"    # so says Scala 2.13, which Spark 4 has
    cell = scala.run("val grüße = \"☃\"; println(grüße + \"\\n🚀\")")
    assert cell.output.replace("val ", "") == "☃\n🚀\ngrüße: String = ☃\n"
    cell = scala.run("def f(n: Int) = 1 / n\nf(0)")
    assert cell.stderr.startswith("An error was encountered:\njava.lang.ArithmeticException: / by zero\n"), cell
    assert "error: not found: value nobody" in scala.run("nobody").stderr


def test_scala_data_frames(scala):
    scala.run("%%sql -q -o df -n 2\nselect id as z, concat('grüße ', id) as a from range(3)")
    assert frame(scala) == {"columns": ["z", "a"], "data": [[0, "grüße 0"], [1, "grüße 1"]]}
    scala.run("%%spark -o numbers\nval numbers = spark.range(2).toDF(\"n\")")
    assert frame(scala, "numbers") == {"columns": ["n"], "data": [[0], [1]]}
    scala.run("%%local\nimport pandas\ntext = 'grüße'\ntable = pandas.DataFrame({'id': [1, 2]})")
    scala.run("%%send_to_spark -i text -t str -n there")
    assert scala.run("there").output.endswith("String = grüße\n")
    scala.run("%%send_to_spark -i table -t df -n sent")
    assert scala.run("println(sent.count())").output == "2\n"
    assert re.findall(">([^<>\n]+)</pre>", scala.run("%%pretty\nsent.show()").html[0]) == ["id", "1", "2"]


@pytest.mark.parametrize("code", ["while (true) {}", "spark.range(4).foreach { _: java.lang.Long => Thread.sleep(1000000) }"])
def test_scala_interrupt(scala, code, tmp_path):
    cell = scala.run(f"val kept = 7; new java.io.File(\"{tmp_path}/runs\").createNewFile()\n{code}", interrupt=f"{tmp_path}/runs")
    assert cell.stderr == "Interrupted by user\n", cell
    assert scala.run("1 + 1").output.endswith(": Int = 2\n")


# ---- R


@pytest.fixture(scope="module")
def r(spark_home, library_with_sparkr, tmp_path_factory):
    """With a stand-in for the SparkR package; R, its evaluation and Spark are real."""
    for server in run_gateway(gateways.Gateway(new_directory(), spark_home, settings={
            "spark.master": "local[2]", "repl.sparkr-lib": str(library_with_sparkr)})):
        notebook = Notebook(tmp_path_factory.mktemp("sparkrkernel"), "sparkrkernel", f"http://127.0.0.1:{server.port}",
                            livy_server_heartbeat_timeout_seconds=0, use_auto_viz=False)
        yield started(notebook, "1 + 1", "sparkr")
        assert notebook.close() == 0 and server.client.get("/sessions").json["sessions"] == []


@pytest.mark.parametrize("code, output", [
    ("2 + 2", "[1] 4"),
    ("cat('grüße ☃')", "grüße ☃"),
    ("x <- c(a = 1, b = 2)\nx", "a b \n1 2 "),
    ("print(data.frame(n = 1:2, w = c('a', 'b')))", "  n w\n1 1 a\n2 2 b"),
    ("x <- 1", ""),
])
def test_r_values(r, code, output):
    assert r.run(code).output == output


def test_r_first_cell_and_names(r):
    assert r.first == "[1] 2"
    r.run("kept <- 41")
    assert r.run("kept + 1").output == "[1] 42"


def test_r_errors(r):
    assert r.run("stop('on purpose')").stderr == 'An error was encountered:\n[1] "Error: on purpose"\n\n'
    assert "object 'unknown' not found" in r.run("unknown").stderr
    assert r.run("1").output == "[1] 1"


def test_r_sql(r):
    r.run("%%sql -o rows -n 2 -q\nselect id, concat('wörd ', id) as w from range(5) order by id")
    assert frame(r, "rows") == {"columns": ["id", "w"], "data": [[0, "wörd 0"], [1, "wörd 1"]]}


def test_r_interrupt(r, tmp_path):
    cell = r.run(f"kept <- 7; file.create('{tmp_path}/runs')\nwhile (TRUE) {{}}", interrupt=f"{tmp_path}/runs")
    assert cell.stderr == "Interrupted by user\n", cell
    assert r.run("kept").output == "[1] 7"


def test_r_without_sparkr(open_notebook):
    """Spark's Python package has no SparkR; then there is no session, and the notebook says so."""
    notebook = open_notebook("sparkrkernel")
    assert "Neither SparkSession nor HiveContext/SqlContext is available" in notebook.run("1 + 1").stderr


# ---- the magics in a plain Python notebook


def test_magics_in_a_python_notebook(open_notebook, gateway):
    notebook = open_notebook("python3", livy_server_heartbeat_timeout_seconds=4, heartbeat_refresh_seconds=1)
    url = f"http://127.0.0.1:{gateway.port}"
    assert notebook.run("%load_ext sparkmagic.magics").output == ""
    cell = notebook.run(f"%spark add -s mine -l python -u {url}")
    assert "SparkSession available as 'spark'." in cell.output, cell
    session = session_in(cell.html[0])
    assert gateway.client.get(f"/sessions/{session}").json["heartbeatTimeoutInSecond"] == 4
    assert f"Session id: {session}\t" in notebook.run("%spark info").output
    assert notebook.run("%spark logs -s mine").output.startswith("stdout: \n")

    # Longer than the heartbeat's timeout, which the kernel keeps going meanwhile.
    # 6 s are longer than the heartbeat's timeout, which is what this is about.
    assert notebook.run("%%spark -s mine\nimport time\ntime.sleep(6)\n'survived'").output == "'survived'"
    notebook.run("%%spark -s mine -c sql -o df -q\nselect 'grüße' as a")
    assert notebook.run("df.to_dict('list')").value == "{'a': ['grüße']}"

    notebook.run("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    # The list, since a question about the session itself would be a heartbeat.
    until(lambda: session not in [each["id"] for each in gateway.client.get("/sessions").json["sessions"]], 60,
          "a dead kernel's session has ended")
