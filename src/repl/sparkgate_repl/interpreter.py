"""What every language of the REPL driver provides.

One interpreter per (session, kind), made on first use by the lane that owns it. The lane is the only
thread that calls `start`, `execute` and `close`; `interrupt` and `complete` come from other threads.
"""


class InterpreterError(Exception):
    """The interpreter cannot start (something is missing, say). The text tells the user what and how to
    get it; the session goes on."""


class Interpreter:
    """Base class; `env` is the driver's `Environment` (sc, spark, jvm, options, private directory, log)."""

    kind = ""

    def __init__(self, env):
        self.env = env

    def start(self):
        """Make the interpreter (may take seconds). Raises InterpreterError if it cannot be made; a later
        statement may try again. Called before the first `execute`, and by a background start."""

    def execute(self, statement):
        """Run `statement.code`; return Livy's `output` object without `execution_count`:
        {"status": "ok", "data": {mime: value}} or {"status": "error", "ename", "evalue", "traceback": [lines]}.

        Text is reported while it appears with `statement.stream(name, text)`. Before user code runs the JVM
        thread's state is set anew with `env.prepare_jvm_thread(statement)`.
        """
        raise NotImplementedError

    def interrupt(self, statement, attempt):
        """Try once to stop `statement`, which is running. Called by the cancel thread again and again
        (attempt 0, 1, …, every 50 ms, later more slowly) until the statement has ended; must not block for
        longer than 100 ms. The cancel thread itself cancels the statement's Spark job group."""

    def can_stop(self):
        """None, or the reason why what runs now cannot be stopped (told to the user after cancel_timeout)."""
        return None

    def complete(self, code, cursor):
        """Candidate names (bare, not prefixed) at `cursor`, an index into `code`. May be called while a
        statement runs, then must not wait for it; an exception counts as no candidates."""
        return []

    def close(self):
        """Release processes and files. Called once, when the driver ends."""


def error(ename, evalue, traceback=()):
    """Livy's error output. `evalue` is never null (clients fail on null)."""
    return {"status": "error", "ename": ename, "evalue": evalue or "", "traceback": list(traceback)}


def ok(data):
    """Livy's ok output; `data` is never empty."""
    return {"status": "ok", "data": data or {"text/plain": ""}}
