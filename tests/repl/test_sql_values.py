"""SQL values in Livy's shapes, without Spark."""
import decimal

import pytest

from sparkgate_repl.sql_completion import SqlCompletion
from sparkgate_repl.sql_repl import java_frames
from sparkgate_repl.sql_values import as_text, needs_text, row_converter


def field(type, name="x", nullable=False, metadata=None):
    return {"name": name, "type": type, "nullable": nullable, "metadata": metadata or {}}


def struct(*fields):
    return {"type": "struct", "fields": list(fields)}


def convert(type, value):
    return row_converter(struct(field(type)))((value,))[0]


DAY = 86400 * 10 ** 6


@pytest.mark.parametrize("type, raw, value", [
    ("integer", 7, 7), ("string", "ü", "ü"), ("boolean", True, True), ("void", None, None),
    ("long", 9007199254740993, 9007199254740993),
    ("double", 1.5, 1.5), ("double", float("nan"), None),
    ("float", float("inf"), "Infinity"), ("double", float("-inf"), "-Infinity"),
    ("decimal(5,2)", decimal.Decimal("1.50"), 1.5),
    ("decimal(38,0)", decimal.Decimal("12345678901234567890"), 12345678901234567890),
    ("date", 18263, "2020-01-02"), ("date", -1, "1969-12-31"), ("date", 2932897, "10000-01-01"),
    ("date", -719162, "0001-01-01"), ("date", -719529, "-0001-12-31"),
    ("timestamp", 1577934245678000, "2020-01-02T03:04:05Z"), ("timestamp", -1, "1969-12-31T23:59:59Z"),
    ("timestamp", 2932897 * DAY, "10000-01-01T00:00:00Z"),
    ("timestamp_ntz", 1577934245500000, "2020-01-02T03:04:05.5"),
    ("time(6)", 43994500000000, "12:13:14.5"),
    ("binary", bytearray(b"AB\xff"), [65, 66, -1]),
    ("interval year to month", -14, "INTERVAL '-1-2' YEAR TO MONTH"),
    ("interval day to second", DAY + 7200 * 10 ** 6 + 500000, "INTERVAL '1 02:00:00.5' DAY TO SECOND"),
    ("varchar(3)", "abc", "abc"),
])
def test_simple_values(type, raw, value):
    converted = convert(type, raw)
    assert converted == value and converted.__class__ is value.__class__
    assert convert(type, None) is None


def test_a_decimal_without_fraction_is_a_double_as_in_livy():
    assert repr(convert("decimal(10,0)", decimal.Decimal(5))) == "5.0"


def test_arrays_and_maps():
    dates = {"type": "array", "elementType": "date", "containsNull": True}
    assert convert(dates, [0, None]) == ["1970-01-01", None]
    plain = {"type": "array", "elementType": "integer", "containsNull": False}
    assert convert(plain, (1, 2)) == [1, 2]
    by_date = {"type": "map", "keyType": "date", "valueType": dates, "valueContainsNull": True}
    assert convert(by_date, {0: [1], 1: None}) == {"1970-01-01": ["1970-01-02"], "1970-01-02": None}
    by_number = {"type": "map", "keyType": "integer", "valueType": "string", "valueContainsNull": True}
    assert convert(by_number, {1: "a"}) == {"1": "a"}


def test_a_struct_is_livys_schema_and_values():
    inner = struct(field("decimal(3,2)", "d"), field("date", "t", True, {"comment": "c"}))
    items = {"type": "array", "elementType": inner, "containsNull": False}
    assert convert(struct(field("integer")), (1,)) == {
        "schema": [{"name": "x", "dataType": {}, "nullable": False, "metadata": {"map": {}}}], "values": [1]}
    converted = convert(struct(field(items, "i")), ([(decimal.Decimal("1.25"), 0)],))
    fields = [
        {"name": "d", "dataType": {"precision": 3, "scale": 2}, "nullable": False, "metadata": {"map": {}}},
        {"name": "t", "dataType": {}, "nullable": True, "metadata": {"map": {"comment": "c"}}}]
    assert converted["schema"] == [{"name": "i", "nullable": False, "metadata": {"map": {}},
                                    "dataType": {"elementType": fields, "containsNull": False}}]
    assert converted["values"] == [[{"schema": fields, "values": [1.25, "1970-01-01"]}]]


def test_a_user_defined_type_is_its_sql_type():
    assert convert({"type": "udt", "class": "a.B", "sqlType": "date"}, 0) == "1970-01-01"


def test_calendar_intervals_are_cast_wherever_they_are():
    nested = struct(field({"type": "array", "elementType": "interval", "containsNull": True}), field("date"))
    assert needs_text(nested) and not needs_text(struct(field("interval day to second")))
    assert as_text(nested) == struct(
        field({"type": "array", "elementType": "string", "containsNull": True}), field("date"))


def test_frames_of_a_java_exception_leave_out_the_message_and_the_causes():
    text = ("a.B: lost\n\tat quoted.in.Message(M.java:1)\n\tat x.Y.f(Y.java:2)\n"
            "Caused by: c.D\n\tat c.D.g(D.java:3)\n")
    assert java_frames(text, "lost\n\tat quoted.in.Message(M.java:1)") == ["x.Y.f(Y.java:2)\n"]


class NoSpark:
    spark = None

    def log(self, text):
        pass


def test_keywords_are_completed_without_spark_in_the_case_that_was_typed():
    completion = SqlCompletion(NoSpark())
    assert completion.candidates("sele", 4) == ["select"]
    assert completion.candidates("SELECT 1 fr", 11) == ["from"]
    assert completion.candidates("SELECT 1 WHE", 12) == ["WHEN", "WHERE"]
    assert completion.candidates("select t.sel", 12) == []
