"""A tiny client of the REST API, for tests: standard library only.

Waiting uses the server's own held answers (`?wait=`), so a test sees a change the moment it happens. Every wait has a
deadline; passing it fails the test with the last thing that was seen. A Client is used by one thread at a time and
keeps one connection; `client.fork()` gives another thread its own.
"""

import contextlib
import http.client
import json
import time

DEADLINE = 120.0
IDLE_LIMIT = 30.0
UNFINISHED = ("waiting", "running", "cancelling")


class Answer:
    """Status, headers and body of one HTTP answer."""

    def __init__(self, status, reason, headers, body):
        self.status, self.reason, self.headers, self.body = status, reason, headers, body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.reason} {self.body[:2000]!r}"


class Client:
    def __init__(self, port, host="127.0.0.1", tls=None):
        """`tls`: an ssl.SSLContext, for a server that speaks TLS."""
        self.host, self.port, self.tls, self._connection, self._last_use = host, port, tls, None, 0.0

    def fork(self):
        return Client(self.port, self.host, self.tls)

    def move(self, port):
        """The server has been started anew on another port."""
        self.close()
        self.port = port

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def call(self, method, path, body=None, headers=None, timeout=DEADLINE):
        """One request. `body`: bytes or str go as they are, anything else as JSON."""
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        if time.monotonic() - self._last_use > IDLE_LIMIT:
            self.close()  # the server may be closing it at this moment
        self._last_use = time.monotonic()
        if self._connection is None:
            self._connection = (http.client.HTTPSConnection(self.host, self.port, context=self.tls) if self.tls
                                else http.client.HTTPConnection(self.host, self.port))
        self._connection.timeout = timeout
        if self._connection.sock is not None:
            self._connection.sock.settimeout(timeout)
        try:
            self._connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
            answer = self._connection.getresponse()
            return Answer(answer.status, answer.reason, answer.headers, answer.read())
        except BaseException:
            self.close()
            raise

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def delete(self, path, **options):
        return self.call("DELETE", path, **options)

    def ok(self, method, path, body=None, status=200):
        """The JSON of an answer that must have this status."""
        answer = self.call(method, path, body)
        assert answer.status == status, f"{method} {path}: {answer!r}"
        return answer.json

    def create(self, **request):
        """POST /sessions; the session may still be starting."""
        return Session(self, self.ok("POST", "/sessions", request, status=201))


class Session:
    """One interactive session and the statements in it."""

    def __init__(self, client, view):
        self.client, self.id, self.created = client, view["id"], view
        self.path = f"/sessions/{self.id}"

    def view(self, wait=0):
        return self.client.ok("GET", f"{self.path}?wait={wait}")

    def state(self):
        return self.client.ok("GET", self.path + "/state")["state"]

    def log(self):
        return self.client.ok("GET", self.path + "/log?from=0&size=-1")["log"]

    def log_text(self):
        return "\n".join(self.log())

    def wait_started(self, deadline=DEADLINE):
        """Waits until it is no longer starting and returns the state then."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            state = self.view(wait=20)["state"]
            if state not in ("not_started", "starting"):
                return state
        raise AssertionError(f"session {self.id} is still starting after {deadline} s\n{self.log_text()}")

    def wait_dead(self, deadline=DEADLINE):
        self.wait_started(deadline)
        self.wait_state("dead", deadline)

    def wait_idle(self, deadline=DEADLINE):
        self.wait_started(deadline)
        try:
            until(lambda: self.state() in ("idle", "dead", "error"), deadline, f"session {self.id} idle")
        finally:
            state = self.state()
        assert state == "idle", f"session {self.id} is {state}\n{self.log_text()}"
        return self

    def wait_state(self, state, deadline=DEADLINE):
        until(lambda: self.state() == state, deadline, lambda: f"session {self.id} {state}; it is {self.state()}")

    def submit(self, code, kind=None):
        """POSTs a statement and returns its id."""
        body = {"code": code} if kind is None else {"code": code, "kind": kind}
        return self.client.ok("POST", self.path + "/statements", body, status=201)["id"]

    def statement(self, number, wait=0):
        return self.client.ok("GET", f"{self.path}/statements/{number}?wait={wait}")

    def wait(self, number, deadline=DEADLINE):
        """Waits until the statement is final and returns it."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            statement = self.statement(number, wait=10)
            if statement["state"] not in UNFINISHED:
                return statement
        raise AssertionError(f"statement {number} is {statement['state']} after {deadline} s: {statement['code']!r}")

    def wait_statement_state(self, number, state, deadline=DEADLINE):
        until(lambda: self.statement(number)["state"] == state, deadline,
              lambda: f"statement {number} {state}; it is {self.statement(number)}")

    def run(self, code, kind=None, deadline=DEADLINE):
        """Runs to the end and returns the output."""
        statement = self.wait(self.submit(code, kind), deadline)
        assert statement["state"] == "available", statement
        return statement["output"]

    def text(self, code, kind=None):
        """The text/plain of code that must succeed."""
        output = self.run(code, kind)
        assert output["status"] == "ok", output
        return output["data"]["text/plain"]

    def error(self, code, kind=None):
        """The output of code that must fail."""
        output = self.run(code, kind)
        assert output["status"] == "error", output
        assert isinstance(output["evalue"], str) and all(isinstance(line, str) for line in output["traceback"]), output
        return output

    def cancel(self, number):
        assert self.client.ok("POST", f"{self.path}/statements/{number}/cancel") == {"msg": "canceled"}

    def partial(self, number, start=0, wait=0):
        return self.client.ok("GET", f"{self.path}/statements/{number}/output?from={start}&wait={wait}")

    def wait_partial(self, number, needle, deadline=DEADLINE):
        """Waits until the running statement has printed `needle`; returns what it printed by then."""
        text, start, end = "", 0, time.monotonic() + deadline
        while needle not in text:
            part = self.partial(number, start, wait=10)
            text, start = text + part["text"], part["next"]
            over = part["state"] not in UNFINISHED and not part["text"]
            assert not over and time.monotonic() < end, f"{needle!r} was not printed: {text[-2000:]!r}, {part['state']}"
        return text

    def complete(self, code, kind, cursor=None):
        body = {"code": code, "kind": kind, "cursor": len(code) if cursor is None else cursor}
        return self.client.ok("POST", self.path + "/completion", body)["candidates"]

    def delete(self):
        return self.client.delete(self.path)


def until(condition, deadline, what):
    """Waits for a condition that the server has no held answer for."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, f"not within {deadline} s: {what() if callable(what) else what}"
        time.sleep(0.02)


@contextlib.contextmanager
def deleted_at_end(session):
    try:
        yield session
    finally:
        session.delete()
