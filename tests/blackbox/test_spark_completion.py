"""Completion in every language, also while a statement runs."""

import time

import pytest


def test_python_names_and_attributes_of_live_objects(session):
    session.text("alphabet = 'abc'\nclass Thing:\n    def method_of_thing(self): pass\nthing = Thing()", "pyspark")
    assert "alphabet" in session.complete("alpha", "pyspark")
    assert any("method_of_thing" in word for word in session.complete("thing.me", "pyspark"))


def test_python_columns_of_a_data_frame(session):
    session.text("people = spark.createDataFrame([(1, 'a')], ['number_of_legs', 'nickname'])", "pyspark")
    assert any("number_of_legs" in word for word in session.complete("people.number", "pyspark"))
    assert any("groupBy" in word for word in session.complete("people.grou", "pyspark"))
    assert any("nickname" in word for word in session.complete("people['nick", "pyspark"))


def test_cursor_counts_characters(session):
    session.text("größe = 1", "pyspark")
    assert "größe" in session.complete("'😀'; grö + 1", "pyspark", cursor=len("'😀'; grö"))


def test_scala(session):
    session.text("val someList = List(1, 2)", "spark")
    assert any("mkString" in word for word in session.complete("someList.mkS", "spark"))
    assert any("someList" in word for word in session.complete("someL", "spark"))


def test_sql_keywords_functions_tables_columns(session):
    session.text("spark.range(3).selectExpr('id as distance_in_km').createOrReplaceTempView('journeys')", "pyspark")

    def offers(code, word):
        return any(word == candidate.lower() for candidate in session.complete(code, "sql"))

    assert offers("sel", "select")
    assert offers("select percentile_app", "percentile_approx")
    assert offers("select * from jour", "journeys")
    assert "distance_in_km" in session.complete("select dist from journeys", "sql", cursor=len("select dist"))


def test_nothing_to_offer(session):
    for kind in ("pyspark", "spark", "sql"):
        assert session.complete("zzz_no_such_name_", kind) == []


@pytest.mark.parametrize("kind,code", [("pyspark", "while True: pass"), ("pyspark", "import time; time.sleep(1000)"),
                                       ("spark", "Thread.sleep(1000000)")])
def test_while_a_statement_runs(session, kind, code):
    """It answers, with or without candidates; the bound is generous since the machine may be busy."""
    number = session.submit(code, kind)
    session.wait_statement_state(number, "running")
    try:
        started = time.monotonic()
        for asked in ("pyspark", "spark", "sql"):
            assert isinstance(session.complete("s", asked), list)
        assert time.monotonic() - started < 30
        assert session.statement(number)["state"] == "running"
    finally:
        session.cancel(number)
        session.wait(number)
