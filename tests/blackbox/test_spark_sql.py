"""sql statements on real Spark: Livy's shape, types, limits, errors."""


def result(session, code):
    output = session.run(code, "sql")
    assert output["status"] == "ok" and list(output["data"]) == ["application/json"], output
    return output["data"]["application/json"]


def test_shape(session):
    assert result(session, "select 1 as one, 'text' as word") == {
        "schema": {"type": "struct", "fields": [{"name": "one", "type": "integer", "nullable": False, "metadata": {}},
                                                {"name": "word", "type": "string", "nullable": False, "metadata": {}}]},
        "data": [[1, "text"]]}


def test_types(session):
    row = result(session, """select cast(1 as bigint), 1.5D, cast(1.50 as decimal(10,2)), true, date'2024-01-02',
        timestamp'2024-01-02 03:04:05', cast(null as int), array(1, null), map('k', 2), named_struct('x', 1, 'y', null),
        'ü☃😀'""")["data"][0]
    assert row[:5] == [1, 1.5, 1.5, True, "2024-01-02"]
    assert row[5].startswith("2024-01-0") and row[5].endswith("Z")
    assert row[6:9] == [None, [1, None], {"k": 2}] and row[10] == "ü☃😀"
    assert row[9]["values"] == [1, None] and [field["name"] for field in row[9]["schema"]] == ["x", "y"]


def test_a_timestamp_is_in_utc_and_without_its_fraction_whatever_the_time_zone(session):
    try:
        result(session, "set spark.sql.session.timeZone=Asia/Tokyo")
        assert result(session, """select timestamp'2024-01-02 03:04:05.678901', timestamp'2024-01-02 03:04:05.5 America/New_York',
            date'2024-01-02', timestamp_ntz'2024-01-02 03:04:05.25', cast(null as timestamp)""")["data"] == [
                ["2024-01-01T18:04:05Z", "2024-01-02T08:04:05Z", "2024-01-02", "2024-01-02T03:04:05.25", None]]
    finally:
        result(session, "reset spark.sql.session.timeZone")


def test_ddl_has_an_empty_result(session):
    empty = {"schema": {"type": "struct", "fields": []}, "data": []}
    assert result(session, "create or replace temporary view three as select id from range(3)") == empty
    assert result(session, "select * from three order by id")["data"] == [[0], [1], [2]]
    assert result(session, "drop view three") == empty


def test_rows_are_limited(session):
    assert len(result(session, "select id from range(5000)")["data"]) == 1000


def test_empty_result_keeps_its_schema(session):
    empty = result(session, "select id from range(3) where id > 9")
    assert empty["data"] == [] and [field["name"] for field in empty["schema"]["fields"]] == ["id"]


def test_error(session):
    output = session.error("select missing_column from range(3)", "sql")
    assert output["ename"] == "Error" and "missing_column" in output["evalue"]
    assert all(line.endswith("\n") for line in output["traceback"])
    assert result(session, "select 1")["data"] == [[1]]


def test_syntax_error_and_no_code(session):
    for code in ("selekt 1", "", "-- nothing", "select 1; select 2"):
        session.error(code, "sql")
    assert result(session, "select 'fine'")["data"] == [["fine"]]


def test_functions_registered_in_python(session):
    session.text("spark.udf.register('shout', lambda text: text.upper() + '!')", "pyspark")
    assert result(session, "select shout('hey')")["data"] == [["HEY!"]]
