"""Livy's magics for Python: %json, %table, %matplot."""
import json

from . import results, table

JSON = "application/json"
TABLE = "application/vnd.livy.table.v1+json"


class UnknownMagic(Exception):
    """No such magic."""


def check(magic):
    """Raise UnknownMagic before anything of the statement runs."""
    if not magic.name:
        raise UnknownMagic("magic command not specified")
    if magic.name not in ("json", "table", "matplot"):
        raise UnknownMagic("unknown magic command '%s'" % magic.name)
    if not magic.argument:
        raise ValueError("%%%s needs the name of a variable" % magic.name)


def run(magic, namespace, figures):
    """The magic's `data`. Raises NameError for an unknown variable, TypeError or ValueError if the value does
    not fit."""
    value = eval(magic.argument, namespace)
    if magic.name == "json":
        # A copy: the value may change before the result is written, and it must be proper JSON now.
        return {JSON: results.without_nan(json.loads(json.dumps(value)))}
    if magic.name == "table":
        return {TABLE: table.of(value)}
    return {"image/png": figures.current(value)}
