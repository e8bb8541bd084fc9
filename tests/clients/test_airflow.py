"""Airflow's Livy provider: operator, sensor and deferrable trigger run in DAGs, without a scheduler but with Airflow's own
task runner and database. One run of the DAG `jobs` serves most tests."""

import json
import os
import re
import signal

import pytest

from blackbox import batches
from blackbox.client import until
from blackbox.files import Files
from clients.conftest import HERE, Environment, check_nothing_left

DAGS = HERE / "airflow_dags"
MANY = 20  # polls
JOB = """import json, os, signal, sys, time, urllib.request
what, folder, name, *more = sys.argv[1:]
def path(end):
    return os.path.join(folder, name + end)
def wait_for(end):
    with open(path(".pid"), "w") as file:
        file.write(str(os.getpid()))
    os.rename(path(".pid"), path(".runs"))
    while not os.path.exists(path(end)):
        time.sleep(0.05)  # a job hears from the test by files only
if what == "fail":
    sys.exit("on purpose")
if what == "wait":
    wait_for(".never")
if what == "compute":
    from pyspark import SparkContext, SparkFiles
    sc = SparkContext()
    wait_for(".go")
    with open(path(".ran"), "a") as file:
        file.write(sc.applicationId + "\\n")
    print("arguments", more, "conf", sc.getConf().get("spark.custom.word"), sc.getConf().get("spark.custom.number"))
    print("sum", sc.parallelize(range(4), 2).sum())
    if more:
        print("file", open(SparkFiles.get("words.txt")).read())
if what == "die":
    # The log is made to have a multiple of 100 lines when the JVM is gone, whose end adds one.
    def ask(path):
        with urllib.request.urlopen(more[0] + path) as answer:
            return json.load(answer)
    batch = ask("/batches?name=dies")["sessions"][0]["id"]
    def say(line):
        print(line, flush=True)
        page = {"log": []}
        while line not in page["log"]:
            page = ask(f"/batches/{batch}/log?from=0&size=-1")
        return page["total"]
    for number in range(100 - (say("the last words") + 1) % 100):
        say(f"line {number}")
    os.kill(os.getppid(), signal.SIGKILL)
"""


class Airflow:
    """An installation whose files are in a directory of its own."""

    def __init__(self, directory, gateway, files):
        connection = {"conn_type": "livy", "schema": "http", "host": "127.0.0.1", "port": gateway.port}
        self.client, self.directory, self.running = Environment("airflow"), directory, []
        self.environment = {
            "HOME": str(directory), "AIRFLOW_HOME": str(directory), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS), "AIRFLOW_CONN_LIVY_DEFAULT": json.dumps(connection),
            "PYTHONDONTWRITEBYTECODE": "1", "JOBS": str(files.directory), "GATEWAY": f"http://127.0.0.1:{gateway.port}"}

    def start(self, command, *arguments):
        self.running.append(Run(self.client, self.directory / f"{len(self.running)}.log", command, arguments, self.environment))
        return self.running[-1]


class Run:
    """A command of Airflow that runs, and what it has written."""

    def __init__(self, client, output, command, arguments, environment):
        self.output = output
        self.process = client.start(command, *arguments, output=output, environment=environment)

    def text(self):
        return self.output.read_text(errors="replace")

    def wait(self, condition, what, deadline=120):
        """Until the condition holds; fails at once where the command has ended."""
        until(lambda: condition() or self.process.poll() is not None, deadline, lambda: f"{what}\n{self.text()[-8000:]}")
        assert condition(), f"{what}; exit code {self.process.poll()}\n{self.text()[-8000:]}"

    def end(self):
        self.process.wait(300)
        assert self.process.returncode == 0, self.text()[-8000:]
        return self.text()

    def kill(self):
        """SIGKILL to all its processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()


@pytest.fixture(scope="module")
def files(tmp_path_factory, spark_version):
    files = Files(tmp_path_factory.mktemp("jobs"))
    (files / "job.py").write_text(JOB)
    (files / "words.txt").write_text("one two three")
    return files


@pytest.fixture(scope="module")
def airflow(batch_gateway, files, tmp_path_factory):
    batch_gateway.settings["server.port"] = str(batch_gateway.port)  # it is found again when it has been killed
    airflow = Airflow(tmp_path_factory.mktemp("airflow"), batch_gateway, files)
    airflow.start("airflow", "db", "migrate").end()
    try:
        yield airflow
    finally:
        for run in airflow.running:
            if run.process.poll() is None:
                run.kill()


def requests(gateway):
    """What the server was asked for, and its answers' status."""
    return re.findall(r'"(\S+ \S+) HTTP/1.1" (\d+) ', (gateway.state_dir / "access.log").read_text())


def polls(gateway, batch):
    return sum(request == f"GET /batches/{batch}/state" for request, _ in requests(gateway))


def named(gateway, name):
    return [batches.Batch(gateway.client, view) for view in gateway.client.ok("GET", f"/batches?name={name}")["sessions"]]


class Ended:
    """The run of the DAG: how each task ended, and what Airflow wrote while it ran."""

    def __init__(self, output):
        self.output, seen = output, json.loads(output.splitlines()[-1])
        self.run_id, self.tasks = seen["run_id"], seen["tasks"]

    def text(self, task):
        return self.output.split(f"starting task_id={task} ")[-1].split(f"end task task_id={task} ")[0]

    def batch(self, task):
        """The id of the batch that a task has submitted."""
        return int(re.search(r"Batch submitted with session id: (\d+)", self.text(task))[1])

    def log(self, task):
        """The lines of the batch's log that the operator has written to the task's, without the marker at the end."""
        text = self.text(task).partition("Fetching the logs")[2]
        return re.findall(r"\[info +\] (.*?) +\[airflow\.task\.hooks", text)

    def check_failed(self, task, message):
        assert self.tasks[task] == {"state": "failed", "tries": 1, "result": None, "app_id": None}
        assert f"AirflowException: {message}" in self.text(task), self.text(task)


@pytest.fixture(scope="module")
def ended(airflow, batch_gateway, files):
    """Here is what happens beside the tasks, in their order."""
    run = airflow.start("python", DAGS / "jobs.py")
    run.wait((files / "nightly.runs").exists, "nightly runs")
    nightly, = named(batch_gateway, "nightly")
    run.wait(lambda: polls(batch_gateway, nightly.id) > MANY, "its second submission polls")
    files.open("nightly.go")
    run.wait((files / "cancelled.runs").exists, "the batch to be cancelled runs")
    run.process.send_signal(signal.SIGTERM)
    for task, sign in (("restarted", "Connection refused"), ("deferred", "Cannot connect")):
        run.wait((files / f"{task}.runs").exists, f"{task} runs")
        restart_under(batch_gateway, run, task, sign)
        files.open(f"{task}.go")
    return Ended(run.end())


def restart_under(gateway, run, task, sign):
    """The server is away while the task polls: for a moment, and until the sign that the task has noticed."""
    batch, = named(gateway, task)
    for away in (lambda: True, lambda: sign in run.text()):
        known = polls(gateway, batch.id)
        run.wait(lambda: polls(gateway, batch.id) > known, "a poll")
        gateway.kill()
        run.wait(away, "noticed")
        gateway.start()
    known = polls(gateway, batch.id)
    run.wait(lambda: polls(gateway, batch.id) > known + 1, "polls of the next try, and of its trigger if it has one")


def test_a_batch_that_succeeds(ended, batch_gateway):
    task, batch = ended.tasks["same_key"], named(batch_gateway, "nightly")[0]
    assert task == {"state": "success", "tries": 1, "result": batch.id, "app_id": batch.view()["appId"]}
    assert task["app_id"].startswith("local-")
    for line in ("arguments ['a word', '7'] conf ünï ☃ 5", "sum 6", "file one two three"):
        assert ended.log("same_key").count(line) == 1, ended.text("same_key")


def test_a_name_is_refused_while_its_batch_runs(ended, batch_gateway):
    ended.check_failed("same_name", "Could not submit batch. Status code: 400. Message: '{\"msg\":\"Rejected, Reason: Duplicate "
                                    "session name: Some(nightly) for session ")
    assert len(named(batch_gateway, "nightly")) == 1


def test_the_key_of_a_batch_finds_it_again(ended, batch_gateway, files):
    """The operator that submits anew follows the first batch to its end. The key holds when that is over, too."""
    first = ended.tasks["submitted"]
    assert (first["state"], first["result"]) == ("success", ended.tasks["same_key"]["result"])
    assert files.lines("nightly.ran") == [ended.tasks["same_key"]["app_id"]]
    body = re.search(r"Submitting job (\{.*?\}) to http", ended.text("submitted"))[1]
    again = batch_gateway.client.post("/batches", body.encode(), headers={"Idempotency-Key": f"nightly {ended.run_id}"})
    assert (again.json["id"], again.headers["Idempotent-Replay"]) == (first["result"], "true")


def test_sensor(ended, batch_gateway):
    """It waits for an end, whichever."""
    watched = ended.tasks["watched"]["result"]
    assert ended.tasks["sensor"]["state"] == "success" and polls(batch_gateway, watched) > 1
    assert batch_gateway.client.ok("GET", f"/batches/{watched}/state")["state"] == "dead"


def test_a_batch_that_fails(ended):
    number = ended.batch("fails")
    ended.check_failed("fails", f"Batch {number} did not succeed")
    assert "on purpose" in ended.log("fails") and "sparkgate: spark-submit has ended: exit code 1" in ended.log("fails")


def test_a_batch_that_is_killed(ended, batch_gateway):
    """Its log has a multiple of 100 lines, so the operator also asks for the page behind the end."""
    batch, = named(batch_gateway, "dies")
    ended.check_failed("dies", f"Batch {batch.id} did not succeed")
    assert batch.page("?size=0")["total"] % 100 == 0
    assert ended.log("dies") == [line.strip() for line in batch.log()[:-1]]
    assert ended.log("dies")[-1] == "sparkgate: spark-submit has ended: killed by signal 9 (KILL)"
    assert (f"GET /batches/{batch.id}/log?from=100&size=100", "200") in requests(batch_gateway)


def test_cancelling_a_task_ends_its_batch(ended, batch_gateway, files):
    """on_kill() deletes the batch; the operator's next look says that it is gone."""
    number = ended.batch("cancelled")
    ended.check_failed("cancelled", f"Unable to fetch batch with id: {number}. Message: {{\"msg\":\"Session '{number}' not found.\"}}")
    assert (f"DELETE /batches/{number}", "200") in requests(batch_gateway)
    assert not batches.alive(int((files / "cancelled.runs").read_text()))


def test_a_task_that_waits_for_too_long(ended, batch_gateway):
    number = ended.batch("too_long")
    assert ended.tasks["too_long"]["state"] == "failed" and "AirflowTaskTimeout" in ended.text("too_long"), ended.text("too_long")
    assert (f"DELETE /batches/{number}", "200") in requests(batch_gateway)


def test_waiting_across_restarts_of_the_server(ended, batch_gateway, files):
    """A poll that finds no server fails the task; its next try goes on with the batch, without a key."""
    task, (batch,) = ended.tasks["restarted"], named(batch_gateway, "restarted")
    assert (task["state"], batch.state()) == ("success", "success") and task["tries"] > 1
    assert files.lines("restarted.ran") == [batch.view()["appId"]]
    assert "Reconnecting to existing job" in ended.text("restarted") and ended.log("restarted").count("sum 6") == 1


def test_deferred_across_restarts_of_the_server(ended, batch_gateway, files):
    """A trigger does not notice one between two polls. One that it notices fails the task, whose next try finds the batch."""
    task, (batch,) = ended.tasks["deferred"], named(batch_gateway, "deferred")
    assert (task["state"], task["result"], task["app_id"]) == ("success", batch.id, batch.view()["appId"])
    assert task["tries"] > 1 and files.lines("deferred.ran") == [task["app_id"]]
    assert "Cannot connect" in ended.output
    assert f"deferred completed with response Batch {batch.id} succeeded" in ended.text("deferred")
    assert "Running Spark version" in ended.text("deferred"), "the trigger shows the first 100 lines of the log"


def test_deferred_and_fails(ended):
    number = ended.batch("deferred_fails")
    ended.check_failed("deferred_fails", f"Batch {number} did not succeed\n")
    assert "running trigger in line" in ended.text("deferred_fails") and "on purpose" in ended.text("deferred_fails")


def test_deferred_for_too_long(ended, batch_gateway):
    number = ended.batch("deferred_too_long")
    ended.check_failed("deferred_too_long", f"Batch {number} timed out")
    assert batch_gateway.client.get(f"/batches/{number}").status == 404
    check_nothing_left(batch_gateway)


def test_polls_see_states_that_airflow_knows_and_no_error(ended, batch_gateway):
    """Batches are never `recovering`, which Airflow does not know; no answer was a 5xx."""
    assert set(re.findall(r"is in state: (\w+)", ended.output)) <= {"starting", "running"}
    asked = requests(batch_gateway)
    assert sum(request.endswith("/state") for request, _ in asked) > 2 * MANY
    assert {status for _, status in asked} == {"200", "201", "400", "404"}


def test_a_lost_worker(ended, airflow, batch_gateway, files):
    """The worker dies while it polls; the next one of the same task goes on with the batch."""
    command = "tasks", "test", "lost", "job", "2026-01-01"
    first = airflow.start("airflow", *command)
    first.wait((files / "lost.runs").exists, "the batch runs")
    batch, = named(batch_gateway, "lost")
    first.wait(lambda: polls(batch_gateway, batch.id) > 0, "the worker polls")
    first.kill()
    second = airflow.start("airflow", *command)
    second.wait(lambda: "Reconnecting to existing job" in second.text(), "it knows the batch")
    files.open("lost.go")
    assert "sum 6" in second.end()
    assert [each.id for each in named(batch_gateway, "lost")] == [batch.id] and batch.state() == "success"
    assert files.lines("lost.ran") == [batch.view()["appId"]]
