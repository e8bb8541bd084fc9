"""Every limit of the HTTP server, hit at the real binary: what is just allowed, and what is one too many.

After each of them the server serves others.
"""

import contextlib
import json
import os
import re
import resource
import socket
import time

import pytest

from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_gateway
from wire.wire import Connection, wait_until_read

HELLO = b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def small(fake_spark_home):
    """A server whose limits are all small."""
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, settings={
        "server.request-header.size": "2k", "server.request-header.max-fields": "10", "server.request-target.size": "100",
        "server.request-body.size": "1000", "server.request-body.total-size": "2500",
        "server.max-connections": "6", "server.max-connections-per-address": "4",
        "server.max-requests-per-connection": "5"}))


@pytest.fixture(autouse=True)
def others_are_served(request):
    """After a test, at the server that it used."""
    yield
    if "small" in request.fixturenames:
        server = request.getfixturevalue("small")
        # What the test closed has its place until the server has seen it.
        until(lambda: status_of(server.port, HELLO, source="127.0.0.9") == 200, 20, "others are served")


def ask(port, data, source=None):
    """The answer to the first request on a connection of its own."""
    with Connection(port, source) as connection:
        connection.send(data)
        return connection.answer()


def status_of(port, data, source=None):
    answer = ask(port, data, source)
    return answer and answer.status


def check_refused(port, data, status):
    """Refused in the API's shape, and closed at once."""
    with Connection(port) as connection:
        connection.send(data)
        check_refusal(connection, status)


def check_refusal(connection, status):
    answer = connection.answer()
    assert answer and answer.status == status, answer
    assert list(json.loads(answer.body)) == ["msg"] and json.loads(answer.body)["msg"]
    assert answer.headers["content-type"] == ["application/json;charset=utf-8"]
    assert answer.headers["connection"] == ["close"] and answer.headers["x-request-id"]
    assert ("retry-after" in answer.headers) == (status in (429, 503))
    assert connection.closed()


def head_of(size):
    """A request whose header has exactly this many bytes."""
    begin, end = b"GET /version HTTP/1.1\r\nHost: a\r\nX-Note: ", b"\r\n\r\n"
    return begin + b"a" * (size - len(begin) - len(end)) + end


def test_header_bytes(small):
    assert status_of(small.port, head_of(2048)) == 200
    check_refused(small.port, head_of(2049), 431)


def test_header_fields(small):
    def request(fields):
        return b"GET /version HTTP/1.1\r\nHost: a\r\n" + b"X-Note: a\r\n" * (fields - 1) + b"\r\n"
    assert status_of(small.port, request(10)) == 200
    check_refused(small.port, request(11), 431)


def test_target_bytes(small):
    def request(size):
        return b"GET " + b"/version?x=".ljust(size, b"a") + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    assert status_of(small.port, request(100)) == 200
    check_refused(small.port, request(101), 414)


def test_body_bytes_by_length(small):
    def request(size, body):
        return b"POST /sessions HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + body
    assert status_of(small.port, request(1000, b"x" * 1000)) == 400, "read, and found to be no JSON"
    check_refused(small.port, request(1001, b""), 413)
    check_refused(small.port, request(1001, b"x" * 1001), 413)


def test_body_bytes_by_chunks(small):
    def request(*sizes):
        chunks = b"".join(b"%x\r\n%s\r\n" % (size, b"x" * size) for size in sizes)
        return b"POST /sessions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    assert status_of(small.port, request(400, 600)) == 400
    check_refused(small.port, request(400, 601), 413)
    check_refused(small.port, request(1001), 413)


def test_bodies_of_all_connections(small):
    part = b"POST /sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + b"x" * 900
    with contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(Connection(small.port)) for _ in range(2))
        for each in (first, second):
            each.send(part)
        wait_until_read([first, second])
        check_refused(small.port, part, 503)
        first.send(b"x" * 100)
        assert first.answer().status == 400, "who was there before goes on"
        assert status_of(small.port, part + b"x" * 100) == 400, "there is room again"


def test_connections_of_one_address(small):
    with contextlib.ExitStack() as stack:
        served = [stack.enter_context(Connection(small.port)) for _ in range(4)]
        for each in served:
            each.send(HELLO)
            assert each.answer().status == 200
        with Connection(small.port) as fifth:
            check_refusal(fifth, 429)
        assert status_of(small.port, HELLO, source="127.0.0.2") == 200, "another address has its own"
        served[0].send(HELLO)
        assert served[0].answer().status == 200


def test_connections_in_all(small):
    with contextlib.ExitStack() as stack:
        served = [stack.enter_context(Connection(small.port, source=f"127.0.0.{number}")) for number in range(2, 8)]
        for each in served:
            each.send(HELLO)
            assert each.answer().status == 200
        with Connection(small.port) as seventh:
            check_refusal(seventh, 503)


def test_requests_of_one_connection(small):
    with Connection(small.port) as connection:
        connection.send(HELLO * 6)
        answers = [connection.answer() for _ in range(5)]
        assert [answer.headers.get("connection") for answer in answers] == [None] * 4 + [["close"]]
        assert connection.closed()


@pytest.mark.parametrize("sent", [b"G", b"GET /version HTTP/1.1\r\nHost: a\r\nX-Note: "])
def test_a_header_that_does_not_end(serve, sent):
    server = serve({"server.header-timeout": "500ms"})
    with Connection(server.port) as connection:
        connection.send(sent)
        check_refusal(connection, 408)
    assert status_of(server.port, HELLO) == 200


def test_a_body_that_does_not_end(serve):
    server = serve({"server.body-timeout": "500ms"})
    with Connection(server.port) as connection:
        connection.send(b'POST /sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n{"kind"')
        check_refusal(connection, 408)
    assert status_of(server.port, HELLO) == 200
    assert json.loads(ask(server.port, b"GET /sessions HTTP/1.1\r\nHost: a\r\n\r\n").body)["total"] == 0


def test_a_body_that_drips(serve):
    """Bytes that come, but slower than the least rate, do not keep a request alive."""
    server = serve({"server.body-timeout": "500ms", "server.min-transfer-rate": "1m"})
    with Connection(server.port) as connection:
        connection.send(b"POST /sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
        until(lambda: not connection.send(b"x") or answered(connection), 20, "the drip is cut")
        assert connection.answer().status == 408


def answered(connection):
    connection.socket.setblocking(False)
    try:
        return connection.socket.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return False
    finally:
        connection.socket.settimeout(20)


def test_an_idle_connection(serve):
    server = serve({"server.keep-alive-timeout": "500ms"})
    with Connection(server.port) as fresh, Connection(server.port) as used:
        used.send(HELLO)
        assert used.answer().status == 200
        assert fresh.closed() and used.closed(), "without a word"


def big_session(server, size):
    """A session whose statement 0 has an output of `size` characters; its path."""
    session = server.client.create(kind="pyspark").wait_idle()
    session.wait(session.submit(f"big {size}"))
    return session.path


def ask_and_do_not_read(connection, path):
    connection.send(f"GET {path}/statements/0 HTTP/1.1\r\nHost: a\r\n\r\n".encode())


def rest_is_cut(connection):
    """Reads to the end, which is not that of the answer."""
    with contextlib.suppress(ConnectionResetError):
        while connection.read():
            pass
    announced = int(re.search(rb"Content-Length: (\d+)", connection.unread)[1])
    return len(connection.unread.partition(b"\r\n\r\n")[2]) < announced


def test_a_client_that_does_not_read(serve):
    server = serve({"server.write-timeout": "500ms", "server.min-transfer-rate": "1g"})
    path = big_session(server, 9_000_000)
    with Connection(server.port) as connection:
        ask_and_do_not_read(connection, path)
        until(lambda: re.search(r"GET /sessions/0/statements/0 200", server.log()), 20, "the server gave up")
        assert rest_is_cut(connection)
    assert status_of(server.port, HELLO) == 200


def test_answers_that_are_not_read(serve):
    """The slowest of those who do not read makes room for the others."""
    server = serve({"server.unread-answers.total-size": "20m"})
    path = big_session(server, 9_000_000)
    with contextlib.ExitStack() as stack:
        slow, fast, other = (stack.enter_context(Connection(server.port)) for _ in range(3))
        for each in (slow, fast, other):
            ask_and_do_not_read(each, path)
            assert each.read(), "the first bytes"
        assert rest_is_cut(slow)
        assert len(fast.answer().body) > 9_000_000 and len(other.answer().body) > 9_000_000


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def flood(port, seconds):
    """Opens connections as fast as they are closed, at most 200 at a time."""
    end, connections = time.monotonic() + seconds, []
    with contextlib.ExitStack() as stack:
        while time.monotonic() < end:
            connections.append(stack.enter_context(Connection(port)))
            if len(connections) >= 200:
                connections.pop(0).socket.close()


@pytest.mark.unsanitized
def test_no_descriptors(serve):
    """More connections than the process may have descriptors: no spinning, and service afterwards."""
    server = serve()
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (server.descriptors() + 20,) * 2)
    with Connection(server.port) as early:
        early.send(HELLO)
        assert early.answer().status == 200
        begun, used = time.monotonic(), cpu_seconds(server.process.pid)
        flood(server.port, seconds=2)
        took = time.monotonic() - begun
        failures = server.log().count("accept: ")
        assert 5 <= failures <= 25 * took, "the accept loop spins, or descriptors have not run out"
        assert (cpu_seconds(server.process.pid) - used) / took < 0.5
        early.send(HELLO)
        assert early.answer().status == 200
    until(lambda: status_of(server.port, HELLO) == 200, 20, "service is back")


# ---- answers to what is refused for its header alone

@pytest.mark.parametrize("field, status", [
    (b"Expect: x", 417), (b"Transfer-Encoding: x, chunked", 501),
    (b"\r\n".join(b"A%d: b" % number for number in range(20)), 431)])
def test_a_refusal_has_the_clients_request_id(small, field, status):
    with Connection(small.port) as connection:
        connection.send(b"POST /sessions HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n" + field + b"\r\n\r\n")
        answer = connection.answer()
    assert (answer.status, answer.headers["x-request-id"]) == (status, ["mine"])


@pytest.mark.parametrize("head, status", [(b"Host : a", 400), (b"Host: a\r\nA: " + b"b" * 3000, 431), (b"X: y", 400)])
def test_a_refused_head_has_no_body(small, head, status):
    with socket.create_connection(("127.0.0.1", small.port), timeout=30) as client:
        client.sendall(b"HEAD /version HTTP/1.1\r\n" + head + b"\r\n\r\n")
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 %d " % status) and answer.endswith(b"\r\n\r\n") and answer.count(b"\r\n\r\n") == 1
