"""Logs that are followed: ?follow=true sends what there is and what comes, until the program has ended."""

import contextlib
import hashlib

import pytest

from blackbox import batches, streams
from blackbox.client import until
from blackbox.fake_spark_submit import LINE, block_line

FOLLOW = "/log?follow=true"


def follow(client, path, query=""):
    return streams.Stream(client.port, path + FOLLOW + query)


def whole(one):
    """What a client that follows from the beginning has to get in the end: all lines but the markers."""
    return "".join(line + "\n" for line in one.log()[1:-1])


@pytest.fixture
def running(batch, tmp_path):
    """A batch that has printed "first" and goes on when it is told; `finish()` lets it print "second" and end."""
    one = batch(print="first", until=tmp_path / "go", last="second")
    until(lambda: one.output() == ["first"], 30, one.log_text)
    one.finish = (tmp_path / "go").touch
    return one


def test_a_batch_to_its_end(client, running):
    with follow(client, running.path) as log:
        assert log.status == 200 and log.headers["Content-Type"] == "text/plain;charset=utf-8"
        assert log.headers["Cache-Control"] == "no-store" and log.headers["X-Accel-Buffering"] == "no"
        seen = ""
        while not seen.endswith("first\n"):
            seen += log.line().decode()
        assert running.state() == "running"
        running.finish()
        seen += log.rest()
    assert seen == whole(running) and seen.endswith("first\nsecond\n")
    assert running.state() == "success"


def test_a_session_to_its_end(client, fake):
    session = fake(print="hello").wait_idle()
    with follow(client, session.path) as log:
        while b"context ready" not in log.line():
            pass
        session.delete()
        assert "spark-submit has ended: killed by signal 15" in log.rest()


def test_one_that_has_ended_is_sent_at_once(client, batch):
    one = batch(lines=500)
    one.wait_end()
    with follow(client, one.path) as log:
        assert log.rest() == whole(one)


def test_one_that_waits_for_its_start(client, batch, serve, tmp_path):
    server = serve({"server.session.max-creation": "1"})
    first = batches.create(server.client, conf=batches.fake_conf(until=tmp_path / "go"))
    second = batches.create(server.client, conf=batches.fake_conf(print="mine"))
    with follow(server.client, second.path) as log:
        assert b"queued" in log.line()
        first.delete()
        assert "mine\n" in log.rest()
    second.delete()


def test_where_it_begins(client, batch):
    one = batch(lines=3000)
    one.wait_end()
    lines = one.log()
    total = len(lines)

    def followed(query):
        with follow(client, one.path, query) as log:
            return log.rest().splitlines()

    printed = lines[1:-1]
    for start in (0, 1, 2, 1024, 1025, 1026, total - 2):
        assert followed(f"&from={start}") == lines[max(start, 1):-1], start
    for start in (total - 1, total, 99999):
        assert followed(f"&from={start}") == []
    for size in (0, 1, 5, 2000, total, 99999):
        assert followed(f"&size={size}") == (printed[-size:] if size else []), size
    assert followed("&size=-1") == followed("&from=-1") == printed
    assert followed("&from=-1&size=3") == printed[-3:]
    assert followed("&from=2000&size=3") == lines[2000:-1], "from counts alone"


def test_a_line_that_is_not_complete(client, batch, tmp_path):
    """What a prompt or a progress bar shows is there before its line ends."""
    (tmp_path / "part").write_bytes(b"10 %..20 %")
    one = batch(cat=tmp_path / "part", until=tmp_path / "go", last=" done")
    with follow(client, one.path) as log:
        seen = ""
        while not seen.endswith("20 %"):
            seen += log.piece().decode()
        (tmp_path / "go").touch()
        assert log.rest() == " done\n"


def test_bytes_that_are_not_text_pass(client, batch, tmp_path):
    data = bytes(range(256)) * 1000 + b"\n"
    (tmp_path / "bytes").write_bytes(data)
    one = batch(cat=tmp_path / "bytes")
    with follow(client, one.path) as log:
        assert b"".join(iter(log.piece, b"")).endswith(data)


def test_values_that_are_refused(client, running):
    for value in ("", "1", "yes", "True"):
        answer = client.get(f"{running.path}/log?follow={value}")
        assert answer.status == 400
        assert answer.json == {"msg": f'follow: expected true or false, found "{value}"'}
    assert client.get(running.path + "/log?follow=true&from=x").json == {"msg": 'For input string: "x"'}
    assert client.get("/batches/99999" + FOLLOW).json == {"msg": "Session '99999' not found."}
    assert client.get("/sessions/99999" + FOLLOW).status == 404
    page = client.get(running.path + "/log?follow=false")
    assert list(page.json) == ["id", "from", "total", "log"]


def test_the_connection_goes_on(client, batch):
    one = batch(print="x")
    one.wait_end()
    for _ in range(3):
        answer = client.get(one.path + FOLLOW)
        assert answer.headers["Transfer-Encoding"] == "chunked" and answer.text == whole(one)
    assert client.get(one.path).status == 200


def test_head(client, running):
    answer = client.call("HEAD", running.path + FOLLOW)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain;charset=utf-8")
    assert client.get(running.path).status == 200, "the connection goes on"


def test_http_1_0(client, running):
    with contextlib.closing(streams.raw(client.port, f"GET {running.path}{FOLLOW} HTTP/1.0\r\n\r\n")) as connection:
        running.finish()
        head, _, body = streams.read_all(connection).partition(b"\r\n\r\n")
    assert b"Connection: close" in head and b"chunked" not in head
    assert body.decode() == whole(running)


def test_curl(client, running):
    with streams.curl(client.port, running.path + FOLLOW) as curl:
        while curl.stdout.readline() != "first\n":
            pass
        running.finish()
        assert curl.stdout.read() == "second\n"
    assert curl.returncode == 0


def test_a_hundred_clients(client, running):
    with contextlib.ExitStack() as all_of_them:
        logs = [all_of_them.enter_context(follow(client, running.path)) for _ in range(100)]
        running.finish()
        seen = {log.rest() for log in logs}
    assert seen == {whole(running)}


def test_clients_that_go_leave_nothing(gateway, client, running):
    client.get("/version")
    before = gateway.sockets()
    logs = [follow(client, running.path) for _ in range(50)]
    assert gateway.sockets() >= before + 50
    for log in logs:
        log.close()
    until(lambda: gateway.sockets() == before, 20, lambda: f"{gateway.sockets()} sockets, {before} before")


def test_a_deletion_ends_it(client, running):
    with follow(client, running.path) as log:
        assert running.delete().json == {"msg": "deleted"}
        assert "first\n" in log.rest()


def test_the_servers_stop_ends_it(serve, tmp_path):
    server = serve({"server.drain-timeout": "1h"})
    one = batches.create(server.client, conf=batches.fake_conf(print="first", until=tmp_path / "go"))
    with follow(server.client, one.path) as log:
        while log.line() != b"first\n":
            pass
        assert server.stop() == 0
        assert log.rest() == "sparkgate: the server stops, what comes next is in the log\n"


def test_what_was_removed_of_a_large_log(serve):
    """The same line stands for it as in pages."""
    server = serve({"log.max-size": "256k"})
    one = batches.create(server.client, conf=batches.fake_conf(block=200_000))
    one.wait_end()
    lines = one.log()
    assert any("bytes of output were removed here" in line for line in lines)
    with follow(server.client, one.path) as log:
        assert log.rest().splitlines() == lines[1:-1]
    one.delete()


@pytest.mark.unsanitized
def test_a_large_log_needs_no_memory(gateway, client, batch):
    """Followed from its first line on while it is written, and again when it is there."""
    count = 3_000_000
    expected = hashlib.md5()
    for number in range(count):
        expected.update(block_line(number).encode() + b"\n")

    def digest(log):
        """Of the lines that the program has written, which the server's own remarks surround."""
        found, size = hashlib.md5(), count * LINE
        while (part := log.line()).startswith(b"sparkgate: "):
            pass
        while size > 0:
            assert part, "too short"
            found.update(part[:size])
            size -= len(part[:size])
            part = log.piece()
        return found.hexdigest()

    with gateway.memory_bounded(16 * 1024):
        one = batch(block=count)
        for _ in range(2):
            with follow(client, one.path) as log:
                assert digest(log) == expected.hexdigest()


def test_a_client_that_does_not_read_is_cut(serve):
    server = serve({"server.write-timeout": "500ms", "server.min-transfer-rate": "1m"})
    one = batches.create(server.client, conf=batches.fake_conf(block=500_000))
    one.wait_end()
    before = server.sockets()
    with contextlib.closing(streams.raw(server.port, f"GET {one.path}{FOLLOW} HTTP/1.1\r\nHost: localhost\r\n\r\n", 4096)) as connection:
        until(lambda: server.sockets() == before + 1, 20, "the client is there")
        until(lambda: server.sockets() == before, 30, "the client was cut")
        assert not streams.read_all(connection).endswith(b"0\r\n\r\n")
    one.delete()
