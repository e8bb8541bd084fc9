"""SIGTERM under load: who is being answered gets the answer, who is idle is told, and nobody sees a reset."""

import contextlib

import pytest

from wire.wire import Connection, wait_until_read

HELLO = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def busy(serve):
    """A server whose session 0 runs a statement without end."""
    server = serve()
    session = server.client.create(kind="pyspark").wait_idle()
    session.wait_statement_state(session.submit("forever"), "running")
    return server


@pytest.fixture
def connect(busy):
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(Connection(busy.port))


def asked(connection):
    """A connection that has been used."""
    connection.send(HELLO)
    assert connection.answer().headers.get("connection") is None
    return connection


def check_last_answer(connection, status):
    answer = connection.answer()
    assert answer and answer.status == status, answer
    assert answer.headers["connection"] == ["close"] and answer.headers["x-request-id"]
    assert connection.closed()


def test_answers_in_flight_and_idle_connections(busy, connect):
    idle = [asked(connect()) for _ in range(200)]
    held = [asked(connect()) for _ in range(20)]
    for each in held:
        each.send(b"GET /sessions/0/statements/0?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    in_body = [asked(connect()) for _ in range(20)]
    for each in in_body:
        each.send(b'POST /sessions/0/statements HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\n{"code"')
    in_header = [asked(connect()) for _ in range(10)]
    for each in in_header:
        each.send(b"GET /version HTTP/1.1\r\nHo")
    wait_until_read(held + in_body + in_header)

    busy.begin_stop()
    for each in idle:
        assert each.closed()
    for each in held:
        check_last_answer(each, 200)
    for each in in_body:
        each.send(b':"1"}')
        check_last_answer(each, 201)
    for each in in_header:
        each.send(b"st: localhost\r\n\r\n")
        check_last_answer(each, 200)
    with pytest.raises(ConnectionRefusedError):
        connect()
    for each in idle + held + in_body + in_header:
        each.socket.close()
    assert busy.process.wait(20) == 0


def test_a_request_that_crosses_the_end(busy, connect):
    """The client has not seen yet that the server closed: its request is not answered, but it sees no reset."""
    first, late = asked(connect()), asked(connect())
    busy.begin_stop()
    assert first.closed()
    for byte in HELLO:
        assert late.send(bytes([byte])), "reset"
    assert late.closed()


def test_who_holds_an_answer_up_does_not_hold_up_the_end(serve):
    server = serve({"server.drain-timeout": "500ms"})
    with Connection(server.port) as connection:
        connection.send(b"GET /version HTTP/1.1\r\nHo")
        wait_until_read([connection])
        server.begin_stop()
        assert connection.answer() is None
    assert server.process.wait(20) == 0
