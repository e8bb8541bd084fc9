"""How many children may be starting at a time, and the queue of the rest, which sessions and batches share."""

import os
import pathlib
import threading

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import Session, until

REFUSAL = {"msg": "Rejected, too many sessions are being created!"}
MANY = 200


def note(folder):
    return folder / "record"


def started(folder):
    """The words `spark.fake.tag` of the starts so far, in their order."""
    return [each["properties"]["spark.fake.tag"] for each in batches.read_record(note(folder))]


def create(server, folder, tag, request=None, **behaviour):
    conf = batches.fake_conf(record=note(folder), tag=tag, **behaviour)
    return batches.create(server.client, conf=conf, **(request or {}))


def wait_starts(folder, tags):
    until(lambda: len(started(folder)) >= len(tags), 30, lambda: f"{tags}, there are {started(folder)}")
    assert started(folder) == tags


def test_the_rest_waits_and_starts_in_its_order(serve, tmp_path):
    server = serve({"server.session.max-creation": "1"})
    tags = [str(number) for number in range(5)]
    created = [create(server, tmp_path, tag, until=tmp_path / f"end{tag}") for tag in tags]
    for number, tag in enumerate(tags):
        wait_starts(tmp_path, tags[:number + 1])
        states = [each.state() for each in created]
        assert states[number] == "running" and states[number + 1:] == ["starting"] * (4 - number), states
        (tmp_path / f"end{tag}").touch()
        created[number].wait_state("success")


def test_a_waiting_batch_has_a_view_and_a_log(serve, tmp_path):
    server = serve({"server.session.max-creation": "1"})
    create(server, tmp_path, "first", hang=1)
    waiting = create(server, tmp_path, "second", {"name": "waits"})
    assert server.client.get("/batches/waits").json["state"] == "starting"
    log = waiting.log()
    assert log[0] == "stdout: " and log[-1] == "\nstderr: " and waiting.output() == []
    assert all(line.startswith(batches.REMARK) for line in log[1:-1])


def test_a_deleted_waiting_batch_never_starts(serve, tmp_path):
    server = serve({"server.session.max-creation": "1"})
    create(server, tmp_path, "first", until=tmp_path / "end")
    second, third = (create(server, tmp_path, tag) for tag in ("second", "third"))
    assert second.delete().json == {"msg": "deleted"}
    assert server.client.get(second.path).status == 404
    (tmp_path / "end").touch()
    third.wait_state("success")
    assert started(tmp_path) == ["first", "third"]


def test_sessions_and_batches_share_the_places(serve, tmp_path):
    server = serve({"server.session.max-creation": "1"})
    session = Session(server.client, server.client.ok("POST", "/sessions", {
        "conf": batches.fake_conf(start=tmp_path / "ready")}, status=201))
    batch = create(server, tmp_path, "batch")
    last = Session(server.client, server.client.ok("POST", "/sessions", {
        "conf": batches.fake_conf(record=note(tmp_path), tag="session")}, status=201))
    assert [session.state(), batch.state(), last.state()] == ["starting"] * 3 and started(tmp_path) == []
    (tmp_path / "ready").touch()
    session.wait_idle()
    batch.wait_state("success")
    last.wait_idle()
    assert started(tmp_path) == ["batch", "session"]


def test_a_deleted_starting_session_gives_its_place_up(serve, tmp_path):
    server = serve({"server.session.max-creation": "1"})
    session = Session(server.client, server.client.ok("POST", "/sessions", {"conf": batches.fake_conf(hang=1)}, status=201))
    batch = create(server, tmp_path, "batch")
    session.delete()
    batch.wait_state("success")


def test_a_batch_whose_application_is_seen_gives_its_place_up(serve, tmp_path):
    """Lines as Spark's driver writes them with a local master."""
    (tmp_path / "spark").write_text(
        "26/11/26 10:00:00 INFO SparkContext: Running Spark version 3.5.9\n"
        "26/11/26 10:00:00 INFO SparkContext: Submitted application: fake\n"
        "26/11/26 10:00:01 INFO Utils: Successfully started service 'sparkDriver' on port 40401.\n"
        "26/11/26 10:00:01 INFO Utils: Successfully started service 'SparkUI' on port 40402.\n"
        "26/11/26 10:00:01 INFO SparkContext: Starting job: count at job.py:3\n"
        "26/11/26 10:00:01 INFO StandaloneSchedulerBackend: Connected to Spark cluster with app ID app-20261126100000-0000\n")
    server = serve({"server.session.max-creation": "1"})
    first = create(server, tmp_path, "first", cat=tmp_path / "spark", hang=1)
    create(server, tmp_path, "second").wait_state("success")
    assert first.state() == "running" and started(tmp_path) == ["first", "second"]


@pytest.mark.parametrize("livys_status", (False, True))
@pytest.mark.parametrize("collection", ("/batches", "/sessions"))
def test_a_full_queue(serve, tmp_path, collection, livys_status):
    server = serve({"server.session.max-creation": "1", "server.session.max-queued": "2",
                    "server.compat.capacity-400": str(livys_status).lower()})
    first, *others = [create(server, tmp_path, str(number), until=tmp_path / "end") for number in range(3)]
    before = {path: server.client.get(path).json for path in ("/batches", "/sessions")}
    request = {"conf": batches.fake_conf(exit=0), **({"file": batches.FILE} if collection == "/batches" else {})}
    answer = server.client.post(collection, request)
    assert answer.status == (400 if livys_status else 429) and answer.json == REFUSAL, answer
    assert ("Retry-After" in answer.headers) != livys_status
    if not livys_status:
        assert int(answer.headers["Retry-After"]) > 0
    assert {path: server.client.get(path).json for path in before} == before
    others[0].delete()
    assert server.client.post(collection, request).status == 201
    assert server.client.post(collection, request).status == answer.status
    (tmp_path / "end").touch()
    for each in (first, others[1]):
        each.wait_state("success")


def test_a_bad_request_is_told_so_when_the_queue_is_full(serve, tmp_path):
    """It would be refused later anyway."""
    server = serve({"server.session.max-creation": "1", "server.session.max-queued": "1"})
    for number in range(2):
        create(server, tmp_path, str(number), hang=1)
    assert server.client.post("/batches", {"file": "job.py"}).status == 400


def test_the_queue_is_fair_between_users(serve, tmp_path):
    """Alice's fifth batch does not start before Bob's first."""
    server = serve({"server.session.max-creation": "1", **gateways.IMPERSONATION})
    create(server, tmp_path, "a0", {"proxyUser": "alice"}, until=tmp_path / "end")
    wait_starts(tmp_path, ["a0"])
    for number in range(1, 6):
        create(server, tmp_path, f"a{number}", {"proxyUser": "alice"})
    for number in range(2):
        create(server, tmp_path, f"b{number}", {"proxyUser": "bob"})
    (tmp_path / "end").touch()
    until(lambda: len(started(tmp_path)) == 8, 30, lambda: started(tmp_path))
    order = started(tmp_path)
    assert order.index("b0") <= 2 and order.index("b1") <= 4, order
    for user, count in (("a", 6), ("b", 2)):
        assert [tag for tag in order if tag[0] == user] == [f"{user}{number}" for number in range(count)]


def threads_of(server):
    return len(os.listdir(f"/proc/{server.process.pid}/task"))


def test_two_hundred_at_once(serve, tmp_path):
    """All are accepted, run a few at a time, and end; nothing stays, and the server needs no thread more."""
    server = serve({"server.session.max-creation": "4"})
    create(server, tmp_path, "warm").wait_state("success")
    threads, descriptors = threads_of(server), server.descriptors()
    answers, barrier = [], threading.Barrier(MANY)
    conf = batches.fake_conf(record=note(tmp_path), tag="many", lines=3)

    def post():
        client = server.client.fork()
        barrier.wait()
        answers.append(client.post("/batches", {"file": batches.FILE, "conf": conf}))
        client.close()

    posting = [threading.Thread(target=post) for _ in range(MANY)]
    for thread in posting:
        thread.start()
    for thread in posting:
        thread.join()
    assert [answer.status for answer in answers] == [201] * MANY
    assert len({answer.json["id"] for answer in answers}) == MANY
    most_children = most_threads = 0

    def all_ended():
        nonlocal most_children, most_threads
        most_threads = max(most_threads, threads_of(server))
        processes = gateways.descendants(server.process.pid).values()
        most_children = max(most_children, sum("fake_spark_submit.py" in text for text in processes))
        return server.client.get("/batches?size=0&state=starting,running").json["total"] == 0

    until(all_ended, 120, lambda: server.client.get("/batches?size=0&state=starting,running").text)
    assert server.client.get("/batches?size=0&state=success").json["total"] == MANY + 1
    assert len(started(tmp_path)) == MANY + 1
    assert 1 <= most_children <= 4 and most_threads <= threads
    until(lambda: not gateways.descendants(server.process.pid), 20, lambda: gateways.descendants(server.process.pid))
    until(lambda: server.descriptors() <= descriptors, 20, lambda: f"{server.descriptors()} > {descriptors}")
    for answer in answers[::20]:
        assert batches.Batch(server.client, answer.json).output() == ["line 0", "line 1", "line 2"]


def test_the_end_of_the_server_starts_nothing_more(serve, tmp_path):
    server = serve({"server.session.max-creation": "1"})
    for number in range(5):
        create(server, tmp_path, str(number), hang=1)
    wait_starts(tmp_path, ["0"])
    assert server.stop() == 0
    assert started(tmp_path) == ["0"]
    assert not pathlib.Path(f"/proc/{batches.read_record(note(tmp_path))[0]['pid']}").exists()
