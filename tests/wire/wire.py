"""Raw bytes over a real socket, for tests of what the server makes of them.

A connection knows when the server has read what was sent (the kernel's own figures in /proc/net/tcp), so that a test
can hand over a request in pieces without sleeping.
"""

import contextlib
import re
import socket
import time
import tomllib

DEADLINE = 20.0


def load_cases(file):
    """The cases of a data file; `send` and the pieces that it is made of as bytes."""
    cases = tomllib.loads(file.read_bytes().decode())["case"]
    for case in cases:
        case["send"] = unfold(case["send"].encode("latin-1"))
    return cases


def unfold(data):
    """Replaces <<TEXT*COUNT>>: data files are for people."""
    return re.sub(rb"<<(.+?)\*(\d+)>>", lambda found: found[1] * int(found[2]), data, flags=re.DOTALL)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self):
        return f"{self.status} {self.body[:200]!r}"


class Connection:
    def __init__(self, port, source=None):
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE, source and (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False if the server has closed meanwhile: what it said before can still be read."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def end(self):
        """Nothing more will be sent."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def answer(self, head=False):
        """The next answer that is not an interim one; None when the server has closed instead.

        `head`: the request was HEAD, so that no body follows. A reset is an error: it may destroy answers.
        """
        while (end := self.unread.find(b"\r\n\r\n")) < 0:
            if not self.read():
                assert not self.unread, f"the answer was cut: {self.unread!r}"
                return None
        lines = self.unread[:end].decode("latin-1").split("\r\n")
        self.unread = self.unread[end + 4:]
        status = int(re.fullmatch(r"HTTP/1\.1 (\d\d\d) .*", lines[0])[1])
        if status < 200:
            return self.answer(head)
        headers = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            headers.setdefault(name.lower(), []).append(value)
        length = 0 if head or status == 204 else int(headers["content-length"][0])
        while len(self.unread) < length:
            assert self.read(), "the body was cut"
        body, self.unread = self.unread[:length], self.unread[length:]
        return Answer(status, headers, body)

    def read(self):
        data = self.socket.recv(1 << 16)
        self.unread += data
        return bool(data)

    def closed(self):
        """Whether the server ends the connection, in an orderly way, without another word."""
        return not self.unread and not self.read()


def wait_until_read(connections):
    """Waits until the server has read (or has closed) what the connections have sent."""
    ports = {one.socket.getsockname()[1] for one in connections}
    end = time.monotonic() + DEADLINE
    while unread(ports):
        assert time.monotonic() < end, "the server does not read"
        time.sleep(0.001)  # the kernel tells nobody that the other side has read


def unread(ports):
    """Whether bytes from one of these local ports are still on their way, or wait in the kernel for the server."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        next(table)
        for line in table:
            fields = line.split()
            local, remote = (int(end.split(":")[1], 16) for end in fields[1:3])
            to_send, to_read = (int(size, 16) for size in fields[4].split(":"))
            if (local in ports and to_send) or (remote in ports and to_read and fields[3] == "01"):
                return True
    return False
