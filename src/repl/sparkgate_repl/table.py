"""`%table`: rows of Python values with Livy's type names."""
import datetime
import decimal

_NULL = "NULL_TYPE"


def of(value):
    """{"headers": [{"name", "type"}], "data": [[…]]}. Rows are lists, tuples, dicts, Rows or single values.
    Raises ValueError if a column has values of different types."""
    rows = value if isinstance(value, (list, tuple)) and not hasattr(value, "asDict") else [value]
    types, data = {}, []
    for row in rows:
        cells = {}
        for name, cell in _columns(row):
            kind, cells[name] = _convert(cell)
            types[name] = _common(types.get(name, _NULL), kind, "table rows have different types")
        data.append(cells)
    names = sorted(types, key=lambda name: (isinstance(name, str), name))
    return {"headers": [{"name": str(name), "type": types[name]} for name in names],
            "data": [[cells.get(name) for name in names] for cells in data]}


def _columns(row):
    """(name, value) pairs: a dict's columns by key, a sequence's by number."""
    if hasattr(row, "asDict"):
        row = row.asDict()
    if isinstance(row, dict):
        return [(str(key), cell) for key, cell in row.items()]
    if isinstance(row, (list, tuple)):
        return enumerate(row)
    return [(0, row)]


def _common(a, b, message):
    if a == b or b == _NULL:
        return a
    if a == _NULL:
        return b
    raise ValueError("%s: %s and %s" % (message, a, b))


def _convert(value):
    """(type name, JSON value) of one cell."""
    if value is None:
        return _NULL, None
    if isinstance(value, bool):
        return "BOOLEAN_TYPE", value
    if isinstance(value, int):
        return "INT_TYPE", int(value)
    if isinstance(value, float):
        return "DOUBLE_TYPE", float(value)
    if isinstance(value, decimal.Decimal):
        return "DECIMAL_TYPE", str(value)
    if isinstance(value, datetime.datetime):    # before date: a datetime is one
        return "TIMESTAMP_TYPE", str(value)
    if isinstance(value, datetime.date):
        return "DATE_TYPE", str(value)
    if hasattr(value, "asDict"):
        value = value.asDict()
    if isinstance(value, dict):
        return "MAP_TYPE", dict(zip((str(key) for key in value), _sequence(value.values())))
    if isinstance(value, (list, tuple)):
        return "ARRAY_TYPE", _sequence(value)
    return "STRING_TYPE", str(value)


def _sequence(values):
    kind, converted = _NULL, []
    for value in values:
        item_kind, item = _convert(value)
        kind = _common(kind, item_kind, "a value has parts of different types")
        converted.append(item)
    return converted
