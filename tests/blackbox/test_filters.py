"""Questions about a collection, beyond Livy: state, owner, name, since, order. Pages and `total` are of what matches."""

import time

import pytest

from blackbox import batches
from blackbox.client import until


@pytest.fixture(scope="module")
def filled(gateway):
    """Batches with each state and some names; [their ids, the time between the third and the fourth]."""
    client = gateway.client.fork()
    requests = [("one", {"exit": 0}), (None, {"exit": 3}), ("two", {"hang": 1}), ("one", {"exit": 0}), (None, {"hang": 1})]
    created, between = [], 0
    for number, (name, behaviour) in enumerate(requests):
        if number == 3:
            between = int(time.time() * 1000) + 1
            until(lambda: time.time() * 1000 > between, 10, "a millisecond")
        created.append(batches.create(client, name=name, conf=batches.fake_conf(**behaviour)))
        if "exit" in behaviour:
            created[-1].wait_end()
        else:
            created[-1].wait_state("running")
    yield [each.id for each in created], between
    for each in created:
        each.delete()
    client.close()


@pytest.fixture(scope="module")
def sessions(gateway):
    client = gateway.client.fork()
    ready = client.create(kind="pyspark", name="ready").wait_idle()
    dead = client.create(conf=batches.fake_conf(exit=3))
    dead.wait_dead()
    between = int(time.time() * 1000) + 1
    until(lambda: time.time() * 1000 > between, 10, "a millisecond")
    starting = client.create(conf=batches.fake_conf(hang=1))
    yield [ready.id, dead.id, starting.id], between
    for each in (ready, dead, starting):
        each.delete()
    client.close()


def found(client, query, collection="/batches"):
    """The ids of the answer, whose total has to be their number."""
    answer = client.ok("GET", f"{collection}?size=1000&{query}")
    ids = [view["id"] for view in answer["sessions"]]
    assert list(answer) == ["from", "total", "sessions"] and answer["total"] == len(ids)
    return ids


@pytest.mark.parametrize("query, places", [
    ("state=success", [0, 3]), ("state=dead", [1]), ("state=running", [2, 4]), ("state=success,dead", [0, 1, 3]),
    ("state=dead,success,running", [0, 1, 2, 3, 4]), ("state=killed", []), ("name=one", [0, 3]), ("name=two", [2]),
    ("name=three", []), ("name=one&state=success", [0, 3]), ("name=one&state=dead", []), ("owner=alice", []),
    ("order=desc", [4, 3, 2, 1, 0]), ("order=DESC&state=success", [3, 0]), ("order=asc", [0, 1, 2, 3, 4]),
    ("since=0", [0, 1, 2, 3, 4]), ("since=99999999999999", [])])
def test_of_batches(client, filled, query, places):
    ids, _ = filled
    assert found(client, query) == [ids[place] for place in places]


def test_since(client, filled):
    ids, between = filled
    assert found(client, f"since={between}") == ids[3:]
    assert found(client, f"since={between}&order=desc&state=running") == ids[4:]


def test_pages_are_of_what_matches(client, filled):
    ids, _ = filled
    page = client.ok("GET", "/batches?state=success,dead&from=1&size=1")
    assert (page["from"], page["total"], [view["id"] for view in page["sessions"]]) == (1, 3, [ids[1]])
    page = client.ok("GET", "/batches?state=success,dead&order=desc&from=0&size=2")
    assert (page["from"], page["total"], [view["id"] for view in page["sessions"]]) == (0, 3, [ids[3], ids[1]])
    assert client.ok("GET", "/batches?state=dead&from=5")["sessions"] == []


@pytest.mark.parametrize("collection", ["/batches", "/sessions"])
@pytest.mark.parametrize("query, words", [
    ("state=sleeping", "sleeping"), ("state=success,sleeping", "sleeping"), ("since=yesterday", "yesterday"), ("since=", "")])
def test_what_is_not_understood_is_said(client, collection, query, words):
    answer = client.get(f"{collection}?{query}")
    assert answer.status == 400 and list(answer.json) == ["msg"] and words in answer.json["msg"], answer


def test_of_sessions(client, sessions):
    (ready, dead, starting), between = sessions
    for query, ids in (("state=idle", [ready]), ("state=dead", [dead]), ("state=starting", [starting]),
                       ("state=idle,starting", [ready, starting]), ("name=ready", [ready]), ("name=other", []),
                       ("order=desc", [starting, dead, ready]), (f"since={between}", [starting]), ("owner=alice", [])):
        assert found(client, query, "/sessions") == ids, query


def test_names_are_decoded(client, batch):
    one = batch({"name": "a b/ü,x"})
    assert found(client, "name=a%20b%2F%C3%BC%2Cx") == [one.id]


def test_a_filter_does_not_hide_a_change_of_state(client, batch, tmp_path):
    one = batch({"name": "changes"}, until=tmp_path / "end", exit=2)
    one.wait_state("running")
    assert found(client, "name=changes&state=running") == [one.id]
    (tmp_path / "end").touch()
    one.wait_state("dead")
    assert found(client, "name=changes&state=running") == [] and found(client, "name=changes&state=dead") == [one.id]
