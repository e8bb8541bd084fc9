"""Every limit of the HTTP server, hit at the real binary: what is just allowed, and what is one too many.

After each of them the server serves others.
"""

import contextlib
import json
import os
import re
import resource
import socket
import struct
import subprocess
import sys
import time

import pytest

from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_gateway
from wire.wire import Connection, wait_until_read

HELLO = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def small(fake_spark_home):
    """A server whose limits are all small."""
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, settings={
        "server.request-header.size": "2k", "server.request-header.max-fields": "10", "server.request-target.size": "100",
        "server.request-body.size": "1000", "server.request-body.total-size": "2500",
        "server.max-connections": "6", "server.max-connections-per-address": "0",
        "server.max-requests-per-connection": "5"}))


@pytest.fixture(autouse=True)
def others_are_served(request):
    """After a test, at the server that it used."""
    yield
    if "small" in request.fixturenames:
        server = request.getfixturevalue("small")
        # What the test closed has its place until the server has seen it.
        until(lambda: status_of(server.port, HELLO) == 200, 20, "others are served")


def ask(port, data):
    """The answer to the first request on a connection of its own."""
    with Connection(port) as connection:
        connection.send(data)
        return connection.answer()


def status_of(port, data):
    answer = ask(port, data)
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
    begin, end = b"GET /version HTTP/1.1\r\nHost: localhost\r\nX-Note: ", b"\r\n\r\n"
    return begin + b"a" * (size - len(begin) - len(end)) + end


def test_header_bytes(small):
    assert status_of(small.port, head_of(2048)) == 200
    check_refused(small.port, head_of(2049), 431)


def test_header_fields(small):
    def request(fields):
        return b"GET /version HTTP/1.1\r\nHost: localhost\r\n" + b"X-Note: a\r\n" * (fields - 1) + b"\r\n"
    assert status_of(small.port, request(10)) == 200
    check_refused(small.port, request(11), 431)


def test_target_bytes(small):
    def request(size):
        return b"GET " + b"/version?x=".ljust(size, b"a") + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert status_of(small.port, request(100)) == 200
    check_refused(small.port, request(101), 414)


def test_body_bytes_by_length(small):
    def request(size, body):
        return b"POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size + body
    assert status_of(small.port, request(1000, b"x" * 1000)) == 400, "read, and found to be no JSON"
    check_refused(small.port, request(1001, b""), 413)
    check_refused(small.port, request(1001, b"x" * 1001), 413)


def test_body_bytes_by_chunks(small):
    def request(*sizes):
        chunks = b"".join(b"%x\r\n%s\r\n" % (size, b"x" * size) for size in sizes)
        return b"POST /sessions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    assert status_of(small.port, request(400, 600)) == 400
    check_refused(small.port, request(400, 601), 413)
    check_refused(small.port, request(1001), 413)


def test_bodies_of_all_connections(small):
    part = b"POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + b"x" * 900
    with contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(Connection(small.port)) for _ in range(2))
        for each in (first, second):
            each.send(part)
        wait_until_read([first, second])
        check_refused(small.port, part, 503)
        first.send(b"x" * 100)
        assert first.answer().status == 400, "who was there before goes on"
        assert status_of(small.port, part + b"x" * 100) == 400, "there is room again"


NOBODY = 65534  # a user of this host
HOLD = """
import os, socket, sys
"".encode("idna")  # imports what the other user may not read
if sys.argv[3]:
    os.setuid(int(sys.argv[3]))
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), source_address=(f"127.0.0.{number + 2}", 0))
        for number in range(int(sys.argv[2]))]
for each in held:
    each.sendall(b"GET /version HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
print(*[each.recv(12)[9:].decode() for each in held], flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def holding(port, count, user=""):
    """Another process, of another user, has so many connections, each from another address of loopback; yields what
    each was answered."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(port), str(count), str(user)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as holder:
        yield [int(word) for word in holder.stdout.readline().split()]
        holder.stdin.close()


def test_connections_of_one_user(serve):
    """All addresses of loopback are one neighbourhood, and each user of this host has one of its own."""
    server = serve({"server.max-connections-per-address": "4"})
    server.client.close()
    with contextlib.ExitStack() as stack:
        served = [stack.enter_context(Connection(server.port, f"127.0.0.{number}")) for number in range(1, 5)]
        for each in served:
            each.send(HELLO)
            assert each.answer().status == 200
        for source in (None, "127.0.0.9", "127.8.8.8"):
            with Connection(server.port, source) as fifth:
                check_refusal(fifth, 429)
        served[0].send(HELLO)
        assert served[0].answer().status == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_one_user_does_not_lock_out_the_others(serve):
    server = serve({"server.max-connections-per-address": "4"})
    server.client.close()
    with holding(server.port, 6, NOBODY) as answers:
        assert answers == [200] * 4 + [429] * 2
        with holding(server.port, 5) as own:
            assert own == [200] * 4 + [429]
        with holding(server.port, 1, NOBODY - 1) as others:
            assert others == [200]
    # What was closed has its place until the server has seen it.
    until(lambda: status_of(server.port, HELLO) == 200, 20, "there is room again")


def test_connections_in_all(small):
    with contextlib.ExitStack() as stack:
        served = [stack.enter_context(Connection(small.port)) for _ in range(6)]
        for each in served:
            each.send(HELLO)
            assert each.answer().status == 200
        with Connection(small.port) as seventh:
            check_refusal(seventh, 503)


def test_trailers(small):
    """As many as fields of a header; an upload that has more leaves nothing."""
    def request(count, path="/sessions"):
        return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n".encode()
                + b"a: b\r\n" * count + b"\r\n")
    assert status_of(small.port, request(10, "/sessions/99/statements")) == 404
    check_refused(small.port, request(11, "/sessions/99/statements"), 431)
    check_refused(small.port, request(11), 431)
    assert json.loads(ask(small.port, b"GET /sessions HTTP/1.1\r\nHost: localhost\r\n\r\n").body)["total"] == 0


def logged(server, count):
    """The (request line, status, bytes) of the last lines of the access log, when there are so many."""
    def lines():
        return re.findall(r'"([^"]*)" (\d+) (\d+) "', (server.state_dir / "access.log").read_text())
    until(lambda: len(lines()) >= count, 20, lambda: f"{count} lines: {lines()}")
    return [(line, int(status), int(size)) for line, status, size in lines()[-count:]]


@pytest.mark.parametrize("sent,line", [
    (b"GET /vers", "-"), (b"GET /version HTTP/1.1\r\nHost: loc", "-"),
    (b"POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{", "POST /sessions HTTP/1.1"),
    (b"POST /sessions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", "POST /sessions HTTP/1.1")],
    ids=["target", "header", "body", "chunk"])
@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_request_that_its_client_breaks_off_is_logged(serve, sent, line, end):
    server = serve()
    with Connection(server.port) as connection:
        connection.send(sent)
        wait_until_read([connection])
        if end == "reset":
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert logged(server, 1) == [(line, 499, 0)]


def test_a_client_that_leaves_while_it_waits_is_logged(serve):
    server = serve()
    session = server.client.create(kind="pyspark").wait_idle()
    number = session.submit("forever")
    session.wait_statement_state(number, "running")
    with Connection(server.port) as connection:
        connection.send(f"GET {session.path}/statements/{number}?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_until_read([connection])
    session.cancel(number)
    session.wait(number)
    until(lambda: f'"GET {session.path}/statements/{number}?wait=60 HTTP/1.1" 499 ' in (server.state_dir / "access.log").read_text(), 20,
          "it is in the log")


def test_a_client_that_only_ends_its_side_is_answered(small):
    with Connection(small.port) as connection:
        connection.send(HELLO)
        connection.end()
        assert connection.answer().status == 200


def test_requests_of_one_connection(small):
    with Connection(small.port) as connection:
        connection.send(HELLO * 6)
        answers = [connection.answer() for _ in range(5)]
        assert [answer.headers.get("connection") for answer in answers] == [None] * 4 + [["close"]]
        assert connection.closed()


@pytest.mark.parametrize("sent", [b"G", b"GET /version HTTP/1.1\r\nHost: localhost\r\nX-Note: "])
def test_a_header_that_does_not_end(serve, sent):
    server = serve({"server.header-timeout": "500ms"})
    with Connection(server.port) as connection:
        connection.send(sent)
        check_refusal(connection, 408)
    assert status_of(server.port, HELLO) == 200


def test_a_body_that_does_not_end(serve):
    server = serve({"server.body-timeout": "500ms"})
    with Connection(server.port) as connection:
        connection.send(b'POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\n{"kind"')
        check_refusal(connection, 408)
    assert status_of(server.port, HELLO) == 200
    assert json.loads(ask(server.port, b"GET /sessions HTTP/1.1\r\nHost: localhost\r\n\r\n").body)["total"] == 0


def test_a_body_that_drips(serve):
    """Bytes that come, but slower than the least rate, do not keep a request alive."""
    server = serve({"server.body-timeout": "500ms", "server.min-transfer-rate": "1m"})
    with Connection(server.port) as connection:
        connection.send(b"POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
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
    connection.send(f"GET {path}/statements/0 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def rest_is_cut(connection):
    """Reads to the end, which is not that of the answer."""
    with contextlib.suppress(ConnectionResetError):
        while connection.read():
            pass
    announced = int(re.search(rb"Content-Length: (\d+)", connection.unread)[1])
    return len(connection.unread.partition(b"\r\n\r\n")[2]) < announced


def test_a_client_that_does_not_read(serve):
    """It is cut, and logged with what was sent."""
    server = serve({"server.write-timeout": "500ms", "server.min-transfer-rate": "1g"})
    path = big_session(server, 9_000_000)
    with Connection(server.port) as connection:
        ask_and_do_not_read(connection, path)
        until(lambda: re.search(r"GET /sessions/0/statements/0 200", server.log()), 20, "the server gave up")
        assert rest_is_cut(connection)
        received = len(connection.unread.partition(b"\r\n\r\n")[2])
    line, status, size = logged(server, 1)[0]
    assert (line, status) == (f"GET {path}/statements/0 HTTP/1.1", 200) and received <= size < 9_000_000
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
        connection.send(b"POST /sessions HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: mine\r\n" + field + b"\r\n\r\n")
        answer = connection.answer()
    assert (answer.status, answer.headers["x-request-id"]) == (status, ["mine"])


@pytest.mark.parametrize("head, status", [(b"Host : a", 400), (b"Host: localhost\r\nA: " + b"b" * 3000, 431), (b"X: y", 400)])
def test_a_refused_head_has_no_body(small, head, status):
    with socket.create_connection(("127.0.0.1", small.port), timeout=30) as client:
        client.sendall(b"HEAD /version HTTP/1.1\r\n" + head + b"\r\n\r\n")
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 %d " % status) and answer.endswith(b"\r\n\r\n") and answer.count(b"\r\n\r\n") == 1
