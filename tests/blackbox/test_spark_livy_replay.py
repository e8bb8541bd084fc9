"""Whole sessions and batches of a real Livy, request by request in their recorded order, on real Spark.

The recordings were made with Spark 3.5.9 and `spark.master` local. Ids of sessions and the folder of uploaded files are
those of this run; what else differs is in docs/livy-compat.md.
"""

import json
import re
import time
import urllib.parse

import pytest

from blackbox import gateway as gateways
from blackbox import livy_replay
from blackbox.client import DEADLINE, until
from blackbox.conftest import new_directory, run_gateway

SCENARIOS = ("starting", "pyspark", "spark", "shared", "sql", "failed", "batches-life")
WITH_IMPERSONATION = 574  # from here on batches-life was recorded with it, and with a fake spark-submit
FOLDER = "/data/jobs"
ENDS = ("available", "cancelled")
NO_CANDIDATES = '{"candidates":[]}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Stands in for FOLDER, which the recordings name."""
    directory = tmp_path_factory.mktemp("jobs")
    (directory / "pi.py").write_text("from pyspark import SparkContext\nsc = SparkContext()\nprint('pi')\nsc.stop()\n")
    (directory / "x.txt").write_text("x\n")
    (directory / "sleep.py").write_text("import sys, time\ntime.sleep(float(sys.argv[1]))\n")
    return directory


@pytest.fixture(scope="module")
def replay_gateway(spark_home, folder):
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local", "file.local-dir-whitelist": f"/tmp,{folder}",
        "statement.poll-hold": "0"}))  # a session is asked while it starts, and none is held until it has


class Scenario:
    """Sends the recordings of one file and collects what is different."""

    def __init__(self, gateway, spark, folder):
        self.client, self.port, self.spark, self.folder = gateway.client, gateway.port, spark, str(folder)
        self.sessions = {}  # Livy's id: ours
        self.problems = []

    def translate(self, text):
        text = text.replace(FOLDER, self.folder)
        for livy, ours in self.sessions.items():
            text = re.sub(rf"(/(?:sessions|batches)/){livy}(?!\d)", rf"\g<1>{ours}", text)
            text = re.sub(rf"(Session '){livy}(?=')", rf"\g<1>{ours}", text)
            text = re.sub(rf"(for session ){livy + 1}(?=\")", rf"\g<1>{ours + 1}", text)  # the next id
            text = re.sub(rf'(\{{"id":){livy}(?=,"(?:name|from|state)")', rf"\g<1>{ours}", text)
        return text

    def run(self, recording):
        if "states" in recording:
            problems = self.poll(recording)
        else:
            late = self.wait_for(recording)
            answer = self.send(recording)
            self.note_session(recording, answer)
            problems = late + self.compare(recording, answer)
            self.keep_numbers_in_step(recording, answer)
        self.problems += [f"{livy_replay.label(recording)} {recording['note']}: {each}" for each in problems]

    def send(self, recording):
        """One request. An empty completion is asked for again: sparkgate does not wait for a cold interpreter."""
        wanted, end = livy_replay.expectation(recording, self.spark)["answer"], time.monotonic() + DEADLINE
        while True:
            answer = livy_replay.send(self.port, recording, self.translate)
            if not livy_replay.body_text(answer) == NO_CANDIDATES != wanted or time.monotonic() > end:
                return answer
            time.sleep(1)

    def poll(self, recording):
        """The states that are seen come in the recorded order; some may be too short to be seen."""
        recorded, seen, end = recording["states"], [], time.monotonic() + 3 * DEADLINE
        while not seen or seen[-1] not in (recorded[-1], "idle", "dead", "error", "killed", "success"):
            assert time.monotonic() < end, f"states {seen}"
            state = self.client.ok("GET", self.translate(recording["path"]))["state"]
            if not seen or seen[-1] != state:
                seen.append(state)
            time.sleep(0.02)
        rest = iter(recorded)
        in_order = all(state in rest for state in seen) and seen[-1] == recorded[-1]
        return [] if in_order else [f"states {seen}, Livy {recorded}"]

    def wait_for(self, recording):
        """Waits for the state that the recorded answer shows; of finished statements, for their end."""
        path, recorded = self.translate(recording["path"]), re.search(r'"state":"(\w+)"', recording["answer"] or "")
        if recording["method"] != "GET" or not recorded:
            return []
        wanted = ENDS if recorded[1] in ENDS else (recorded[1],)

        def there():
            seen = self.client.ok("GET", path)
            return all(each["state"] in wanted for each in seen.get("statements", [seen]))

        if not re.fullmatch(r"/(?:sessions|batches)/[^/?]+|/sessions/[^/?]+/statements.*", path):
            return []
        try:
            until(there, DEADLINE, lambda: f"{path} {wanted}")
        except AssertionError as late:
            return [str(late)]
        return []

    def note_session(self, recording, answer):
        collection = recording["path"].partition("?")[0]
        if collection in ("/sessions", "/batches") and recording["status"] == answer.status == 201:
            self.sessions[json.loads(recording["answer"])["id"]] = answer.json["id"]

    def compare(self, recording, answer):
        if recording["status"] == answer.status and "/log" in recording["path"] and answer.status == 200:
            return self.compare_headers(recording, answer) + compare_log(recording, answer)
        if recording["status"] == answer.status == 201 and recording["path"].endswith("/statements"):
            return self.compare_headers(recording, answer) + compare_submitted(recording, answer)
        return livy_replay.differences(recording, answer, f"127.0.0.1:{self.port}", self.spark, self.translate)

    def compare_headers(self, recording, answer):
        wanted = {name: self.translate(value) for name, value in recording["answer_headers"].items()}
        return livy_replay.compare_headers(recording, wanted, False, answer)

    def keep_numbers_in_step(self, recording, answer):
        """Where sparkgate refuses a statement that Livy took, another one takes its number."""
        if recording["path"].endswith("/statements") and recording["status"] == 201 != answer.status:
            self.client.ok("POST", self.translate(recording["path"]), {"code": ""}, status=201)


def compare_log(recording, answer):
    """Lines and total are this run's; the page has to be cut as Livy cuts it."""
    query = dict(urllib.parse.parse_qsl(recording["path"].partition("?")[2]))
    start, size = int(query.get("from", -1)), int(query.get("size", 100))
    page = answer.json
    if list(page) != ["id", "from", "total", "log"]:
        return [f"keys {list(page)}"]
    size = page["total"] if size < 0 else size
    start = max(0, page["total"] - size) if start < 0 else start
    expected = (start, max(0, min(size, page["total"] - start)))
    seen = (page["from"], len(page["log"]))
    return [] if seen == expected else [f"from and number of lines {seen}, Livy {expected}"]


def compare_submitted(recording, answer):
    """How far a statement has come when its POST is answered is chance."""
    def start(text):
        return text.partition(',"state":')[0]

    problems = []
    if start(answer.text) != start(recording["answer"]):
        problems.append(f"{answer.text}, Livy {recording['answer']}")
    if list(answer.json) != ["id", "code", "state", "output", "progress", "started", "completed"]:
        problems.append(f"keys {list(answer.json)}")
    return problems


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(replay_gateway, spark_version, folder, name):
    scenario = Scenario(replay_gateway, spark_version, folder)
    collection = "/batches" if name.startswith("batches") else "/sessions"
    try:
        for recording in livy_replay.load(name):
            if name != "batches-life" or recording["n"] < WITH_IMPERSONATION:
                scenario.run(recording)
    finally:
        for number in scenario.sessions.values():
            replay_gateway.client.delete(f"{collection}/{number}")
    assert not scenario.problems, "\n".join(scenario.problems)


def test_batches_with_impersonation(fake_spark_home, folder):
    for server in run_gateway(gateways.Gateway(new_directory(), fake_spark_home, settings={
            **gateways.IMPERSONATION, "file.local-dir-whitelist": "/"})):
        scenario = Scenario(server, None, folder)
        for recording in livy_replay.load("batches-life"):
            if recording["n"] >= WITH_IMPERSONATION:
                if recording["method"] == "GET":
                    until(lambda: server.client.get("/batches?size=0&state=success").json["total"] == 4, DEADLINE, "all ended")
                scenario.run(recording)
        assert not scenario.problems, "\n".join(scenario.problems)
