"""The server is killed with SIGKILL, or stopped, and started again: what it had promised is there.

Drivers and batches are fake. What runs appends a line to a file, which tells what ran twice or not at all.
"""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import Client, Session, until
from blackbox.conftest import new_directory, run_recovering
from blackbox.files import Files


@pytest.fixture
def gateway(fake_spark_home):
    yield from run_recovering(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "session.kill-grace": "1s", "file.local-dir-whitelist": "/"}))


@pytest.fixture
def client(gateway):
    return gateway.client


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def create(client, request=None, headers=None, **behaviour):
    answer = client.post("/sessions", {"kind": "pyspark", "conf": batches.fake_conf(**behaviour), **(request or {})},
                         headers=headers)
    assert answer.status == 201, answer
    return Session(client, answer.json)


def kill_driver(gateway, session):
    """SIGKILL to the program below the session's shim."""
    shim, child = gateway.shim_of(session)
    os.kill(child, signal.SIGKILL)
    until(lambda: not batches.alive(shim), 20, "the shim has ended")


# ---- statements

def test_statements_that_ran_waited_and_had_just_ended(gateway, client, files):
    session = create(client).wait_idle()
    done = session.submit(f"count {files / 'ran'} done")
    assert session.wait(done)["state"] == "available"
    running = session.submit(f"await {files / 'go'} {files / 'ran'} running")
    until(lambda: "running" in files.lines("ran"), 20, "the statement runs")
    waiting = [session.submit(f"count {files / 'ran'} w{number}") for number in range(5)]
    gateway.restart()
    assert session.state() == "busy"
    assert [each["id"] for each in client.get(session.path + "/statements").json["statements"]] == [
        done, running, *waiting]
    assert session.statement(waiting[0])["state"] == "waiting"
    files.open("go")
    for number in (done, running, *waiting):
        statement = session.wait(number)
        assert statement["state"] == "available", statement
        assert statement["output"]["data"]["text/plain"] == statement["code"].rsplit(" ", 1)[1]
    assert files.lines("ran") == ["done", "running", "w0", "w1", "w2", "w3", "w4"]
    assert session.submit("say more") == waiting[-1] + 1


def test_a_result_of_the_time_without_a_server(gateway, client, files):
    session = create(client).wait_idle()
    first = session.submit(f"await {files / 'go'} {files / 'ran'} first")
    second = session.submit(f"count {files / 'ran'} second")
    until(lambda: files.lines("ran") == ["first"], 20, "the statement runs")
    gateway.kill()
    files.open("go")
    gateway.start()
    assert session.wait(first)["output"]["data"] == {"text/plain": "first"}
    assert session.wait(second)["output"]["data"] == {"text/plain": "second"}
    assert files.lines("ran") == ["first", "second"]


def test_a_large_result_and_an_error_are_read_again(gateway, client):
    session = create(client).wait_idle()
    large, wrong = session.submit("big 300000"), session.submit("error Broken by itself")
    expected = session.wait(large)["output"], session.wait(wrong)["output"]
    for _ in range(2):
        gateway.restart()
        # Shown before it was stored, a result may come again from the driver.
        assert (session.wait(large)["output"], session.wait(wrong)["output"]) == expected


def test_a_cancel_goes_on(gateway, client, files):
    session = create(client).wait_idle()
    number = session.submit("forever")
    session.wait_statement_state(number, "running")
    gateway.restart()
    session.cancel(number)
    assert session.wait(number)["state"] == "cancelled"
    assert session.text("say after") == "after"


def test_a_waiting_statement_whose_cancel_was_confirmed_never_runs(gateway, client, files):
    session = create(client).wait_idle()
    running = session.submit(f"await {files / 'go'} {files / 'ran'} first")
    until(lambda: files.lines("ran"), 20, "the statement runs")
    cancelled = [session.submit(f"count {files / 'ran'} cancelled{number}") for number in range(3)]
    for number in cancelled:
        session.cancel(number)
    gateway.restart()
    files.open("go")
    session.wait(running)
    assert [session.wait(number)["state"] for number in cancelled] == ["cancelled"] * 3
    session.wait_idle()
    assert files.lines("ran") == ["first"]


def test_many_restarts_of_one_session(gateway, client, files):
    session = create(client).wait_idle()
    for number in range(8):
        assert session.submit(f"count {files / 'ran'} {number}") == number
        gateway.restart()
        assert session.wait(number)["output"]["data"] == {"text/plain": str(number)}
    assert files.lines("ran") == [str(number) for number in range(8)]


# ---- sessions

def test_a_session_that_was_starting_becomes_idle(gateway, client, files):
    session = create(client, start=files / "go", record=files / "starts")
    batches.wait_started(files / "starts")
    number = session.submit(f"count {files / 'ran'} early")
    gateway.restart()
    assert session.state() == "starting"
    files.open("go")
    session.wait_idle()
    assert session.wait(number)["state"] == "available"
    assert files.lines("ran") == ["early"]
    assert len(batches.read_record(files / "starts")) == 1


def test_a_session_that_became_ready_without_a_server(gateway, client, files):
    session = create(client, start=files / "go")
    until(lambda: "driver connected" in session.log_text(), 20, "driver connected")
    gateway.kill()
    files.open("go")
    gateway.start()
    session.wait_idle()
    assert session.view()["appId"] == f"local-{session.id}"


def test_the_launch_queue_goes_on_in_its_order(gateway, client, files):
    gateway.settings["server.session.max-creation"] = "1"
    gateway.restart()
    made = [create(client, start=files / f"go{number}", record=files / "starts") for number in range(3)]
    batch = batches.create(client, conf=batches.fake_conf(record=files / "starts", print="ran"))
    batches.wait_started(files / "starts")
    gateway.restart()
    assert [session.state() for session in made] == ["starting"] * 3 and batch.state() == "starting"
    unwanted = made[2].submit("say never")
    made[2].cancel(unwanted)
    assert made[2].statement(unwanted)["state"] == "cancelled"
    for number, session in enumerate(made):
        assert len(batches.wait_started(files / "starts", number + 1)) == number + 1
        files.open(f"go{number}")
        session.wait_idle()
    assert batch.wait_end() == "success"
    assert len(batches.read_record(files / "starts")) == 4


def test_a_deletion_that_was_cut_off_goes_on_and_can_be_repeated(gateway, client, files):
    session = create(client, stubborn=1, tree=1, record=files / "starts").wait_idle()
    other = client.fork()
    deletion = threading.Thread(target=lambda: pytest.raises(Exception, other.delete, session.path))
    deletion.start()
    session.wait_state("shutting_down")
    gateway.restart()
    deletion.join()
    assert session.delete().status == 404, "the answer when all of it is over"
    assert not gateways.processes_with(str(gateway.directory_of(session)))
    assert not gateway.directory_of(session).exists()
    assert len(batches.read_record(files / "starts")) == 1
    gateway.restart()
    assert client.get(session.path).status == 404


def test_a_driver_that_died_without_a_server(gateway, client, files):
    session = create(client).wait_idle()
    session.submit(f"await {files / 'go'} {files / 'ran'} x")
    until(lambda: files.lines("ran"), 20, "the statement runs")
    gateway.kill()
    kill_driver(gateway, session)
    gateway.start()
    assert session.state() == "dead"
    assert "spark-submit has ended: killed by signal 9 (KILL)" in session.log_text()
    refused = client.get(session.path + "/statements")
    assert refused.status == 400 and "killed by signal 9 (KILL)" in refused.json["msg"], refused
    gateway.restart()
    assert session.state() == "dead"
    assert session.delete().status == 200


def test_an_exit_code_without_a_server(gateway, client, files):
    session = create(client, until=files / "end", exit=7, record=files / "starts")
    batches.wait_started(files / "starts")
    gateway.kill()
    files.open("end")
    until((gateway.directory_of(session) / "exit.json").exists, 20, "the end is recorded")
    gateway.start()
    session.wait_state("dead")
    assert "exit code 7" in session.log_text()
    assert len(batches.read_record(files / "starts")) == 1


# ---- batches

def test_batches_that_started_waited_ran_and_had_ended(gateway, client, files):
    gateway.settings["server.session.max-creation"] = "2"
    gateway.restart()

    def start(name, **behaviour):
        return batches.create(client, name=name, conf=batches.fake_conf(record=files / "starts", print=name, **behaviour))

    ended = start("ended", exit=0)
    assert ended.wait_end() == "success"
    failed = start("failed", exit=3)
    assert failed.wait_end() == "dead"
    running = [start(f"running{number}", until=files / "go", last="last line") for number in range(2)]
    for batch in running:
        batch.wait_state("running")
    queued = [start(f"queued{number}") for number in range(2)]
    gateway.restart()
    assert ended.state() == "success" and failed.state() == "dead"
    assert [batch.state() for batch in running] == ["running"] * 2
    files.open("go")
    assert [batch.wait_end() for batch in running + queued] == ["success"] * 4
    assert all(batch.output()[-1] == "last line" for batch in running)
    assert len(batches.read_record(files / "starts")) == 6
    gateway.restart()
    assert [batch["state"] for batch in batches.batches_of(client)] == ["success", "dead"] + ["success"] * 4
    assert "exit code 3" in failed.log_text()


def test_a_batch_that_ended_without_a_server(gateway, client, files):
    good, bad = (batches.create(client, conf=batches.fake_conf(until=files / "go", last="the end", exit=code))
                 for code in (0, 9))
    for batch in (good, bad):
        batch.wait_state("running")
    gateway.kill()
    files.open("go")
    for batch in (good, bad):
        until((gateway.directory_of(batch) / "exit.json").exists, 20, "its end is recorded")
    gateway.start()
    assert (good.state(), bad.state()) == ("success", "dead")
    assert good.output() == ["the end"] and "exit code 9" in bad.log_text()


# ---- ids, names, keys

def test_ids_are_never_given_again(gateway, client):
    for number in range(3):
        session, batch = create(client), batches.create(client)
        assert session.id == batch.id == number
        assert session.delete().status == batch.delete().status == 200
        gateway.restart()


def test_names_and_keys_survive(gateway, client):
    session = create(client, {"name": "etl"}, {"Idempotency-Key": "one"})
    batch = batches.create(client, {"Idempotency-Key": "one"}, name="job", conf=batches.fake_conf(hang=1))
    gateway.restart()
    assert client.get("/sessions/etl").json["id"] == session.id
    assert client.get("/batches/job").json["id"] == batch.id
    assert client.post("/sessions", {"kind": "pyspark", "name": "etl"}).status == 400
    again = client.post("/sessions", {"kind": "pyspark", "name": "etl", "conf": {}}, headers={"Idempotency-Key": "one"})
    assert (again.status, again.json["id"], again.headers["Idempotent-Replay"]) == (201, session.id, "true")
    other = client.post("/sessions", {"kind": "pyspark", "name": "else"}, headers={"Idempotency-Key": "one"})
    assert other.status == 422
    again = client.post("/batches", {"file": batches.FILE, "name": "job", "conf": batches.fake_conf(hang=1)},
                        headers={"Idempotency-Key": "one"})
    assert (again.status, again.json["id"]) == (201, batch.id)


# ---- stop and start

def test_a_second_server_is_refused(gateway):
    second = gateways.run("serve", "--port-file", gateway.directory / "port2", "--set", "server.port=0",
                          "--set", f"state.dir={gateway.state_dir}", environment=gateway.environment)
    assert second.returncode not in (0, None)
    assert "is in use by another sparkgate" in second.stderr
    assert gateway.client.get("/sessions").status == 200


def test_a_stop_leaves_children_and_answers_who_waits(gateway, client, files):
    session = create(client).wait_idle()
    batch = batches.create(client, conf=batches.fake_conf(until=files / "go"))
    batch.wait_state("running")
    number = session.submit(f"await {files / 'go'} {files / 'ran'} x")
    until(lambda: files.lines("ran"), 20, "the statement runs")
    answers, asking = [], threading.Event()

    def hold():
        with_own = Client(gateway.port)
        asking.set()
        answers.append(with_own.get(f"{session.path}/statements/{number}?wait=60"))
        with_own.close()

    holding = threading.Thread(target=hold)
    holding.start()
    asking.wait()
    until(lambda: f"/statements/{number}?wait=60" in gateway.log() or established(gateway) > 1, 20, "held")
    assert gateway.stop() == 0
    holding.join()
    assert answers[0].status == 200 and answers[0].json["state"] == "running"
    assert gateways.processes_with(str(gateway.directory))
    files.open("go")
    gateway.start()
    assert session.wait(number)["output"]["data"] == {"text/plain": "x"}
    assert batch.wait_end() == "success"
    assert files.lines("ran") == ["x"]


def established(gateway):
    """Connections of clients that the server has."""
    port = f":{gateway.port:04X}"
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return sum(1 for row in rows if row[1].endswith(port) and row[3] == "01")


def test_without_recovery_a_stop_ends_all_and_a_start_begins_anew(gateway, client):
    create(client).wait_idle()
    gateway.settings["server.recovery.mode"] = "off"
    gateway.restart()
    assert client.get("/sessions").json["total"] == 0
    session = create(client).wait_idle()
    assert session.id == 1
    assert gateway.stop() == 0
    assert not gateway.leftovers()
    gateway.start()
    assert client.get("/sessions").json["total"] == 0


@pytest.mark.parametrize("forgery", ["start_time", "boot_id"])
@pytest.mark.parametrize("kind", ["sessions", "batches"])
def test_a_stranger_is_never_signalled(gateway, client, forgery, kind):
    """A pid that came to mean another process, or the same numbers after a restart of the machine."""
    if kind == "sessions":
        program = create(client).wait_idle()
    else:
        program = batches.create(client, conf=batches.fake_conf(hang=1)).wait_state("running")
    gateway.kill()
    file = gateway.directory_of(program) / "shim.json"
    shim = json.loads(file.read_text())
    os.kill(shim["pid"], signal.SIGTERM)
    until(lambda: not batches.alive(shim["pid"]), 20, "the shim has ended")
    (file.parent / "exit.json").unlink()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], env={})
    try:
        start_time = int(open(f"/proc/{stranger.pid}/stat").read().rsplit(")", 1)[1].split()[19])
        forged = {"pid": stranger.pid, "start_time": start_time, "boot_id": shim["boot_id"]}
        forged[forgery] = start_time + 1 if forgery == "start_time" else "00000000-0000-0000-0000-000000000000"
        file.write_text(json.dumps(forged))
        gateway.start()
        assert client.get(f"/{kind}/{program.id}/state").json["state"] == "dead"
        assert client.delete(f"/{kind}/{program.id}").status == 200
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
