"""What a client does while a test lets the server die or its store fail, and what must be true after it."""

import http.client

from blackbox import batches
from blackbox.client import until

FAILURES = (OSError, http.client.HTTPException)


class Work:
    """Two sessions with statements, two batches, and the removal of half of them.

    Each step is repeated until it was answered and the answer is not 503. A statement's POST has no Idempotency-Key, so
    it is repeated only when the list says that it has not arrived.
    """

    def __init__(self, gateway, files, on_crash=None):
        self.gateway, self.client, self.files, self.on_crash = gateway, gateway.client, files, on_crash
        self.refusals = 0

    def attempt(self, step):
        """The first answer that is not 503. Between two attempts something has changed: no pause is needed."""
        while True:
            try:
                answer = step()
            except FAILURES:
                if self.on_crash is None:
                    raise
                self.on_crash()
                continue
            if answer.status != 503:
                return answer
            assert answer.json["msg"] and int(answer.headers["Retry-After"]) > 0, answer
            self.refusals += 1

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
            if len(known) > number:
                return self.client.get(f"{path}/statements/{known[number]['id']}")
            return self.client.post(path + "/statements", {"code": f"count {self.files / 'ran'} {path}/{number}"})

        answer = self.attempt(post)
        assert answer.status in (200, 201), answer
        return f"{path}/statements/{answer.json['id']}"

    def remove(self, path):
        answer = self.attempt(lambda: self.client.delete(path))
        assert answer.status in (200, 404), answer

    def run(self):
        sessions = [self.create("/sessions", f"s{number}") for number in range(2)]
        jobs = [self.create("/batches", f"b{number}") for number in range(2)]
        for path in sessions:
            self.wait(path, "idle")
            for statement in [self.statement(path, number) for number in range(2)]:
                self.wait(statement, "available")
        for path in jobs:
            self.wait(path, "success")
        self.remove(sessions[0])
        self.remove(jobs[0])
        return sessions, jobs

    def check(self, sessions, jobs):
        if not self.refusals:  # a refused creation has used up an id
            assert [sessions, jobs] == [["/sessions/0", "/sessions/1"], ["/batches/0", "/batches/1"]]
        for collection, kept in (("/sessions", sessions[1]), ("/batches", jobs[1])):
            listed = self.client.get(collection).json["sessions"]
            assert [f"{collection}/{each['id']}" for each in listed] == [kept], listed
        expected = [f"{path}/{number}" for path in sessions for number in range(2)]
        assert (self.files / "ran").read_text().splitlines() == expected
        ids = [each["arguments"][-1] for each in batches.read_record(self.files / "starts")]
        assert len(ids) == 4, ids
        for path in (sessions[0], jobs[0]):  # what one server was kept from, the next one does after its start
            directory = self.gateway.state_dir / path[1:]
            until(lambda: not directory.exists(), 30, f"{directory} is removed")
        for each in self.client.get(sessions[1] + "/statements").json["statements"]:
            self.wait(f"{sessions[1]}/statements/{each['id']}", "available")  # it may be handed over a second time
        listed = self.client.get(sessions[1] + "/statements").json["statements"]
        assert [each["output"]["data"]["text/plain"] for each in listed] == expected[2:]
        for made, name in ((sessions, "s2"), (jobs, "b2")):
            collection, last = made[-1].rsplit("/", 1)
            assert self.create(collection, name) == f"{collection}/{int(last) + 1}"
