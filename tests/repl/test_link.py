"""The connection: frames, the outbox, dialling again."""
import io
import os
import struct

import pytest

from gateway import Gateway, TOKEN
from sparkgate_repl import frames
from sparkgate_repl.link import Link
from sparkgate_repl.settings import Settings


def test_a_frame_survives_the_way_there_and_back():
    data = frames.encode({"op": "stream", "name": "é"}, "ü".encode())
    assert frames.read(io.BytesIO(data)) == ({"op": "stream", "name": "é"}, "ü".encode())


@pytest.mark.parametrize("data", [
    struct.pack(">II", frames.MAX_HEADER + 1, 0),
    struct.pack(">II", 2, frames.MAX_PAYLOAD + 1),
    struct.pack(">II", 2, 0) + b"{x",
    struct.pack(">II", 2, 0) + b"[]",
    struct.pack(">II", 2, 0) + b"{}",
    struct.pack(">II", 1, 0) + b"\xff",
])
def test_nonsense_is_refused(data):
    with pytest.raises(frames.FrameError):
        frames.read(io.BytesIO(data))


def test_a_frame_that_ends_early_is_an_end():
    with pytest.raises(EOFError):
        frames.read(io.BytesIO(frames.encode({"op": "x"}, b"payload")[:-1]))


def test_too_large_a_payload_cannot_be_sent():
    with pytest.raises(frames.FrameError):
        frames.encode({"op": "x"}, bytes(frames.MAX_PAYLOAD + 1))


@pytest.fixture
def gateway(tmp_path):
    made = Gateway(str(tmp_path / "s"))
    yield made
    if made._listener.fileno() >= 0:
        made.close()


@pytest.fixture
def received():
    return []


@pytest.fixture
def link(gateway, received, tmp_path):
    settings = Settings(7, TOKEN, gateway.path, str(tmp_path), {})
    made = Link(settings, lambda header, payload: received.append((header, payload)), pytest.fail)
    made.start()
    return made


def test_hello_says_who_it_is(gateway, link):
    hello = gateway.wait(lambda: gateway.hellos)[0]
    assert hello["session"] == 7 and hello["version"] == 1 and hello["seq"] == 0
    assert hello["last_exec"] == -1 and hello["connects"] == 1


def test_a_path_that_is_too_long_for_an_address_is_dialled_all_the_same(tmp_path):
    far = tmp_path / ("d" * 120)
    far.mkdir()
    directory = os.open(far, os.O_RDONLY)
    gateway = Gateway("/proc/self/fd/%d/s" % directory)
    try:
        Link(Settings(7, TOKEN, str(far / "s"), str(tmp_path), {}), lambda header, payload: None, pytest.fail).start()
        assert gateway.wait(lambda: gateway.hellos)[0]["session"] == 7
    finally:
        gateway.close()
        os.close(directory)


def test_what_was_not_acknowledged_is_sent_again_once(gateway, link):
    for number in range(3):
        link.send("log", text=str(number))
    gateway.wait(lambda: len(gateway.of("log")) == 3)
    gateway.auto_ack = False
    link.send("log", text="3")
    gateway.wait(lambda: len(gateway.of("log")) == 4)
    gateway.acked = 3                       # it was lost with the gateway's memory
    gateway.vanish()
    link.send("log", text="4")
    link.send_volatile("progress", id=1, value=0.5)
    gateway.auto_ack = True
    gateway.listen()
    gateway.wait(lambda: len(gateway.of("log")) == 6)
    assert [h["text"] for h, _ in gateway.of("log")] == ["0", "1", "2", "3", "3", "4"]
    assert [h["seq"] for h, _ in gateway.of("log")] == [1, 2, 3, 4, 4, 5]
    assert not gateway.of("progress")       # worth nothing on a later connection
    assert gateway.duplicates == 0 and gateway.hellos[-1]["connects"] == 2 and gateway.hellos[-1]["seq"] == 5
    assert link.wait_acked(10)


def test_a_statement_that_is_sent_twice_arrives_once(gateway, link, received):
    gateway.send("exec", b"a", id=0, kind="pyspark")
    gateway.send("exec", b"a", id=0, kind="pyspark")
    gateway.drop_connection()
    gateway.send("exec", b"a", id=0, kind="pyspark")
    gateway.send("exec", b"b", id=1, kind="pyspark")
    gateway.send("shutdown")
    with gateway.changed:
        gateway.changed.wait_for(lambda: any(h["op"] == "shutdown" for h, _ in received), 0.01)
    gateway.drop_connection()
    gateway.wait(lambda: gateway.hellos[-1]["last_exec"] == 1)
    assert [h.get("id") for h, _ in received] == [0, 1, None]


def test_a_gateway_that_stops_reading_does_not_block_the_driver(gateway, link):
    gateway.wait(lambda: gateway.hellos)
    with gateway.changed:                   # the gateway's reader cannot go on while this is held
        for number in range(64):
            link.send("stream", bytes(1 << 20), id=number, name="stdout")
    gateway.wait(lambda: len(gateway.of("stream")) == 64)
    assert [h["id"] for h, _ in gateway.of("stream")] == list(range(64))


def test_a_refused_token_is_tried_again(gateway, tmp_path):
    bad = Link(Settings(7, "bad", gateway.path, str(tmp_path), {}), lambda *_: None, lambda *_: None)
    bad.start()
    gateway.wait(lambda: len(gateway.hellos) >= 3)


def test_a_gateway_that_stays_away_makes_an_orphan(gateway, tmp_path):
    reasons = []
    link = Link(Settings(7, TOKEN, gateway.path, str(tmp_path), {"orphan_timeout": 0.2}), lambda *_: None,
                reasons.append)
    link.start()
    gateway.wait(lambda: gateway.hellos and gateway._connection)
    gateway.vanish()
    with gateway.changed:
        while not reasons:
            gateway.changed.wait(0.01)
    assert gateway.path in reasons[0]
