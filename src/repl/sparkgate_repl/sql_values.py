"""The rows of a SQL result in the shape in which Livy writes them.

Livy's shapes come from a reflective JSON writer (json4s); the less obvious ones are kept because clients have
adapted to them: timestamps in UTC without their fraction, binary as signed bytes, a struct as {"schema":
[fields], "values": [...]}, NaN as null and the infinities as text. What that writer spoils (decimals inside
of arrays, intervals, local timestamps, variants) is written readably here.

Rows are read as Spark pickles them, before PySpark makes Python's dates of them: a timestamp is microseconds
since 1970 in UTC, a date is days, so there is no detour through the local time zone and no year is too large.
"""
import datetime
import io
import json
import math
import pickle

_DAY = 86400
_MICROS = 1000000
_CYCLE_DAYS = 146097    # the calendar repeats every 400 years
_EXACT_DOUBLE = 2 ** 53
_EPOCH = datetime.date(1970, 1, 1)


def make_rows_serializer():
    """A PySpark serializer that reads what `collectToPython` serves as tuples of Spark's internal values."""
    from pyspark.serializers import BatchedSerializer, CPickleSerializer

    class RawRows(CPickleSerializer):
        def loads(self, data, encoding="bytes"):
            return _RawUnpickler(io.BytesIO(data), encoding=encoding).load()

    return BatchedSerializer(RawRows())


class _RawUnpickler(pickle.Unpickler):
    """Replaces the two functions by which Spark's pickles make PySpark's rows."""

    def find_class(self, module, name):
        if name == "_parse_datatype_json_string":
            return str
        if name == "_create_row_inbound_converter":
            return _tuple_maker
        return super().find_class(module, name)


def _tuple_maker(_schema):
    return _make_tuple


def _make_tuple(*values):
    return values


def row_converter(schema):
    """A function from a raw row to the list that Livy would write. `schema` is Spark's schema JSON."""
    columns = [_converter(field["type"]) for field in schema["fields"]]
    if not any(columns):
        return list
    return lambda row: [value if convert is None else convert(value) for convert, value in zip(columns, row)]


def needs_text(data_type):
    """Whether Spark cannot hand values of this type (its JSON) to Python, so that they must be cast."""
    if data_type == "interval":
        return True
    if isinstance(data_type, dict):
        inner = [data_type.get(key) for key in ("elementType", "keyType", "valueType", "sqlType")]
        inner += [field["type"] for field in data_type.get("fields", ())]
        return any(needs_text(item) for item in inner if item is not None)
    return False


def as_text(data_type):
    """The type (its JSON) to which such values are cast: the same, with text in place of what fails."""
    if data_type == "interval":
        return "string"
    if isinstance(data_type, dict):
        return {key: [dict(field, type=as_text(field["type"])) for field in value] if key == "fields"
                else as_text(value) if key in ("elementType", "keyType", "valueType", "sqlType") else value
                for key, value in data_type.items()}
    return data_type


def _converter(data_type):
    """A function from a raw value of this type to a JSON value, or None if it is one already."""
    if isinstance(data_type, dict):
        return _nested(data_type)
    if data_type in _SIMPLE:
        return _or_null(_SIMPLE[data_type])
    if data_type.startswith("decimal"):
        return _or_null(_decimal)
    if data_type.startswith("time("):
        return _or_null(_time)
    if data_type.startswith("interval"):
        return _or_null(_year_month if "year" in data_type or "month" in data_type else _day_time)
    if data_type in _PLAIN or data_type.startswith(("string", "char", "varchar")):
        return None
    return _or_null(str)


def _or_null(convert):
    return lambda value: None if value is None else convert(value)


def _nested(data_type):
    kind = data_type["type"]
    if kind == "array":
        item = _converter(data_type["elementType"])
        return _or_null(list if item is None else lambda values: [item(value) for value in values])
    if kind == "map":
        key, item = (_converter(data_type[name]) or _same for name in ("keyType", "valueType"))
        return _or_null(lambda values: {_key(key(k)): item(v) for k, v in values.items()})
    if kind == "struct":
        fields, convert = _reflected_fields(data_type), row_converter(data_type)
        return _or_null(lambda row: {"schema": fields, "values": convert(row)})
    if kind == "udt":
        return _converter(data_type["sqlType"])
    return _or_null(str)


def _same(value):
    return value


def _key(value):
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)    # 1, true, 1.5; a struct as its JSON text


def _reflected_fields(struct):
    return [{"name": field["name"], "dataType": _reflected(field["type"]), "nullable": field["nullable"],
             "metadata": {"map": field.get("metadata", {})}} for field in struct["fields"]]


def _reflected(data_type):
    """A Spark type as json4s reflects it: the constructor's parameters, nothing for the simple types."""
    if isinstance(data_type, str):
        if data_type.startswith("decimal("):
            precision, scale = data_type[8:-1].split(",")
            return {"precision": int(precision), "scale": int(scale)}
        return {}
    if data_type["type"] == "struct":
        return _reflected_fields(data_type)
    return {key: _reflected(value) if key.endswith("Type") else value
            for key, value in data_type.items() if key != "type"}


def _number(value):
    if math.isfinite(value):
        return value
    return None if value != value else "Infinity" if value > 0 else "-Infinity"


def _decimal(value):
    """As a double, like Livy; a whole number that a double cannot hold keeps all its digits."""
    if abs(value) >= _EXACT_DOUBLE and value == value.to_integral_value():
        return int(value)
    return float(value)


def _date(days):
    cycles, rest = divmod(days, _CYCLE_DAYS)
    day = _EPOCH + datetime.timedelta(days=rest)
    year = day.year + 400 * cycles
    return "%s%04d-%02d-%02d" % ("-" if year < 0 else "", abs(year), day.month, day.day)


def _clock(seconds):
    return "%02d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60)


def _fraction(value, digits):
    text = ("%0*d" % (digits, value)).rstrip("0")
    return "." + text if text else ""


def _timestamp(micros):
    days, seconds = divmod(micros // _MICROS, _DAY)
    return "%sT%sZ" % (_date(days), _clock(seconds))


def _local_timestamp(micros):
    days, rest = divmod(micros, _DAY * _MICROS)
    return "%sT%s%s" % (_date(days), _clock(rest // _MICROS), _fraction(rest % _MICROS, 6))


def _time(nanos):
    return _clock(nanos // 10 ** 9) + _fraction(nanos % 10 ** 9, 9)


def _year_month(months):
    sign = "-" if months < 0 else ""
    return "INTERVAL '%s%d-%d' YEAR TO MONTH" % (sign, abs(months) // 12, abs(months) % 12)


def _day_time(micros):
    sign, micros = ("-" if micros < 0 else ""), abs(micros)
    days, rest = divmod(micros, _DAY * _MICROS)
    text = _clock(rest // _MICROS) + _fraction(rest % _MICROS, 6)
    return "INTERVAL '%s%d %s' DAY TO SECOND" % (sign, days, text)


def _bytes(value):
    return [byte - 256 if byte > 127 else byte for byte in bytes(value)]


def _variant(value):
    from pyspark.sql.types import VariantVal    # Spark 4
    return json.loads(VariantVal(value["value"], value["metadata"]).toJson())


_PLAIN = {"boolean", "byte", "short", "integer", "long", "void", "null"}
_SIMPLE = {
    "float": _number, "double": _number, "date": _date, "timestamp": _timestamp,
    "timestamp_ntz": _local_timestamp, "binary": _bytes, "variant": _variant,
}
