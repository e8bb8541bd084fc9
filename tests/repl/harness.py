"""Real driver sessions for tests: spark-submit on a Spark of this machine, with a gateway made of Python.

SPARKGATE_TEST_SPARK_35 and SPARKGATE_TEST_SPARK_41 name SPARK_HOME folders (of pip-installed PySpark).
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from gateway import TOKEN, Gateway

HERE = os.path.dirname(os.path.abspath(__file__))
REPL = os.path.join(HERE, "..", "..", "src", "repl")
VERSIONS = ("3.5", "4.1")


def spark_home(version):
    """SPARK_HOME of that version, or None if the machine has none."""
    return os.environ.get("SPARKGATE_TEST_SPARK_" + version.replace(".", ""))


def python_of(home):
    return os.path.normpath(os.path.join(home, "..", "..", "..", "..", "bin", "python"))


class DriverSession(Gateway):
    """A driver process with its gateway. `close` ends every process of it, whatever state they are in."""

    def __init__(self, options):
        self.home = tempfile.mkdtemp(prefix="sparkgate-repl-")
        super().__init__(os.path.join(self.home, "driver.sock"))
        self.dir = os.path.join(self.home, "session")
        os.mkdir(self.dir, 0o700)
        self.log_path = os.path.join(self.home, "log")
        self.process = None
        self.settings = self._write_settings(options or {})

    def _write_settings(self, options):
        path = os.path.join(self.dir, "settings.json")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump({"session": 0, "token": TOKEN, "connect": {"unix": self.path}, "dir": self.dir,
                       "options": dict({"kind": "pyspark", "scala_prestart": False}, **options)}, file)
        return path

    def spawn(self, command, env):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                command, env=env, cwd=self.home, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)

    def wait_ready(self):
        """Wait for the driver; on failure the session's log is part of the message."""
        def seen():
            return self.of("ready") or self.of("failed") or self.process.poll() is not None
        with self.changed:
            while not self.changed.wait_for(seen, 1.0) and self.process.poll() is None:
                pass
        assert self.of("ready"), "driver is not ready: %s\n%s" % (self.of("failed"), self.log()[-4000:])
        return self

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def processes(self):
        """The ids of all processes of this session (its JVM, Python, the workers, what user code started)."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % name) as file:
                    if int(file.read().rpartition(")")[2].split()[3]) == self.process.pid:
                        found.append(int(name))
            except OSError:
                continue
        return found

    def close(self):
        super().close()
        while True:
            left = [pid for pid in self.processes() if pid != self.process.pid]
            for pid in left:
                _kill(pid)
            if self.process.poll() is None:
                _kill(self.process.pid)
            self.process.wait()
            if not left:
                break
        shutil.rmtree(self.home, ignore_errors=True)


class PlainSession(DriverSession):
    """The driver without Spark (sparkless.py): everything but Spark is real."""

    def __init__(self, options=None):
        super().__init__(options)
        self.spawn([sys.executable, os.path.join(HERE, "sparkless.py"), self.settings], dict(os.environ))


class Session(DriverSession):
    """One spark-submit with its driver. `confs` are "name=value" texts."""

    def __init__(self, version, options=None, confs=(), java_home=None, environment=None,
                 master="local[2]"):
        super().__init__(options)
        self.version = version
        home = spark_home(version)
        env = dict(os.environ, SPARK_HOME=home, PYSPARK_PYTHON=python_of(home), SPARK_LOCAL_IP="127.0.0.1")
        env.update({"JAVA_HOME": java_home} if java_home else {}, **(environment or {}))
        command = [os.path.join(home, "bin", "spark-submit"), "--master", master]
        for conf in self._confs() + tuple(confs):
            command += ["--conf", conf]
        self.spawn(command + [os.path.join(REPL, "driver.py"), self.settings], env)

    def _confs(self):
        return ("spark.ui.enabled=false", "spark.driver.memory=1g", "spark.sql.shuffle.partitions=2",
                "spark.driver.host=127.0.0.1", "spark.sql.warehouse.dir=%s/warehouse" % self.home)


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
