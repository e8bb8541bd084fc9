"""What went wrong, for people: the class and the first line of what an exception says."""


def describe(e):
    """(class, one line) of an exception; of Java's own if that is what it carries."""
    try:
        java = getattr(e, "_origin", None) or getattr(e, "java_exception", None)
        if java is not None:
            return java.getClass().getName(), _first_line(java.getMessage() or java.toString())
    except Exception:    # the JVM is gone
        pass
    if isinstance(e, OSError) and e.strerror and e.filename:
        return type(e).__name__, "%s: %s" % (e.strerror, e.filename)
    return type(e).__name__, _first_line(str(e))


def _first_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "unknown error"
