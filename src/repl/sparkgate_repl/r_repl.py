"""The sparkr kind: an R process of our own, attached to the session's SparkContext by SparkR.

R is made at the first statement. If it dies (quit(), a crash, a kill) the statement says so, and the next one
gets a new R with an empty workspace; the session and its SparkContext go on.
"""
import base64
import os
import shutil
import threading

from .interpreter import Interpreter, InterpreterError, error, ok
from .r_process import DIED, RProcess

_START_SECONDS = 120
_COMPLETION_SECONDS = 0.7
# 0.3 s for Spark to end the jobs: R's call then fails by itself, with its connection intact.
_GRACE_ATTEMPTS = 6
_SIGNALS_AT = (0, 6)       # of every ten attempts; in between the code may clean up after the signal before

_NO_R = ("R is not installed on the host of the driver (no program '%s'). Install R there, or name it with "
         "spark.r.shell.command or the environment variable SPARKR_DRIVER_R.")
_NO_SPARKR = ("R has no SparkR package. Apache's binary distribution of Spark carries it in R/lib (the "
              "pyspark package does not): let SPARK_HOME be such a distribution, or name its R/lib folder with the "
              "environment variable SPARKR_LIB. Searched: %s")


class RRepl(Interpreter):
    kind = "sparkr"

    def __init__(self, env):
        super().__init__(env)
        self._idle = threading.Lock()     # held while R is at something: a statement, a completion, its start
        self._guard = threading.Lock()    # an interrupt must not hit the statement after its own
        self._process = None
        self._running = None
        self._backend = None              # the JVM's end of SparkR's connections
        self._starts = 0

    def start(self):
        with self._idle:
            self._start()

    def execute(self, statement):
        with self._idle:
            if self._process is None:
                self._start()             # R died in the statement before
            with self._guard:
                self._running = statement
            try:
                return self._run(statement)
            finally:
                with self._guard:
                    self._running = None

    def interrupt(self, statement, attempt):
        if attempt % 10 not in _SIGNALS_AT or attempt < _GRACE_ATTEMPTS and self._in_spark(statement):
            return
        with self._guard:
            if self._running is statement and self._process is not None:
                self._process.interrupt()
                # R may go on normally after it, when it hit a program that R was waiting for.
                statement.interrupted = True

    def can_stop(self):
        return "R runs code (of a package, say) that does not look for interrupts"

    def complete(self, code, cursor):
        if not self._idle.acquire(blocking=False):
            return []
        try:
            if self._process is None:
                return []
            status, text = self._process.call("complete", str(cursor), code=code, timeout=_COMPLETION_SECONDS)
            return text.splitlines() if status == "ok" else []
        finally:
            self._idle.release()

    def close(self):
        if self._process is not None:
            self._process.close()
        if self._backend is not None:
            self._backend.close()

    # ---- start

    def _start(self):
        command = self._command()
        if shutil.which(command) is None:
            raise InterpreterError(_NO_R % command)
        self._starts += 1
        try:
            process = RProcess(command, os.path.join(self.env.dir, "r%d" % self._starts))
        except OSError as e:
            raise InterpreterError("R does not start: %s" % e) from e
        try:
            self._attach(process)
        except BaseException:
            process.close()
            raise
        self._process = process

    def _command(self):
        conf = self.env.sc.getConf()
        return conf.get("spark.r.shell.command") or os.environ.get("SPARKR_DRIVER_R") or "R"

    def _attach(self, process):
        """Load SparkR in R and join the SparkContext."""
        port, secret = self._open_backend()
        output = []
        status, text = process.call("attach", port, secret, *self._libraries(), sink=output.append,
                                    timeout=_START_SECONDS)
        if status == "missing":
            raise InterpreterError(_NO_SPARKR % text.replace("\n", ", "))
        if status == DIED:
            raise InterpreterError("R ended while it started:\n" + "".join(output))
        if status != "ok":
            text = text or "no answer in %d s" % _START_SECONDS
            raise InterpreterError("SparkR does not start: %s" % text)

    def _open_backend(self):
        """A listener in the JVM for one R process; the one of an R that died is closed."""
        if self._backend is not None:
            self._backend.close()
        self._backend = self.env.jvm.org.apache.spark.api.r.RBackend()
        address = self._backend.init()
        return str(address._1()), address._2().secret()

    def _libraries(self):
        """Where SparkR may be, besides R's own libraries."""
        home = os.environ.get("SPARK_HOME")
        places = [home and os.path.join(home, "R", "lib"), self.env.options.get("sparkr_lib"),
                  os.environ.get("SPARKR_LIB")]
        return [place for place in places if place and os.path.isdir(place)]

    # ---- statements

    def _run(self, statement):
        parts = []
        status, text = self._process.call(
            "run", statement.group, code=_with_newlines(statement.code),
            sink=lambda piece: parts.append(statement.stream("stdout", piece)))
        output = "".join(parts) + _on_own_line(statement.output.cut_mark())
        pages = self._process.plots()
        if status == DIED:
            self._process.close()
            self._process = None
            return error("Error", "Interpreter died:\n" + output)
        if status == "ok":
            return ok(_data(output, pages))
        if status == "interrupted":
            return error("Error", "interrupted", output.splitlines(keepends=True))
        return error("Error", text, output.splitlines(keepends=True))

    def _in_spark(self, statement):
        try:
            return bool(self.env.active_jobs(statement))
        except Exception:      # Spark is going away: R can be interrupted at once
            return False


def _with_newlines(code):
    return code.replace("\r\n", "\n").replace("\r", "\n")


def _on_own_line(mark):
    return "\n" + mark if mark else ""


def _data(output, pages):
    """As Livy: one newline less at either end, and the last page drawn."""
    if output.startswith("\n"):
        output = output[1:]
    data = {"text/plain": output[:-1] if output.endswith("\n") else output}
    if pages:
        data["image/png"] = base64.b64encode(pages[-1]).decode("ascii")
    return data
