"""What bounds the memory and the disk that clients can use: each limit has a key, and a refusal that names it."""

import gzip
import json
import pathlib
import sys
import threading

import pytest

from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_gateway, run_recovering

MIB = 1 << 20
KIB = 1 << 10

# Small ones, so that a test reaches each within seconds.
BUDGETS = {
    "server.request-body.size": "4m", "server.request-body.creation-size": "512k",
    "server.request-body.total-size": "16m", "server.unread-answers.total-size": "16m",
    "statement.max-waiting": "20", "statement.max-waiting-total": "30", "statement.waiting-size": "6m",
    "statement.waiting-total-size": "10m", "statement.kept-size": "4m", "server.session.requests-size": "4m",
    "server.session.retain-count": "5", "store.waiting-size": "16m", "file.upload.session-size": "1m",
    "session.kill-grace": "1s", "server.session.max-creation": "2", "server.log.level": "warn"}


@pytest.fixture(scope="module")
def bounded(fake_spark_home):
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings=BUDGETS))


@pytest.fixture
def client(bounded):
    client = bounded.client.fork()
    yield client
    client.close()


@pytest.fixture
def session(client):
    session = client.create(kind="pyspark").wait_idle()
    yield session
    session.delete()


@pytest.fixture
def recovering(fake_spark_home):
    yield from run_recovering(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings=BUDGETS))


def refused(answer, key):
    assert answer.status == 429 and answer.headers["Retry-After"] and key in answer.json["msg"], answer


def upload(client, session, data, name="data.bin"):
    body = (b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode() +
            b'"\r\n\r\n' + data + b"\r\n--frontier--\r\n")
    return client.post(session.path + "/upload-file", body, headers={"Content-Type": "multipart/form-data; boundary=frontier"})


@pytest.mark.parametrize("field", ["ttl", "idleTimeout", "kind", "name", "queue", "proxyUser", "driverMemory"])
def test_a_field_of_any_length_is_refused_by_its_name(client, field):
    for text in ("1" * 50_000, "1" * 500_000, "é" * 60_000):
        answer = client.post("/sessions", {field: text})
        assert answer.status == 400 and f'["{field}"]' in answer.json and len(answer.text) < 1000, answer
    assert client.ok("GET", "/sessions")["total"] == 0


@pytest.mark.parametrize("body", [{"file": "/data/a.py", "args": ["x", "a" * 200_000]}, {"file": "/" + "a" * 9000},
                                  {"file": "/a.py", "conf": {"k" * 2000: "v"}}, {"file": "/a.py", "conf": {"k": "v" * 70_000}},
                                  {"file": "/a.jar", "className": "a." * 1000}, {"file": "/a.py", "jars": ["/" + "j" * 9000]}])
def test_of_a_batch(client, body):
    answer = client.post("/batches", body)
    field = list(body)[-1] if len(body) > 1 else "file"
    assert answer.status == 400 and f'["{field}"]' in answer.json and "too long" in answer.json, answer


def test_parameters_and_headers(client):
    for query in ("doAs", "state", "name", "owner", "order", "since", "from", "size"):
        answer = client.get(f"/sessions?{query}={'1' * 300}")
        assert answer.status == 400 and answer.json["msg"].startswith(query + ": longer than"), answer
    answer = client.post("/sessions", {}, headers={"Idempotency-Key": "k" * 256})
    assert answer.status == 400 and "idempotency-key: longer than 255" in answer.json["msg"], answer


def test_a_creation_is_smaller_than_a_statement(client, session):
    conf = {f"spark.fake.k{number}": "v" * 60_000 for number in range(10)}
    assert client.post("/sessions", {"conf": conf}).status == 413
    compressed = gzip.compress(json.dumps({"conf": conf}).encode())
    assert client.post("/sessions", compressed, headers={"Content-Encoding": "gzip"}).status == 413
    assert len(session.text("say " + "x" * 600_000)) == 600_000


def test_statements_that_wait(client, session):
    session.submit("forever")
    for _ in range(19):
        session.submit("say 1")
    refused(client.post(session.path + "/statements", {"code": "say 1"}), "statement.max-waiting")
    other = client.create(kind="pyspark").wait_idle()
    other.submit("forever")
    for _ in range(9):
        other.submit("say 1")
    refused(client.post(other.path + "/statements", {"code": "say 1"}), "statement.max-waiting-total")
    other.cancel(9)
    other.submit("say 2")
    other.delete()
    session.cancel(19)
    assert session.submit("say 3") == 20


def test_code_that_waits(client, session):
    session.submit("forever")
    large = "say " + "x" * (2 * MIB)
    assert [client.post(session.path + "/statements", {"code": large}).status for _ in range(2)] == [201, 201]
    refused(client.post(session.path + "/statements", {"code": large}), "statement.waiting-size")
    other = client.create(kind="pyspark").wait_idle()
    other.submit("forever")
    assert [client.post(other.path + "/statements", {"code": large}).status for _ in range(2)] == [201, 201]
    third = client.create(kind="pyspark")
    refused(client.post(third.path + "/statements", {"code": large}), "statement.waiting-total-size")
    for each in (other, third):
        each.delete()
    session.cancel(0)
    assert session.wait(2)["output"]["data"]["text/plain"] == "x" * (2 * MIB), "what was accepted runs"


def test_code_that_can_never_wait_is_too_large(fake_spark_home):
    server = gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable,
                              settings={**BUDGETS, "statement.waiting-size": "100k"})
    for running in run_gateway(server):
        session = running.client.create(kind="pyspark")
        answer = running.client.post(session.path + "/statements", {"code": "x" * 150_000})
        assert answer.status == 413 and "statement.waiting-size" in answer.json["msg"]


def test_texts_of_ended_statements_are_read_from_the_store(recovering):
    client = recovering.client
    session = client.create(kind="pyspark").wait_idle()
    before = recovering.resident_kib()
    codes = {session.submit(code): code for code in [f"say {letter * size}" for letter in "abcdefgh"
                                                     for size in (10, 5000, 60_000, MIB)]}
    for number in codes:
        session.wait(number)
    assert recovering.resident_kib() - before < 24 * KIB, "16 MiB of texts, of which 4 are kept"

    def same():
        shown = client.ok("GET", session.path + "/statements")["statements"]
        assert {each["id"]: each["code"] for each in shown} == codes
        assert all(each["output"]["data"]["text/plain"] == each["code"][4:] for each in shown)
        for number in (0, 3, len(codes) - 1):
            assert session.statement(number)["code"] == codes[number]

    same()
    cancelled = "say " + "y" * MIB
    session.submit("forever")
    number = session.submit(cancelled)
    session.cancel(number)
    codes_of_all = session.statement(number)
    assert codes_of_all["state"] == "cancelled" and codes_of_all["code"] == cancelled
    session.cancel(number - 1)
    session.wait(number - 1)
    recovering.restart()
    session.wait_idle()
    assert session.statement(number)["code"] == cancelled
    codes.update({number - 1: "forever", number: cancelled})
    shown = client.ok("GET", session.path + "/statements")["statements"]
    assert {each["id"]: each["code"] for each in shown} == codes


def test_a_statement_that_runs_keeps_its_code_over_a_restart(recovering, tmp_path):
    session = recovering.client.create(kind="pyspark").wait_idle()
    go = tmp_path / "go"
    first = session.submit(f"steps {go} done")
    session.wait_statement_state(first, "running")
    waiting = session.submit("say " + "w" * 300_000)
    recovering.restart()
    go.touch()
    assert session.wait(waiting)["output"]["data"]["text/plain"] == "w" * 300_000


def test_long_lists_are_streamed(client, session):
    small = client.get(session.path + "/statements")
    assert small.headers["Content-Length"] and small.json == {"total_statements": 0, "statements": []}
    for letter in "abcd":
        session.run("say " + letter * 200_000)
    for order in ("", "?order=desc", "?from=1&size=2"):
        answer = client.get(session.path + "/statements" + order)
        assert answer.headers["Transfer-Encoding"] == "chunked" and "Content-Length" not in answer.headers
        assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
        ids = [each["id"] for each in answer.json["statements"]]
        assert ids == {"": [0, 1, 2, 3], "?order=desc": [3, 2, 1, 0], "?from=1&size=2": [1, 2]}[order]
        assert all(len(each["output"]["data"]["text/plain"]) == 200_000 for each in answer.json["statements"])
    head = client.call("HEAD", session.path + "/statements")
    assert head.status == 200 and head.body == b""


def test_requests_of_all_programs(client):
    conf = {f"spark.fake.k{number}": "v" * 60_000 for number in range(8)}
    kept, answers = [], []
    while len(answers) < 20 and (not answers or answers[-1].status == 201):
        answers.append(client.post("/sessions", {"conf": conf}))
        kept += [answers[-1].json["id"]] if answers[-1].status == 201 else []
    refused(answers[-1], "server.session.requests-size")
    refused(client.post("/batches", {"file": "hdfs:/a.py", "conf": conf}), "server.session.requests-size")
    listed = client.get("/sessions")
    assert listed.headers["Transfer-Encoding"] == "chunked"
    assert [each["id"] for each in listed.json["sessions"]] == kept and all(each["conf"] == conf for each in listed.json["sessions"])
    assert client.post("/sessions", {}).status == 201, "a small one has room"
    for each in client.ok("GET", "/sessions")["sessions"]:
        client.delete(f"/sessions/{each['id']}")
    answer = client.post("/sessions", {"conf": conf})
    assert answer.status == 201, answer
    client.delete(f"/sessions/{answer.json['id']}")


def test_of_ended_sessions_the_newest_are_kept(client):
    made = [client.create(conf={"spark.fake.exit": "1"}) for _ in range(8)]
    for each in made:
        until(lambda each=each: client.get(each.path).status == 404 or each.state() == "dead", 30, "the end")
    until(lambda: client.ok("GET", "/sessions")["total"] == 5, 30, "five are left")
    assert [each["id"] for each in client.ok("GET", "/sessions")["sessions"]] == [each.id for each in made[3:]]
    gone = client.get(made[0].path)
    assert gone.status == 404 and gone.json["reason"].endswith("5 newer ones have ended"), gone
    for each in made[3:]:
        each.delete()


def test_uploads_of_a_session(recovering):
    client = recovering.client
    session = client.create(kind="pyspark").wait_idle()
    assert upload(client, session, b"x" * 600_000).status == 200
    answer = upload(client, session, b"x" * 600_000)
    assert answer.status == 413 and "file.upload.session-size" in answer.json["msg"], answer
    assert upload(client, session, b"x" * 300_000).status == 200, "what was refused left nothing"
    recovering.restart()
    session.wait_idle()
    answer = upload(client, session, b"x" * 300_000)
    assert answer.status == 413 and "file.upload.session-size" in answer.json["msg"], "counted after a restart, too"
    assert upload(client, session, b"x" * 50_000).status == 200
    statuses = {upload(client, session, b"").status for _ in range(40)}
    assert statuses == {200, 413}, "empty files count, too"
    other = client.create(kind="pyspark").wait_idle()
    assert upload(client, other, b"x" * 600_000).status == 200, "each session has its own"


def test_the_loop_tells_its_turns(client):
    text = client.get("/metrics").text
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    name = "sparkgate_event_loop_turn_seconds"
    buckets = [int(value) for key, value in lines.items() if key.startswith(name + "_bucket")]
    assert buckets == sorted(buckets) and buckets[-1] == int(lines[name + "_count"]) > 0
    assert f"# TYPE {name} histogram" in text and f'{name}_bucket{{le="0.02"}}' in lines and f'{name}_bucket{{le="+Inf"}}' in lines
    longest = float(lines["sparkgate_event_loop_longest_turn_seconds"])
    assert 0 < float(lines["sparkgate_event_loop_longest_turn_lately_seconds"]) <= longest
    assert 0 < float(lines[name + "_sum"])


def highest_kib(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


class WorstClient:
    """Asks for whatever costs memory, in several threads; an answer is read, left or refused."""

    def __init__(self, server):
        self.server, self.failed = server, []
        self.sessions = [server.client.create(kind="pyspark").wait_idle() for _ in range(3)]

    def together(self, *jobs):
        threads = [threading.Thread(target=self._guarded, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not self.failed, self.failed

    def _guarded(self, job):
        client = self.server.client.fork()
        try:
            job(client)
        except (OSError, EOFError):
            pass  # cut, which is a way of refusing
        except Exception as problem:  # pylint: disable=broad-except
            if "http.client" not in type(problem).__module__:
                self.failed.append(problem)
        finally:
            client.close()

    def code(self, client):
        for number in range(8):
            client.post(self.sessions[number % 3].path + "/statements", {"code": "say " + "x" * (3 * MIB)})

    def bombs(self, client):
        bomb = gzip.compress(json.dumps({"code": "x" * (4 * MIB - 100)}).encode())
        for number in range(8):
            client.post(self.sessions[number % 3].path + "/statements", bomb, headers={"Content-Encoding": "gzip"})

    def creations(self, client):
        conf = {f"spark.fake.k{number}": "v" * 60_000 for number in range(8)}
        for _ in range(8):
            client.post("/sessions", {"conf": conf})
            client.post("/batches", {"file": "hdfs:/a.py", "args": ["a"] * 60_000})

    def lists(self, client):
        for number in range(4):
            client.get(self.sessions[number % 3].path + "/statements")
            client.get("/sessions?size=1000")

    def left_unread(self, client):
        client.call("HEAD", "/version")
        sock = client._connection.sock  # pylint: disable=protected-access
        for number in range(20):
            sock.sendall(f"GET {self.sessions[number % 3].path}/statements HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def completions(self, client):
        for number in range(8):
            client.post(self.sessions[number % 3].path + "/completion", {"code": "x" * 500_000, "kind": "pyspark", "cursor": 1})


def test_the_worst_client_stays_within_the_budgets(fake_spark_home):
    """Budgets: bodies, answers, the store's queue, waiting code, kept texts, requests, and 64 MiB for all the rest."""
    megabytes = 16 + 16 + 16 + 10 + 4 + 4 + 64
    server = gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable,
                              settings={**BUDGETS, "statement.max-waiting": "1000", "statement.max-waiting-total": "1000"})
    for running in run_gateway(server):
        worst = WorstClient(running)
        worst.together(*[worst.code] * 3, *[worst.bombs] * 4, *[worst.completions] * 2, *[worst.left_unread] * 3)
        worst.together(*[worst.creations] * 3, *[worst.lists] * 4, *[worst.left_unread] * 3)
        assert running.client.ok("GET", "/version")["version"]
        assert highest_kib(running.process) < megabytes * KIB, f"{highest_kib(running.process)} KiB"
        print(f"highest {highest_kib(running.process)} KiB of {megabytes * KIB}")
