"""Ten thousand finished batches: they are all there after a start, in pages, by filters, and retention takes the oldest."""

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_gateway

COUNT = 10_000


@pytest.fixture(scope="module")
def full(fake_spark_home):
    for server in run_gateway(gateways.Gateway(new_directory(), fake_spark_home)):
        batches.multiply(server, COUNT)
        yield server


def test_pages_from_both_ends(full):
    client = full.client
    for start in (0, 4950, 9900):
        page = client.ok("GET", f"/batches?from={start}&size=100")
        assert page["total"] == COUNT and [view["id"] for view in page["sessions"]] == list(range(start, start + 100))
    newest = client.ok("GET", "/batches?order=desc&size=3")
    assert [view["id"] for view in newest["sessions"]] == [9999, 9998, 9997]
    assert client.ok("GET", "/batches?state=dead")["total"] == 0
    assert client.ok("GET", "/batches?state=success&from=9999&size=10")["sessions"][0]["id"] == 9999


def test_each_has_its_view_and_log(full):
    one = batches.Batch(full.client, full.client.ok("GET", "/batches/9876"))
    assert (one.created["id"], one.created["state"]) == (9876, "success")
    assert one.output() == ["hello"] and "hello" in one.created["log"]


def test_all_can_be_asked_for_at_once(full):
    everything = full.client.ok("GET", f"/batches?size={COUNT}")["sessions"]
    assert [view["id"] for view in everything] == list(range(COUNT))


def test_new_ones_go_on_beside_them_and_the_oldest_leave(full):
    """The default of server.batch.retain-count is COUNT."""
    one = batches.create(full.client)
    assert one.id == COUNT
    one.wait_state("success")
    until(lambda: full.client.get("/batches/0").status == 404, 30, "the oldest leaves")
    assert "newer ones have ended" in full.client.get("/batches/0").json["reason"]
    assert full.stop() == 0
    full.start()
    assert full.client.ok("GET", "/batches?size=1")["total"] == COUNT
    assert full.client.get("/batches/0").status == 404
