"""Descriptors 1 and 2 lead through pipes: text of Python, C code and child processes arrives in the order
in which it was written.

A reader thread for each descriptor hands the text to the statement that owns it, or to the session's log. A
statement's begin and end are marks in the pipe itself, so the border is exact and no tail is lost. What a
thread or child process that outlives its statement writes later belongs to the statement that runs then.
"""
import codecs
import fcntl
import io
import os
import sys
import threading

_CHUNK = 256 * 1024
_F_SETPIPE_SZ = 1031


class Channel(threading.Thread):
    """One captured descriptor. `begin` and `end` are called by the main thread."""

    def __init__(self, fd, name):
        super().__init__(name="capture-" + name, daemon=True)
        self.fd = fd
        self.stream_name = name
        self.original = os.dup(fd)              # where the text of no statement goes
        self._read_end, self._write_end = os.pipe()
        try:
            fcntl.fcntl(self._write_end, _F_SETPIPE_SZ, 1024 * 1024)
        except OSError:
            pass                                # the system's limit for pipes is lower; a small one works
        self._mark = b"\0sparkgate:" + os.urandom(8).hex().encode() + b"\0"
        self._orders = []                       # (sink or None, event), one for every mark in the pipe
        self._sink = None
        self._decoder = None
        self.connect()

    def connect(self):
        """Lead the descriptor into the pipe (again: user code may have closed or replaced it)."""
        os.dup2(self._write_end, self.fd)

    def connected(self):
        try:
            return os.path.sameopenfile(self.fd, self._write_end)
        except OSError:
            return False

    def begin(self, sink):
        """Text written from now on goes to `sink(name, text)`."""
        if not self.connected():
            self.connect()
        self._order(sink, None)

    def end(self):
        """Return an event that is set when all text written so far has reached the sink."""
        done = threading.Event()
        self._order(None, done)
        return done

    def _order(self, sink, event):
        self._orders.append((sink, event))
        os.write(self._write_end, self._mark)

    def run(self):
        held = b""
        while True:
            data = os.read(self._read_end, _CHUNK)
            parts = (held + data).split(self._mark)
            for part in parts[:-1]:
                self._emit(part)
                self._obey()
            keep = _beginning_of_mark(parts[-1], self._mark)
            self._emit(parts[-1][:len(parts[-1]) - keep])
            held = parts[-1][len(parts[-1]) - keep:]

    def _obey(self):
        if self._sink is not None:
            self._text(b"", True)
        self._sink, event = self._orders.pop(0)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        if event is not None:
            event.set()

    def _emit(self, data):
        if not data:
            return
        if self._sink is None:
            _write_all(self.original, data)
        else:
            self._text(data, False)

    def _text(self, data, final):
        text = self._decoder.decode(data, final)
        if text:
            try:
                self._sink(self.stream_name, text)
            except Exception as e:              # a reader that died would hang every later statement
                write_log("sparkgate driver: text lost: %s\n" % e)


class NoInput(io.TextIOBase):
    """sys.stdin: always at its end. exit() and quit() close it, which must not matter."""

    def readable(self):
        return True

    def read(self, size=-1):
        return ""

    def readline(self, size=-1):
        return ""

    def close(self):
        pass


_channels = []


def install():
    """Capture from now on; text goes to the log until a statement begins. Main thread, once."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    for fd, name in ((1, "stdout"), (2, "stderr")):
        channel = Channel(fd, name)
        channel.start()
        _channels.append(channel)
    _replace_streams()


def begin(sink):
    """A statement owns the text from now on. Main thread."""
    if not (_usable("stdout") and _usable("stderr") and _usable("stdin")):
        _replace_streams()
    for channel in _channels:
        channel.begin(sink)


def end():
    """The statement has ended; returns when all its text has reached the sink. Main thread."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()          # the user may have put a buffered stream in its place
        except Exception:
            pass
    for done in [channel.end() for channel in _channels]:
        done.wait()


def write_log(text):
    """Write past every statement to the original standard error (the session's log). Any thread."""
    target = _channels[1].original if _channels else 2
    _write_all(target, text.encode("utf-8", "replace"))


def _usable(name):
    """Whether user code has left the stream in sys, and open."""
    return not getattr(getattr(sys, name, None), "closed", True)


def _replace_streams():
    # Unbuffered as under `python -u`: a child process or C code that writes next comes after it.
    sys.stdin = NoInput()
    sys.stdout = _stream(1, "replace")
    sys.stderr = _stream(2, "backslashreplace")


def _stream(fd, errors):
    return io.TextIOWrapper(io.FileIO(fd, "w", closefd=False), encoding="utf-8", errors=errors, newline="\n",
                            write_through=True)


def _write_all(fd, data):
    try:
        while data:
            data = data[os.write(fd, data):]
    except OSError:
        pass                                    # the log's reader is gone; there is nobody to tell


def _beginning_of_mark(data, mark):
    """How many bytes at the end of `data` may be the beginning of a mark."""
    at = data.rfind(b"\0", max(0, len(data) - len(mark) + 1))
    while at >= 0:
        if mark.startswith(data[at:]):
            return len(data) - at
        at = data.rfind(b"\0", max(0, len(data) - len(mark) + 1), at)
    return 0
