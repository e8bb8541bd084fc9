"""Sessions that end by themselves, each timer once with the real clock; the rules are in the unit tests.

Where a session must outlive a time, the measure is another session, younger and with the same time, that has ended.
"""

import contextlib
import re
import sys

import pytest

from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_gateway


@pytest.fixture
def serve(fake_spark_home):
    """serve(key=value...) starts a server (keys without `server.session.`, _ for - and __ for .) and returns it."""
    with contextlib.ExitStack() as running:

        def start(**settings):
            keys = {"server.session." + key.replace("__", ".").replace("_", "-"): value
                    for key, value in settings.items()}
            server = gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable,
                                      settings={"session.kill-grace": "1s", **keys})
            return running.enter_context(contextlib.contextmanager(run_gateway)(server))

        yield start


def create(server, request=None, **behaviour):
    conf = {f"spark.fake.{word}": str(value) for word, value in behaviour.items()}
    return server.client.create(kind="pyspark", conf=conf, **(request or {}))


def listed(server):
    return [view["id"] for view in server.client.get("/sessions").json["sessions"]]


def wait_removed(server, session, why, ask=True):
    """Until the session is gone; with `ask` by asking about it all the time."""
    if ask:
        until(lambda: session.client.get(session.path).status == 404, 30, lambda: session.view())
    else:
        until(lambda: session.id not in listed(server), 30, lambda: listed(server))
    answer = session.client.get(session.path)
    assert answer.status == 404
    assert answer.json == {"msg": f"Session '{session.id}' not found.", "reason": why}
    assert re.fullmatch(r"""(.*)"Session '\d+' not found."(.*)""", answer.text), "Zeppelin opens a new session when it reads this"


def test_an_idle_session_ends_and_leaves_no_process_or_file(serve):
    server = serve(timeout="1s")
    session = create(server, tree=1, stubborn=1)
    session.submit("print x")
    assert gateways.descendants(server.process.pid)
    wait_removed(server, session, "idle for 1s")
    until(lambda: not gateways.descendants(server.process.pid), 20, lambda: gateways.descendants(server.process.pid))
    assert list((server.state_dir / "sessions").iterdir()) == []
    assert listed(server) == []
    assert "session 0 ends: idle for 1s" in server.log()


def test_the_servers_switch_leaves_a_sessions_own_idle_timeout(serve):
    server = serve(timeout_check="false", timeout="1s")
    kept = create(server).wait_idle()
    wait_removed(server, create(server, {"idleTimeout": "1s"}), "idle for 1s")
    assert kept.state() == "idle"


def test_a_busy_session_outlives_its_idle_timeout(serve, tmp_path):
    server = serve(timeout="1s")
    busy = create(server)
    busy.submit(f"steps {tmp_path}/go done")
    wait_removed(server, create(server), "idle for 1s")
    assert busy.state() == "busy"
    (tmp_path / "go").touch()
    wait_removed(server, busy, "idle for 1s")


def test_without_skip_busy_a_busy_session_ends(serve):
    server = serve(timeout="1s", timeout_check__skip_busy="false")
    session = create(server)
    session.submit("forever")
    wait_removed(server, session, "idle for 1s")


def test_a_sessions_own_ttl_counts_without_ttl_check(serve):
    server = serve()
    wait_removed(server, create(server, {"ttl": "1s"}), "older than its ttl of 1s")


def test_the_servers_ttl(serve):
    server = serve(ttl_check="true", ttl="1s")
    kept = create(server, {"ttl": "1h"})
    wait_removed(server, create(server), "older than its ttl of 1s")
    assert kept.wait_idle().state() == "idle"


def check_stays_while_used(server, used, silent, use, reason):
    """Of the two only the one that `use` is called for stays, and that only as long."""
    def use_and_list():
        assert use(used).status == 200
        return listed(server)

    until(lambda: use_and_list() == [used.id], 30, lambda: listed(server))
    wait_removed(server, silent, reason, ask=False)
    wait_removed(server, used, reason, ask=False)


def test_questions_keep_the_heartbeat_and_the_list_does_not(serve):
    server = serve()
    asked, silent = (create(server, {"heartbeatTimeoutInSecond": 2}) for _ in range(2))
    check_stays_while_used(server, asked, silent, lambda session: session.client.get(session.path + "/state"), "no heartbeat for 2 s")


def test_connect_keeps_a_session_from_being_idle(serve):
    server = serve(timeout="2s")
    kept, silent = (create(server).wait_idle() for _ in range(2))
    check_stays_while_used(server, kept, silent, lambda session: session.client.post(session.path + "/connect"), "idle for 2s")


def test_a_held_question_is_a_heartbeat_for_as_long_as_it_is_held(serve, tmp_path):
    server = serve()
    held = create(server, {"heartbeatTimeoutInSecond": 1}, start=tmp_path / "never")
    answer = server.client.get(f"{held.path}?wait=2")
    assert answer.json["state"] == "starting"


def test_an_ended_session_is_forgotten(serve):
    server = serve(state_retain__sec="1s")
    session = create(server, {"name": "etl"}, exit=3)
    until(lambda: session.client.get(session.path).status == 404, 30, lambda: session.view())
    for path in (session.path, "/sessions/etl/log"):
        answer = server.client.get(path)
        assert answer.json["reason"].startswith("ended 1s ago (exit code 3 while starting"), answer
    assert server.client.get("/sessions/1").json == {"msg": "Session '1' not found."}
