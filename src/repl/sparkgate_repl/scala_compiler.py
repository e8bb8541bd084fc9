"""The Scala compiler of the driver's JVM (scala.tools.nsc.interpreter.IMain), reached through Py4J.

Scala 2.12 and 2.13 differ in how it is made, made quiet and asked; the difference ends here. Nothing is
shipped: the compiler is on Spark's own class path.
"""
import os

from py4j.protocol import Py4JJavaError

from .added_files import added_jars, submitted_jars, url_of
from .scala_cell import Tree

_DEFINES = {"ClassDef": "type", "ModuleDef": "object", "ValDef": "value", "DefDef": "function",
            "TypeDef": "alias"}
_JDK_WITH_SEALED_LAMBDAS = 22


class ScalaCompiler:
    """One REPL's compiler. Belongs to the lane, except `candidates`, which may run on another thread while
    the lane does not compile. What the compiler says (echoes of values, errors) is collected and taken with
    `take_report`."""

    def __init__(self, env):
        """Starts the compiler, which takes seconds in a fresh JVM. Raises Py4JError."""
        self._jvm = jvm = env.jvm
        self._env = env
        self._added_jars = added_jars(env)
        self._interpreter_package = jvm.scala.tools.nsc.interpreter
        self._is_212 = jvm.scala.util.Properties.versionNumberString().startswith("2.12")
        # Read once, when the compiler is made. 0: values are shown whole.
        jvm.java.lang.System.setProperty("scala.repl.maxprintstring", "0")
        report = jvm.java.io.StringWriter()
        self._report = report.getBuffer()
        settings = self._settings(env)
        writer = jvm.java.io.PrintWriter(report)
        if self._is_212:
            self._imain = self._interpreter_package.IMain(settings, writer)
            self._imain.initializeSynchronous()
            self._printer = self._imain
        else:
            self._printer = self._interpreter_package.shell.ReplReporterImpl(settings, writer)
            self._imain = self._interpreter_package.IMain(settings, self._printer)
            self._imain.initializeCompiler()
        self.class_loader = self._imain.classLoader()

    def _settings(self, env):
        settings = self._jvm.scala.tools.nsc.Settings()
        arguments = ["-Yrangepos", "-Yrepl-class-based", "-Yrepl-outdir", env.class_dir, "-usejavacp",
                     # Otherwise "there was one deprecation warning; …" is in the output.
                     "-Wconf:cat=deprecation:s,cat=feature:s"]
        if jdk_version(self._jvm) >= _JDK_WITH_SEALED_LAMBDAS:
            # Spark cleans a closure by writing to it, which this JDK allows for a class but not for a lambda.
            arguments.append("-Ydelambdafy:inline")
        jars = submitted_jars(env.sc) + self._added_jars
        if jars:
            arguments += ["-classpath", os.pathsep.join(jars)]
        settings.processArguments(self._jvm.PythonUtils.toList(arguments), True)
        # Spark's loader sees the jars that were added to the application.
        settings.embeddedDefaults(self._jvm.org.apache.spark.util.Utils.getContextOrSparkClassLoader())
        return settings

    def find_added_jars(self):
        """Put the jars that were added since the last call onto the class path."""
        new = [jar for jar in added_jars(self._env) if jar not in self._added_jars]
        if new:
            urls = [url_of(self._jvm, jar) for jar in new]
            self._imain.addUrlsToClassPath(self._jvm.PythonUtils.toSeq(urls))
            self._added_jars += new

    def interpret(self, code):
        """Compile and run; "Success", "Error" or "Incomplete". Raises Py4JJavaError if the compiler itself
        fails (code that is nested too deeply, say); it is usable afterwards."""
        try:
            return self._imain.interpret(code, False).toString()
        except Py4JJavaError:
            self._imain.reporter().reset()
            raise

    def interpret_silently(self, code, synthetic=False):
        """As `interpret`, but values are not echoed; a `synthetic` expression takes no result name either."""
        set_printing = getattr(self._printer, "printResults_$eq")
        set_printing(False)
        try:
            return self._imain.interpret(code, synthetic).toString()
        finally:
            set_printing(True)

    def take_report(self, limit=1 << 20):
        """What the compiler has said since the last call: its first `limit` characters, and the number of
        those left out (an echoed value may be larger than this process)."""
        length = self._report.length()
        taken = min(length, limit)
        text = self._report.substring(0, taken) if length else ""
        self._report.setLength(0)
        return text, length - taken

    def trees(self, code):
        """The top-level trees of `code` as scala_cell.Tree, ends as Java offsets; [] if it does not parse."""
        trees = getattr(self._imain, "global")().newUnitParser(code, "<cell>").parseStats()
        found = []
        for index in range(trees.size()):
            tree = trees.apply(index)
            if tree.pos().isDefined():
                defines = _DEFINES.get(tree.productPrefix())
                found.append(Tree(defines, tree.name().decoded() if defines else None, tree.pos().end()))
        report, _ = self.take_report()
        self._imain.reporter().reset()          # or the next code fails for this one's errors
        return [] if report else found

    def terms(self):
        """The names of the values and functions of the cells so far."""
        return set(self._imain.definedTerms().mkString("\n").split("\n"))

    def value_of(self, name):
        """The value of the val, var or lazy val `name`, as a scala.Option."""
        encoded = name if name.isidentifier() else self._jvm.scala.reflect.NameTransformer.encode(name)
        return self._imain.valueOfTerm(encoded)

    def load_object(self, name, source):
        """The Scala object `name` that `source`, a compilation unit, defines. Raises ValueError if it does
        not compile."""
        compiled = self._imain.compileString(source)
        report, _ = self.take_report()
        if not compiled:
            raise ValueError(report)
        return self.class_loader.loadClass(name + "$").getField("MODULE$").get(None)

    def candidates(self, code, offset):
        """The names that could stand at the Java offset `offset`."""
        package = self._interpreter_package
        if self._is_212:
            found = package.PresentationCompilerCompleter(self._imain).complete(code, offset).candidates()
            names = [found.apply(index) for index in range(found.size())]
        else:
            completion = package.shell.ReplCompletion(self._imain, package.shell.Accumulator())
            found = completion.complete(code, offset).candidates()
            names = [found.apply(index).name() for index in range(found.size())]
        return [name.strip() for name in dict.fromkeys(names) if name.strip()]

    def close(self):
        self._imain.close()


def jdk_version(jvm):
    """The JVM's Java version, as in 8 or 17."""
    return int(jvm.java.lang.System.getProperty("java.specification.version").split(".")[-1])
