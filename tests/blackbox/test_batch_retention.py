"""Finished batches stay, also over a restart, until retention takes them; ids are never given twice."""

import os
import signal

import pytest

from blackbox import batches
from blackbox.client import until


def ids(server):
    return [view["id"] for view in batches.batches_of(server.client)]


def finished(server, count=1, **behaviour):
    created = []
    for _ in range(count):
        created.append(batches.create(server.client, conf=batches.fake_conf(**behaviour)))
        created[-1].wait_end()
    return created


def restart(server):
    assert server.stop() == 0
    return server.start()


def test_finished_batches_are_forgotten_after_their_time(serve):
    server = serve({"server.batch.retain-time": "1s"})
    one = batches.create(server.client, name="etl", conf=batches.fake_conf(exit=3))
    until(lambda: server.client.get(one.path).status == 404, 30, lambda: server.client.get(one.path))
    for path in (one.path, one.path + "/log", "/batches/etl"):
        assert server.client.get(path).json == {"msg": f"Session '{path.split('/')[2]}' not found.", "reason": "ended 1s ago"}
    until(lambda: list((server.state_dir / "batches").iterdir()) == [], 20, "no files left")
    assert server.client.get("/batches").json == {"from": 0, "total": 0, "sessions": []}
    assert server.client.get("/batches/1").json == {"msg": "Session '1' not found."}


def test_running_batches_are_not(serve, tmp_path):
    server = serve({"server.batch.retain-time": "1s", "server.batch.retain-count": "1"})
    running = [batches.create(server.client, conf=batches.fake_conf(until=tmp_path / "end")) for _ in range(3)]
    ended, = finished(server)
    until(lambda: server.client.get(ended.path).status == 404, 30, lambda: server.client.get(ended.path))
    assert [each.state() for each in running] == ["running"] * 3
    (tmp_path / "end").touch()
    until(lambda: ids(server) == [], 30, lambda: ids(server))


def test_more_than_the_count_are_forgotten_oldest_first(serve):
    server = serve({"server.batch.retain-count": "3"})
    created = finished(server, 5)
    until(lambda: ids(server) == [each.id for each in created[2:]], 30, lambda: ids(server))
    for each in created[:2]:
        answer = server.client.get(each.path).json
        assert answer == {"msg": f"Session '{each.id}' not found.", "reason": "3 newer ones have ended"}
    until(lambda: len(list((server.state_dir / "batches").iterdir())) == 3, 20, "no files of the others")


def test_sessions_timer_is_not_that_of_batches(serve):
    """Livy forgets a finished batch after 10 minutes, as sessions."""
    server = serve({"server.session.state-retain.sec": "1s"})
    batch, = finished(server)
    session = server.client.create(conf=batches.fake_conf(exit=3))
    until(lambda: server.client.get(session.path).status == 404, 30, lambda: server.client.get(session.path))
    assert batch.state() == "success"


def test_finished_batches_are_there_after_a_restart(serve):
    server = serve()
    good = batches.create(server.client, name="good", conf=batches.fake_conf(lines=30)).wait_state("success")
    bad = batches.create(server.client, conf=batches.fake_conf(exit=3)).wait_state("dead")
    deleted = batches.create(server.client).wait_state("success")
    deleted.delete()
    before = {path: server.client.get(path).json for path in
              ["/batches", "/batches/good", bad.path, good.path + "/state", good.path + "/log?from=0&size=-1",
               bad.path + "/log?from=0&size=-1", "/batches?state=dead&order=desc&since=0", "/batches?name=good"]}
    server = restart(server)
    assert {path: server.client.get(path).json for path in before} == before
    assert server.client.get(deleted.path).status == 404
    assert batches.create(server.client).id == deleted.id + 1, "an id was given twice"


def test_retention_goes_on_after_a_restart(serve):
    server = serve()
    created = finished(server, 4)
    assert server.stop() == 0
    server.settings["server.batch.retain-count"] = "2"
    server.start()
    until(lambda: ids(server) == [each.id for each in created[2:]], 30, lambda: ids(server))
    assert server.client.get(created[0].path).json["reason"] == "2 newer ones have ended"


def test_a_running_batch_at_the_end_of_the_server(serve, tmp_path):
    """It ends with the server and is no zombie afterwards: it has ended, and its log tells of the stop."""
    server = serve({"server.session.max-creation": "1"})
    running = batches.create(server.client, conf=batches.fake_conf(record=tmp_path / "record", tree=1, hang=1))
    queued = batches.create(server.client, conf=batches.fake_conf(record=tmp_path / "record"))
    note, = batches.wait_started(tmp_path / "record")
    until(lambda: len(batches.tree(note["pid"])) >= 3, 20, lambda: batches.tree(note["pid"]))
    processes = batches.tree(note["pid"])
    server = restart(server)
    batches.all_gone(processes)
    for each in (running, queued):
        again = batches.Batch(server.client, server.client.get(each.path).json)
        assert again.state() in ("dead", "killed")
        assert any(line.startswith(batches.REMARK) for line in again.log())
    assert len(batches.read_record(tmp_path / "record")) == 1


@pytest.mark.parametrize("behaviour", [{"hang": 1}, {"stubborn": 1, "tree": 1, "hang": 1}], ids=["plain", "stubborn"])
def test_a_running_batch_at_a_crash_of_the_server(serve, tmp_path, behaviour):
    server = serve()
    done, = finished(server)
    one = batches.create(server.client, conf=batches.fake_conf(record=tmp_path / "record", **behaviour))
    note, = batches.wait_started(tmp_path / "record")
    processes = batches.tree(note["pid"])
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    server.client.close()
    server.start()
    again = batches.Batch(server.client, server.client.get(one.path).json)
    assert again.wait_end() in ("dead", "killed")
    batches.all_gone(processes)
    assert server.client.get(done.path).json["state"] == "success"
    assert batches.create(server.client).id == one.id + 1
    assert again.delete().json == {"msg": "deleted"}
