"""Life and death of sessions, with a fake spark-submit and driver in place of Spark."""

import os
import signal
import socket
import threading
import time

import pytest

from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_gateway


def below(gateway, session):
    """The living processes of one session: those with its directory in their arguments, and all below them."""
    mark = f"/sessions/{session.id}"
    found = {}
    for pid, text in gateways.descendants(gateway.process.pid).items():
        words = text.split()
        if any(word.endswith(mark) or mark + "/" in word for word in words):
            found[pid] = text
            found.update(gateways.descendants(pid))
    return found


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def driver_pid(gateway, session):
    pids = [pid for pid, text in below(gateway, session).items() if "fake_spark_submit.py" in text]
    assert len(pids) == 1, below(gateway, session)
    return pids[0]


# Starting

def test_spark_submit_that_fails_says_why(fake):
    session = fake(print="reading the plan", complain="Exception in thread main: no such class", exit=3)
    session.wait_dead(10)
    log = session.log_text()
    for words in ("reading the plan", "no such class", "exit code 3"):
        assert words in log
    assert any("exit code 3" in line or "no such class" in line for line in session.view()["log"])


def test_spark_submit_that_cannot_be_executed(fake_spark_home, gateway, client):
    submit = fake_spark_home / "bin" / "spark-submit"
    submit.chmod(0o644)
    try:
        session = client.create(kind="pyspark")
        session.wait_dead(10)
    finally:
        submit.chmod(0o755)
    assert "Permission denied" in session.log_text() and str(submit) in session.log_text()
    session.delete()


def test_failed_start_of_spark_says_why(fake):
    session = fake(fail="cannot reach the resource manager")
    session.wait_dead(10)
    assert "cannot reach the resource manager" in session.log_text()


def test_driver_that_vanishes_while_starting(fake):
    session = fake(vanish=7)
    session.wait_dead(10)
    assert "exit code 7" in session.log_text()


def test_wrong_token_is_turned_away(fake, gateway):
    session = fake(token="00" * 16)
    session.wait_dead(20)
    assert "the gateway closed the connection" in session.log_text()


def test_start_takes_too_long(fake_spark_home):
    server = gateways.Gateway(new_directory(), fake_spark_home, settings={
        "rsc.server.connect.timeout": "1s", "session.kill-grace": "1s"})
    for running in run_gateway(server):
        session = running.client.create(kind="pyspark", conf={"spark.fake.hang": "1", "spark.fake.tree": "1"})
        session.wait_dead(20)
        assert "did not start within 1 s" in session.log_text()
        until(lambda: not below(running, session), 10, lambda: below(running, session))


def test_timeline_is_in_the_log(fake):
    log = fake().wait_idle().log_text().lower()
    places = [log.index(word) for word in ("spawned", "connected", "ready")]
    assert places == sorted(places), log


def test_held_get_of_a_starting_session(fake, tmp_path):
    go = tmp_path / "go"
    session = fake(start=go)
    seen = {}

    def wait():
        client = session.client.fork()
        seen["view"] = client.get(f"{session.path}?wait=60").json
        client.close()

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert session.client.get(session.path + "/state").json["state"] == "starting"
    go.touch()
    waiter.join(30)
    assert seen["view"]["state"] == "idle"


@pytest.mark.parametrize("livys_status", (False, True))
def test_too_many_starting_sessions(fake_spark_home, livys_status):
    server = gateways.Gateway(new_directory(), fake_spark_home, settings={
        "server.session.max-creation": "1", "server.session.max-queued": "1", "server.compat.capacity-400": str(livys_status).lower()})
    for running in run_gateway(server):
        sessions = [running.client.create(conf={"spark.fake.hang": "1"}) for _ in range(2)]
        answer = running.client.post("/sessions", {})
        assert answer.status == (400 if livys_status else 429)
        assert answer.json == {"msg": "Rejected, too many sessions are being created!"}
        assert ("Retry-After" in answer.headers) != livys_status
        assert running.client.get("/sessions").json["total"] == 2
        sessions[0].delete()
        assert running.client.post("/sessions", {"conf": {"spark.fake.exit": "0"}}).status == 201


# Dying

def test_killed_driver_process(gateway, fake):
    session = fake(tree=1).wait_idle()
    running = session.submit("forever")
    waiting = session.submit("say never")
    session.wait_statement_state(running, "running")
    everything = below(gateway, session)
    os.kill(driver_pid(gateway, session), signal.SIGKILL)
    session.wait_state("dead", 20)
    assert "killed by signal 9" in session.log_text()
    until(lambda: not any(alive(pid) for pid in everything), 20, "the whole tree gone")
    assert session.client.get(session.path + "/statements").status == 400
    assert {running, waiting} == {0, 1}


def test_driver_that_exits(fake):
    session = fake().wait_idle()
    session.submit("exit 4")
    session.wait_state("dead", 20)
    assert "exit code 4" in session.log_text()


def test_delete_ends_a_tree_that_resists(gateway, fake):
    """Children that ignore TERM, made their own session, or were orphaned on purpose."""
    session = fake(tree=1, stubborn=1).wait_idle()

    def sleepers():
        return [text for text in below(gateway, session).values() if "time.sleep(1000)" in text]

    # The session may be idle before the daemon, which nobody waits for, has become its program.
    until(lambda: len(sleepers()) >= 3, 10, lambda: below(gateway, session))
    everything = below(gateway, session)
    assert session.delete().json == {"msg": "deleted"}
    until(lambda: not any(alive(pid) for pid in everything), 20,
          lambda: [text for pid, text in everything.items() if alive(pid)])


def test_a_deletion_goes_on_when_its_client_goes(gateway, fake):
    """A notebook's kernel is killed while it waits for the answer."""
    session = fake(tree=1, stubborn=1).wait_idle()
    processes = below(gateway, session)
    assert processes
    with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
        connection.sendall(f"DELETE {session.path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        session.wait_state("shutting_down")
    until(lambda: session.client.get(session.path).status == 404, 20, lambda: session.view())
    until(lambda: not below(gateway, session), 10, lambda: below(gateway, session))


def test_delete_leaves_nothing(gateway, fake):
    """No process, file, socket or descriptor. The first round also fills what the server keeps open anyway."""

    def round_trip():
        session = fake(tree=1).wait_idle()
        session.run("say x")
        session.client.close()
        assert session.delete().status == 200
        session.client.close()

    def files():
        names = {str(path.relative_to(gateway.state_dir)) for path in gateway.state_dir.rglob("*")}
        return {name for name in names if not name.endswith(("-wal", "-shm"))}

    round_trip()
    files_before, descriptors = files(), gateway.descriptors()
    for _ in range(5):
        round_trip()
    until(lambda: files() <= files_before, 10, lambda: files() - files_before)
    until(lambda: gateway.descriptors() <= descriptors, 10, lambda: f"{gateway.descriptors()} > {descriptors}")


def test_delete_while_starting(gateway, fake, tmp_path):
    session = fake(start=tmp_path / "never", tree=1)
    until(lambda: below(gateway, session), 10, "spawned")
    everything = below(gateway, session)
    assert session.delete().status == 200
    until(lambda: not any(alive(pid) for pid in everything), 20, "the whole tree gone")


def test_ids_have_no_gap_and_are_not_reused(fake):
    first = fake(hang=1)
    first.delete()
    second, third = fake(hang=1), fake(hang=1)
    assert [second.id, third.id] == [first.id + 1, first.id + 2]


# Being away

def test_driver_that_dials_again_hands_over_its_result(fake, tmp_path):
    back = tmp_path / "back"
    session = fake().wait_idle()
    number, after = session.submit(f"redial {back}"), session.submit("say after")
    session.wait_statement_state(number, "running")
    assert session.state() == "busy"
    back.touch()
    assert session.wait(number)["output"]["data"] == {"text/plain": "finished while away"}
    assert session.wait(after)["output"]["data"] == {"text/plain": "after"}
    assert session.state() == "idle"


def test_other_sessions_do_not_wait_for_a_stuck_one(fake, tmp_path):
    stuck, free = fake().wait_idle(), fake().wait_idle()
    stuck.submit(f"steps {tmp_path}/never begun")
    started = time.monotonic()
    for number in range(20):
        assert free.text(f"say {number}") == str(number)
    assert time.monotonic() - started < 60
