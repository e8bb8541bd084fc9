"""The sql kind: one Spark SQL statement at a time, on the session's shared SparkSession.

Every call into the JVM costs a round trip, and every Java object one more when Python drops it; so the code
below talks to the JVM's DataFrame itself: one call for the plan, two for the schema, two to start collecting.
"""
import json
import threading
import traceback

from .interpreter import Interpreter, error, ok
from .sql_completion import SqlCompletion
from .sql_values import as_text, make_rows_serializer, needs_text, row_converter

_GRACE_ATTEMPTS = 10    # 0.5 s, in which cancelling the jobs usually suffices


class SqlRepl(Interpreter):
    kind = "sql"

    def __init__(self, env):
        super().__init__(env)
        self._guard = threading.Lock()    # an interrupt must not hit the statement after its own
        self._running = None
        self._thread = None
        self._serializer = None
        self._load = None
        self._completion = SqlCompletion(env)

    def start(self):
        self._serializer = make_rows_serializer()
        self._load = _find_loader()

    def execute(self, statement):
        thread = self.env.prepare_jvm_thread(statement)
        with self._guard:
            self._running, self._thread = statement, thread
        try:
            return self._run(statement)
        except Exception as e:
            return self._failure(e)
        finally:
            with self._guard:
                self._running = None
            self._completion.expire()

    def interrupt(self, statement, attempt):
        if attempt < _GRACE_ATTEMPTS:
            return
        with self._guard:
            if self._running is statement:
                self._thread.interrupt()

    def can_stop(self):
        return "the thread in Spark does not react to an interrupt"

    def complete(self, code, cursor):
        return self._completion.candidates(code, cursor)

    def _run(self, statement):
        frame = self.env.spark._jsparkSession.sql(statement.code)
        schema = json.loads(frame.schema().json())
        rows = self._rows(frame, schema, statement) if schema["fields"] else []
        return ok({"application/json": {"schema": schema, "data": rows}})

    def _rows(self, frame, schema, statement):
        limit = int(self.env.options["sql_rows"])
        if needs_text(schema):
            frame, schema = self._cast(frame, schema)
        served = frame.limit(limit + 1).collectToPython()    # one more, to know whether some are left out
        convert = row_converter(schema)
        rows = [convert(row) for row in self._load(served, self._serializer)]
        if len(rows) > limit:
            # Livy's JSON has no place for this, and clients would take a row for it; the stream has.
            statement.stream("stderr", "\u2026 [only the first %d rows are shown]\n" % limit)
            del rows[limit:]
        return rows

    def _cast(self, frame, schema):
        """`frame` with the columns that Python cannot receive as text, and the schema of that."""
        jvm = self.env.jvm
        text_schema = as_text(schema)
        names = ["c%d" % i for i in range(len(schema["fields"]))]    # the user's names may occur twice
        column = jvm.org.apache.spark.sql.functions.col
        from_json = jvm.org.apache.spark.sql.types.DataType.fromJson
        columns = [column(name).cast(from_json(json.dumps(field["type"])))
                   for name, field in zip(names, text_schema["fields"])]
        to_seq = jvm.PythonUtils.toSeq
        return frame.toDF(to_seq(names)).select(to_seq(columns)), text_schema

    def _failure(self, exception):
        java = getattr(exception, "_origin", None) or getattr(exception, "java_exception", None)
        if java is None:
            return error("Error", str(exception), traceback.format_exception_only(type(exception), exception))
        message = java.getMessage() or java.toString()
        text = self.env.jvm.org.apache.spark.util.Utils.exceptionString(java)
        return error("Error", message, java_frames(text, message))


def java_frames(text, message):
    """The stack frames of a printed Java exception, causes left out, each line ending in a newline."""
    frames = []
    behind = text[text.find(message) + len(message):]    # a message may quote frames of its own
    for line in behind.splitlines():
        if line.startswith("Caused by:"):
            break
        if line.startswith("\tat "):
            frames.append(line[4:] + "\n")
    return frames


def _find_loader():
    """PySpark's reader of what `collectToPython` serves; Spark 4 moved it."""
    try:
        from pyspark.util import _load_from_socket
    except ImportError:
        from pyspark.rdd import _load_from_socket
    return _load_from_socket
