"""Uploads go to the disk while they come: large ones, and those that do not come whole."""

import hashlib
import os
import pathlib
import re
import resource

import pytest

from blackbox.client import until
from wire.wire import Connection, wait_until_read

MEGABYTE = 1 << 20
HEAD = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n")
TAIL = b"\r\n--b--\r\n"


@pytest.fixture
def server(serve):
    return serve({"file.upload.max.size": "400m", "server.request-body.size": "1m"})


@pytest.fixture
def session(server):
    return server.client.create(kind="pyspark").wait_idle()


def begin(connection, session, framing, action="upload-file"):
    connection.send(f"POST {session.path}/{action} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                    f"{framing}\r\n\r\n".encode())


def upload(connection, session, content):
    begin(connection, session, f"Content-Length: {len(HEAD) + len(content) + len(TAIL)}")
    connection.send(HEAD + content + TAIL)
    return connection.answer()


def uploads(server, session):
    """All that lies in the session's directory for uploads, directories as well."""
    root = server.state_dir / "sessions" / str(session.id) / "uploads"
    # Not rglob, which fails when a directory goes while it looks.
    return [pathlib.Path(at) / name for at, directories, files in os.walk(root) for name in directories + files]


def added(session):
    return [pathlib.Path(path) for path in re.findall(r"^added file file://(.*)$", session.log_text(), re.MULTILINE)]


def resident(server, field="VmHWM"):
    """Kilobytes."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1])


def forget_peak(server):
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")


@pytest.mark.unsanitized
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_large_file(server, session, chunked):
    """320 MB pass through 10 MB of memory."""
    count, block = 320, os.urandom(MEGABYTE)
    digest = hashlib.sha256()
    forget_peak(server)
    before = resident(server)
    with Connection(server.port) as connection:
        size = len(HEAD) + count * MEGABYTE + len(TAIL)
        begin(connection, session, "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}")

        def send(data):
            connection.send(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
        send(HEAD)
        for number in range(count):
            piece = number.to_bytes(4, "big") + block[4:]
            digest.update(piece)
            send(piece)
        send(TAIL)
        if chunked:
            connection.send(b"0\r\n\r\n")
        answer = connection.answer()
        assert (answer.status, answer.body) == (200, b"")
        connection.send(b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.answer().status == 200
    assert resident(server) - before < 10 * 1024
    file, = added(session)
    with open(file, "rb") as content:
        assert hashlib.file_digest(content, "sha256").digest() == digest.digest()


def test_others_are_served_meanwhile(server, session):
    with Connection(server.port) as connection:
        begin(connection, session, f"Content-Length: {len(HEAD) + 3 * MEGABYTE + len(TAIL)}")
        connection.send(HEAD + bytes(MEGABYTE))
        wait_until_read([connection])
        assert session.text("say hello") == "hello"
        connection.send(bytes(2 * MEGABYTE) + TAIL)
        assert connection.answer().status == 200
    assert added(session)[0].stat().st_size == 3 * MEGABYTE


def test_a_file_that_is_too_large(serve):
    server = serve({"file.upload.max.size": "1m"})
    session = server.client.create(kind="pyspark").wait_idle()
    with Connection(server.port) as connection:
        assert upload(connection, session, bytes(MEGABYTE)).status == 200
        answer = upload(connection, session, bytes(MEGABYTE + 1))
        assert answer.status == 413 and b"file.upload.max.size" in answer.body
        assert connection.closed()
    with Connection(server.port) as connection:
        begin(connection, session, f"Content-Length: {3 * MEGABYTE}")
        answer = connection.answer()
        assert answer.status == 413 and connection.closed(), "by its length alone"
    until(lambda: len(uploads(server, session)) == 2, 10, "one file in one directory")


@pytest.mark.parametrize("end", ["reset", "end", "slow"])
def test_a_file_that_does_not_come_whole(serve, end):
    server = serve({"server.body-timeout": "1s", "server.min-transfer-rate": "1g"} if end == "slow" else {})
    session = server.client.create(kind="pyspark").wait_idle()
    with Connection(server.port) as connection:
        begin(connection, session, f"Content-Length: {MEGABYTE}")
        connection.send(HEAD + bytes(1000))
        until(lambda: uploads(server, session), 10, "the file begins")
        if end == "end":
            connection.end()
            assert connection.answer() is None
        elif end == "slow":
            assert connection.answer().status == 408
    until(lambda: not uploads(server, session), 10, "nothing is left")
    assert added(session) == []


def test_a_form_without_its_end(server, session):
    """The file is whole only when its delimiter has come."""
    with Connection(server.port) as connection:
        begin(connection, session, f"Content-Length: {len(HEAD) + 5}")
        connection.send(HEAD + b"hello")
        answer = connection.answer()
        assert (answer.status, answer.body) == (400, b'"No file sent!"')
        assert upload(connection, session, b"hello").status == 200, "the connection goes on"
    until(lambda: len(uploads(server, session)) == 2, 10, "one file in one directory")


def test_a_file_that_the_driver_does_not_take(server, session):
    refused = HEAD.replace(b"big.bin", b"nope")
    with Connection(server.port) as connection:
        begin(connection, session, f"Content-Length: {len(refused) + len(TAIL)}")
        connection.send(refused + TAIL)
        answer = connection.answer()
        assert (answer.status, answer.body) == (400, b'{"msg":"no such file"}')
    until(lambda: not uploads(server, session), 10, "nothing is left")


def test_a_disk_that_is_full(server, session):
    """A limit of the size of files stands for it: write() fails in the same way."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (MEGABYTE, resource.RLIM_INFINITY))
    with Connection(server.port) as connection:
        answer = upload(connection, session, bytes(3 * MEGABYTE))
        assert answer.status == 507 and b'{"msg":"cannot write ' in answer.body
    until(lambda: not uploads(server, session), 10, "nothing is left")
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    with Connection(server.port) as connection:
        assert upload(connection, session, bytes(3 * MEGABYTE)).status == 200
    assert len(added(session)) == 1


def test_what_is_refused_before_it_comes(server, session):
    """An unknown session, a form that is none, a coding: a large body is not waited for."""
    large = "Content-Length: 300000000"
    for path, extra, status in ((session.path, "\r\nContent-Encoding: gzip", 415), ("/sessions/99", "", 404),
                                ("/sessions/99", "\r\nExpect: 100-continue", 404)):
        session.path = path
        with Connection(server.port) as connection:
            begin(connection, session, large + extra)
            assert connection.answer().status == status
            assert connection.closed()


def test_a_body_that_is_asked_for(server, session):
    with Connection(server.port) as connection:
        begin(connection, session, f"Content-Length: {len(HEAD) + 5 + len(TAIL)}\r\nExpect: 100-continue")
        while b"\r\n\r\n" not in connection.unread:
            assert connection.read()
        assert connection.unread.startswith(b"HTTP/1.1 100 ")
        connection.send(HEAD + b"hello" + TAIL)
        assert connection.answer().status == 200


def test_a_session_that_ends_meanwhile(server, session):
    with Connection(server.port) as connection:
        begin(connection, session, f"Content-Length: {len(HEAD) + 5 + len(TAIL)}")
        connection.send(HEAD + b"he")
        until(lambda: uploads(server, session), 10, "the file begins")
        session.delete()
        connection.send(b"llo" + TAIL)
        answer = connection.answer()
        assert (answer.status, answer.body) == (400, b'{"msg":"requirement failed: Session isn\'t active."}')
    assert not uploads(server, session)


def test_small_files_from_a_restarted_server_do_not_meet(serve):
    """Two of one name, one before and one after the restart, lie side by side."""
    server = serve({"server.recovery.mode": "recovery"})
    session = server.client.create(kind="pyspark").wait_idle()
    with Connection(server.port) as connection:
        assert upload(connection, session, b"one").status == 200
    server.restart()
    session.wait_idle()
    with Connection(server.port) as connection:
        assert upload(connection, session, b"two").status == 200
    assert sorted(path.read_bytes() for path in added(session)) == [b"one", b"two"]
    session.delete()
