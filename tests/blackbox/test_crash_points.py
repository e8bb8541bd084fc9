"""The server dies at each of its crash points (base/crash_point.hpp), the next one goes on, and the same checks hold.

sparkgate-crashtest is the server with a way to die there; the restart is done by the real one.
"""

import http.client
import re
import sys

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_recovering

CRASHING = gateways.BINARY.with_name("sparkgate-crashtest")
PLACES = re.compile(r'crash_point\("([^"]+)"\)')
POINTS = sorted({name for file in (gateways.ROOT / "src").rglob("*.cpp") for name in PLACES.findall(file.read_text())})
FAILURES = (OSError, http.client.HTTPException)
# The passes that are tried, where the first alone says little: commits of many kinds, the second of two programs.
# The first pass of the store is the reading at the start.
PASSES = {"store.before-commit": range(2, 9), "store.committed": range(2, 9)}
CASES = [(point, number) for point in POINTS for number in PASSES.get(point, (1, 2))]


@pytest.fixture
def gateway(fake_spark_home):
    server = gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "session.kill-grace": "1s", "file.local-dir-whitelist": "/"})
    yield from run_recovering(server)


class Work:
    """What a client does here: two sessions with statements, two batches, and the removal of half of them.

    Each step is repeated, with the server that is then there, until it was answered. A statement's POST has no
    Idempotency-Key, so it is repeated only when the list says that it has not arrived.
    """

    def __init__(self, gateway, files):
        self.gateway, self.client, self.files, self.crashes = gateway, gateway.client, files, 0

    def attempt(self, step):
        while True:
            try:
                return step()
            except FAILURES:
                assert self.gateway.process.wait(20) == -9, self.gateway.log()[-2000:]
                self.crashes += 1
                del self.gateway.environment["SPARKGATE_CRASH_POINT"]
                self.gateway.start(gateways.BINARY)

    def create(self, collection, name):
        body = {"name": name, "conf": batches.fake_conf(record=self.files / "starts")}
        body.update({"kind": "pyspark"} if collection == "/sessions" else {"file": batches.FILE})
        answer = self.attempt(lambda: self.client.post(collection, body, headers={"Idempotency-Key": name}))
        assert answer.status == 201, answer
        return f"{collection}/{answer.json['id']}"

    def wait(self, path, *states):
        def there():
            return self.attempt(lambda: self.client.get(path)).json["state"] in states

        until(there, 30, lambda: f"{path} {states}: {self.client.get(path)}\n{self.gateway.session_logs()[-3000:]}")

    def statement(self, path, number):
        def post():
            known = self.client.get(path + "/statements").json["statements"]
            if len(known) <= number:
                assert self.client.post(path + "/statements", {
                    "code": f"count {self.files / 'ran'} {path}/{number}"}).status == 201

        self.attempt(post)

    def remove(self, path):
        answer = self.attempt(lambda: self.client.delete(path))
        assert answer.status in (200, 404), answer

    def run(self):
        sessions = [self.create("/sessions", f"s{number}") for number in range(2)]
        jobs = [self.create("/batches", f"b{number}") for number in range(2)]
        for path in sessions:
            self.wait(path, "idle")
            for number in range(2):
                self.statement(path, number)
            for number in range(2):
                self.wait(f"{path}/statements/{number}", "available")
        for path in jobs:
            self.wait(path, "success")
        self.remove(sessions[0])
        self.remove(jobs[0])
        return sessions, jobs

    def check(self, sessions, jobs):
        assert [sessions, jobs] == [["/sessions/0", "/sessions/1"], ["/batches/0", "/batches/1"]]
        for collection, kept in (("/sessions", sessions[1]), ("/batches", jobs[1])):
            listed = self.client.get(collection).json["sessions"]
            assert [f"{collection}/{each['id']}" for each in listed] == [kept], listed
        expected = [f"{path}/{number}" for path in sessions for number in range(2)]
        assert (self.files / "ran").read_text().splitlines() == expected
        ids = [each["arguments"][-1] for each in batches.read_record(self.files / "starts")]
        assert len(ids) == 4, ids
        for path in (sessions[0], jobs[0]):
            assert not (self.gateway.state_dir / path[1:]).exists()
        listed = self.client.get(sessions[1] + "/statements").json["statements"]
        assert [each["output"]["data"]["text/plain"] for each in listed] == expected[2:]
        assert self.create("/sessions", "s2") == "/sessions/2"
        assert self.create("/batches", "b2") == "/batches/2"


def arm(gateway, point, number):
    gateway.kill()
    gateway.environment["SPARKGATE_CRASH_POINT"] = f"{point}:{number}"
    gateway.start(CRASHING)


@pytest.mark.parametrize("point, number", [case for case in CASES if not case[0].startswith("recover.")])
def test_a_crash_while_it_works(gateway, tmp_path, point, number):
    arm(gateway, point, number)
    work = Work(gateway, tmp_path)
    made = work.run()
    work.check(*made)
    assert work.crashes == 1, f"{point} was not passed {number} times"


@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith("recover.")])
def test_a_crash_while_it_starts(gateway, tmp_path, point):
    work = Work(gateway, tmp_path)
    made = work.run()
    gateway.kill()
    gateway.environment["SPARKGATE_CRASH_POINT"] = f"{point}:1"
    assert gateway.spawn(CRASHING).wait(20) == -9
    del gateway.environment["SPARKGATE_CRASH_POINT"]
    gateway.start()
    work.check(*made)
