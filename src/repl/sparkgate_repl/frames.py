"""One frame of the driver protocol: two lengths, a JSON header, a payload (docs/driver-protocol.md)."""
import json
import struct
import time

MAX_HEADER = 1024 * 1024
MAX_PAYLOAD = 64 * 1024 * 1024

_LENGTHS = struct.Struct(">II")


class FrameError(Exception):
    """The peer broke the framing rules; the connection must be closed."""


def now_ms():
    """The time as a frame's header has it: milliseconds since the epoch."""
    return int(time.time() * 1000)


def encode(header, payload=b""):
    """The frame's bytes. Raises FrameError if a part is too large to be sent."""
    head = json.dumps(header, separators=(",", ":")).encode("ascii")
    if len(head) > MAX_HEADER or len(payload) > MAX_PAYLOAD:
        raise FrameError("frame too large: header %d, payload %d bytes" % (len(head), len(payload)))
    return b"".join((_LENGTHS.pack(len(head), len(payload)), head, payload))


def read(file):
    """The next frame of a binary file as (header, payload). EOFError at the end, FrameError for nonsense."""
    head_size, payload_size = _LENGTHS.unpack(_exactly(file, _LENGTHS.size))
    if head_size > MAX_HEADER or payload_size > MAX_PAYLOAD:
        raise FrameError("frame too large: header %d, payload %d bytes" % (head_size, payload_size))
    try:
        header = json.loads(_exactly(file, head_size).decode("utf-8"))
    except ValueError as e:
        raise FrameError("header is not JSON: %s" % e) from None
    if not isinstance(header, dict) or not isinstance(header.get("op"), str):
        raise FrameError("header is not an object with an op")
    return header, _exactly(file, payload_size)


def _exactly(file, size):
    data = file.read(size)
    if len(data) < size:
        raise EOFError("connection closed")
    return data
