"""`Idempotency-Key`: a creation that is repeated, since its answer was lost, creates nothing more."""

import threading

import pytest

from blackbox import batches

REPLAYED = "Idempotent-Replay"
BODIES = {"/batches": {"file": batches.FILE, "conf": batches.fake_conf(exit=0)},
          "/sessions": {"kind": "pyspark", "conf": batches.fake_conf(hang=1)}}

both = pytest.mark.parametrize("collection", list(BODIES))


@pytest.fixture
def post(client, request):
    """post(collection, key, body) sends a creation; what it created is deleted at the end. Keys are the test's own."""
    created = set()

    def send(collection, key, body=None, by=client):
        answer = by.post(collection, BODIES[collection] if body is None else body,
                         headers={"Idempotency-Key": key and f"{request.node.name} {key}"})
        if answer.status == 201:
            created.add(answer.headers["Location"])
        return answer

    yield send
    for path in created:
        client.delete(path)


def total(client, collection):
    return client.get(f"{collection}?size=0").json["total"]


@both
def test_a_repeated_creation(client, post, collection):
    first = post(collection, "a")
    count = total(client, collection)
    for _ in range(3):
        again = post(collection, "a")
        assert again.status == 201 and again.headers[REPLAYED] == "true"
        assert again.json["id"] == first.json["id"] and list(again.json) == list(first.json)
        assert again.headers["Location"] == first.headers["Location"]
    assert first.status == 201 and REPLAYED not in first.headers
    assert total(client, collection) == count
    assert post(collection, "b").json["id"] != first.json["id"]


@both
def test_without_a_key_each_creation_is_one(client, post, collection):
    answers = [client.post(collection, BODIES[collection]) for _ in range(2)]
    assert len({answer.json["id"] for answer in answers}) == 2
    assert all(REPLAYED not in answer.headers for answer in answers)
    for answer in answers:
        client.delete(answer.headers["Location"])


@both
def test_the_same_key_with_another_body(client, post, collection):
    first = post(collection, "a")
    count = total(client, collection)
    answer = post(collection, "a", {**BODIES[collection], "name": "another"})
    assert answer.status == 422 and list(answer.json) == ["msg"] and answer.json["msg"]
    assert "Location" not in answer.headers and total(client, collection) == count
    assert post(collection, "a").json["id"] == first.json["id"]


@both
def test_repeats_at_the_same_time(gateway, client, post, collection):
    """One creates; the others wait for it and tell the same."""
    answers, barrier = [], threading.Barrier(20)
    count = total(client, collection)

    def send():
        own = gateway.client.fork()
        barrier.wait()
        answers.append(post(collection, "a", by=own))
        own.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [201] * 20, answers
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert sum(REPLAYED not in answer.headers for answer in answers) == 1
    assert total(client, collection) == count + 1


@both
def test_a_refused_creation_does_not_use_up_its_key(post, collection):
    for body in ({**BODIES[collection], "name": "123"}, {**BODIES[collection], "nonsense": 1}, "{"):
        assert post(collection, "a", body).status == 400
    good = post(collection, "a")
    assert good.status == 201 and REPLAYED not in good.headers


@both
def test_a_key_is_forgotten_with_its_record(client, post, collection):
    first = post(collection, "a")
    assert client.delete(first.headers["Location"]).status == 200
    second = post(collection, "a", {**BODIES[collection], "name": f"after {collection[1:]}"})
    assert second.status == 201 and REPLAYED not in second.headers
    assert second.json["id"] != first.json["id"]


@both
@pytest.mark.parametrize("key, status", [("", 400), ("k" * 255, 201), ("k" * 256, 400)], ids=["empty", "255", "256"])
def test_length_of_a_key(client, collection, key, status):
    count = total(client, collection)
    answer = client.post(collection, BODIES[collection], headers={"Idempotency-Key": key})
    assert answer.status == status, answer
    if status == 201:
        client.delete(answer.headers["Location"])
    else:
        assert list(answer.json) == ["msg"] and total(client, collection) == count


def test_keys_of_sessions_and_batches_are_apart(post):
    batch, session = post("/batches", "a"), post("/sessions", "a")
    assert (batch.status, session.status) == (201, 201)
    assert REPLAYED not in session.headers and "kind" in session.json


def test_a_repeat_after_the_batch_has_ended_shows_how(client, post):
    first = post("/batches", "a")
    assert batches.Batch(client, first.json).wait_end() == "success"
    again = post("/batches", "a")
    assert (again.status, again.json["id"], again.json["state"]) == (201, first.json["id"], "success")


def test_a_key_survives_a_restart(serve):
    server = serve()
    first = server.client.post("/batches", BODIES["/batches"], headers={"Idempotency-Key": "k"})
    batches.Batch(server.client, first.json).wait_end()
    assert server.stop() == 0
    again = server.start().client.post("/batches", BODIES["/batches"], headers={"Idempotency-Key": "k"})
    assert (again.status, again.json["id"], again.headers[REPLAYED]) == (201, first.json["id"], "true")


@both
def test_a_full_queue_does_not_use_up_the_key(serve, tmp_path, collection):
    server = serve({"server.session.max-creation": "1", "server.session.max-queued": "1"})
    created = [batches.create(server.client, conf=batches.fake_conf(until=tmp_path / "end")) for _ in range(2)]
    headers = {"Idempotency-Key": "k"}
    assert server.client.post(collection, BODIES[collection], headers=headers).status == 429
    (tmp_path / "end").touch()
    for each in created:
        each.wait_end()
    answer = server.client.post(collection, BODIES[collection], headers=headers)
    assert answer.status == 201 and REPLAYED not in answer.headers
