"""Speaks docs/driver-protocol.md without Spark, for tests of the gateway's side.

The conf words (see fake_spark_submit.py):
    start=FILE     say `ready` only when FILE exists
    fail=TEXT      say `failed` with this message and exit with 1
    vanish=CODE    say `hello`, then exit with this code
    token=TEXT     use this token

The code of a statement is its command:
    NUMBER              result text/plain NUMBER
    say TEXT            result text/plain TEXT
    print TEXT          stream TEXT, then a result with it
    steps FILE TEXT     stream TEXT, then wait until FILE exists, then the result
    relay FILE          stream each line that is appended to FILE, until a line "." ends it; the text is the result
    flood N             stream N MiB as fast as possible
    progress GO VALUE END   wait until the file GO exists, tell this progress, wait until the file END exists
    big N               result of N characters
    error NAME TEXT     error result
    forever             runs until it is cancelled
    deaf                runs for ever, answers cancel with cancel_failed
    redial FILE         drop the connection while running, dial again when FILE exists, then hand over the result
    exit CODE           the process ends
    frame SIZE JSON     send this frame, as it is, with a payload of SIZE bytes
    tell SIZE JSON      likewise, as a reliable frame
    count FILE TEXT     append the line TEXT to FILE, result TEXT
    await FILE COUNT TEXT   append the line TEXT to COUNT, wait until FILE exists, result TEXT

A file that is added becomes a line "added KIND URI" on stdout; one whose name is "nope" is refused.
"""

import contextlib
import json
import os
import socket
import struct
import threading
import time


class Link:
    """One connection: frames in both directions."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        # By way of the directory, since the path may be longer than an address can be.
        directory = os.open(os.path.dirname(path), os.O_RDONLY)
        self.socket.connect(f"/proc/self/fd/{directory}/{os.path.basename(path)}")
        os.close(directory)
        self.lock = threading.Lock()

    def send(self, header, payload=b""):
        text = json.dumps(header).encode()
        with self.lock:
            self.socket.sendall(struct.pack(">II", len(text), len(payload)) + text + payload)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(min(1 << 20, count - len(data)))
            if not part:
                raise EOFError
            data += part
        return data

    def receive(self):
        header, payload = struct.unpack(">II", self.exactly(8))
        return json.loads(self.exactly(header)), self.exactly(payload)

    def shut(self):
        """Ends the connection; a reader that waits in another thread wakes up."""
        self.socket.shutdown(socket.SHUT_RDWR)


class Driver:
    def __init__(self, settings, wanted):
        self.settings, self.wanted = settings, wanted
        self.outbox, self.seq, self.last_exec, self.connects = {}, 0, -1, 0
        self.lock, self.link, self.running = threading.Lock(), None, None
        self.cancelled = threading.Event()

    def dial(self):
        link = Link(self.settings["connect"]["unix"])
        self.connects += 1
        link.send({"op": "hello", "version": 1, "session": self.settings["session"],
                   "token": self.wanted.get("token", self.settings["token"]), "pid": os.getpid(), "seq": self.seq,
                   "last_exec": self.last_exec, "connects": self.connects})
        header, _ = link.receive()
        assert header["op"] == "welcome", header
        with self.lock:
            self.forget(header["acked"])
            for number in sorted(self.outbox):
                link.send(*self.outbox[number])
            self.link = link

    def forget(self, acked):
        for number in [number for number in self.outbox if number <= acked]:
            del self.outbox[number]

    def tell(self, op, payload=b"", **fields):
        """Sends a reliable frame: kept until it is acknowledged."""
        with self.lock:
            self.seq += 1
            frame = ({"op": op, "seq": self.seq, **fields}, payload)
            self.outbox[self.seq] = frame
            try:
                if self.link:
                    self.link.send(*frame)
            except OSError:
                pass  # it stays in the outbox; the reader sees the end and dials again

    def start(self):
        self.tell("phase", name="python", t=now())
        if "fail" in self.wanted:
            self.tell("failed", phase="context", message=self.wanted["fail"], detail="Traceback (fake)\n")
            return False
        wait_for(self.wanted.get("start"))
        self.tell("ready", app_id=f"local-{self.settings['session']}", ui_url=None, spark="3.5.9", scala="2.12.18",
                  java="17", python="3.11", t=now())
        return True

    def read(self):
        """Serves the gateway's frames until `shutdown`; dials again when the connection breaks."""
        while True:
            try:
                header, payload = self.link.receive()
            except (EOFError, OSError):
                wait_for(self.wanted.get("redial"))
                time.sleep(0.05)
                try:
                    self.dial()
                except (OSError, EOFError):
                    pass
                continue
            if header["op"] == "shutdown":
                self.tell("bye")
                return
            self.serve(header, payload)

    def serve(self, header, payload):
        op = header["op"]
        if op == "ack":
            with self.lock:
                self.forget(header["seq"])
        elif op == "exec" and header["id"] > self.last_exec:
            self.last_exec, self.running = header["id"], header["id"]
            self.cancelled.clear()
            threading.Thread(target=self.execute, args=(header["id"], payload.decode()), daemon=True).start()
        elif op == "cancel" and header["id"] == self.running:
            self.cancelled.set()
        elif op == "complete":
            words = [word for word in ("alpha", "beta") if word.startswith(payload.decode()[:header["cursor"]])]
            self.link.send({"op": "completion", "req": header["req"]}, json.dumps(words).encode())
        elif op == "add":
            print(f"added {header['kind']} {header['uri']}", flush=True)
            refused = {"error": "no such file"} if header["uri"].endswith("/nope") else {}
            self.link.send({"op": "added", "req": header["req"], **refused})

    def execute(self, number, code):
        self.tell("started", id=number, t=now())
        word, _, rest = code.partition(" ")
        output = plain(word) if word.isdigit() else getattr(self, "do_" + word)(number, rest)
        self.running = None
        if output is None:
            self.tell("result", id=number, state="cancelled", t=now())
        else:
            output = {"status": output.pop("status", "ok"), "execution_count": number, **output}
            self.tell("result", json.dumps(output).encode(), id=number, state="available", t=now())

    def do_say(self, number, text):
        return plain(text)

    def do_print(self, number, text):
        self.tell("stream", text.encode(), id=number, name="stdout")
        return plain(text)

    def do_steps(self, number, rest):
        file, _, text = rest.partition(" ")
        self.tell("stream", text.encode(), id=number, name="stdout")
        wait_for(file)
        return plain(text)

    def do_relay(self, number, file):
        text = ""
        with open(file, encoding="utf-8") as lines:
            while (line := whole_line(lines)) != ".\n":
                self.tell("stream", line.encode(), id=number, name="stdout", at=len(text.encode()))
                text += line
        return plain(text)

    def do_flood(self, number, size):
        part = (b"x" * 63 + b"\n") * (1 << 14)
        for at in range(int(size)):
            self.tell("stream", part, id=number, name="stdout", at=at * len(part))
        return plain("flooded")

    def do_progress(self, number, rest):
        go, value, end = rest.split(" ")
        wait_for(go)
        self.link.send({"op": "progress", "id": number, "value": float(value)})
        wait_for(end)
        return plain(value)

    def do_big(self, number, size):
        return plain("x" * int(size))

    def do_error(self, number, rest):
        name, _, text = rest.partition(" ")
        return {"status": "error", "ename": name, "evalue": text, "traceback": ["line one\n"]}

    def do_forever(self, number, rest):
        self.cancelled.wait()
        return None

    def do_deaf(self, number, rest):
        self.cancelled.wait()
        self.tell("cancel_failed", id=number, reason="the fake does not listen")
        while True:
            time.sleep(1000)

    def do_redial(self, number, file):
        self.wanted["redial"] = file
        self.link.shut()
        wait_for(file)
        return plain("finished while away")

    def do_count(self, number, rest):
        file, _, text = rest.partition(" ")
        append_line(file, text)
        return plain(text)

    def do_await(self, number, rest):
        file, _, rest = rest.partition(" ")
        output = self.do_count(number, rest)
        wait_for(file)
        return output

    def do_frame(self, number, rest):
        size, _, header = rest.partition(" ")
        with contextlib.suppress(OSError):  # the gateway may have heard enough
            self.link.send(json.loads(header), b"x" * int(size))
        return plain("sent")

    def do_tell(self, number, rest):
        size, _, header = rest.partition(" ")
        fields = json.loads(header)
        self.tell(fields.pop("op"), b"x" * int(size), **fields)
        return plain("sent")

    def do_exit(self, number, code):
        os._exit(int(code))


def plain(text):
    return {"data": {"text/plain": text}}


def now():
    return int(time.time() * 1000)


def append_line(file, text):
    """One write, so that lines of many processes stay whole."""
    with open(file, "ab", buffering=0) as out:
        out.write(text.encode() + b"\n")


# The pauses below are between two looks at files by which a test talks to this process: nothing would wake it.

def whole_line(lines):
    """The next line of an open file, when it is there."""
    text = ""
    while not text.endswith("\n"):
        text += lines.readline()
        time.sleep(0 if text else 0.005)
    return text


def wait_for(file):
    while file and not os.path.exists(file):
        time.sleep(0.005)


def main(settings_file, wanted):
    with open(settings_file, encoding="utf-8") as file:
        settings = json.load(file)
    driver = Driver(settings, wanted)
    refusals = 0
    while driver.link is None:
        try:
            driver.dial()
        except EOFError:  # a server that dies within the greeting closes it too: the real driver dials for a minute
            refusals += 1
            if "token" in wanted or refusals == 100:
                print("the gateway closed the connection", flush=True)
                return 1
            time.sleep(0.02)
        except OSError:  # killed a moment ago: the next one will be there
            time.sleep(0.02)
    if "vanish" in wanted:
        return int(wanted["vanish"])
    if not driver.start():
        return 1
    driver.read()
    return 0
