"""The first SIGTERM or SIGINT lets a server finish what it does; the second ends one that does not come to its end."""

import shutil
import signal
import socket
import sys

import pytest

from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_recovering

SIGNALS = (signal.SIGTERM, signal.SIGINT)
PATIENT = {"server.drain-timeout": "10m", "server.header-timeout": "10m", "server.body-timeout": "10m", "session.kill-grace": "1s"}
BODY = b'{"code":"say late"}'
SOON = 20.0  # seconds; the drain would take minutes

both = pytest.mark.parametrize("first", SIGNALS)
second = pytest.mark.parametrize("second", SIGNALS)


@pytest.fixture
def gateway(fake_spark_home):
    yield from run_recovering(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings=PATIENT))


@pytest.fixture
def session(gateway):
    return gateway.client.create(kind="pyspark").wait_idle()


class SlowBody:
    """A statement whose text is on its way; the server waits for it."""

    def __init__(self, gateway, session):
        self.connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=30)
        self.connection.sendall(f"POST {session.path}/statements HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                                f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n".encode())
        assert self.connection.recv(100).startswith(b"HTTP/1.1 100"), "the server waits for the body"

    def finish(self):
        """The whole answer."""
        with self.connection:
            self.connection.sendall(BODY)
            return self.connection.makefile("rb").read()


def begin_stop(gateway, number):
    """The server has taken the signal: nobody new gets in."""
    gateway.client.close()  # the server would wait a moment for that
    gateway.process.send_signal(number)

    def refuses():
        try:
            socket.create_connection(("127.0.0.1", gateway.port), timeout=30).close()
        except (ConnectionRefusedError, ConnectionResetError):
            return True
        return False

    until(refuses, SOON, lambda: f"the stop begins\n{gateway.log()[-2000:]}")


def end_at_once(gateway, number):
    gateway.process.send_signal(number)
    assert gateway.process.wait(SOON) == 128 + number


@both
def test_the_first_alone_drains(gateway, session, first):
    slow = SlowBody(gateway, session)
    begin_stop(gateway, first)
    answer = slow.finish()
    assert answer.startswith(b"HTTP/1.1 201 "), answer
    assert gateway.process.wait(SOON) == 0


@both
@second
def test_the_second_ends_a_drain_that_hangs(gateway, session, first, second):
    slow = SlowBody(gateway, session)
    begin_stop(gateway, first)
    assert gateway.process.poll() is None, "the request holds it up"
    end_at_once(gateway, second)
    slow.connection.close()
    gateway.start()
    assert session.state() == "idle"
    assert session.text("say on") == "on", "the session has noticed nothing"
    assert session.client.ok("GET", session.path + "/statements")["total_statements"] == 1


def test_the_second_ends_one_whose_client_does_not_read(gateway, session):
    """More than the kernel's buffers hold is on its way to a client that has stopped reading."""
    number = session.submit(f"big {900_000}")
    session.wait(number)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", gateway.port))
        ask = f"GET {session.path}/statements/{number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        connection.sendall(ask * 16)
        assert connection.recv(100).startswith(b"HTTP/1.1 200"), "the first answer has begun"
        begin_stop(gateway, signal.SIGTERM)
        assert gateway.process.poll() is None, "the answers hold it up"
        end_at_once(gateway, signal.SIGTERM)


def test_the_second_ends_one_whose_sessions_do_not_end(fake_spark_home, tmp_path):
    """Without recovery a stop ends the sessions, and this one does not want to."""
    server = gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable,
                              settings={**PATIENT, "session.kill-grace": "10m"})
    server.start()
    try:
        server.client.create(kind="pyspark", conf={"spark.fake.stubborn": "1", "spark.fake.hang": "1",
                                                   "spark.fake.record": f"{tmp_path}/starts"})
        until((tmp_path / "starts").exists, SOON, "spark-submit runs")
        begin_stop(server, signal.SIGTERM)
        assert server.process.poll() is None, "the session holds it up"
        end_at_once(server, signal.SIGINT)
    finally:
        server.client.close()
        server.kill()
        server.leftovers(patience=0)
        shutil.rmtree(server.directory, ignore_errors=True)


def test_a_second_that_comes_with_the_first_is_no_reason_to_hang(gateway):
    """Two at once may be one for the kernel: the server drains, or ends by the signal."""
    gateway.process.send_signal(signal.SIGTERM)
    gateway.process.send_signal(signal.SIGINT)
    assert gateway.process.wait(SOON) in (0, 128 + signal.SIGTERM, 128 + signal.SIGINT)
