"""Requests that need no history, recorded with a real Livy, and the tables of docs/livy-compat.md."""

import re
import sys

import pytest

from blackbox import gateway as gateways
from blackbox import livy_replay
from blackbox.conftest import new_directory, run_gateway

FILES = sorted(file.stem for file in livy_replay.DATA.glob("*.jsonl"))


@pytest.fixture(scope="module")
def plain(fake_spark_home):
    """Configured as the recorded Livy was."""
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "file.local-dir-whitelist": "/tmp,/data/jobs", "session.kill-grace": "1s"}))


@pytest.fixture(scope="module")
def guarded(fake_spark_home):
    """With protection against requests that a foreign page makes a browser send."""
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "server.csrf-protection.enabled": "true"}))


def replay(gateway, recording):
    answer = livy_replay.send(gateway.port, recording)
    created = answer.headers["Location"] if answer.status == 201 else ""
    try:
        problems = livy_replay.differences(recording, answer, f"127.0.0.1:{gateway.port}",
                                           translate=lambda text: text.replace("{created}", created.rpartition("/")[2]))
    finally:
        if created:
            gateway.client.delete(created)
    assert not problems, "\n".join([recording["note"], *problems])


def recordings(*names):
    found = [recording for name in names for recording in livy_replay.load(name)]
    return pytest.mark.parametrize("recording", found, ids=[livy_replay.label(each) for each in found])


@recordings("routes", "creation")
def test_plain(plain, recording):
    replay(plain, recording)


@recordings("csrf")
def test_guarded(guarded, recording):
    replay(guarded, recording)


@recordings("batches")
def test_batches(plain, recording):
    replay(plain, recording)


# The page

EVERY = [(name, recording) for name in FILES for recording in livy_replay.load(name)]
DIFFERENCES = livy_replay.table("Differences")
OF_VERSIONS = livy_replay.table("Differences of Spark's versions")
COVERED = ("Routes", "Creation of a session", "Creation of a batch", "Bodies of other requests", "Parameters in the query",
           "Headers", "View of a session", "View of a batch", "Statement", "Output of a statement", "Other answers",
           "Session", "Batch", "State of a statement", "Complaints", "What breaks the clients")


@pytest.mark.parametrize("rows,entry", [(DIFFERENCES, "sparkgate"), (OF_VERSIONS, "spark-4.1")], ids=["livy", "spark"])
def test_differences_are_those_of_the_recordings(rows, entry):
    used = {}
    for _, recording in EVERY:
        for row in recording.get(entry, {}).get("why", []):
            used.setdefault(row, set()).add(recording["n"])
    listed = {row["id"]: {int(number) for number in re.findall(r"\d+", row["seen in"])}
              for row in rows if "::" not in row["seen in"]}
    assert listed == used
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("entry", ["sparkgate", "spark-4.1"])
def test_each_entry_tells_a_difference(entry):
    for name, recording in EVERY:
        instead = recording.get(entry)
        if instead and not set(instead["why"]) & set(livy_replay.REWRITES):
            alone = {key: value for key, value in recording.items() if key not in ("sparkgate", "spark-4.1")}
            told = livy_replay.expectation({**alone, "sparkgate": {**instead, "why": []}})
            assert told != livy_replay.expectation(alone), f"{name} {livy_replay.label(recording)}"


def test_named_tests_exist():
    cells = [row["seen in"] for row in DIFFERENCES + OF_VERSIONS if "::" in row["seen in"]]
    cells += [row["covered by"] for heading in COVERED for row in livy_replay.table(heading)]
    for cell in cells:
        if cell.startswith(("not yet: ", "not ours: ")):
            continue
        for named in cell.split(", "):
            file, name = re.fullmatch(r"`(\w+\.py)::(\w+)`", named).groups()
            text = "".join(found.read_text() for found in livy_replay.ROOT.glob(f"tests/*/{file}"))
            assert f"\ndef {name}(" in text, named


def test_page_has_every_route_of_the_server():
    table = (livy_replay.ROOT / "src/api/routes.cpp").read_text()
    routes = {f"{method} {path}" for method, path in re.findall(r'^    \{(\w+), "([^"]+)"', table, flags=re.M)}
    assert routes and routes <= {row["route"] for row in livy_replay.table("Routes")}


def test_no_recording_is_lost():
    """The numbers are complete but for what the README says was left out."""
    readme = (livy_replay.DATA / "README.md").read_text()
    left_out = set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", readme.partition("Left out: ")[2]):
        left_out |= set(range(int(first), int(last or first) + 1))
    assert {recording["n"] for _, recording in EVERY} == set(range(585)) - left_out


def test_page_has_every_state(plain):
    """The metrics name every state of a session; those of a statement are the words of session/state.cpp."""
    listed = {heading: {row["state"] for row in livy_replay.table(heading)}
              for heading in ("Session", "State of a statement")}
    assert listed["Session"] == set(re.findall(r'\{state="(\w+)"\}', plain.client.get("/metrics").text))
    words = (livy_replay.ROOT / "src/session/state.cpp").read_text().partition("to_string(statement_state")[2]
    assert listed["State of a statement"] == set(re.findall(r'return "(\w+)"', words.partition("\n}\n")[0]))


def test_page_has_every_field(plain):
    def listed(heading):
        return [row["field"] for row in livy_replay.table(heading)]

    created = plain.client.ok("POST", "/sessions", {"conf": {"spark.fake.hang": "1"}}, status=201)
    session = f"/sessions/{created['id']}"
    statement = plain.client.ok("POST", session + "/statements", {"code": "", "kind": "sql"}, status=201)
    plain.client.delete(session)
    assert listed("View of a session") == list(created)
    assert listed("Statement") == list(statement)
    assert sorted(listed("Creation of a session")) == known_fields(plain.client, "/sessions")
    batch = plain.client.ok("POST", "/batches", {"file": "hdfs:/job.py"}, status=201)
    plain.client.delete(f"/batches/{batch['id']}")
    assert listed("View of a batch") == list(batch)
    assert sorted(listed("Creation of a batch")) == known_fields(plain.client, "/batches")


def known_fields(client, path):
    """What the refusal of an unknown field names."""
    refusal = client.post(path, {"foo": 1}).json
    return sorted(re.findall(r'"(\w+)"', re.search(r"known properties: (.*?)\]?\)", refusal)[1]))


def test_page_has_every_field_of_other_requests(plain):
    listed = {}
    for row in livy_replay.table("Bodies of other requests"):
        for request in row["request"].split(", "):
            listed.setdefault(request, []).append(row["field"])
    session = plain.client.create(conf={"spark.fake.hang": "1"})
    try:
        for request, fields in listed.items():
            if not request.startswith("upload"):
                assert sorted(fields) == known_fields(plain.client, f"{session.path}/{request}"), request
    finally:
        session.delete()
