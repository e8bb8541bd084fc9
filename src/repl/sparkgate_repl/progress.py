"""Tells the gateway how far the Spark jobs of the running statement are."""
import threading
import time

INTERVAL_SECONDS = 0.5
MAX_JOBS = 50    # a loop can make thousands of jobs; the latest ones tell enough


class Progress:
    """One thread with its own JVM thread: it never disturbs a lane. It looks every half second on its own
    account, so that short statements, which have no progress, do not have to wake it."""

    def __init__(self, env, lanes, link):
        self._env = env
        self._lanes = lanes
        self._link = link
        self._told = (-1, 0.0)    # statement id, value

    def start(self):
        threading.Thread(target=self._loop, name="progress", daemon=True).start()

    def _loop(self):
        never = threading.Event()
        while True:
            never.wait(INTERVAL_SECONDS)
            for statement in self._lanes.unfinished():
                if statement.running and time.monotonic() - statement.running_since >= INTERVAL_SECONDS:
                    self._report(statement)

    def _report(self, statement):
        try:
            value = self._value(statement)
        except Exception:
            return    # Spark is going, or gone: nothing to tell
        if value and self._told != (statement.id, value):
            self._told = (statement.id, value)
            self._link.send_volatile("progress", id=statement.id, value=value)

    def _value(self, statement):
        tracker = self._env.sc._jsc.statusTracker()
        known = done = 0
        for job in sorted(self._env.jobs(statement))[-MAX_JOBS:]:
            info = tracker.getJobInfo(job)
            for stage in self._env.ids(info.stageIds()) if info is not None else ():
                stage_info = tracker.getStageInfo(stage)
                if stage_info is not None:
                    known += stage_info.numTasks()
                    done += stage_info.numCompletedTasks()
        return round(done / known, 3) if known else 0.0
