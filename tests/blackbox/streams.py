"""Clients of answers that come piece by piece: server-sent events as a browser reads them, followed logs, `curl -N`.

Every wait has a ceiling; past it the test fails by an exception.
"""

import http.client
import json
import socket
import subprocess

from blackbox.client import DEADLINE


class Event:
    def __init__(self, name, data, id):
        self.name, self.id = name, id
        self.data = json.loads(data)

    def __repr__(self):
        return f"{self.name} {self.id} {self.data}"


class Cut(Exception):
    """The connection ended before the body did."""


class Stream:
    """A GET that has been answered in chunks. Keeps its connection to itself.

    It reads the chunks itself: http.client takes a body that was cut for one that has ended.
    """

    def __init__(self, port, path, headers=None, timeout=DEADLINE, tls=None):
        """`tls`: an ssl.SSLContext, for a server that speaks TLS."""
        self.connection = (http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=tls) if tls
                           else http.client.HTTPConnection("127.0.0.1", port, timeout=timeout))
        self.connection.request("GET", path, headers=headers or {})
        self.answer = self.connection.getresponse()
        self.status, self.headers = self.answer.status, self.answer.headers
        self.unread, self.ended = b"", False

    def fill(self):
        """Reads the next chunk into `unread`; false when the body has ended as it should."""
        source = self.answer.fp
        try:
            size = source.readline()
            data = source.read(int(size, 16) + 2)
        except (OSError, ValueError) as problem:
            raise Cut from problem
        if not size.endswith(b"\r\n") or len(data) != int(size, 16) + 2:
            raise Cut
        self.unread += data[:-2]
        self.ended = len(data) == 2
        return not self.ended

    def line(self):
        """The next one with its end, as bytes; shorter where the body ends, empty behind that."""
        while b"\n" not in self.unread and not self.ended and self.fill():
            pass
        line, end, self.unread = self.unread.partition(b"\n")
        return line + end

    def piece(self):
        """What has come, as bytes; empty at the end."""
        if not self.unread and not self.ended:
            self.fill()
        data, self.unread = self.unread, b""
        return data

    def rest(self):
        return b"".join(iter(self.piece, b"")).decode()

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Events(Stream):
    """What the HTML standard makes of the lines. `last_id` is what a browser would send when it comes again."""

    def __init__(self, port, path, last_id=None, **options):
        headers = {"Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        super().__init__(port, path, headers, **options)
        self.last_id, self.comments, self.retry = last_id, 0, None

    def next(self):
        """The next event; None when the stream has ended."""
        name, data = "", []
        while line := self.line().decode():
            assert line.endswith("\n"), f"cut: {line!r}"
            field, _, value = line[:-1].partition(":")
            value = value.removeprefix(" ")
            if line == "\n":
                if data:
                    return Event(name, "\n".join(data), self.last_id)
                name = ""
            elif field == "":
                self.comments += 1
            elif field == "data":
                data.append(value)
            elif field == "event":
                name = value
            elif field == "id":
                self.last_id = value
            elif field == "retry":
                self.retry = int(value)
            else:
                raise AssertionError(f"unknown field: {line!r}")
        assert not name and not data, "the stream ended within an event"
        return None

    def __iter__(self):
        return iter(self.next, None)

    def pass_comments(self, count):
        """Reads on until that many more have come, whatever comes between."""
        end = self.comments + count
        while self.comments < end:
            line = self.line()
            assert line, "the stream has ended"
            self.comments += line.startswith(b":")

    def until(self, name, **fields):
        """Reads on to the event of this name with these fields in its data; returns all up to it."""
        seen = []
        for event in self:
            seen.append(event)
            if event.name == name and all(event.data[key] == value for key, value in fields.items()):
                return seen
        raise AssertionError(f"no {name} {fields} in {seen}")


def text_of(events):
    """What the output events carry, which must be without gap and overlap; where it begins and ends."""
    pages = [event.data for event in events if event.name == "output"]
    for before, after in zip(pages, pages[1:]):
        assert before["next"] == after["from"], (before, after)
    return "".join(page["text"] for page in pages)


def raw(port, request, receive_buffer=None):
    """A socket on which the request has been sent."""
    connection = socket.socket()
    connection.settimeout(DEADLINE)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect(("127.0.0.1", port))
    connection.sendall(request.encode())
    return connection


def read_all(connection):
    """Up to the end of the connection, also a hard one."""
    data = b""
    try:
        while part := connection.recv(1 << 20):
            data += part
    except ConnectionResetError:
        pass
    return data


def curl(port, path, *options):
    """`curl -N` as a process whose stdout can be read while it comes."""
    return subprocess.Popen(["curl", "-sSN", "--max-time", str(int(DEADLINE)), *options, f"http://127.0.0.1:{port}{path}"],
                            stdout=subprocess.PIPE, text=True)
