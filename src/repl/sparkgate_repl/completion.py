"""Names that may follow the cursor in Python code.

Looks at live objects but avoids running user code: properties are evaluated only on PySpark's own objects.
Called on a short-lived thread while a statement may run.
"""
import builtins
import inspect
import keyword
import re
import sys

_KEY = re.compile(r"([A-Za-z_][\w.]*)\s*\[\s*(?:\[.*,\s*|\[)?[\"']([^\"'\n]*)$")
_COLUMN = re.compile(r"\b(?:col|column)\(\s*[\"']([^\"'\n]*)$")
_ARGUMENT = re.compile(r"([A-Za-z_]\w*)\.(?:select|groupBy|groupby|orderBy|sort|drop|agg|filter|where)\("
                       r"[^()\n]*[\"']([^\"'\n]*)$")
_IMPORT = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+(?:\w+\s*,\s*)*(\w*)$")
_ATTRIBUTE = re.compile(r"([A-Za-z_][\w.]*)\.(\w*)$")
_NAME = re.compile(r"(?:^|[^\w.\"'])([A-Za-z_]\w*)$")

_MAX_FRAMES = 50    # DataFrames whose columns col("…") offers


def complete(namespace, code, cursor):
    """Sorted names, whole ones, of what can stand at `cursor`."""
    line = code[:cursor].rpartition("\n")[2]
    for pattern, find in ((_COLUMN, _any_columns), (_KEY, _keys), (_ARGUMENT, _keys), (_IMPORT, _imports),
                          (_ATTRIBUTE, _attributes), (_NAME, _names)):
        match = pattern.search(line)
        if match is not None:
            prefix = match.groups()[-1]
            names = find(namespace, match.group(1))
            return sorted({n for n in names if n.startswith(prefix) and (prefix or not n.startswith("_"))})
    return []


def _names(namespace, _):
    return set(namespace) | set(dir(builtins)) | set(keyword.kwlist)


def _attributes(namespace, path):
    value = _resolve(namespace, path)
    names = {name for name in dir(value) if isinstance(name, str)}
    return names | {name for name in _columns(value) if name.isidentifier()}


def _keys(namespace, path):
    value = _resolve(namespace, path)
    if isinstance(value, dict):
        return {key for key in list(value) if isinstance(key, str)}
    return _columns(value)


def _any_columns(namespace, _):
    frames = [value for value in list(namespace.values()) if _is_spark_frame(value)][:_MAX_FRAMES]
    return {name for frame in frames for name in _columns(frame)}


def _imports(namespace, module):
    return dir(sys.modules[module]) if module in sys.modules else ()


def _columns(value):
    if _is_spark_frame(value):
        return {name for name in value.columns}
    if type(value).__module__.startswith("pandas.") and type(value).__name__ == "DataFrame":
        return {name for name in value.columns if isinstance(name, str)}
    return set()


def _is_spark_frame(value):
    return type(value).__name__ == "DataFrame" and type(value).__module__.startswith("pyspark.sql")


def _resolve(namespace, path):
    """The object that a dotted path names; raises LookupError or AttributeError if it cannot be had without
    running user code."""
    first, *rest = path.split(".")
    value = namespace[first] if first in namespace else getattr(builtins, first)
    for name in rest:
        attribute = inspect.getattr_static(value, name)    # AttributeError: no such name, or a computed one
        computed = hasattr(type(attribute), "__get__") and not inspect.isroutine(attribute)
        if computed and not type(value).__module__.startswith("pyspark."):
            raise LookupError(name)
        value = getattr(value, name)
    return value
