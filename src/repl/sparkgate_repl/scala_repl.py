"""The `spark` kind: Scala cells in the driver's JVM."""
import threading

from py4j.protocol import Py4JJavaError

from . import scala_cell, scala_magics
from .failures import describe
from .interpreter import Interpreter, InterpreterError, error, ok
from .jvm_pipe import JvmPipe
from .jvm_stop import HardStop, runs_user_code
from .scala_compiler import ScalaCompiler

# One compilation instead of one for each name: most of the start is the compiler's first run.
_PRELUDE = """
@transient val spark: org.apache.spark.sql.SparkSession = org.apache.spark.sql.SparkSession.active
@transient val sc: org.apache.spark.SparkContext = spark.sparkContext
@transient lazy val sqlContext: org.apache.spark.sql.SQLContext = spark.sqlContext
import org.apache.spark.SparkContext._
import spark.implicits._
import spark.sql
import org.apache.spark.sql.functions._
"""
_WARM_UP = "1 + 1"
_COMPLETION_PATIENCE = 0.1    # seconds to wait for the compiler


class ScalaRepl(Interpreter):
    kind = "spark"

    def __init__(self, env):
        super().__init__(env)
        self._compiler = None
        self._magics = None
        self._console = None
        self._pipe = JvmPipe(env, self._printed)
        self._hard_stop = HardStop(env)
        self._compiler_free = threading.Lock()
        self._guard = threading.Lock()          # an interrupt must not hit the cell after its own
        self._running = None                    # the statement, and the java.lang.Thread that it runs on
        self._thread = None
        self._text = None                       # what it has put out

    def start(self):
        self.env.check_context()
        try:
            self._pipe.open()
            compiler = ScalaCompiler(self.env)
            self._predefine(compiler)
            console_class = self.env.jvm.java.lang.Class.forName("scala.Console$")
            self._console = console_class.getField("MODULE$").get(None)
        except InterpreterError:
            self._pipe.close()
            raise
        except Exception as e:
            self._pipe.close()
            raise InterpreterError("the Scala interpreter cannot start: %s: %s" % describe(e)) from e
        self._magics = scala_magics.Magics(compiler)
        self._compiler = compiler

    def _predefine(self, compiler):
        # The prelude finds the session through the thread it runs on.
        self.env.jvm.org.apache.spark.sql.SparkSession.setActiveSession(self.env.spark._jsparkSession)
        if compiler.interpret_silently(_PRELUDE) != "Success":
            report, _ = compiler.take_report()
            raise InterpreterError("the Scala interpreter cannot start: %s" % report.strip())
        compiler.interpret_silently(_WARM_UP, synthetic=True)
        compiler.take_report()

    def execute(self, statement):
        with self._compiler_free:
            self._text = _Text(statement)
            self._hard_stop.begin()
            try:
                thread = self._prepare_thread(statement)
                self._compiler.find_added_jars()
                with self._guard:
                    self._running, self._thread = statement, thread
                return self._run(scala_cell.segments(scala_cell.normalise(statement.code)), statement)
            finally:
                with self._guard:
                    self._running = self._thread = None
                self._hard_stop.settle()
                self._text = None

    def _prepare_thread(self, statement):
        """Py4J may have given this lane another JVM thread, and user code may have changed what it liked."""
        thread = self.env.prepare_jvm_thread(statement)
        if not self._pipe.usable():
            self._pipe.open()
        thread.setContextClassLoader(self._compiler.class_loader)
        self._console.setOutDirect(self._pipe.stream)
        self._console.setErrDirect(self._pipe.stream)
        return thread

    def _run(self, segments, statement):
        refusal = scala_magics.refuse(segments)
        if refusal is not None:
            return refusal
        shown = None
        for segment in segments:
            if segment[0] == "magic":
                shown = output = self._run_magic(*segment[1:])
            else:
                output = self._run_code(segment[1], statement)
            if output is not None and output["status"] == "error":
                return output
        # A magic's result stands for all that came before it.
        text = self._text.since_magic()
        return ok({"text/plain": text}) if text or shown is None else shown

    def _run_magic(self, name, argument):
        output = self._magics.run(name, argument)
        self._pipe.flush()                      # a lazy value may print
        if output["status"] == "error":
            output["traceback"] = self._text.all().splitlines(True)
        else:
            self._text.magic_follows()
        return output

    def _run_code(self, code, statement):
        """None, or the error that ended it."""
        for part in self._parts(code):
            if statement.cancel_requested:
                return error("Cancelled", "cancelled before all of the cell had run")
            outcome, report, more = self._interpret(part)
            if outcome == "Incomplete":
                return error("Error", "incomplete statement", self._text.all().splitlines(True))
            if outcome != "Success":
                return scala_cell.error_output(self._text.all(), report)
            self._text.add(report, more)
        return None

    def _interpret(self, part):
        """(outcome, the compiler's report, the number of its characters that are left out)"""
        try:
            outcome = self._compiler.interpret(part)
        except Py4JJavaError as e:
            outcome, crash = "Error", e.java_exception.toString()
        else:
            crash = ""
        self._pipe.flush()
        report, more = self._compiler.take_report(self.env.options["output_limit"])
        return outcome, crash or report, more

    def _parts(self, code):
        if not scala_cell.may_need_cuts(code):
            return [code]
        try:
            return scala_cell.parts(code, self._compiler.trees(code), self._compiler.terms())
        except Py4JJavaError:                   # compiling it will fail too, and tell why
            return [code]

    def interrupt(self, statement, attempt):
        with self._guard:
            # An interrupted compiler may leave its files closed or its tables half made: it gets to its end.
            if self._running is statement and runs_user_code(self.env.jvm, self._thread):
                self._thread.interrupt()
                self._hard_stop.attempt(self._thread)

    def can_stop(self):
        thread = self._thread
        if thread is not None and not runs_user_code(self.env.jvm, thread):
            return "the Scala compiler is at work, which cannot be interrupted"
        return self._hard_stop.obstacle()

    def complete(self, code, cursor):
        if not self._compiler_free.acquire(timeout=_COMPLETION_PATIENCE):
            return []
        try:
            if self._compiler is None:
                return []
            return self._compiler.candidates(code, scala_cell.utf16_offset(code, cursor))
        finally:
            self._compiler_free.release()

    def close(self):
        if self._compiler is not None:
            self._compiler.close()
        self._pipe.close()

    def _printed(self, text):
        """From the pipe's thread."""
        cell = self._text
        if cell is not None:
            cell.add(text)
        else:
            self.env.log(text)


class _Text:
    """What one cell has put out, in order and as far as the output limit allows. The pipe's thread adds while
    the cell runs; the lane reads after it has flushed the pipe."""

    def __init__(self, statement):
        self._statement = statement
        self._kept = []
        self._magic = 0

    def add(self, text, more=0):
        """Show `text`; `more` characters behind it are lost already."""
        kept = self._statement.stream("stdout", text)
        if kept:
            self._kept.append(kept)
        if more:
            self._statement.output.drop(more)

    def magic_follows(self):
        self._magic = len(self._kept)

    def since_magic(self):
        return self._joined(self._magic)

    def all(self):
        return self._joined(0)

    def _joined(self, begin):
        mark = self._statement.output.cut_mark()
        return "".join(self._kept[begin:]) + ("\n" + mark + "\n" if mark else "")
