"""What the JVM prints, read in Python while it is printed.

A FIFO in the session's private directory: the JVM holds the writing end as a PrintStream, a thread here
reads. The name is removed once both ends are open.
"""
import codecs
import os
import re
import secrets
import threading

_CHUNK = 1 << 16
_STILL_READING = 1.0    # seconds between two looks whether the reader is alive


class JvmPipe:
    """One pipe. `stream` is the java.io.PrintStream to print to. `sink(text)`, called by the reader thread,
    gets the text; `open`, `flush` and `close` belong to the owning lane."""

    def __init__(self, env, sink):
        self.stream = None
        self._env = env
        self._sink = sink
        self._reader = None

    def open(self):
        """Connect both ends. Any exception means that there is no pipe."""
        path = os.path.join(self._env.dir, "console-" + secrets.token_hex(8))
        os.mkfifo(path, 0o600)
        try:
            # Non-blocking, or this would wait for the writer that is opened next.
            end = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                java_io = self._env.jvm.java.io
                self.stream = java_io.PrintStream(java_io.FileOutputStream(path), True, "UTF-8")
                os.set_blocking(end, True)
            except BaseException:
                os.close(end)
                raise
        finally:
            os.unlink(path)
        self._reader = _Reader(end, self._sink)

    def usable(self):
        """False once user code has closed the stream (Console.out.close(), say)."""
        return self.stream is not None and not self.stream.checkError()

    def flush(self):
        """Return when everything printed so far has reached the sink."""
        number, mark = self._reader.next_mark()
        self.stream.print(mark)
        if not self.stream.checkError():
            self._reader.wait(number)

    def close(self):
        if self.stream is not None:
            self.stream.close()
            self.stream = None


class _Reader:
    """Cuts the bytes of the pipe at the marks that `flush` prints. The mark's random part keeps user code
    from printing one."""

    def __init__(self, end, sink):
        self._end = end
        self._sink = sink
        self._prefix = b"\0sparkgate-%s-" % secrets.token_hex(8).encode()
        self._mark = re.compile(re.escape(self._prefix) + rb"(\d+)\0")
        self._asked = 0
        self._reached = 0
        self._changed = threading.Condition()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = b""
        self._thread = threading.Thread(target=self._run, name="jvm-pipe", daemon=True)
        self._thread.start()

    def next_mark(self):
        self._asked += 1
        return self._asked, "%s%d\0" % (self._prefix.decode(), self._asked)

    def wait(self, number):
        with self._changed:
            while self._reached < number and self._thread.is_alive():
                self._changed.wait(_STILL_READING)

    def _run(self):
        with open(self._end, "rb", buffering=0) as pipe:
            while True:
                data = pipe.read(_CHUNK)
                if not data:
                    break
                self._take(data)
        self._give(self._held, final=True)

    def _take(self, data):
        data = self._held + data
        position = 0
        for mark in self._mark.finditer(data):
            self._give(data[position:mark.start()], final=True)
            position = mark.end()
            with self._changed:
                self._reached = int(mark.group(1))
                self._changed.notify_all()
        rest = data[position:]
        keep = self._possible_mark(rest)
        self._give(rest[:keep])
        self._held = rest[keep:]

    def _possible_mark(self, data):
        """Where in `data` a mark may have begun that is not complete yet; the length if nowhere."""
        start = data.rfind(b"\0")
        if start < 0:
            return len(data)
        tail = data[start:]
        if self._prefix.startswith(tail[:len(self._prefix)]) and tail[len(self._prefix):].isdigit():
            return start
        return start if self._prefix.startswith(tail) else len(data)

    def _give(self, data, final=False):
        text = self._decoder.decode(data, final)
        if text:
            self._sink(text)
