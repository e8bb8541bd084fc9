"""Server-sent events of sessions and statements, with a fake driver in place of Spark."""

import contextlib
import sys
import threading

import pytest

from blackbox import gateway as gateways
from blackbox import streams
from blackbox.client import until
from blackbox.conftest import new_directory, run_gateway, run_recovering
from blackbox.streams import Events, text_of


class Relay:
    """A statement that prints what a test tells it to."""

    def __init__(self, session, file):
        self.file = file
        file.touch()
        self.number = session.submit(f"relay {file}")
        self.path = f"{session.path}/statements/{self.number}"

    def print(self, *lines):
        with open(self.file, "a", encoding="utf-8") as out:
            out.write("".join(line + "\n" for line in lines))

    def finish(self):
        self.print(".")


@pytest.fixture(scope="module")
def gateway(fake_spark_home):
    """Without heartbeats within a test, at which streams would look for news, too."""
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "session.kill-grace": "1s", "rsc.job-cancel.timeout": "2s", "server.events.heartbeat": "1h"}))


@pytest.fixture
def session(fake):
    return fake().wait_idle()


@pytest.fixture
def relay(session, tmp_path):
    return Relay(session, tmp_path / "relay")


def events(client, path, last_id=None):
    return Events(client.port, path + "/events", last_id)


def states(seen, name="state"):
    return [event.data["state"] for event in seen if event.name == name]


def data_of(seen, name):
    return [event.data for event in seen if event.name == name]


# ---- sessions

def test_a_session_from_its_start_to_its_end(client, fake, tmp_path):
    session = fake(start=tmp_path / "go")
    with events(client, session.path) as stream:
        assert stream.status == 200 and stream.headers["Content-Type"] == "text/event-stream"
        assert stream.headers["Cache-Control"] == "no-store" and stream.headers["X-Accel-Buffering"] == "no"
        first = stream.next()
        assert stream.retry == 1000
        assert (first.name, first.data) == ("state", {"id": session.id, "state": "starting"})
        (tmp_path / "go").touch()
        assert states(stream.until("state", state="idle")) == ["idle"]
        number = session.submit(f"steps {tmp_path}/end text")
        running = stream.until("statement", state="running")
        assert data_of(running, "statement")[-1]["id"] == number
        (tmp_path / "end").touch()
        seen = stream.until("state", state="idle")
        done, statement = data_of(seen, "statement")[-1], session.statement(number)
        assert done == {key: statement[key] for key in ("id", "state", "progress", "started", "completed")}
        assert done["state"] == "available" and done["progress"] == 1.0
        session.delete()
        rest = list(stream)
        assert states(rest) == ["shutting_down", "dead"]
        assert (rest[-1].name, rest[-1].id) == ("end", "end")
        assert rest[-1].data == {"id": session.id, "state": "dead", "reason": ""}


def test_statements_that_wait_and_are_cancelled(client, session):
    with events(client, session.path) as stream:
        first = session.submit("forever")
        stream.until("statement", id=first, state="running")
        second = session.submit("say never")
        stream.until("statement", id=second, state="waiting")
        session.cancel(second)
        stream.until("statement", id=second, state="cancelled")
        session.cancel(first)
        stream.until("statement", id=first, state="cancelled")


def test_progress(client, session, tmp_path):
    number = session.submit(f"progress {tmp_path}/go 0.25 {tmp_path}/end")
    with events(client, session.path) as of_session, events(client, f"{session.path}/statements/{number}") as of_statement:
        of_session.until("statement", id=number, state="running", progress=0.0)
        of_statement.until("state", id=number, state="running", progress=0.0)
        (tmp_path / "go").touch()
        of_session.until("statement", id=number, state="running", progress=0.25)
        of_statement.until("state", id=number, state="running", progress=0.25)
        (tmp_path / "end").touch()
        of_session.until("statement", progress=1.0)
        of_statement.until("state", progress=1.0)


def test_a_client_that_comes_late_is_told_of_what_is_not_finished(client, session, tmp_path):
    done = session.submit("say done")
    session.wait(done)
    running = session.submit(f"steps {tmp_path}/go text")
    waiting = session.submit("say waiting")
    session.wait_statement_state(running, "running")
    with events(client, session.path) as stream:
        seen = stream.until("statement", id=waiting)
        assert states(seen) == ["busy"]
        assert [(each["id"], each["state"]) for each in data_of(seen, "statement")] == [
            (running, "running"), (waiting, "waiting")]
        (tmp_path / "go").touch()


def test_a_client_that_comes_again_is_told_what_it_has_missed(client, session, tmp_path):
    with events(client, session.path) as stream:
        session.run("say 0")
        stream.until("statement", id=0, state="available")
        number = session.submit(f"steps {tmp_path}/go text")
        stream.until("statement", id=number, state="running")
        last_id = stream.last_id
    (tmp_path / "go").touch()
    session.wait(number)
    session.run("say 2")
    with events(client, session.path, last_id) as stream:
        seen = stream.until("statement", id=2)
        assert seen[0].name == "state", "the present state comes first"
        assert [(each["id"], each["state"]) for each in data_of(seen, "statement")] == [
            (1, "available"), (2, "available")]
        assert stream.last_id == "3"


def test_a_session_that_has_ended(client, fake):
    session = fake(exit=3)
    session.wait_dead()
    with events(client, session.path) as stream:
        seen = list(stream)
        assert [event.name for event in seen] == ["state", "end"]
        assert "exit code 3" in seen[-1].data["reason"]
    with events(client, session.path, stream.last_id) as again:
        assert again.status == 204, "no browser comes again after that"
    session.delete()
    assert client.get(session.path + "/events").status == 404


def test_watching_is_a_heartbeat(client, serve):
    """A session that ends without one lives for as long as somebody watches it, and ends afterwards."""
    server = serve({"server.events.heartbeat": "200ms"})
    session = server.client.create(kind="pyspark", heartbeatTimeoutInSecond=1)
    with events(server.client, session.path) as stream:
        stream.until("state", state="idle")
        stream.pass_comments(15)  # three seconds
    until(lambda: server.client.get("/sessions").json["total"] == 0, 20, "the session has ended")


# ---- statements

def test_output_is_there_before_the_statement_ends(client, session, relay):
    with events(client, relay.path) as stream:
        assert stream.status == 200
        first = stream.next()
        assert first.name == "state" and first.data["state"] in ("waiting", "running")
        relay.print("line one")
        output = stream.until("output")[-1].data
        assert output == {"from": 0, "next": 9, "text": "line one\n"}
        assert session.statement(relay.number)["state"] == "running"
        relay.print("größer", "😀")
        relay.finish()
        seen = list(stream)
        assert text_of(seen) == "größer\n😀\n"
        assert [event.name for event in seen[-3:]] == ["state", "result", "end"]
        assert seen[-3].data["state"] == "available"
        assert seen[-2].data == session.statement(relay.number)
        assert seen[-1].id == "end"


def test_a_statement_that_has_ended(client, session):
    number = session.submit("print hello\r\nworld")
    session.wait(number)
    with events(client, f"{session.path}/statements/{number}") as stream:
        seen = list(stream)
    assert [event.name for event in seen] == ["output", "state", "result", "end"]
    assert text_of(seen) == "hello\nworld"
    with events(client, f"{session.path}/statements/{number}", "end") as again:
        assert again.status == 204


def test_a_large_result(client, session):
    number = session.submit("big 5000000")
    with events(client, f"{session.path}/statements/{number}") as stream:
        result = stream.until("result")[-1].data
    assert result == session.statement(number)
    assert len(result["output"]["data"]["text/plain"]) == 5_000_000


def test_a_client_that_comes_again_misses_nothing_and_hears_nothing_twice(client, session, relay):
    seen, last_id = [], None
    for step in range(10):
        with events(client, relay.path, last_id) as stream:
            relay.print(f"line {step}")
            seen += stream.until("output")
            last_id = stream.last_id
        relay.print(f"while it was away {step}")
    relay.finish()
    with events(client, relay.path, last_id) as stream:
        seen += list(stream)
    assert text_of(seen) == "".join(f"line {step}\nwhile it was away {step}\n" for step in range(10))


@pytest.mark.parametrize("last_id", ["", "abc", "-1", "1.5", "99999999999999999999", "0"])
def test_an_id_that_means_nothing_is_the_beginning(client, session, last_id):
    number = session.submit("print text")
    session.wait(number)
    with events(client, f"{session.path}/statements/{number}", last_id) as stream:
        assert text_of(list(stream)) == "text"
    with events(client, session.path, last_id) as stream:
        assert stream.next().data["state"] == "idle"


def test_a_cancelled_statement(client, session):
    number = session.submit("forever")
    with events(client, f"{session.path}/statements/{number}") as stream:
        stream.until("state", state="running")
        session.cancel(number)
        seen = list(stream)
    assert states(seen)[-1] == "cancelled" and seen[-2].data["output"] is None


def test_the_end_of_its_session_ends_a_statement(client, session):
    number = session.submit("forever")
    with events(client, f"{session.path}/statements/{number}") as of_statement, events(client, session.path) as of_session:
        of_statement.until("state", state="running")
        session.delete()
        seen = list(of_statement)
        assert [event.name for event in seen[-2:]] == ["result", "end"]
        assert seen[-2].data["output"]["ename"] == "SessionEnded"
        assert list(of_session)[-1].name == "end"


def test_a_statement_of_a_dead_session(client, session):
    """Unlike Livy's routes: a client that lost its connection meanwhile can learn how it ended."""
    number = session.submit("exit 4")
    session.wait_state("dead")
    with events(client, f"{session.path}/statements/{number}", "0") as stream:
        assert stream.until("result")[-1].data["output"]["ename"] == "SessionEnded"


# ---- the stream itself

def test_what_is_refused(client, session):
    for path, status, body in (("/sessions/99999/events", 404, {"msg": "Session '99999' not found."}),
                               (session.path + "/statements/99/events", 404, "Statement not found"),
                               (session.path + "/statements/x/events", 400, {"msg": 'For input string: "x"'}),
                               ("/sessions/99999/statements/0/events", 404, {"msg": "Session '99999' not found."})):
        answer = client.get(path)
        assert (answer.status, answer.json) == (status, body), path
    answer = client.post(session.path + "/events")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_heartbeat(serve, tmp_path):
    server = serve({"server.events.heartbeat": "50ms"})
    session = server.client.create(kind="pyspark").wait_idle()
    relay = Relay(session, tmp_path / "relay")
    with events(server.client, session.path) as of_session, events(server.client, relay.path) as of_statement:
        of_session.until("statement", state="running")
        for stream in (of_session, of_statement):
            stream.pass_comments(3)
        relay.print("between heartbeats")
        assert text_of(of_statement.until("output")) == "between heartbeats\n"
        of_statement.pass_comments(2)
        relay.finish()


def test_the_connection_goes_on(client, session):
    number = session.submit("say x")
    session.wait(number)
    for _ in range(3):
        answer = client.get(f"{session.path}/statements/{number}/events")
        assert answer.headers["Transfer-Encoding"] == "chunked" and answer.text.endswith("\n\n")
    assert client.get(f"{session.path}/statements/{number}/events", headers={"Last-Event-ID": "end"}).status == 204
    assert client.get("/version").status == 200


def test_head(client, session):
    answer = client.call("HEAD", session.path + "/events")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
    assert client.get(session.path).status == 200, "the connection goes on"


def test_http_1_0(client, session, relay):
    with contextlib.closing(streams.raw(client.port, f"GET {relay.path}/events HTTP/1.0\r\n\r\n")) as connection:
        relay.print("text")
        relay.finish()
        head, _, body = streams.read_all(connection).partition(b"\r\n\r\n")
    assert b"Connection: close" in head and b"chunked" not in head
    assert body.startswith(b"retry: 1000\n\nid: ") and b"event: end\n" in body


def test_it_is_never_compressed(client, session):
    number = session.submit("print " + "x" * 50_000)
    session.wait(number)
    answer = client.get(f"{session.path}/statements/{number}/events", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] is None and b"x" * 50_000 in answer.body


def test_curl(client, session, relay):
    with streams.curl(client.port, relay.path + "/events") as curl:
        relay.print("shown at once")
        while "shown at once" not in curl.stdout.readline():
            pass
        assert session.statement(relay.number)["state"] == "running"
        relay.finish()
        assert "event: end\n" in curl.stdout.read()
    assert curl.returncode == 0


def test_two_hundred_clients(client, session, relay):
    with contextlib.ExitStack() as all_of_them:
        watching = [all_of_them.enter_context(events(client, relay.path)) for _ in range(200)]
        for step in range(20):
            relay.print(f"line {step}")
        relay.finish()
        expected = "".join(f"line {step}\n" for step in range(20))
        for stream in watching:
            seen = list(stream)
            assert text_of(seen) == expected and seen[-1].name == "end"


def test_clients_that_go_leave_nothing(gateway, client, session, relay):
    client.get("/version")
    before = gateway.sockets()
    watching = [events(client, path) for path in (relay.path, session.path) for _ in range(25)]
    assert gateway.sockets() >= before + 50
    for stream in watching:
        stream.close()
    until(lambda: gateway.sockets() == before, 20, lambda: f"{gateway.sockets()} sockets, {before} before")
    relay.finish()


def test_streams_count_as_connections(serve):
    server = serve({"server.max-connections": "3"})
    session = server.client.create(kind="pyspark").wait_idle()
    with events(server.client, session.path), events(server.client, session.path):
        with events(server.client, session.path) as refused:
            assert refused.status == 503
        assert server.client.get("/version").status == 200
    session.delete()


@pytest.mark.unsanitized
def test_a_client_that_does_not_read_costs_no_memory_and_is_cut(serve):
    server = serve({"server.write-timeout": "500ms", "server.min-transfer-rate": "1m", "rsc.retained-statements": "5",
                    "statement.output-limit": "48m"})
    session = server.client.create(kind="pyspark").wait_idle()
    session.run("flood 8")
    before = server.sockets()
    with server.memory_bounded(24 * 1024):
        number = session.submit("flood 48")
        path = f"{session.path}/statements/{number}/events"
        with contextlib.closing(streams.raw(server.port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n", 4096)) as connection:
            until(lambda: server.sockets() == before + 1, 20, "the client is there")
            assert session.wait(number)["state"] == "available"
            until(lambda: server.sockets() == before, 30, "the client was cut")
            got = streams.read_all(connection)
        assert b"event: output" in got and not got.endswith(b"0\r\n\r\n")
        with events(server.client, f"{session.path}/statements/{number}") as stream:
            size = sum(len(event.data["text"]) for event in stream if event.name == "output")
        assert size == 48 << 20, "one that reads gets all"
    session.delete()


def test_the_servers_stop_ends_streams(serve, tmp_path):
    """In good order and at once; clients come again then, so there is no `end`."""
    server = serve({"server.drain-timeout": "1h"})
    session = server.client.create(kind="pyspark").wait_idle()
    relay = Relay(session, tmp_path / "relay")
    with events(server.client, session.path) as of_session, events(server.client, relay.path) as of_statement:
        of_session.until("statement", state="running")
        relay.print("last words")
        of_statement.until("output")
        ended = []
        stop = threading.Thread(target=lambda: ended.append(server.stop()))
        stop.start()
        assert [event.name for event in list(of_session) + list(of_statement) if event.name == "end"] == []
        of_session.close()
        of_statement.close()
        stop.join()
        assert ended == [0]


def test_a_gateway_that_is_killed_and_started_again(fake_spark_home, tmp_path):
    server = gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={"session.kill-grace": "1s"})
    for running in run_recovering(server):
        session = running.client.create(kind="pyspark").wait_idle()
        relay = Relay(session, tmp_path / "relay")
        seen, last_id, watch_id = [], None, None
        for step in range(3):
            with events(running.client, relay.path, last_id) as stream, events(running.client, session.path, watch_id) as watch:
                relay.print(f"line {step}")
                seen += stream.until("output")
                watch.until("statement", id=relay.number, state="running")
                running.kill()
                with pytest.raises(streams.Cut):
                    for event in stream:
                        seen.append(event)
                last_id, watch_id = stream.last_id, watch.last_id
            relay.print(f"without a server {step}")
            running.start()
        relay.finish()
        with events(running.client, relay.path, last_id) as stream:
            seen += list(stream)
        assert text_of(seen) == "".join(f"line {step}\nwithout a server {step}\n" for step in range(3))
        assert seen[-2].data == session.statement(relay.number)
        with events(running.client, session.path, watch_id) as watch:
            assert watch.until("statement", id=relay.number)[-1].data["state"] == "available"
