"""Livy's magics for Scala: %json and %table of a named value."""
import json
import math
import pkgutil

from py4j.protocol import Py4JJavaError

from .interpreter import error, ok

_MIME = {"json": "application/json", "table": "application/vnd.livy.table.v1+json"}
_SOURCE = "scala_values.scala"
_OBJECT = "sparkgate.Values"
_PLAIN = (str, bool, int, float, type(None))


def refuse(segments):
    """An error output if a magic of the cell cannot be run, else None. Asked before anything of the cell
    runs."""
    for segment in segments:
        if segment[0] == "magic" and segment[1] not in _MIME:
            return error("UnknownMagic", "Unknown magic command %s" % segment[1])
    return None


class Magics:
    """The magics of one REPL; belongs to the lane."""

    def __init__(self, compiler):
        self._compiler = compiler
        self._values = None

    def run(self, name, argument):
        """The output of the magic `name` for the value called `argument`."""
        found = self._compiler.value_of(argument.strip("`"))
        if not found.isDefined():
            return error("NameError", "Value %s does not exist" % argument)
        try:
            return ok({_MIME[name]: self._convert(name, found)})
        except Py4JJavaError as e:
            return _refused(e.java_exception)

    def _convert(self, name, found):
        if name == "json":
            plain, value = _plain(found)
            if plain:
                return value
        if self._values is None:
            source = pkgutil.get_data(__package__, _SOURCE).decode("utf-8")
            self._values = self._compiler.load_object(_OBJECT, source)
        return json.loads(getattr(self._values, name)(found))


def _plain(found):
    """(True, the value) if Py4J brings it over as it is in JSON, so that no code has to be compiled."""
    try:
        value = found.get()
    except ValueError:      # Py4J takes every java.lang.Number that it does not know for a whole one
        return False, None
    finite = not isinstance(value, float) or math.isfinite(value)
    return finite and isinstance(value, _PLAIN), value


def _refused(exception):
    name = exception.getClass().getSimpleName()
    if name == "NotATable":
        return error("TypeError", exception.getMessage())
    return error("Error", exception.toString())
