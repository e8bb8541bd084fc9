"""What the server makes of raw bytes: the cases of cases/*.toml against the real binary.

A case says what is sent, the status of each answer, whether the server closes then, and how many requests were
executed. Behind each case comes one more request: it is answered where the connection is to stay open, and where it is
to be closed nobody executes it. What is executed is counted by the statements that the session got: each has a number.

Each case is sent in one piece, in two pieces divided at every byte, and byte by byte.
"""

import json
import pathlib

import pytest

from wire.wire import Connection, load_cases, wait_until_read

FILES = sorted((pathlib.Path(__file__).parent / "cases").glob("*.toml"))
CASES = [pytest.param(case, id=f"{file.stem}: {case['name']}") for file in FILES for case in load_cases(file)]
SMALL = [case for case in CASES if 1 < len(case.values[0]["send"]) <= 400]
FOLLOW_UP = (b'POST /sessions/0/statements HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\n{"code":"2"}')


def executed_by(session, action):
    """How many statements the session got meanwhile."""
    before = session.submit("0")
    action()
    return session.submit("0") - before - 1


def expected_count(case):
    return case["executed"] + (not case["close"])


def send_rest(connection, case, data):
    """The end of a case, and the request that follows."""
    if case.get("then") == "end":
        connection.send(data)
        connection.end()
    else:
        connection.send(data + FOLLOW_UP)


def check_answers(connection, case):
    heads = case.get("heads", [])
    answers = [connection.answer(head=number in heads) for number in range(len(case["answers"]))]
    assert [answer and answer.status for answer in answers] == case["answers"], answers
    for answer in answers:
        assert answer.headers["x-request-id"] and answer.headers["date"]
        assert len(answer.headers["content-length"]) == 1
    if case["close"]:
        assert connection.closed(), "one more answer, or an open connection"
        if answers:
            assert answers[-1].headers["connection"] == ["close"]
            check_error(answers[-1])
    else:
        follow_up = connection.answer()
        assert follow_up and follow_up.status == 201, follow_up


def check_error(answer):
    """An error that the server itself answers has the API's shape."""
    if answer.status >= 400:
        assert list(json.loads(answer.body)) == ["msg"]
        assert answer.headers["content-type"] == ["application/json;charset=utf-8"]


@pytest.mark.parametrize("case", CASES)
def test_in_one_piece(gateway, session, case):
    def run():
        with Connection(gateway.port) as connection:
            send_rest(connection, case, case["send"])
            check_answers(connection, case)
    assert executed_by(session, run) == expected_count(case)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_byte_by_byte(gateway, session, file):
    """All small cases of a file at the same time, each on its own connection, a byte in turn."""
    cases = [case for case in load_cases(file) if 1 < len(case["send"]) <= 400]

    def run():
        connections = [Connection(gateway.port) for _ in cases]
        try:
            for at in range(max(len(case["send"]) for case in cases)):
                for connection, case in zip(connections, cases):
                    if at < len(case["send"]):
                        connection.send(case["send"][at:at + 1])
                wait_until_read(connections)
            for connection, case in zip(connections, cases):
                send_rest(connection, case, b"")
                check_answers(connection, case)
        finally:
            for connection in connections:
                connection.socket.close()
    assert executed_by(session, run) == sum(expected_count(case) for case in cases)


@pytest.mark.parametrize("case", SMALL)
def test_divided_at_every_byte(gateway, session, case):
    def run():
        connections = []
        try:
            for at in range(1, len(case["send"])):
                connections.append(Connection(gateway.port))
                connections[-1].send(case["send"][:at])
            wait_until_read(connections)
            for at, connection in enumerate(connections, 1):
                send_rest(connection, case, case["send"][at:])
            for connection in connections:
                check_answers(connection, case)
        finally:
            for connection in connections:
                connection.socket.close()
    assert executed_by(session, run) == expected_count(case) * (len(case["send"]) - 1)


def test_a_thousand_requests_in_one_write(gateway, session):
    count = 1000
    requests = b"".join(
        b"POST /sessions/0/statements HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: r%d\r\nContent-Length: 12\r\n\r\n"
        b'{"code":"1"}' % number for number in range(count))

    def run():
        with Connection(gateway.port) as connection:
            connection.send(requests)
            answers = [connection.answer() for _ in range(count)]
            assert [answer.status for answer in answers] == [201] * count
            assert [answer.headers["x-request-id"] for answer in answers] == [[f"r{n}"] for n in range(count)]
            numbers = [json.loads(answer.body)["id"] for answer in answers]
            assert numbers == list(range(numbers[0], numbers[0] + count)), "executed in another order"
    assert executed_by(session, run) == count


@pytest.mark.parametrize("framing,body", [("Content-Length: 12", '{"code":"1"}'),
                                          ("Transfer-Encoding: chunked", 'c\r\n{"code":"1"}\r\n0\r\n\r\n')])
def test_a_body_is_asked_for(gateway, session, framing, body):
    """100-continue: the client sends nothing more until it is told to."""
    def run():
        with Connection(gateway.port) as connection:
            connection.send(f"POST /sessions/0/statements HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n{framing}\r\n"
                            "\r\n".encode())
            while b"\r\n\r\n" not in connection.unread:
                assert connection.read()
            assert connection.unread == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.send(body.encode())
            assert connection.answer().status == 201
    assert executed_by(session, run) == 1
