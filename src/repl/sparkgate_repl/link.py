"""The connection to the gateway: dials, says hello, sends again what was not acknowledged.

A reader and a writer thread; neither ever runs user code. `send` never blocks: it writes what the socket
takes at once and leaves the rest to the writer; frames wait in memory while the gateway is away (a
statement's output is bounded, and the gateway sends one statement at a time).
"""
import collections
import os
import socket
import threading
import time

from . import frames

VERSION = 1
FIRST_DIAL_LIMIT = 60.0   # seconds; a driver that was never heard has no work that could be lost
_LONGEST_ADDRESS = 107    # bytes, of a Unix socket on Linux
_DELAYS = (0.05, 1.0)     # seconds before dialling again: first, most


class Link:
    """`on_frame(header, payload)` is called by the reader thread for every frame but welcome and ack; it must
    not block. `on_orphan(reason)` is called once when the gateway stays away for too long."""

    def __init__(self, settings, on_frame, on_orphan):
        self._settings = settings
        self._on_frame = on_frame
        self._on_orphan = on_orphan
        self._changed = threading.Condition()
        self._seq = 0
        self._unacked = collections.deque()    # (seq, bytes): reliable frames, oldest first
        self._unsent = collections.deque()     # bytes to write on the present connection
        self._writing = False                  # the writer is within sendall
        self._sock = None
        self._connects = 0
        self.last_exec = -1

    def start(self):
        for name, loop in (("link-reader", self._read_loop), ("link-writer", self._write_loop)):
            threading.Thread(target=loop, name=name, daemon=True).start()

    def send(self, op, payload=b"", **fields):
        """Queue a reliable frame. Any thread."""
        with self._changed:
            self._seq += 1
            data = frames.encode(dict(fields, op=op, seq=self._seq), payload)
            self._unacked.append((self._seq, data))
            self._transmit(data)

    def send_volatile(self, op, payload=b"", **fields):
        """Queue a frame that is worth nothing on a later connection (progress, completion). Any thread."""
        data = frames.encode(dict(fields, op=op), payload)
        with self._changed:
            self._transmit(data)

    def wait_acked(self, timeout):
        """Wait until the gateway has acknowledged everything; False if it has not in `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._unacked, timeout)

    def _transmit(self, data):
        """Write `data` now if that cannot block, else queue it for the writer. Under the lock."""
        if self._sock is None:
            return
        if not self._unsent and not self._writing:
            try:
                data = data[self._sock.send(data, socket.MSG_DONTWAIT):]
            except BlockingIOError:
                pass
            except OSError:
                _shutdown(self._sock)    # the reader sees the end and dials again
                return
        if data:
            self._unsent.append(data)
            self._changed.notify_all()

    # ---- reader thread

    def _read_loop(self):
        delay, lost_at = _DELAYS[0], time.monotonic()
        while True:
            if self._serve():
                delay, lost_at = _DELAYS[0], time.monotonic()
            limit = self._settings.options["orphan_timeout"] if self._connects else FIRST_DIAL_LIMIT
            if limit and time.monotonic() - lost_at > limit:
                self._on_orphan("the gateway cannot be reached at %s" % self._settings.socket_path)
                return
            time.sleep(delay)
            delay = min(delay * 2, _DELAYS[1])

    def _serve(self):
        """Dial once and read until the connection ends. True if the gateway welcomed us."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _connect(sock, self._settings.socket_path)
            file = sock.makefile("rb")
            sock.sendall(self._hello())
            header, _ = frames.read(file)
            if header["op"] != "welcome":
                return False
            self._welcomed(sock, header["acked"])
        except (OSError, EOFError, KeyError, frames.FrameError):
            sock.close()
            return False
        try:
            while True:
                self._dispatch(*frames.read(file))
        except (OSError, EOFError, KeyError, TypeError, frames.FrameError):
            pass                      # the end, or a peer that breaks the rules
        finally:
            with self._changed:
                self._sock = None
                self._unsent.clear()
            _shutdown(sock)           # wakes the writer if it is within sendall
            sock.close()
        return True

    def _hello(self):
        with self._changed:
            return frames.encode({
                "op": "hello", "version": VERSION, "session": self._settings.session,
                "token": self._settings.token, "pid": os.getpid(), "seq": self._seq,
                "last_exec": self.last_exec, "connects": self._connects + 1})

    def _welcomed(self, sock, acked):
        with self._changed:
            self._connects += 1
            self._drop_acked(acked)
            self._unsent = collections.deque(data for _, data in self._unacked)
            self._sock = sock
            self._changed.notify_all()

    def _dispatch(self, header, payload):
        if header["op"] == "ack":
            with self._changed:
                self._drop_acked(header["seq"])
                if not self._unacked:
                    self._changed.notify_all()
            return
        if header["op"] == "exec":
            if header["id"] <= self.last_exec:
                return    # the gateway sent it again after a lost connection
            self.last_exec = header["id"]
        try:
            self._on_frame(header, payload)
        except Exception as e:    # a frame that cannot be served must not end the connection's thread
            self.send("log", text="frame %s: %s: %s" % (header["op"], type(e).__name__, e))

    def _drop_acked(self, seq):
        while self._unacked and self._unacked[0][0] <= seq:
            self._unacked.popleft()

    # ---- writer thread

    def _write_loop(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._sock is not None and self._unsent)
                sock, data = self._sock, b"".join(self._unsent)
                self._unsent.clear()
                self._writing = True
            try:
                sock.sendall(data)
            except OSError:
                _shutdown(sock)
            with self._changed:
                self._writing = False


def _connect(sock, path):
    """Connect to the socket at `path`, which may be longer than an address can be: then by way of its directory."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        sock.connect(path)
        return
    directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sock.connect("/proc/self/fd/%d/%s" % (directory, os.path.basename(path)))
    finally:
        os.close(directory)


def _shutdown(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
