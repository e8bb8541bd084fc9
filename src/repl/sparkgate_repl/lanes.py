"""Who runs what: one lane a kind, each with its own thread; Python's is the process's main thread.

A lane runs one thing after the other and never dies: whatever an interpreter raises becomes the statement's
output.
"""
import queue
import threading
import time
import traceback

from . import frames, results
from .interpreter import InterpreterError, error
from .output import Output

INTERPRETERS = {
    "pyspark": ("python_repl", "PythonRepl"),
    "spark": ("scala_repl", "ScalaRepl"),
    "sql": ("sql_repl", "SqlRepl"),
    "sparkr": ("r_repl", "RRepl"),
}

_CLOSE = object()
_PRESTART = object()


class Statement:
    """One piece of code on its way through a lane.

    `stream` and `interrupted` may be used by any thread, the rest by the lane. `group` is the Spark job group
    of all its jobs.
    """

    def __init__(self, id, kind, code, output):
        self.id = id
        self.kind = kind
        self.code = code
        self.group = "sparkgate-%d" % id
        self.output = output
        self.streamed = 0                       # bytes of it that were put on the link
        self.running = False                    # user code may be running: interrupts make sense
        self.running_since = 0.0                # time.monotonic()
        self.cancel_requested = False
        self.interrupted = False                # a cancel has surely reached the code
        self.cancelled_jobs = set()             # Spark job ids; the cancel thread's
        self.attempt_lock = threading.Lock()    # held while one attempt to interrupt is made
        self.ended = threading.Event()

    def stream(self, name, text):
        """Report text ("stdout" or "stderr") while it appears. Returns the part that the output limit allows,
        which is what the interpreter puts into its result."""
        return self.output.write(name, text)


class Lane:
    """The serial executor of one kind. `serve` is its thread's body."""

    def __init__(self, kind, interpreter, link):
        self.kind = kind
        self.interpreter = interpreter
        self.ready = threading.Event()          # the interpreter is made and may be asked by other lanes
        self.closed = threading.Event()
        self._link = link
        self._queue = queue.SimpleQueue()

    def put(self, statement):
        self._queue.put(statement)

    def prestart(self):
        """Make the interpreter ahead of the first statement, in the lane's thread."""
        self._queue.put(_PRESTART)

    def close(self):
        """End the lane once it is free; `closed` is set when its interpreter has released everything."""
        self._queue.put(_CLOSE)

    def serve(self):
        """Run what comes until `close`."""
        self.interpreter.env.attached.wait()
        while True:
            item = self._queue.get()
            if item is _CLOSE:
                self._close()
                return
            if item is _PRESTART:
                self._start_quietly()
            else:
                self._run(item)

    def _close(self):
        try:
            self.interpreter.close()
        except Exception as e:
            self.interpreter.env.log("closing the %s interpreter: %s" % (self.kind, e))
        finally:
            self.closed.set()

    def _start_quietly(self):
        try:
            self._start()
        except Exception as e:                  # the first statement meets it again, and its user is told
            self.interpreter.env.log("the %s interpreter did not start ahead: %s" % (self.kind, e))

    def _start(self):
        if not self.ready.is_set():
            self.interpreter.start()
            self.ready.set()

    def _run(self, statement):
        if statement.cancel_requested:
            self._finish(statement, "cancelled", None)
            return
        self._link.send("started", id=statement.id, t=frames.now_ms())
        output = self._output_of(statement)
        if output is None:
            self._finish(statement, "cancelled", None)
            return
        if statement.cancel_requested:
            self.interpreter.env.end_jobs(statement)
        failed = output["status"] == "error"
        cancelled = statement.cancel_requested and (failed or statement.interrupted)
        self._finish(statement, "cancelled" if cancelled else "available", output)

    def _output_of(self, statement):
        """The statement's output; None if it was cancelled before user code ran."""
        try:
            self._start()
            if statement.cancel_requested:
                return None
            statement.running_since = time.monotonic()
            statement.running = True
            return self.interpreter.execute(statement)
        except InterpreterError as e:
            return error("InterpreterError", str(e))
        except BaseException as e:              # our own defect: tell it, go on
            self.interpreter.env.log(traceback.format_exc())
            return error("InternalError", "%s: %s" % (type(e).__name__, e))
        finally:
            with statement.attempt_lock:        # an attempt must not reach into the next statement
                statement.running = False

    def _finish(self, statement, state, output):
        statement.output.end()
        payload = b"" if output is None else results.encode(statement, output)
        statement.ended.set()
        self._link.send("result", payload, id=statement.id, state=state, t=frames.now_ms())


class Lanes:
    """All lanes of the driver, made on first use. Any thread."""

    def __init__(self, env, link, flusher):
        self._env = env
        self._link = link
        self._flusher = flusher
        self._lock = threading.Lock()
        self._lanes = {}
        self._statements = {}
        self.last_activity = time.monotonic()

    def get(self, kind):
        """The lane of `kind`. Raises InterpreterError if there is no such interpreter."""
        with self._lock:
            lane = self._lanes.get(kind)
            if lane is None:
                lane = self._lanes[kind] = Lane(kind, _make_interpreter(kind, self._env), self._link)
                if kind != "pyspark":           # Python's lane is served by the main thread
                    threading.Thread(target=lane.serve, name="lane-" + kind, daemon=True).start()
            return lane

    def submit(self, id, kind, code):
        """Put a statement into its lane; a kind that cannot be had answers at once."""
        statement = Statement(id, kind, code, None)
        statement.output = Output(
            self._env.options["output_limit"], lambda name, text: self._stream(statement, name, text), self._flusher)
        self.last_activity = time.monotonic()
        try:
            lane = self.get(kind)
        except InterpreterError as e:
            self._link.send("started", id=id, t=frames.now_ms())
            self._link.send("result", results.encode(statement, error("InterpreterError", str(e))),
                            id=id, state="available", t=frames.now_ms())
            return
        with self._lock:
            self._statements = {s.id: s for s in self._statements.values() if not s.ended.is_set()}
            self._statements[id] = statement
        lane.put(statement)

    def find(self, id):
        """The statement if it is known and has not ended, else None."""
        with self._lock:
            statement = self._statements.get(id)
        return None if statement is None or statement.ended.is_set() else statement

    def unfinished(self):
        with self._lock:
            return [s for s in self._statements.values() if not s.ended.is_set()]

    def existing(self):
        with self._lock:
            return list(self._lanes.values())

    def interpreter(self, kind):
        """The started interpreter of `kind`, or None."""
        with self._lock:
            lane = self._lanes.get(kind)
        return lane.interpreter if lane is not None and lane.ready.is_set() else None

    def interpreter_soon(self, kind, seconds):
        """The interpreter of `kind`, which is started if it is not yet; None if that takes longer."""
        lane = self.get(kind)
        if not lane.ready.is_set():
            lane.prestart()
            lane.ready.wait(seconds)
        return lane.interpreter if lane.ready.is_set() else None

    def _stream(self, statement, name, text):
        data = text.encode("utf-8", "replace")
        self._link.send("stream", data, id=statement.id, name=name, at=statement.streamed)
        statement.streamed += len(data)


def _make_interpreter(kind, env):
    if kind not in INTERPRETERS:
        raise InterpreterError("unknown kind: %s" % kind)
    module_name, class_name = INTERPRETERS[kind]
    try:
        module = __import__(__package__ + "." + module_name, fromlist=[class_name])
    except ImportError as e:
        raise InterpreterError("the %s interpreter is not available: %s" % (kind, e)) from e
    return getattr(module, class_name)(env)
