"""The queue of statements, held answers, live output and cancel, with a fake driver in place of Spark."""

import threading

import pytest

from blackbox import gateway as gateways
from blackbox.client import deleted_at_end, until
from blackbox.conftest import new_directory, run_gateway


def test_statements_during_start_are_queued(fake, tmp_path):
    session = fake(start=tmp_path / "go")
    numbers = [session.submit(f"say {word}") for word in ("one", "two", "three")]
    assert numbers == [0, 1, 2]
    assert [session.statement(number)["state"] for number in numbers] == ["waiting"] * 3
    assert session.state() == "starting"
    (tmp_path / "go").touch()
    assert [session.wait(number)["output"]["data"]["text/plain"] for number in numbers] == ["one", "two", "three"]


@pytest.mark.parametrize("query", ["?wait=60", pytest.param("", id="a-client-that-polls")])
def test_held_get_answers_with_the_change(fake, tmp_path, query):
    session = fake().wait_idle()
    number = session.submit(f"steps {tmp_path}/go begun")
    session.wait_partial(number, "begun")
    seen = {}

    def wait():
        client = session.client.fork()
        seen["statement"] = client.get(f"{session.path}/statements/{number}{query}").json
        client.close()

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert session.state() == "busy"
    (tmp_path / "go").touch()
    waiter.join(30)
    assert seen["statement"]["state"] == "available" and seen["statement"]["output"]["data"]["text/plain"] == "begun"


def test_session_is_idle_as_soon_as_the_output_is_there(fake):
    session = fake().wait_idle()
    for number in range(50):
        session.text(f"say {number}")
        assert session.state() == "idle"


@pytest.mark.parametrize("starting", [False, True], ids=["idle", "starting"])
def test_eight_clients_share_the_queue(fake, tmp_path, starting):
    """Ids have no gap, and statements run one at a time in the order of their ids."""
    session = fake(start=tmp_path / "go")
    if not starting:
        (tmp_path / "go").touch()
        session.wait_idle()
    numbers, lock, problems = [], threading.Lock(), []

    def work(client_number):
        client = session.client.fork()
        try:
            for step in range(10):
                body = {"code": f"say {client_number}/{step}"}
                number = client.ok("POST", session.path + "/statements", body, status=201)["id"]
                with lock:
                    numbers.append(number)
        except Exception as problem:
            problems.append(problem)
        finally:
            client.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert sorted(numbers) == list(range(80))
    (tmp_path / "go").touch()
    done = [session.wait(number) for number in range(80)]
    assert all(statement["output"]["data"]["text/plain"] == statement["code"][4:] for statement in done)
    assert all(before["completed"] <= after["started"] for before, after in zip(done, done[1:]))


def test_only_the_newest_statements_are_kept(fake):
    session = fake().wait_idle()
    for number in range(103):
        session.run(f"say {number}")
    kept = session.client.get(session.path + "/statements").json
    assert kept["total_statements"] == 100
    assert [statement["id"] for statement in kept["statements"]] == list(range(3, 103))
    assert session.client.get(session.path + "/statements/2").status == 404


def test_live_output_of_a_running_statement(fake, tmp_path):
    session = fake().wait_idle()
    number = session.submit(f"steps {tmp_path}/go first part")
    assert session.wait_partial(number, "first part") == "first part"
    part = session.partial(number)
    assert part["state"] == "running" and part["text"] == "first part"
    assert session.partial(number, part["next"])["text"] == ""
    assert session.statement(number)["output"] is None
    (tmp_path / "go").touch()
    session.wait(number)
    assert session.partial(number)["text"] == "first part"


def test_big_output(fake):
    session = fake().wait_idle()
    assert session.text("big 8000000") == "x" * 8_000_000
    listed = session.client.get(session.path + "/statements").json["statements"]
    assert len(listed[0]["output"]["data"]["text/plain"]) == 8_000_000
    assert session.text("say still here") == "still here"


def test_unicode_passes(fake):
    session = fake().wait_idle()
    assert session.text("print grüße 😀 ☃ \u0000 end") == "grüße 😀 ☃ \u0000 end"


def test_cancel_of_a_running_statement(fake):
    session = fake().wait_idle()
    number = session.submit("forever")
    session.wait_statement_state(number, "running")
    session.cancel(number)
    done = session.wait(number)
    assert done["state"] == "cancelled" and done["progress"] == 1.0 and done["completed"] >= done["started"] > 0
    assert session.text("say after") == "after"


def test_cancel_of_a_waiting_statement(fake, tmp_path):
    session = fake().wait_idle()
    running = session.submit(f"steps {tmp_path}/go x")
    waiting, last = session.submit("say no"), session.submit("say last")
    session.cancel(waiting)
    cancelled = session.statement(waiting)
    assert cancelled["state"] == "cancelled" and cancelled["output"] is None and cancelled["started"] == 0
    assert session.statement(running)["state"] == "running"
    (tmp_path / "go").touch()
    assert session.wait(last)["output"]["data"]["text/plain"] == "last"


def test_cancel_races_with_the_end(fake):
    """Whoever wins: each statement ends once, stays as it ended, and the queue goes on."""
    session = fake().wait_idle()
    problems, lock = [], threading.Lock()

    def work(code):
        client = session.client.fork()
        for _ in range(10):
            number = client.ok("POST", session.path + "/statements", {"code": code}, status=201)["id"]
            cancelled = client.ok("POST", f"{session.path}/statements/{number}/cancel")
            done = client.ok("GET", f"{session.path}/statements/{number}?wait=60")
            again = client.ok("GET", f"{session.path}/statements/{number}?wait=60")
            good = done["state"] == "cancelled" and done["output"] is None
            good |= code != "forever" and done["state"] == "available" and done["output"]["status"] == "ok"
            if not good or done != again or done["completed"] < done["started"] or cancelled != {"msg": "canceled"}:
                with lock:
                    problems.append((done, again))
        client.close()

    threads = [threading.Thread(target=work, args=(code,)) for code in ("forever", "say x", "forever", "say y")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert session.text("say after") == "after" and session.state() == "idle"


def test_cancel_of_a_finished_statement_changes_nothing(fake):
    session = fake().wait_idle()
    number = session.submit("say done")
    done = session.wait(number)
    session.cancel(number)
    assert session.statement(number) == done


def test_cancel_that_does_not_work_is_reported(fake):
    session = fake().wait_idle()
    number = session.submit("deaf")
    session.wait_statement_state(number, "running")
    session.cancel(number)
    session.wait_statement_state(number, "cancelling")
    # With server.cancel.escalation=none the truth stays: it is still running.
    until(lambda: "the fake does not listen" in session.log_text(), 20, session.log_text)
    assert session.statement(number)["state"] == "cancelling"
    assert session.state() == "busy"


def test_escalation_ends_a_session_that_cannot_be_cancelled(fake_spark_home):
    server = gateways.Gateway(new_directory(), fake_spark_home, settings={
        "server.cancel.escalation": "kill", "session.kill-grace": "1s"})
    for running in run_gateway(server):
        with deleted_at_end(running.client.create(kind="pyspark")) as session:
            number = session.wait_idle().submit("deaf")
            session.wait_statement_state(number, "running")
            session.cancel(number)
            session.wait_state("dead", 30)
            assert "cancel" in session.log_text()
