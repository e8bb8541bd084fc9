"""An `output` object as the JSON text of a result frame: strict, bounded, complete."""
import json
import math
import re

from .frames import MAX_PAYLOAD
from .interpreter import error

_SURROGATES = re.compile("[\ud800-\udfff]")


def encode(statement, output):
    """The payload for `output`; `execution_count` is added after `status`. Never fails: what cannot be sent
    becomes an error output."""
    try:
        payload = _dump(statement, output)
        if len(payload) <= MAX_PAYLOAD:
            return payload
        reason = error("OutputTooLarge",
                       "the result has %d bytes, %d can be sent" % (len(payload), MAX_PAYLOAD))
    except (TypeError, ValueError, RecursionError) as e:
        reason = error(type(e).__name__, "the result cannot be written as JSON: %s" % e)
    return _dump(statement, reason)


def _dump(statement, output):
    ordered = {"status": output["status"], "execution_count": statement.id}
    ordered.update(output)
    try:
        text = json.dumps(ordered, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(without_nan(ordered), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _SURROGATES.sub("\ufffd", text).encode("utf-8")


def without_nan(value):
    """A copy in which what JSON cannot express as a number (NaN, the infinities) is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {without_nan_key(key): without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return value


def without_nan_key(key):
    """Keys become strings as json.dumps makes them, for the floats that it refuses."""
    return str(key) if isinstance(key, float) and not math.isfinite(key) else key
