"""The gateway's side of the driver protocol, for tests: a Unix socket, a journal of what arrived."""
import json
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "repl"))

from sparkgate_repl import frames  # noqa: E402

TOKEN = "6f70656e"


class Gateway:
    """Listens, welcomes, acknowledges. What arrives is kept; `wait` waits for a condition over it."""

    def __init__(self, path):
        self.path = path
        self.changed = threading.Condition()
        self.acked = 0
        self.auto_ack = True
        self.hellos = []
        self.frames = []            # (header, payload) in order of arrival, duplicates left out
        self.duplicates = 0
        self.results = {}           # statement id -> (header, output)
        self.texts = {}             # statement id -> [(name, text)]
        self.completions = {}
        self.next_id = 0
        self.next_request = 0
        self._connection = None
        self._listener = None
        self.listen()

    def listen(self):
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen(5)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def vanish(self):
        """As a crash: no listener, no connection. What was journalled stays."""
        self._close_listener()
        self.drop_connection()

    def drop_connection(self):
        with self.changed:
            connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()

    def close(self):
        self.vanish()

    def send(self, op, payload=b"", **fields):
        data = frames.encode(dict(fields, op=op), payload)
        self.wait(lambda: self._connection is not None, 60)
        with self.changed:
            self._connection.sendall(data)

    def wait(self, condition, timeout=60.0):
        """Wait until `condition()` holds and return its value; AssertionError after `timeout` seconds."""
        with self.changed:
            value = self.changed.wait_for(condition, timeout)
        assert value, "nothing within %s s; arrived: %s" % (timeout, self.describe())
        return value

    def describe(self):
        return [header for header, _ in self.frames[-20:]]

    def of(self, op, **fields):
        """The frames of one kind so far, with these header fields."""
        return [(h, p) for h, p in list(self.frames)
                if h["op"] == op and all(h.get(name) == value for name, value in fields.items())]

    # ---- statements

    def submit(self, kind, code):
        statement = self.next_id
        self.next_id += 1
        self.send("exec", code.encode("utf-8", "surrogatepass"), id=statement, kind=kind)
        return statement

    def wait_started(self, statement, timeout=60.0):
        self.wait(lambda: self.of("started", id=statement), timeout)

    def wait_text(self, statement, text, timeout=60.0):
        self.wait(lambda: text in self.text(statement), timeout)

    def result(self, statement, timeout=120.0):
        """(state, output) of a statement."""
        header, output = self.wait(lambda: self.results.get(statement), timeout)
        return header["state"], output

    def run(self, code, kind="pyspark", timeout=120.0):
        """Run one statement and return its output."""
        return self.result(self.submit(kind, code), timeout)[1]

    def cancel(self, statement):
        self.send("cancel", id=statement)

    def complete(self, code, kind="pyspark", cursor=None):
        request = "r%d" % time.monotonic_ns()
        self.send("complete", code.encode("utf-8"), req=request, kind=kind,
                  cursor=len(code) if cursor is None else cursor)
        return self.wait(lambda: (request in self.completions and [self.completions[request]]), 10)[0]

    def ask_to_add(self, kind, uri):
        """Returns the request's number."""
        request = self.next_request
        self.next_request += 1
        self.send("add", req=request, kind=kind, uri=uri)
        return request

    def added(self, request, timeout=60.0):
        """The answer: None if it was added, else (ename, error)."""
        header, _ = self.wait(lambda: self.of("added", req=request), timeout)[0]
        return (header["ename"], header["error"]) if "error" in header else None

    def add(self, kind, uri):
        return self.added(self.ask_to_add(kind, uri))

    def text(self, statement, name=None):
        """What was streamed of a statement so far."""
        return "".join(t for n, t in list(self.texts.get(statement, ())) if name in (None, n))

    # ---- connection threads

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        file = connection.makefile("rb")
        try:
            hello, _ = frames.read(file)
            with self.changed:
                self.hellos.append(hello)
                self.changed.notify_all()
                if hello["token"] != TOKEN:
                    connection.shutdown(socket.SHUT_RDWR)
                    raise EOFError
                connection.sendall(frames.encode({"op": "welcome", "version": 1, "acked": self.acked}))
                self._connection = connection
                self.changed.notify_all()
            while True:
                self._journal(connection, *frames.read(file))
        except (EOFError, OSError):
            connection.close()

    def _journal(self, connection, header, payload):
        with self.changed:
            if "seq" in header:
                if header["seq"] <= self.acked:
                    self.duplicates += 1
                    return
                self.acked = header["seq"]
            self.frames.append((header, payload))
            if header["op"] == "result":
                output = json.loads(payload, parse_constant=_refuse) if payload else None
                self.results[header["id"]] = (header, output)
            elif header["op"] == "stream":
                self.texts.setdefault(header["id"], []).append((header["name"], payload.decode("utf-8")))
            elif header["op"] == "completion":
                self.completions[header["req"]] = json.loads(payload)
            if "seq" in header and self.auto_ack:
                connection.sendall(frames.encode({"op": "ack", "seq": self.acked}))
            self.changed.notify_all()

    def _close_listener(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        os.unlink(self.path)


def _refuse(name):
    raise ValueError("not JSON: %s" % name)
