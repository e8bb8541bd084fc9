"""The driver's life: start Spark, own the lanes, answer the gateway, end at its word or with the JVM."""
import os
import platform
import signal
import sys
import threading
import time
import traceback

from . import (add_service, cancel, capture, completion_service, frames, settings as settings_file,
               signals)
from .added_files import AddedFiles
from .environment import Environment
from .failures import describe
from .lanes import Lanes
from .link import Link
from .output import Flusher
from .progress import Progress

PARENT_POLL_SECONDS = 0.5
PRESTART_IDLE_SECONDS = 0.5
STOP_SECONDS = 10.0      # for user code to give way and Spark to stop
CLOSE_SECONDS = 5.0      # for the interpreters to release what they hold
MAX_DETAIL = 100 * 1000  # characters of a traceback
BYE_SECONDS = 2.0        # for the last frames to be acknowledged


def run(argv):
    """The program: returns the exit code."""
    try:
        settings = settings_file.load(argv[1])
    except (IndexError, OSError, ValueError, KeyError, TypeError) as e:
        print("sparkgate driver: cannot read its settings: %s: %s" % (type(e).__name__, e), file=sys.stderr)
        return 1
    return Driver(settings).run()


class Driver:
    """One session. `run` is the main thread's body and serves the Python lane; frames arrive on the link's
    reader thread."""

    environment = Environment
    added_files = AddedFiles

    def __init__(self, settings):
        self.link = Link(settings, self._on_frame, self._on_orphan)
        self.env = self.environment(settings, self.link)
        self.lanes = Lanes(self.env, self.link, Flusher())
        self.completion = completion_service.CompletionService(self.lanes, self.link)
        self.adding = add_service.AddService(self.env, self.link, self.added_files(self.env))
        self._python_lane = None
        self._phase = "python"
        self._stopping = threading.Event()
        self._bye_lock = threading.Lock()
        self._bye_said = False

    def run(self):
        parent = os.getppid()
        capture.install()
        signal.signal(signal.SIGTERM, lambda *_: self._stop_soon())
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.link.start()
        threading.Thread(target=self._watch_parent, args=(parent,), name="parent-watch", daemon=True).start()
        try:
            sc = self._start_context()
            # Statements may come from now on; their lanes wait for the SparkSession, which takes seconds on Spark 4.
            self.link.send("ready", t=frames.now_ms(), **self._describe(sc))
            self._start_session(sc)
        except BaseException as e:
            self._send_failed(e)
            return 1
        if self.env.options["scala_prestart"]:
            threading.Thread(target=self._prestart_scala, name="prestart", daemon=True).start()
        self._serve_python()
        self._end()
        return 0

    # ---- start

    def _start_context(self):
        self._mark("python")
        from pyspark import SparkConf, SparkContext
        self._mark("pyspark")
        os.makedirs(self.env.class_dir, mode=0o700, exist_ok=True)
        conf = SparkConf()
        conf.set("spark.repl.class.outputDir", self.env.class_dir)
        # A cancelled Python task holds its core for so long; Spark's 2 s delay the next statement.
        conf.setIfMissing("spark.python.task.killTimeout", "200ms")
        sc = SparkContext(conf=conf)
        self._mark("context")
        return sc

    def _start_session(self, sc):
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        signals.GUARD.install()
        self.env.attach(sc, spark, self.lanes)
        self._python_lane = self.lanes.get("pyspark")
        self._python_lane.prestart()
        Progress(self.env, self.lanes, self.link).start()
        self._mark("session")

    def _mark(self, phase):
        self._phase = phase
        self.link.send("phase", name=phase, t=frames.now_ms())

    @staticmethod
    def _describe(sc):
        jvm = sc._jvm
        return {"app_id": sc.applicationId, "ui_url": sc.uiWebUrl, "spark": sc.version,
                "scala": jvm.scala.util.Properties.versionNumberString(),
                "java": jvm.java.lang.System.getProperty("java.version"), "python": platform.python_version()}

    def _send_failed(self, e):
        detail = "".join(traceback.format_exception(type(e), e, e.__traceback__))
        message = "%s: %s" % describe(e)
        self.link.send("failed", phase=self._phase, message=message, detail=detail[-MAX_DETAIL:])
        self.link.wait_acked(BYE_SECONDS)

    def _prestart_scala(self):
        while not self._stopping.wait(PRESTART_IDLE_SECONDS / 2):
            idle = time.monotonic() - self.lanes.last_activity
            if idle >= PRESTART_IDLE_SECONDS and not self.lanes.unfinished():
                break
        else:
            return
        try:
            self.lanes.get("spark").prestart()
        except Exception as e:
            self.env.log("Scala does not start ahead: %s" % e)

    # ---- frames (reader thread: must not block)

    def _on_frame(self, header, payload):
        op = header["op"]
        if op == "exec":
            self.lanes.submit(header["id"], header["kind"], payload.decode("utf-8", "replace"))
        elif op == "cancel":
            statement = self.lanes.find(header["id"])
            if statement is not None:
                cancel.start(statement, self.lanes.get(statement.kind).interpreter, self.env, self.link)
        elif op == "complete":
            code = payload.decode("utf-8", "replace")
            self.completion.ask(header["req"], header["kind"], code, header["cursor"])
        elif op == "add":
            self.adding.ask(header["req"], header["kind"], header["uri"])
        elif op == "shutdown":
            self._stop_soon()

    # ---- end

    def _serve_python(self):
        while not self._stopping.is_set():
            try:
                self._python_lane.serve()
                return
            except BaseException:    # a lane never dies, whatever the user's code left behind
                self.env.log(traceback.format_exc())

    def _stop_soon(self):
        """Any thread, and the signal handler: end in an orderly way, or by force after STOP_SECONDS."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        threading.Thread(target=self._stop, name="stop", daemon=True).start()

    def _stop(self):
        if self._python_lane is None:    # Spark is still starting; there is nothing to stop in order
            self._say_bye()
            os._exit(0)
        for statement in self.lanes.unfinished():
            cancel.start(statement, self.lanes.get(statement.kind).interpreter, self.env, self.link)
        self._python_lane.close()
        time.sleep(STOP_SECONDS)
        self._say_bye()
        os._exit(0)

    def _end(self):
        for lane in self.lanes.existing():
            lane.close()
        deadline = time.monotonic() + CLOSE_SECONDS
        for lane in self.lanes.existing():
            if lane is not self._python_lane:
                lane.closed.wait(max(0.0, deadline - time.monotonic()))
        try:
            if self.env.sc is not None:
                self.env.sc.stop()
        except Exception as e:
            self.env.log("stopping Spark: %s" % e)
        self._say_bye()

    def _say_bye(self):
        with self._bye_lock:
            if not self._bye_said:
                self._bye_said = True
                self.link.send("bye")
                self.link.wait_acked(BYE_SECONDS)

    def _on_orphan(self, reason):
        capture.write_log("sparkgate driver: %s\n" % reason)
        if self._python_lane is None:
            os._exit(1)
        self._stop_soon()

    def _watch_parent(self, parent):
        """The JVM is our parent; without it nothing works, and nobody would end us."""
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_SECONDS)
        self._say_bye()
        os._exit(1)
