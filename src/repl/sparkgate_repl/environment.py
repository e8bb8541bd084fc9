"""What all interpreters share: Spark, the options, the private directory, and the state of JVM threads."""
import os
import threading
import time

from .interpreter import InterpreterError

_END_JOBS_SECONDS = 10.0
_END_JOBS_STEP_SECONDS = 0.05

_STOPPED = ("The SparkContext was stopped by an earlier statement. Make a new session; code that wants "
            "another context must stop the old one and make the new one in the same statement.")


class Environment:
    """Made by the main thread before Spark is up; `attach` gives it Spark. Then any thread may use it."""

    def __init__(self, settings, link):
        self.options = settings.options
        self.dir = settings.directory
        self.class_dir = os.path.join(settings.directory, "classes")
        self.jar_dir = os.path.join(settings.directory, "jars")    # added while the application runs
        self.default_kind = settings.options["kind"]
        self.sc = None
        self.spark = None
        self.jvm = None
        self.attached = threading.Event()    # Spark is up: lanes run nothing before
        self._link = link
        self._lanes = None
        self._cancels_future_jobs = False
        self._thread_class = None
        self._arrays_class = None
        self._local = threading.local()

    def attach(self, sc, spark, lanes):
        """Spark is up."""
        self._lanes = lanes
        self._adopt(sc, spark)
        self.attached.set()

    def log(self, text):
        """Write to the session's log. Any thread."""
        for line in str(text).splitlines():
            if line.strip():
                self._link.send("log", text=line)

    def lane_interpreter(self, kind):
        """The interpreter of another kind if it has been started, else None."""
        return self._lanes.interpreter(kind)

    def prepare_jvm_thread(self, statement):
        """Set the state of the calling thread's JVM thread anew for `statement`: no interrupt left over, its
        own job group. Returns the java.lang.Thread. Raises InterpreterError if the SparkContext is gone."""
        self.check_context()
        self._thread_class.interrupted()
        # interruptOnCancel: tasks are interrupted, not only marked, when the group is cancelled.
        self.sc._jsc.setJobGroup(statement.group, "statement %d" % statement.id, True)
        return self._jvm_thread()

    def check_context(self):
        """Take over a SparkContext that user code has put in place of the old one. Raises InterpreterError if
        there is none."""
        if self.sc is not None and self.sc._jsc is not None:
            return
        from pyspark.sql import SparkSession
        self._adopt(self.active_context(), SparkSession.builder.getOrCreate())

    def active_context(self):
        """The SparkContext of this moment, which a running statement may have put in place of `sc`. Raises
        InterpreterError if there is none. Any thread."""
        from pyspark import SparkContext
        active = SparkContext._active_spark_context
        if active is None or active._jsc is None or active._jsc.sc().isStopped():
            raise InterpreterError(_STOPPED)
        return active

    def cancel_jobs(self, statement):
        """Cancel the Spark jobs of `statement` that are active. Only a job that has not been cancelled yet
        makes a call, since Spark warns of a group without jobs. The cancel thread's."""
        if self.sc is None or self.sc._jsc is None:
            return
        fresh = set(self.active_jobs(statement)) - statement.cancelled_jobs
        if fresh:
            self._cancel_group(statement.group)
            statement.cancelled_jobs |= fresh

    def end_jobs(self, statement):
        """Wait until no job of the cancelled `statement` is active: adaptive queries start jobs from threads of
        their own, also when the statement has already given up. The lane's, after the statement's code."""
        deadline = time.monotonic() + _END_JOBS_SECONDS
        try:
            while self.sc is not None and self.sc._jsc is not None and self.active_jobs(statement):
                if time.monotonic() > deadline:
                    self.log("jobs of the cancelled statement %d are still active" % statement.id)
                    return
                self._cancel_group(statement.group)
                time.sleep(_END_JOBS_STEP_SECONDS)
        except Exception as e:    # Spark is going away, and its jobs with it
            self.log("the jobs of statement %d: %s: %s" % (statement.id, type(e).__name__, e))

    def _cancel_group(self, group):
        """Spark 4 also refuses the group's jobs to come; no other statement has this group."""
        if self._cancels_future_jobs:
            self.sc._jsc.sc().cancelJobGroupAndFutureJobs(group)
        else:
            self.sc._jsc.sc().cancelJobGroup(group)

    def jobs(self, statement):
        """The ids of the statement's jobs that Spark still remembers."""
        return self.ids(self.sc._jsc.statusTracker().getJobIdsForGroup(statement.group))

    def active_jobs(self, statement):
        """The ids of the statement's jobs that run now."""
        active = self.ids(self.sc._jsc.statusTracker().getActiveJobIds())
        return sorted(set(active).intersection(self.jobs(statement))) if active else []

    def ids(self, java_array):
        """A Java int[] as a list, by one call instead of one for each element."""
        text = self._arrays_class.toString(java_array)
        return [int(item) for item in text.strip("[]").split(",") if item.strip()]

    def _adopt(self, sc, spark):
        self.sc, self.spark, self.jvm = sc, spark, sc._jvm
        # Looking a class up by its name costs a call for every part of the name.
        self._cancels_future_jobs = int(sc.version.split(".")[0]) >= 4
        self._thread_class = self.jvm.java.lang.Thread
        self._arrays_class = self.jvm.java.util.Arrays

    def _jvm_thread(self):
        connection = self.sc._gateway._gateway_client.get_thread_connection()
        if connection is None or getattr(self._local, "connection", None) is not connection:
            self._local.thread = self._thread_class.currentThread()
            self._local.connection = self.sc._gateway._gateway_client.get_thread_connection()
        return self._local.thread
