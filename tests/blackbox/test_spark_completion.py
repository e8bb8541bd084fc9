"""Completion in every language, also while a statement runs."""

import time

import pytest

from blackbox.client import until


def offers(session, kind, code, word, cursor=None):
    """Waits until `word` (or a candidate that holds it) is offered: what takes longer than a second is answered with an
    empty list, and known the next time."""
    def offered():
        return any(word in candidate.lower() for candidate in session.complete(code, kind, cursor))

    until(offered, 60, lambda: f"{word!r} in {session.complete(code, kind, cursor)}")


def test_python_names_and_attributes_of_live_objects(session):
    session.text("alphabet = 'abc'\nclass Thing:\n    def method_of_thing(self): pass\nthing = Thing()", "pyspark")
    offers(session, "pyspark", "alpha", "alphabet")
    offers(session, "pyspark", "thing.me", "method_of_thing")


def test_python_columns_of_a_data_frame(session):
    session.text("people = spark.createDataFrame([(1, 'a')], ['number_of_legs', 'nickname'])", "pyspark")
    offers(session, "pyspark", "people.number", "number_of_legs")
    offers(session, "pyspark", "people.grou", "groupby")
    offers(session, "pyspark", "people['nick", "nickname")


def test_cursor_counts_characters(session):
    session.text("größe = 1", "pyspark")
    offers(session, "pyspark", "'😀'; grö + 1", "größe", cursor=len("'😀'; grö"))


def test_scala(session):
    session.text("val someList = List(1, 2)", "spark")
    offers(session, "spark", "someList.mkS", "mkstring")
    offers(session, "spark", "someL", "somelist")


def test_sql_keywords_functions_tables_columns(session):
    session.text("spark.range(3).selectExpr('id as distance_in_km').createOrReplaceTempView('journeys')", "pyspark")
    offers(session, "sql", "sel", "select")
    offers(session, "sql", "select percentile_app", "percentile_approx")
    offers(session, "sql", "select * from jour", "journeys")
    offers(session, "sql", "select dist from journeys", "distance_in_km", cursor=len("select dist"))


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
