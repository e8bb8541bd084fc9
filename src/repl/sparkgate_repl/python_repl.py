"""The `pyspark` kind: statements in the namespace of `__main__`, on the process's main thread.

The whole code is compiled before anything runs. An expression at its end is displayed; a loop or another
compound statement at its end shows only what it prints (Livy echoes every expression in it).
"""
import os
import sys
import types
import warnings

from . import capture, completion, display, figures, magics, python_errors
from .interpreter import Interpreter, error, ok
from .python_code import Compiler, Magic
from .signals import GUARD

_JVM_INTERRUPT_ATTEMPT = 10    # 0.5 s: a job that was cancelled has ended by then


class PythonRepl(Interpreter):
    kind = "pyspark"

    def __init__(self, env):
        super().__init__(env)
        self._compiler = Compiler()
        self._figures = figures.Figures()
        self._display = None
        self._jvm_thread = None
        self._module = types.ModuleType("__main__")
        self._namespace = self._module.__dict__
        self._pid = os.getpid()

    def start(self):
        figures.prepare(lambda: self._display.show_figures())
        # cloudpickle sends what lives in __main__ by value: executors do not have it.
        sys.modules["__main__"] = self._module
        self._namespace["__builtins__"] = __builtins__
        self._namespace["display"] = self._show
        self._predefine()

    def execute(self, statement):
        self._jvm_thread = self.env.prepare_jvm_thread(statement)
        self._refresh_context()
        self._display = display.Display(self._figures)
        capture.begin(statement.stream)
        failure = None
        try:
            GUARD.call(statement, lambda: self._run(statement))
        except BaseException as e:
            failure = e
        if os.getpid() != self._pid:
            os._exit(0)    # a child that user code forked: its parent answers
        capture.end()
        if failure is None:
            return ok(self._display.data(statement.output))
        result = self._error(statement, failure)
        failure.__traceback__ = None    # frames hold connections to the JVM, and the user's data
        return result

    def interrupt(self, statement, attempt):
        GUARD.interrupt(statement)
        if attempt >= _JVM_INTERRUPT_ATTEMPT and self._jvm_thread is not None and GUARD.in_jvm_call():
            self._jvm_thread.interrupt()

    def can_stop(self):
        if GUARD.in_jvm_call():
            return "the code waits for a call into the JVM that cannot be interrupted"
        return "the code ignores KeyboardInterrupt or is inside a long call of a C library"

    def complete(self, code, cursor):
        return completion.complete(self._namespace, code, cursor)

    def _run(self, statement):
        """User code from here on: may be interrupted anywhere, may raise anything."""
        steps = self._compiler.steps(statement.code, "<statement %d>" % statement.id)
        for step in steps:
            if isinstance(step, Magic):
                magics.check(step)
        for step in steps:
            if isinstance(step, Magic):
                self._display.magic(magics.run(step, self._namespace, self._figures))
            else:
                self._display.code_follows()
                self._run_piece(step)
        self._display.show_figures()

    def _run_piece(self, piece):
        if piece.body is not None:
            exec(piece.body, self._namespace)
        if piece.last is not None:
            value = eval(piece.last, self._namespace)
            if value is not None:
                self._namespace["_"] = value
                self._display.value(value)

    def _show(self, *values):
        """Show values in their rich form: display(df, figure, …)."""
        self._display.show(*values)

    def _error(self, statement, failure):
        if isinstance(failure, magics.UnknownMagic):
            return error("UnknownMagic", str(failure), ["UnknownMagic: %s\n" % failure])
        output = statement.output
        printed = output.text("stdout") + output.text("stderr")
        mark = output.cut_mark()
        if mark:
            printed += "\n" + mark + "\n"
        return python_errors.output_of(failure, printed, self.env.options["output_limit"])

    def _predefine(self):
        """The names that Livy's users expect, each where this Spark has it."""
        names = self._namespace
        names["sc"], names["spark"] = self.env.sc, self.env.spark
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, make in (("sqlContext", self._sql_context), ("HiveContext", _hive_context),
                               ("StreamingContext", _streaming_context), ("cloudpickle", _cloudpickle)):
                try:
                    names[name] = make()
                except Exception as e:
                    self.env.log("%s is not predefined: %s" % (name, e))

    def _refresh_context(self):
        """After a statement that replaced the SparkContext, `sc` and `spark` name the new one unless the user
        has put something else there."""
        names = self._namespace
        old = names.get("sc")
        if old is not self.env.sc and getattr(old, "_jsc", self) is None:
            names["sc"], names["spark"] = self.env.sc, self.env.spark

    def _sql_context(self):
        from pyspark.sql import SQLContext
        return SQLContext(self.env.sc, self.env.spark)


def _hive_context():
    from pyspark.sql import HiveContext
    return HiveContext


def _streaming_context():
    from pyspark.streaming import StreamingContext
    return StreamingContext


def _cloudpickle():
    from pyspark import cloudpickle
    return cloudpickle
