"""What the code of a session may do to the files and the socket of the gateway: others notice nothing.

Its code has the server's user and knows its directory; here the test writes in its stead.
"""

import contextlib
import json
import os
import socket
import stat
import struct
import sys
import threading

import pytest

from blackbox import batches, streams
from blackbox import gateway as gateways
from blackbox.client import DEADLINE, until
from blackbox.conftest import new_directory, run_recovering

PATIENCE = 20.0  # seconds; an answer that takes longer is none

# Each group of places is replaced at a time, in a session of its own.
PLACES = (
    ("output.log", "statement-1.out", "exit.json", "driver.json"),
    ("shim.json", "shim.tmp", "spark.properties", "uploads", "work"),
    ("exit.fifo", "exit.tmp", "exit.json", "driver", "statement-0.out"),
    ("output.log", "removed", "shim.json", "exit.tmp"),
)


def make_fifo(place, elsewhere):
    os.mkfifo(place)


def link_to_file(place, elsewhere):
    (elsewhere / "file").write_text("of somebody else\n")
    os.symlink(elsewhere / "file", place)


def link_to_fifo(place, elsewhere):
    os.mkfifo(elsewhere / "fifo")
    os.symlink(elsewhere / "fifo", place)


def link_to_nothing(place, elsewhere):
    os.symlink(elsewhere / "none", place)


def link_to_itself(place, elsewhere):
    os.symlink(place, place)


def link_to_directory(place, elsewhere):
    (elsewhere / "directory").mkdir()
    os.symlink(elsewhere / "directory", place)


def link_to_device(place, elsewhere):
    os.symlink("/dev/zero", place)


def make_directory(place, elsewhere):
    place.mkdir()


def full_directory(place, elsewhere):
    (place / "in").mkdir(parents=True)
    os.mkfifo(place / "in" / "fifo")
    (place / "in").chmod(0)


def make_device(place, elsewhere):
    os.mknod(place, stat.S_IFCHR | 0o600, os.makedev(1, 5))


def make_socket(place, elsewhere):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))


def sparse_terabyte(place, elsewhere):
    with open(place, "wb") as file:
        file.write(b"text without an end")
        file.truncate(1 << 40)


def many_holes(place, elsewhere):
    with open(place, "wb") as file:
        for hole in range(200):
            os.pwrite(file.fileno(), b"line\n", hole << 20)
        file.truncate(1 << 40)


def no_more(place, elsewhere):
    """It vanishes."""


def unreadable(place, elsewhere):
    place.write_text("{}")
    place.chmod(0)


def garbage(place, elsewhere):
    place.write_bytes(b"\xff\0{" * 100)


KINDS = (make_fifo, link_to_file, link_to_fifo, link_to_nothing, link_to_itself, link_to_directory, link_to_device, make_directory,
         full_directory, make_device, make_socket, sparse_terabyte, many_holes, no_more, unreadable, garbage)


def replace(place, kind, elsewhere):
    os.makedirs(elsewhere)
    with contextlib.suppress(FileNotFoundError):
        os.rename(place, elsewhere / "true")
    kind(place, elsewhere)


class Victim:
    """A session of which some files are replaced, with a statement that has printed and one that runs."""

    def __init__(self, client, directory, number, kind, places):
        self.name = f"{kind.__name__} at {places}"
        self.session = client.create(kind="pyspark")
        self.kind, self.places, self.directory = kind, places, directory / str(number)
        self.text = self.directory / "text"

    def prepare(self):
        self.directory.mkdir()
        self.text.touch()
        self.session.wait_idle()
        self.session.submit("print hello")
        self.running = self.session.submit(f"relay {self.text}")
        self.print("first")
        self.session.wait_partial(self.running, "first")

    def print(self, line):
        with open(self.text, "a", encoding="utf-8") as out:
            out.write(line + "\n")

    def attack(self, server):
        for place in self.places:
            replace(server.directory_of(self.session) / place, self.kind, self.directory / place)

    def paths(self):
        one = self.session.path
        return [one, one + "/state", one + "/log", one + "/log?from=0&size=-1", one + "/log?from=3&size=5", one + "/statements",
                f"{one}/statements/0", f"{one}/statements/{self.running}", f"{one}/statements/0/output?from=0",
                f"{one}/statements/{self.running}/output?from=0"]


def answered(client, paths):
    """The answers that did not come, or were the gateway's failure."""
    wrong = []
    for path in paths:
        try:
            answer = client.get(path, timeout=PATIENCE)
            if answer.status not in (200, 404) or len(answer.body) > 8 << 20:
                wrong.append((path, answer))
        except OSError as failure:
            wrong.append((path, failure))
    return wrong


def begun_streams(server, victim):
    """Streams of what was replaced."""
    for path in ("/log?follow=true", f"/statements/{victim.running}/events", "/events"):
        yield streams.raw(server.port, f"GET {victim.session.path}{path} HTTP/1.1\r\nHost: localhost\r\n\r\n", 65536)


def test_files_that_a_session_replaced(fake_spark_home, tmp_path):
    """Everything is answered, before and after a restart of the server, and DELETE leaves nothing."""
    server = gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "session.kill-grace": "1s", "statement.poll-hold": "0"})
    for running in run_recovering(server):
        client = running.client
        bystander = client.create(kind="pyspark").wait_idle()
        pairs = [(kind, places) for kind in KINDS for places in PLACES if kind is not make_device or os.geteuid() == 0]
        victims = [Victim(client, tmp_path, number, *pair) for number, pair in enumerate(pairs)]
        for victim in victims:
            victim.prepare()
        for victim in victims:
            victim.attack(running)
            victim.print("second")
        wrong = {}
        for round_ in ("before", "after"):
            for victim in victims:
                begun = [contextlib.closing(stream) for stream in begun_streams(running, victim)]
                with contextlib.ExitStack() as left:
                    for stream in begun:
                        left.enter_context(stream)
                    wrong[round_, victim.name] = answered(client, victim.paths())
            wrong[round_, "all"] = answered(client, ["/sessions", "/metrics", "/version"])
            assert bystander.text("say " + round_) == round_
            if round_ == "before":
                running.restart()
        assert not any(wrong.values()), {name: found for name, found in wrong.items() if found}
        for victim in victims:
            assert victim.session.delete().status in (200, 404), victim.name
        until(lambda: os.listdir(running.state_dir / "sessions") == [str(bystander.id)], DEADLINE,
              lambda: os.listdir(running.state_dir / "sessions"))
        for victim in victims:
            if victim.kind is link_to_file:
                kept = {victim.directory / place / "file" for place in victim.places}
                assert {file.read_text() for file in kept} == {"of somebody else\n"}, "nothing was written through a link"


def test_a_directory_that_was_replaced_as_a_whole(serve, tmp_path):
    server = serve()
    for number, kind in enumerate((make_fifo, link_to_file, link_to_nothing, link_to_directory, make_socket, no_more)):
        session = server.client.create(kind="pyspark").wait_idle()
        replace(server.directory_of(session), kind, tmp_path / str(number))
        assert not answered(server.client, [session.path, session.path + "/log", session.path + "/statements"])
        assert session.delete().status == 200
        assert not os.path.lexists(server.directory_of(session))
        # What is moved there before it is the next one's, too.
        place = server.directory_of(session).with_name(str(session.id + 1))
        replace(place, kind, tmp_path / f"next-{number}")
        with contextlib.suppress(OSError):
            (place / "x").mkdir()
        later = server.client.create(kind="pyspark").wait_idle()
        assert (later.id, later.text("say x")) == (session.id + 1, "x")
        assert later.delete().status == 200


@pytest.mark.extra  # a terabyte of holes is read as far as a log may reach: a minute and a half
def test_logs_of_batches_that_were_replaced(serve, tmp_path):
    server = serve()
    found = []
    for number, kind in enumerate(KINDS):
        if kind is make_device and os.geteuid() != 0:
            continue
        one = batches.create(server.client, conf=batches.fake_conf(print="hello", until=tmp_path / "go"))
        until(lambda: "hello" in one.log_text(), DEADLINE, "it has printed")
        replace(server.directory_of(one) / "output.log", kind, tmp_path / str(number))
        found.append(one)
    paths = [one.path + more for one in found for more in ("", "/log", "/log?from=0&size=-1", "/state")]
    assert not answered(server.client, paths + ["/batches"])
    (tmp_path / "go").touch()
    for one in found:
        assert one.wait_end() == "success"
    assert not answered(server.client, paths)
    for one in found:
        assert one.delete().status == 200


def test_a_trees_removal_follows_nothing_and_holds_nobody_up(serve, tmp_path):
    """Deep, closed to its owner, with links to what is not its own."""
    server = serve()
    session = server.client.create(kind="pyspark").wait_idle()
    (tmp_path / "kept").write_text("kept")
    work = server.directory_of(session) / "work"
    os.symlink(tmp_path, work / "link")
    closed = work / "closed"
    closed.mkdir()
    (closed / "file").touch()
    closed.chmod(0)
    at = os.open(work, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d" * 50, dir_fd=at)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    assert session.delete().status == 200
    assert not server.directory_of(session).exists()
    assert (tmp_path / "kept").read_text() == "kept"


FORGED = "x\n2026-01-01T00:00:00.000Z error forged\r\x1b[2J\u2028\u202esparkgate: forged"


def test_frames_that_forge(gateway, client, fake):
    """A driver's words stay one line each, in the gateway's log and in the session's."""
    session = fake()
    session.wait_idle()
    frames = [{"op": "cancel_failed", "id": 0, "reason": FORGED}, {"op": "stream", "id": 1, "at": 1 << 40},
              {"op": "log", "text": FORGED}, {"op": "phase", "name": FORGED}, {"op": "result", "id": 99, "state": FORGED}, {"op": FORGED},
              {"op": "ready", "app_id": FORGED, "ui_url": "javascript:alert(1)"}, {"op": "started", "id": [], "t": "x"}]
    for frame in frames:
        session.run("tell 0 " + json.dumps(frame))
    session.run('frame 0 {"op": "progress", "id": 0, "value": 1e999}')
    assert session.text("say still here") == "still here"
    assert not [line for line in session.log() if line.startswith(("sparkgate: forged", "2026-01-01"))]
    view = session.view()
    assert (view["appId"], view["appInfo"]["sparkUiUrl"]) == (f"local-{session.id}", None)
    failing = fake(fail=FORGED)
    failing.wait_dead()
    log = gateway.log()
    assert "error forged" in log, "it is told, escaped"
    assert not [line for line in log.splitlines() if line.startswith("2026-01-01T00:00:00.000Z")]
    assert "\x1b" not in log and "\u2028" not in log and "\u202e" not in log


def test_silent_strangers_keep_no_driver_waiting(serve):
    """As many as there may be, all the time: for each that is sent away another comes. (Ten seconds were a stranger's time.)"""
    server = serve({"rsc.server.connect.timeout": "8s"})
    path = str(server.state_dir / "run" / "driver.sock")
    over, silent = threading.Event(), []

    def dial():
        silent.append(socket.socket(socket.AF_UNIX))
        silent[-1].connect(path)

    def dial_on():
        while not over.wait(0.005) and len(silent) < 900:
            dial()

    for _ in range(64):
        dial()
    thread = threading.Thread(target=dial_on)
    thread.start()
    try:
        session = server.client.create(kind="pyspark").wait_idle()
        assert session.text("say hello") == "hello"
    finally:
        over.set()
        thread.join()
        for stranger in silent:
            stranger.close()
    session.delete()


@pytest.mark.unsanitized
def test_strangers_cost_no_memory(serve):
    """Eight that announce the largest frame and send nearly all of it."""
    server = serve()
    path = str(server.state_dir / "run" / "driver.sock")
    header = b'{"op": "hello"}'.ljust(1 << 20)
    with server.memory_bounded(8 * 1024), contextlib.ExitStack() as open_ones:
        for _ in range(8):
            stranger = open_ones.enter_context(socket.socket(socket.AF_UNIX))
            stranger.connect(path)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                stranger.sendall(struct.pack(">II", len(header), 32 << 20) + header)
                for _ in range(31):
                    stranger.sendall(b"x" * (1 << 20))
        assert server.client.get("/version").status == 200


def test_a_payload_where_none_is_due_ends_the_connection_only(fake):
    session = fake()
    session.wait_idle()
    number = session.submit('frame 30000000 {"op": "progress", "id": 0}')
    assert session.wait(number)["state"] == "available", "its driver dials again"
    assert session.text("say hello") == "hello"


def test_a_stream_that_goes_on_behind_the_end(fake):
    """A `Last-Event-ID` of another statement: all is told, as for a session."""
    session = fake()
    session.wait_idle()
    session.run("print hello")
    for known in ("6", "1000000", str((1 << 63) - 1)):
        with streams.Events(session.client.port, f"{session.path}/statements/0/events", known) as events:
            text = "".join(event.data["text"] for event in events if event.name == "output")
        assert text == "hello", known
    with streams.Events(session.client.port, f"{session.path}/statements/0/events", "5") as events:
        assert not [event for event in events if event.name == "output"]
