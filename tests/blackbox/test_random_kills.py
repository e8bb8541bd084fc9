"""The server is killed again and again at random moments while clients work; nothing that was confirmed is lost.

SPARKGATE_TEST_KILLS   how often; not set: 15, which take ten seconds. 200 are the long run
SPARKGATE_TEST_SEED    repeats the choices of a run (its seed is printed); the threads' timing is the machine's
"""

import collections
import http.client
import os
import random
import sys
import threading
import time

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import Client, until
from blackbox.conftest import new_directory, run_recovering

KILLS = int(os.environ.get("SPARKGATE_TEST_KILLS", "15"))
SEED = int(os.environ.get("SPARKGATE_TEST_SEED", random.randrange(1 << 32)))
CLIENTS = 8
FAILURES = (OSError, http.client.HTTPException)


@pytest.fixture
def gateway(fake_spark_home):
    yield from run_recovering(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "session.kill-grace": "1s", "server.session.max-creation": "4", "server.log.level": "info",
        "rsc.retained-statements": "1000000"}))


class Worker(threading.Thread):
    """One client. It repeats what has a key until it is answered; a statement's POST it tries once."""

    def __init__(self, number, gateway, files, over):
        super().__init__()
        self.number, self.gateway, self.files, self.over = number, gateway, files, over
        self.choices = random.Random(SEED * CLIENTS + number)
        self.client, self.serial, self.problem = Client(gateway.port), 0, None
        self.kept = {}                                  # path: name, of what was confirmed and not deleted
        self.deleted = {}                               # path: name
        self.tried = collections.defaultdict(list)      # session: all statements, in order
        self.confirmed = collections.defaultdict(dict)  # session: {id: statement}

    def run(self):
        try:
            while not self.over.is_set():
                self.choices.choices([self.open, self.batch, self.statements, self.delete], [1, 2, 8, 2])[0]()
        except BaseException as failure:
            self.problem = failure
        finally:
            self.client.close()

    def once(self, *request, **options):
        """The answer, or nothing when the server died meanwhile."""
        if self.client.port != self.gateway.port:
            self.client.move(self.gateway.port)
        try:
            return self.client.call(*request, **options)
        except FAILURES:
            self.client.close()
            return None

    def insist(self, *request, **options):
        end = time.monotonic() + 60
        while (answer := self.once(*request, **options)) is None:
            assert time.monotonic() < end, request
        return answer

    def name(self):
        self.serial += 1
        return f"w{self.number}-{self.serial}"

    def sessions(self):
        return [path for path in self.kept if path.startswith("/sessions")]

    def create(self, collection, body):
        name = self.name()
        body = {"name": name, "conf": batches.fake_conf(record=self.files / "starts"), **body}
        answer = self.insist("POST", collection, body, headers={"Idempotency-Key": name})
        assert answer.status == 201 and answer.json["name"] == name, answer
        self.kept[f"{collection}/{answer.json['id']}"] = name

    def open(self):
        if len(self.sessions()) < 2:
            self.create("/sessions", {"kind": "pyspark"})

    def batch(self):
        if len(self.kept) < 8:
            self.create("/batches", {"file": batches.FILE})

    def statements(self):
        if not self.sessions():
            return self.open()
        path = self.choices.choice(self.sessions())
        for _ in range(self.choices.randrange(1, 4)):
            code = f"count {self.files / 'ran'} {self.name()}"
            self.tried[path].append(code)
            answer = self.once("POST", path + "/statements", {"code": code})
            if answer is not None:
                assert answer.status == 201 and answer.json["code"] == code, answer
                self.confirmed[path][answer.json["id"]] = code
        if self.confirmed[path]:
            self.insist("GET", f"{path}/statements/{max(self.confirmed[path])}?wait=5")

    def delete(self):
        if not self.kept:
            return
        path = self.choices.choice(list(self.kept))
        answer = self.insist("DELETE", path)
        assert answer.status in (200, 404), answer  # the second: the first answer was lost
        self.deleted[path] = self.kept.pop(path)


def test_random_kills(gateway, tmp_path):
    print(f"SPARKGATE_TEST_SEED={SEED} SPARKGATE_TEST_KILLS={KILLS}")
    choices, over = random.Random(SEED), threading.Event()
    workers = [Worker(number, gateway, tmp_path, over) for number in range(CLIENTS)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(KILLS):
            over.wait(choices.uniform(0.0, 0.6))  # the moment of the kill; nothing is expected to be over by then
            gateway.restart()
            assert not any(worker.problem for worker in workers), [worker.problem for worker in workers]
    finally:
        over.set()
        for worker in workers:
            worker.join()
    assert not any(worker.problem for worker in workers), [worker.problem for worker in workers]
    check_programs(gateway, workers, tmp_path)
    check_statements(gateway, workers, tmp_path)
    check_end(gateway, workers)


def check_programs(gateway, workers, files):
    kept = {path: name for worker in workers for path, name in worker.kept.items()}
    deleted = {path: name for worker in workers for path, name in worker.deleted.items()}
    assert len(kept) + len(deleted) == sum(len(worker.kept) + len(worker.deleted) for worker in workers), "an id came twice"
    assert not kept.keys() & deleted.keys()
    listed = {f"{collection}/{each['id']}": each["name"] for collection in ("/sessions", "/batches")
              for each in gateway.client.get(collection + "?size=100000").json["sessions"]}
    assert listed == kept
    for path in deleted:
        assert gateway.client.get(path).status == 404
        assert not (gateway.state_dir / path[1:]).exists()
    for path in kept:
        wanted = ("success",) if path.startswith("/batches") else ("idle",)
        until(lambda: gateway.client.get(path).json["state"] in wanted, 60,
              lambda: f"{path}: {gateway.client.get(path)}\n{gateway.session_logs()[-3000:]}")
    starts = collections.Counter(
        each["properties"]["spark.app.name"] if "spark.app.name" in each["properties"]
        else each["arguments"][each["arguments"].index("--name") + 1] for each in batches.read_record(files / "starts"))
    assert set(kept.values()) <= set(starts) <= set(kept.values()) | set(deleted.values())
    assert set(starts.values()) == {1}, [name for name, count in starts.items() if count > 1]


def check_statements(gateway, workers, files):
    ran = collections.Counter((files / "ran").read_text().splitlines())
    assert set(ran.values()) == {1}, [word for word, count in ran.items() if count > 1]
    total = 0
    for worker in workers:
        for path in worker.sessions():
            listed = gateway.client.get(path + "/statements").json["statements"]
            found = {each["id"]: each["code"] for each in listed}
            confirmed = worker.confirmed[path]
            assert confirmed.items() <= found.items(), (path, confirmed, found)
            assert all(each["state"] == "available" for each in listed), listed
            assert all(each["output"]["data"]["text/plain"] == word(each["code"]) for each in listed)
            order = [worker.tried[path].index(each["code"]) for each in listed]
            assert order == sorted(set(order)), (path, order)
            assert all(ran[word(code)] == 1 for code in found.values())
            total += len(confirmed)
    print(f"{sum(len(w.kept) + len(w.deleted) for w in workers)} programs confirmed, "
          f"{sum(len(s) for w in workers for s in w.confirmed.values())} statements ({total} in sessions that are left), "
          f"{sum(ran.values())} ran")


def word(code):
    return code.rsplit(" ", 1)[1]


def check_end(gateway, workers):
    for worker in workers:
        for path in worker.kept:
            assert gateway.client.delete(path).status == 200
    # Only the server itself carries the mark now.
    until(lambda: set(gateways.processes_with(str(gateway.directory))) == {gateway.process.pid}, 20,
          lambda: gateways.processes_with(str(gateway.directory)))
    assert not list((gateway.state_dir / "sessions").iterdir()) + list((gateway.state_dir / "batches").iterdir())
