"""The sql kind on real Spark."""
import time

import pytest

pytestmark = pytest.mark.spark

# As a real Livy 0.9 on Spark 3.5 answered it.
ALL_TYPES = ("select 1 as a, 'x' as b, cast(null as int) as c, cast(1.5 as decimal(5,2)) d, "
             "date'2020-01-02' e, timestamp'2020-01-02 03:04:05.678' f, array(1,2) g, map('k',1) h, "
             "named_struct('x',1) i, 1.5D j, true k, X'4142' l")
STRUCT = {"schema": [{"name": "x", "dataType": {}, "nullable": False, "metadata": {"map": {}}}],
          "values": [1]}
ALL_VALUES = [1, "x", None, 1.5, "2020-01-02", "2020-01-02T03:04:05Z", [1, 2], {"k": 1}, STRUCT,
              1.5, True, [65, 66]]


def rows(output):
    assert output["status"] == "ok", output
    return output["data"]["application/json"]["data"]


def names(output):
    return [field["name"] for field in output["data"]["application/json"]["schema"]["fields"]]


@pytest.fixture
def utc(session):
    session.run("set spark.sql.session.timeZone=UTC", "sql")
    yield
    session.run("reset spark.sql.session.timeZone", "sql")


def test_values_as_livy_writes_them(session, utc):
    output = session.run(ALL_TYPES, "sql")
    assert rows(output) == [ALL_VALUES]
    assert output["data"]["application/json"]["schema"]["fields"][3] == {
        "name": "d", "type": "decimal(5,2)", "nullable": False, "metadata": {}}
    special = "select cast('nan' as double) a, cast('infinity' as float) b, 9007199254740993L c, 1e-7 d"
    assert rows(session.run(special, "sql")) == [[None, "Infinity", 9007199254740993, 1e-7]]


def test_values_that_python_has_no_type_for(session, utc):
    code = ("select timestamp'9999-12-31 23:59:59' a, date'0001-01-01' b, "
            "timestamp_ntz'2020-01-02 03:04:05.5' c, interval 14 month d, interval 26 hour e, "
            "make_interval(1,2) f, array(make_interval(0,1)) g, 1 f, "
            "map(1, array(named_struct('t', date'2020-01-01'))) h")
    values = rows(session.run(code, "sql"))[0]
    assert values[:8] == ["9999-12-31T23:59:59Z", "0001-01-01", "2020-01-02T03:04:05.5",
                          "INTERVAL '1-2' YEAR TO MONTH", "INTERVAL '1 02:00:00' DAY TO SECOND",
                          "1 years 2 months", ["1 months"], 1]
    assert values[8]["1"][0]["values"] == ["2020-01-01"]


def test_types_of_spark_4(session):
    if session.version == "3.5":
        pytest.skip("Spark 3.5 has neither variants nor times")
    code = """select parse_json('{"a":[1,2.5,"x",null]}') v, time'12:13:14.5' t, cast(null as variant) n"""
    assert rows(session.run(code, "sql")) == [[{"a": [1, 2.5, "x", None]}, "12:13:14.5", None]]


def test_ddl_has_an_empty_schema_and_no_rows(session):
    output = session.run("create or replace temporary view ddl_view as select 1 as a", "sql")
    assert output["data"] == {"application/json": {"schema": {"type": "struct", "fields": []}, "data": []}}


def test_comments_and_a_trailing_semicolon(session):
    for code in ("-- c\nselect 1", "select 1;", "/* c */ select 1 -- end"):
        assert rows(session.run(code, "sql")) == [[1]]


def test_errors_have_sparks_message_and_java_frames(session):
    for code, message in (("selec", "PARSE_SYNTAX_ERROR"), ("select 1; select 2", "extra input"),
                          ("select * from nope", "[TABLE_OR_VIEW_NOT_FOUND]"), ("", "PARSE_")):
        output = session.run(code, "sql")
        assert output["status"] == "error" and output["ename"] == "Error"
        assert message in output["evalue"]
        assert output["traceback"] and all(line.endswith("\n") for line in output["traceback"])
        assert output["traceback"][0].startswith("org.apache.spark.")


def test_a_failing_task(session):
    output = session.run("select raise_error('boom')", "sql")
    assert output["status"] == "error" and "boom" in output["evalue"]
    assert rows(session.run("select 1", "sql")) == [[1]]


def test_rows_beyond_the_limit_are_cut_and_announced(session):
    statement = session.submit("sql", "select id from range(1200)")
    assert rows(session.result(statement)[1]) == [[i] for i in range(1000)]
    assert "only the first 1000 rows" in session.text(statement, "stderr")
    exact = session.submit("sql", "select id from range(1000)")
    assert len(rows(session.result(exact)[1])) == 1000
    assert session.text(exact) == ""


def test_views_and_functions_are_shared_with_python(session):
    session.run("create or replace temporary view from_sql as select 41 as x", "sql")
    session.run("spark.udf.register('plus_one', lambda x: x + 1, 'long')\n"
                "spark.range(2).createOrReplaceTempView('from_python')")
    assert session.run("print(spark.table('from_sql').collect())")["data"]["text/plain"] == "[Row(x=41)]"
    assert rows(session.run("select plus_one(x) from from_sql", "sql")) == [[42]]
    assert rows(session.run("select count(*) from from_python", "sql")) == [[2]]


def test_cancel_ends_the_job_and_the_session_goes_on(session):
    statement = session.submit("sql", "select sum(id % 7) from range(10000000000000)")
    session.wait_started(statement)
    assert "select" in session.complete("sele", "sql")
    session.cancel(statement)
    state, output = session.result(statement)
    assert state == "cancelled"
    assert output is None or output["status"] == "error"
    assert rows(session.run("select 1", "sql")) == [[1]]


def test_duplicate_column_names(session):
    output = session.run("select 1 as a, 2 as a", "sql")
    assert rows(output) == [[1, 2]] and names(output) == ["a", "a"]


def test_completion_knows_functions_tables_and_columns(session):
    session.run("create or replace temporary view completed as select 1 as colour, 2 as column_b", "sql")

    def until(code, cursor, wanted):
        deadline = time.monotonic() + 30    # the catalogue is asked in the background
        while time.monotonic() < deadline:
            candidates = session.complete(code, "sql", cursor)
            if wanted in candidates:
                return candidates
        raise AssertionError("%s is not offered, but %s" % (wanted, candidates))

    assert until("select COL from completed", 10, "colour")[0] == "colour"
    assert "concat" in until("select conc", 11, "concat")
    until("select * from compl", 19, "completed")
    assert session.complete("select completed.zz from completed", "sql", 19) == []
