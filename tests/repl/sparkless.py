"""The driver without Spark, for tests of everything else: `sparkless.py <settings file>`."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "repl"))

from sparkgate_repl import environment, main, settings  # noqa: E402


class Environment(environment.Environment):
    """No JVM: there is no thread to prepare and no job to cancel."""

    def prepare_jvm_thread(self, statement):
        return None

    def cancel_jobs(self, statement):
        pass

    def active_jobs(self, statement):
        return []

    jobs = active_jobs


class AddedFiles:
    """Adding is reading: a test makes it wait by a pipe, and fail by a name that nothing has."""

    def __init__(self, env):
        pass

    def add(self, kind, uri):
        with open(uri) as file:
            if file.read() == "nonsense":
                raise ValueError("a %s with\nnonsense" % kind)


class Driver(main.Driver):
    environment = Environment
    added_files = AddedFiles

    def _start_context(self):
        return None

    def _describe(self, sc):
        return {"app_id": None}

    def _start_session(self, sc):
        self.env.attached.set()
        self._python_lane = self.lanes.get("pyspark")
        self._python_lane.prestart()


if __name__ == "__main__":
    sys.exit(Driver(settings.load(sys.argv[1])).run())
