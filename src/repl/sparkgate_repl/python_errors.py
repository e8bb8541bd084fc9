"""Exceptions of user code as Livy's error output."""
import os
import traceback

from .interpreter import error
from .output import Budget

# As frames name it: Python does not normalise the path by which a module was found.
_HERE = os.path.dirname((lambda: None).__code__.co_filename) + os.sep


def output_of(exception, printed, limit):
    """The error output for `exception`. `printed` is the text that the statement wrote before: it is put
    first, so that clients that know only the result show it. Text beyond `limit` bytes is cut."""
    budget = Budget(limit)
    evalue = budget.take(_text_of(exception))
    lines = [budget.take(line) for line in _lines(exception)]
    before = printed.splitlines(True)
    if before and not before[-1].endswith("\n"):
        before[-1] += "\n"
    if budget.dropped:
        lines.append(budget.mark() + "\n")
    return error(type(exception).__name__, evalue, before + [line for line in lines if line])


def _text_of(exception):
    try:
        return str(exception)
    except BaseException as e:
        return "<str() of the exception failed: %s>" % type(e).__name__


def _lines(exception):
    try:
        description = traceback.TracebackException(type(exception), exception, exception.__traceback__)
    except BaseException as e:    # an exception class whose attributes raise
        return ["%s: <no traceback: %s>\n" % (type(exception).__name__, type(e).__name__)]
    _hide_driver(description, set())
    if isinstance(exception, SyntaxError) and not description.stack:
        return list(description.format_exception_only())
    return list(description.format())


def _hide_driver(description, seen):
    """Remove the driver's own frames, also from chained and grouped exceptions."""
    if description is None or id(description) in seen:
        return
    seen.add(id(description))
    if description.stack is not None:
        frames = [frame for frame in description.stack if not frame.filename.startswith(_HERE)]
        del description.stack[:]
        description.stack.extend(frames)
    _hide_driver(description.__cause__, seen)
    _hide_driver(description.__context__, seen)
    for part in getattr(description, "exceptions", None) or ():
        _hide_driver(part, seen)
