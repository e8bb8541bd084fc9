"""Runs the real server for tests, and finds what it left behind.

Everything that a server starts inherits the environment variable SPARKGATE_TEST_MARK with the path of the test's own
directory, and most of it has that path in its arguments; so /proc tells what survived.
"""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from blackbox.client import Client, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("SPARKGATE_BIN", ROOT / "build/release/sparkgate"))
IMPERSONATION = {"impersonation.enabled": "true", "server.allow-impersonation-without-authentication": "true"}
START_DEADLINE = 30.0
STOP_DEADLINE = 60.0


def processes_with(mark):
    """{pid: command line} of the living processes that carry `mark` in arguments or environment, but this one."""
    found = {}
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        if pid == os.getpid():
            continue
        try:
            arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if arguments and (mark.encode() in arguments or mark.encode() in environment):
            found[pid] = arguments.replace(b"\0", b" ").decode(errors="replace")[:300]
    return found


def descendants(pid):
    """{pid: command line} of everything below a process."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = pathlib.Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()
                children.setdefault(int(fields[1]), []).append((int(name), fields[0]))
            except OSError:
                continue
    found, todo = {}, [pid]
    while todo:
        for child, state in children.get(todo.pop(), []):
            todo.append(child)
            if state != "Z":
                try:
                    text = pathlib.Path(f"/proc/{child}/cmdline").read_bytes()
                except OSError:
                    continue
                found[child] = text.replace(b"\0", b" ").decode(errors="replace")
    return found


def make_fake_spark_home(directory):
    """Puts a bin/spark-submit into `directory` that runs fake_spark_submit.py; returns the directory."""
    submit = pathlib.Path(directory) / "bin" / "spark-submit"
    submit.parent.mkdir()
    fake = pathlib.Path(__file__).with_name("fake_spark_submit.py")
    submit.write_text(f"#!/bin/sh\nexec {sys.executable} {fake} \"$@\"\n")
    submit.chmod(0o755)
    return directory


def run(*arguments, environment=None, timeout=60):
    """Runs the binary to its end."""
    return subprocess.run([BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout, env=environment)


class Gateway:
    """A server on a free port with a state directory of its own."""

    def __init__(self, directory, spark_home, python=None, settings=None, environment=None, tls=None):
        """`tls`: the ssl.SSLContext of its clients, where the settings make it speak TLS."""
        self.directory = pathlib.Path(directory)
        self.state_dir = self.directory / "state"
        self.log_file = self.directory / "server.log"
        self.port_file = self.directory / "port"
        self.environment = {**os.environ, "SPARK_HOME": str(spark_home), "SPARKGATE_TEST_MARK": str(self.directory)}
        for name in ("PYSPARK_PYTHON", "SPARK_LOCAL_IP", "SPARK_LOCAL_HOSTNAME"):
            self.environment.pop(name, None)
        if python:
            self.environment["PYSPARK_PYTHON"] = str(python)
        self.environment.update(environment or {})
        # Tests of recovery ask for it; all others want nothing left when their server stops.
        self.settings = {"server.port": "0", "server.recovery.mode": "off", "state.dir": str(self.state_dir), "server.log.level": "debug",
                         **(settings or {})}
        self.process, self.client, self.tls = None, None, tls
        self.stopping = None  # the process that was asked to end

    def spawn(self, binary=BINARY):
        """The process; nothing is waited for."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port_file.unlink(missing_ok=True)
        arguments = [str(binary), "serve", "--port-file", str(self.port_file)]
        for key, value in self.settings.items():
            arguments += ["--set", f"{key}={value}"]
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.environment, start_new_session=True)
        return self.process

    def start(self, binary=BINARY):
        self.spawn(binary)
        until(lambda: self.port_file.exists() or self.process.poll() is not None, START_DEADLINE,
              lambda: f"server up\n{self.log()}")
        assert self.process.poll() is None, f"the server ended with {self.process.returncode}\n{self.log()}"
        port = int(self.port_file.read_text())
        if self.client is None:
            self.client = Client(port, tls=self.tls)
        else:
            self.client.move(port)
        return self

    def kill(self):
        """SIGKILL: the server has no time for anything."""
        self.process.kill()
        return self.process.wait()

    def restart(self):
        """Killed and started anew, on another port, which its client knows."""
        self.kill()
        return self.start()

    def end_everything(self):
        """The exit code of a server that ends, as recovery.mode=off has it, what servers before it left running."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.settings["server.recovery.mode"] = "off"
        return self.start().stop()

    @property
    def port(self):
        return self.client.port

    def directory_of(self, program):
        """Where the files of a session or batch are."""
        return self.state_dir / program.path[1:]

    def shim_of(self, program):
        """The pids of a session's or batch's shim and of the child that it started."""
        identity = json.loads((self.directory_of(program) / "shim.json").read_text())
        return identity["pid"], identity["child"]["pid"]

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def open_files(self):
        """Their names without directories."""
        names, folder = set(), f"/proc/{self.process.pid}/fd"
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                names.add(os.path.basename(os.readlink(f"{folder}/{name}")))
        return names

    def sockets(self):
        """The open ones: clients and drivers, but not what belongs to processes that end."""
        count, folder = 0, f"/proc/{self.process.pid}/fd"
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                count += os.readlink(f"{folder}/{name}").startswith("socket:")
        return count

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))

    @contextlib.contextmanager
    def memory_bounded(self, kib):
        """The resident memory must not grow by more than this within the block."""
        before, over = self.resident_kib(), threading.Event()
        peak = [before]

        def watch():
            while not over.wait(0.05):
                peak.append(self.resident_kib())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
        assert max(peak) - before < kib, f"{before} KiB before, then up to {max(peak)}"

    def begin_stop(self):
        """SIGTERM, as an operator would; once, since a second one ends the server at once."""
        if self.process.poll() is None and self.stopping is not self.process:
            self.process.send_signal(signal.SIGTERM)
        self.stopping = self.process

    def stop(self):
        """The same, and waits for the end. Returns the exit code."""
        if self.client is not None:
            self.client.close()
        if self.process is None:
            return None
        self.begin_stop()
        try:
            return self.process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not end within {STOP_DEADLINE} s of SIGTERM\n{self.log()[-4000:]}")

    def leftovers(self, patience=10.0):
        """What is still alive with this server's mark after it ended; ends it. Call after stop()."""
        end = time.monotonic() + patience
        while (left := processes_with(str(self.directory))) and time.monotonic() < end:
            time.sleep(0.05)
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return left

    def session_logs(self):
        """The end of each log below the state directory, for the report of a failed test."""
        parts = []
        for file in sorted(self.state_dir.rglob("*.log")) if self.state_dir.exists() else []:
            parts.append(f"--- {file}\n{file.read_text(errors='replace')[-4000:]}")
        return "\n".join(parts)
