"""One R process that runs loop.R: commands go in, text and replies come out.

Standard output and error of R share one pipe, so that text arrives in the order in which it was written; the
end of a command is a mark in that pipe. Code and replies travel as files in a private directory, so no write
to the process can block. When R ends, for whatever reason, the watching thread puts a last mark into the pipe
behind what R wrote.
"""
import codecs
import os
import re
import shutil
import signal
import subprocess
import threading

_LOOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "loop.R")
_CHUNK = 64 * 1024
_END_SECONDS = 1.0
_COLOURS = re.compile("\x1b\\[[0-9;]*m")
_BEGUN_COLOUR = re.compile("\x1b(\\[[0-9;]*)?$")

DIED = "died"


class RProcess:
    """Made and used by the lane's thread (`run`, `close`) and the completion's, one command at a time;
    `interrupt` and `alive` may be called by any thread. Raises OSError if R cannot be started."""

    def __init__(self, command, directory):
        self._directory = directory
        self._mark = os.urandom(8).hex()
        self._last_id = 0
        self._changed = threading.Condition(threading.RLock())
        self._sink = None              # (id, function) of the command whose text is wanted
        self._replies = {}
        self._waiting = set()          # ids whose replies are wanted
        self._dead = False
        os.makedirs(os.path.join(directory, "tmp"), mode=0o700)
        os.mkfifo(self._path("commands"), 0o600)
        # For reading too: then neither opening nor writing blocks, whether R is there or not.
        self._commands = os.open(self._path("commands"), os.O_RDWR | os.O_CLOEXEC)
        self._read_end, self._write_end = os.pipe()
        try:
            self._process = self._spawn(command)
        except OSError:
            for fd in (self._commands, self._read_end, self._write_end):
                os.close(fd)
            raise
        threading.Thread(target=self._read, name="r-output", daemon=True).start()
        threading.Thread(target=self._watch, name="r-watch", daemon=True).start()

    def _spawn(self, command):
        environment = dict(os.environ, SPARKGATE_R_DIR=self._directory, SPARKGATE_R_MARK=self._mark,
                           TMPDIR=self._path("tmp"))
        if not re.search("utf-?8$", environment.get("LC_ALL") or environment.get("LC_CTYPE")
                         or environment.get("LANG") or "", re.IGNORECASE):
            environment["LC_ALL"] = "C.UTF-8"
        arguments = [command, "--no-save", "--no-restore", "--no-echo", "--no-readline", "-f", _LOOP]
        # A session of its own: an interrupt for R's group, and so for what system() runs, hits nothing else.
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=self._write_end,
                                stderr=self._write_end, env=environment, start_new_session=True)

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        with self._changed:
            return not self._dead

    def call(self, verb, *fields, code=None, sink=None, timeout=None):
        """Run one command and return (status, text of the reply). `sink(text)` gets what R writes meanwhile.
        The status is DIED if R ended, None after `timeout` seconds (R may go on; its reply is dropped)."""
        with self._changed:
            self._last_id += 1
            id = self._last_id
            self._waiting.add(id)
            self._sink = (id, sink)
        if code is not None:
            self._write("code%d" % id, code)    # R may not yet have read that of a command given up
        with self._changed:
            if self._commands is not None:
                os.write(self._commands, ("\t".join((verb, str(id)) + fields) + "\n").encode("utf-8"))
            self._changed.wait_for(lambda: id in self._replies or self._dead, timeout)
            self._waiting.discard(id)
            return self._replies.pop(id, (DIED if self._dead else None, ""))

    def plots(self):
        """The pages drawn since the last call, as PNG data; the files are removed."""
        pages = []
        for name in sorted(os.listdir(self._directory)):
            if name.startswith("plot-"):
                with open(self._path(name), "rb") as file:
                    pages.append(file.read())
                os.unlink(self._path(name))
        return [page for page in pages if page]

    def interrupt(self):
        """Ctrl-C for R and the programs it runs."""
        self._signal(signal.SIGINT)

    def close(self):
        """End R in an orderly way (it then removes its temporary files), or by force. Idempotent."""
        with self._changed:
            if self._commands is not None:
                os.close(self._commands)      # the end of its input
                self._commands = None
            if not self._changed.wait_for(lambda: self._dead, _END_SECONDS):
                self._signal(signal.SIGKILL)
                self._changed.wait_for(lambda: self._dead)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _path(self, name):
        return os.path.join(self._directory, name)

    def _write(self, name, text):
        with open(self._path(name), "wb") as file:
            file.write(text.encode("utf-8", "replace"))

    def _signal(self, number):
        with self._changed:
            if not self._dead:                # until then the process id cannot be another's
                os.killpg(self._process.pid, number)

    def _watch(self):
        """Wait for R's end and announce it behind R's last text. Thread's body."""
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        os.write(self._write_end, _encode_mark(self._mark, 0, DIED))
        with self._changed:
            self._changed.wait_for(lambda: self._dead)
        try:
            os.killpg(self._process.pid, signal.SIGKILL)    # programs that R started in the background
        except ProcessLookupError:
            pass
        self._process.wait()

    def _read(self):
        """Hand R's text to the sink of the command that runs, and replies to who waits. Thread's body."""
        begin = _encode_mark(self._mark, "", "")[:-2]
        held, text, finished = b"", _TextFilter(), 0
        while not self._dead:
            held += os.read(self._read_end, _CHUNK)
            while True:
                at = held.find(begin)
                end = held.find(b"\1", at + 1) if at >= 0 else -1
                if end < 0:
                    break
                self._emit(finished + 1, text.feed(held[:at], final=True))
                id, status = held[at + len(begin):end].decode().split()
                held = held[end + 1:]
                finished = int(id)
                self._finish(finished, status)
            keep = len(held) - at if at >= 0 else _beginning_of(begin, held)
            self._emit(finished + 1, text.feed(held[:len(held) - keep]))
            held = held[len(held) - keep:]
        os.close(self._read_end)
        os.close(self._write_end)

    def _emit(self, id, text):
        with self._changed:
            sink = self._sink[1] if self._sink is not None and self._sink[0] == id else None
        if text and sink is not None:
            sink(text)

    def _finish(self, id, status):
        with self._changed:
            if status == DIED:
                self._dead = True
            elif id in self._waiting:
                with open(self._path("reply"), encoding="utf-8", errors="replace", newline="") as file:
                    self._replies[id] = (status, file.read())
            self._changed.notify_all()


class _TextFilter:
    """Bytes in any pieces to text without colours."""

    def __init__(self):
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def feed(self, data, final=False):
        text = _COLOURS.sub("", self._held + self._decoder.decode(data, final))
        begun = None if final else _BEGUN_COLOUR.search(text)
        self._held = text[begun.start():] if begun else ""
        return text[:begun.start()] if begun else text


def _encode_mark(mark, id, status):
    return ("\1%s %s %s\1" % (mark, id, status)).encode("ascii")


def _beginning_of(mark, data):
    """How many bytes at the end of `data` may be the beginning of `mark`."""
    return next((n for n in range(min(len(mark), len(data)), 0, -1) if mark.startswith(data[-n:])), 0)
