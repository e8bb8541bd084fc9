"""Python statements on real Spark, each version in one shared session."""
import base64
import os
import time

import pytest

import harness

pytestmark = pytest.mark.spark


def text(output):
    assert output["status"] == "ok", output
    return output["data"]["text/plain"]


def cancelled(session, code, until=None):
    """Start `code`, which prints `go`, wait for `until()`, cancel; its output, which must be an error."""
    statement = session.submit("pyspark", "print('go')\n" + code)
    session.wait_text(statement, "go")
    if until is not None:
        until(statement)
    session.cancel(statement)
    state, output = session.result(statement)
    assert state == "cancelled" and output["ename"] == "KeyboardInterrupt", output
    return output


def test_ready_tells_the_versions(session):
    ready = session.of("ready")[0][0]
    assert ready["spark"].startswith(session.version) and ready["app_id"].startswith("local-")
    assert ready["ui_url"] is None and ready["java"] and ready["scala"].startswith("2.")
    names = [h["name"] for h, _ in session.of("phase")]
    assert names == ["python", "pyspark", "context", "session"]


@pytest.mark.parametrize(
    "name", ["sc", "spark", "sqlContext", "HiveContext", "StreamingContext", "cloudpickle"])
def test_predefined_names(session, name):
    assert text(session.run("%s is not None" % name)) == "True"


def test_the_users_session_is_the_drivers(session):
    assert text(session.run("from pyspark.sql import SparkSession\n"
                            "SparkSession.builder.getOrCreate() is spark and sqlContext.sparkSession is spark"
                            )) == "True"


def test_functions_and_classes_reach_the_workers(session):
    code = ("class Pair:\n    def __init__(self, n): self.n = n\n"
            "def double(x): return Pair(x * 2)\n"
            "sc.parallelize(range(4), 2).map(double).map(lambda p: p.n).collect()")
    assert text(session.run(code)) == "[0, 2, 4, 6]"


def test_code_that_sparkmagic_generates(session):
    code = ('import sys\nfor yQeKOYBsFgLWWGWZJu3y in spark.sql(u"""select 1 as a, \'x\' as b union all '
            'select 2, null """).toJSON(use_unicode=(sys.version_info.major > 2)).take(2500): '
            'print(yQeKOYBsFgLWWGWZJu3y)')
    assert text(session.run(code)) == '{"a":1,"b":"x"}\n{"a":2}'


def test_a_show_is_only_the_table(session):
    assert text(session.run("spark.range(2).show()")) == "+---+\n| id|\n+---+\n|  0|\n|  1|\n+---+"


def test_text_of_the_jvm_does_not_enter_a_result(session):
    assert text(session.run("sc._jvm.java.lang.System.out.println('jvm-line'); print('mine')")) == "mine"
    deadline = time.monotonic() + 30
    while "jvm-line" not in session.log():
        assert time.monotonic() < deadline


def test_errors_of_spark_are_the_users(session):
    output = session.run("spark.sql('select nope')")
    assert output["ename"] == "AnalysisException" and "nope" in output["evalue"]
    assert "sparkgate_repl" not in "".join(output["traceback"])


def test_the_table_magic_takes_rows(session):
    query = "select 1 b, date'2024-01-02' a, cast(1.5 as decimal(3,1)) c"
    output = session.run('rows = spark.sql("%s").collect()\n%%table rows' % query)
    assert output["data"]["application/vnd.livy.table.v1+json"] == {
        "headers": [{"name": "a", "type": "DATE_TYPE"}, {"name": "b", "type": "INT_TYPE"},
                    {"name": "c", "type": "DECIMAL_TYPE"}], "data": [["2024-01-02", 1, "1.5"]]}


def test_columns_are_completed(session):
    session.run("people = spark.sql('select 1 as name, 2 as nature')\nfrom pyspark.sql import functions as F")
    assert session.complete("people.na") == ["na", "name", "nature"]
    assert session.complete('people["nam') == ["name"]
    assert session.complete('F.col("nat') == ["nature"]
    assert session.complete('people.select("na') == ["name", "nature"]
    assert "csv" in session.complete("spark.read.c")
    assert "range" in session.complete("spark.ra")


def test_completion_while_the_jvm_is_busy_with_a_statement(session):
    def ask(_):
        assert session.complete("sc.paralle") == ["parallelize"]
    cancelled(session, "sc._jvm.java.lang.Thread.sleep(100000)", ask)


@pytest.mark.parametrize("code", [
    "while True: pass",
    "import time; time.sleep(100)",
    "import subprocess; subprocess.run(['sleep', '100'])",
    "while True: spark.range(10).count()",
    "sc._jvm.java.lang.Thread.sleep(100000)",
])
def test_code_is_interrupted_and_spark_works_on(session, code):
    cancelled(session, code)
    assert text(session.run("spark.range(3).count()")) == "3"


def test_a_job_is_cancelled_with_its_statement(session):
    started = os.path.join(session.home, "task")
    code = ("def slow(x):\n    import time\n    open(%r, 'w').close()\n    time.sleep(100)\n"
            "sc.parallelize(range(2), 2).map(slow).count()" % started)

    def until(_):
        deadline = time.monotonic() + 60
        while not os.path.exists(started):
            assert time.monotonic() < deadline
    cancelled(session, code, until)
    assert text(session.run("sc.parallelize(range(4), 2).sum()")) == "6"
    deadline = time.monotonic() + 30
    while text(session.run("list(sc.statusTracker().getActiveJobsIds())")) != "[]":
        assert time.monotonic() < deadline    # Spark's own record lags behind


def test_cancelling_code_without_jobs_leaves_spark_alone(session):
    statement = session.next_id
    cancelled(session, "while True: pass")
    session.run("spark.range(3).count()")    # what Spark had to say is in the log by now
    assert "Failed to cancel job group sparkgate-%d" % statement not in session.log()


def test_progress_is_told(session):
    statement = session.submit("pyspark", "def slow(x):\n    import time\n    time.sleep(1)\n    return x\n"
                               "sc.parallelize(range(6), 6).map(slow).count()")
    session.result(statement)
    values = [h["value"] for h, _ in session.of("progress", id=statement)]
    assert values and values == sorted(values) and 0 < values[0] < 1


@pytest.mark.parametrize("code", [
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "import pandas\npandas.DataFrame({'a': [1, 2]}).plot()",
    "import matplotlib.pyplot as plt\nplt.figure(); plt.plot([1])\nplt.figure(); plt.plot([2])",
    "from matplotlib.figure import Figure\nf = Figure(); f.subplots().plot([1]); f",
    "import matplotlib.pyplot as plt\nf, axes = plt.subplots(); axes.plot([1]); f",
    "%matplot plt",
    "import matplotlib.pyplot as plt\nn = plt.plot([3])\n%matplot plt",
])
def test_figures_are_shown(session, code):
    data = session.run(code)["data"]
    assert list(data) == ["image/png"]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert text(session.run("plt.get_fignums()")) == "[]"


def test_each_show_shows_what_was_drawn_since_the_last(session):
    def height(code):
        image = base64.b64decode(session.run(code)["data"]["image/png"])
        return int.from_bytes(image[20:24], "big")
    once = height("import matplotlib.pyplot as plt\nn = plt.plot([1, 2]); plt.show()")
    assert height("n = plt.plot([1, 2]); plt.show(); n = plt.plot([2, 1]); plt.show()") == 2 * once


def test_a_pandas_frame_is_shown_as_a_table(session):
    data = session.run("import pandas\npandas.DataFrame({'a': [1]})")["data"]
    assert "<table" in data["text/html"] and "a" in data["text/plain"]


def test_a_stopped_context_is_told_and_may_be_replaced():
    version = next(v for v in harness.VERSIONS if harness.spark_home(v))
    session = harness.Session(version)
    try:
        session.wait_ready()
        session.run("spark.stop()\nfrom pyspark.sql import SparkSession\n"
                    "spark = SparkSession.builder.getOrCreate()\n")
        assert text(session.run("spark.range(5).count(), sc is spark.sparkContext")) == "(5, True)"
        session.run("spark.stop()")
        output = session.run("1")
        assert output["status"] == "error" and "stopped" in output["evalue"]
        session.send("shutdown")
        assert session.process.wait(60) == 0 and session.of("bye")
    finally:
        session.close()


@pytest.mark.parametrize("version", harness.VERSIONS)
def test_a_context_that_cannot_start_says_why(version):
    if harness.spark_home(version) is None:
        pytest.skip("no Spark %s on this machine" % version)
    session = harness.Session(version, confs=["spark.driver.host=203.0.113.1"])
    try:
        session.wait(lambda: session.of("failed"), 120)
        failed = session.of("failed")[0][0]
        assert failed["phase"] == "pyspark" and "BindException" in failed["message"]
        assert "\n" not in failed["message"] and "Traceback" in failed["detail"]
        assert session.process.wait(60) == 1
    finally:
        session.close()


@pytest.mark.parametrize("version", harness.VERSIONS)
def test_the_driver_ends_when_its_jvm_is_killed(version):
    if harness.spark_home(version) is None:
        pytest.skip("no Spark %s on this machine" % version)
    session = harness.Session(version)
    try:
        session.wait_ready()
        statement = session.submit("pyspark", "print('go')\nwhile True: pass")
        session.wait_text(statement, "go")
        driver = session.hellos[0]["pid"]
        session.process.kill()
        session.process.wait()
        deadline = time.monotonic() + 30
        while driver in session.processes():
            assert time.monotonic() < deadline
    finally:
        session.close()
