"""Tells the gateway how far the Spark jobs of the running statement are."""
import threading

INTERVAL_SECONDS = 0.5
MAX_JOBS = 50    # a loop can make thousands of jobs; the latest ones tell enough


class Progress:
    """One thread with its own JVM thread: it never disturbs a lane. `watch` may be called by any thread."""

    def __init__(self, env, link):
        self._env = env
        self._link = link
        self._changed = threading.Condition()
        self._statement = None
        threading.Thread(target=self._loop, name="progress", daemon=True).start()

    def watch(self, statement):
        """From now on `statement` is the one that runs."""
        with self._changed:
            self._statement = statement
            self._changed.notify()

    def _loop(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._statement is not None)
                statement, self._statement = self._statement, None
            self._follow(statement)

    def _follow(self, statement):
        told = 0.0
        while not statement.ended.wait(INTERVAL_SECONDS):
            if not statement.running:
                continue
            try:
                value = self._value(statement)
            except Exception:
                continue    # Spark is going, or gone: nothing to tell
            if value != told:
                told = value
                self._link.send_volatile("progress", id=statement.id, value=value)

    def _value(self, statement):
        tracker = self._env.sc._jsc.statusTracker()
        known = done = 0
        for job in sorted(self._env.jobs(statement))[-MAX_JOBS:]:
            info = tracker.getJobInfo(job)
            for stage in self._env._ids(info.stageIds()) if info is not None else ():
                stage_info = tracker.getStageInfo(stage)
                if stage_info is not None:
                    known += stage_info.numTasks()
                    done += stage_info.numCompletedTasks()
        return round(done / known, 3) if known else 0.0
