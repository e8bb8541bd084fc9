"""Batches: the shape of every endpoint, what a request becomes, and life and death with a fake spark-submit."""

import json
import os
import pathlib
import signal
import threading

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_gateway

KEYS = ["id", "name", "owner", "proxyUser", "state", "appId", "appInfo", "log"]
NO_LINKS = {"driverLogUrl": None, "sparkUiUrl": None, "executorLogUrls": None}
JSON = "application/json;charset=utf-8"
MARKERS = ["stdout: ", "\nstderr: "]


def is_error(answer, status, message):
    """`{"msg": …}`, in one compact line."""
    assert (answer.status, answer.text) == (status, '{"msg":"%s"}' % message), answer


# Creating

def test_created_batch_is_complete(client):
    answer = client.post("/batches", {"file": batches.FILE, "conf": batches.fake_conf(hang=1)})
    batch = batches.Batch(client, answer.json)
    try:
        assert answer.status == 201 and answer.headers["Content-Type"] == JSON
        assert answer.headers["Location"] == batch.path
        view = answer.json
        assert list(view) == KEYS and list(view["appInfo"]) == list(NO_LINKS)
        assert [view[key] for key in ("name", "owner", "proxyUser", "appId")] == [None] * 4
        assert view["state"] in ("starting", "running") and view["appInfo"] == NO_LINKS
        assert view["log"][0] == MARKERS[0] and view["log"][-1] == MARKERS[1]
        assert answer.text == json.dumps(view, separators=(",", ":"), ensure_ascii=False), "the JSON is not compact"
    finally:
        batch.delete()


def test_every_field_reaches_spark_submit(batch, tmp_path):
    asked = {"file": "hdfs:/the%20app.py", "className": "org.acme.Main", "name": "Zürich ☃",
             "args": ["two words", "it's \"quoted\"", "ünï ☃", "", "--conf", "spark.master=x", "$HOME `id`", "a\nb", 3, True],
             "jars": ["hdfs:/a.jar", "hdfs:/b.jar"], "pyFiles": ["hdfs:/c.py"], "files": ["hdfs:/d.txt"],
             "archives": ["hdfs:/e.zip#e"], "driverMemory": "700m", "driverCores": 2, "executorMemory": "1g",
             "executorCores": 3, "numExecutors": 4, "queue": "the queue", "proxyUser": "nobody-asks",
             "conf": {"spark.jars": "hdfs:/f.jar", "spark.app.name": "beaten", "spark.my.word": "a=b ü"}}
    batch(asked, record=tmp_path / "record").wait_state("success")
    note, = batches.read_record(tmp_path / "record")
    arguments, properties = note["arguments"], note["properties"]
    place = arguments.index(asked["file"])
    assert arguments[place + 1:] == [*map(str, asked["args"][:-1]), "true"]
    options = arguments[:place]
    for option, value in (("--class", "org.acme.Main"), ("--name", "Zürich ☃"), ("--queue", "the queue")):
        assert options[options.index(option) + 1] == value
    assert "--proxy-user" not in options and "--conf" not in options
    wanted = {"spark.jars": "hdfs:/a.jar,hdfs:/b.jar,hdfs:/f.jar", "spark.submit.pyFiles": "hdfs:/c.py",
              "spark.files": "hdfs:/d.txt", "spark.archives": "hdfs:/e.zip#e", "spark.driver.memory": "700m",
              "spark.driver.cores": "2", "spark.executor.memory": "1g", "spark.executor.cores": "3",
              "spark.executor.instances": "4", "spark.my.word": "a=b ü"}
    assert {key: properties.get(key) for key in wanted} == wanted
    assert properties["spark.master"] == "local[*]"


def test_conf_is_no_argument(gateway, batch, tmp_path):
    """Everybody on the host can read the arguments."""
    running = batch({"conf": {"spark.my.secret": "moth-eaten"}}, record=tmp_path / "record", hang=1)
    note, = batches.wait_started(tmp_path / "record")
    assert note["properties"]["spark.my.secret"] == "moth-eaten"
    for pid in gateways.processes_with(str(gateway.directory)):
        assert b"moth-eaten" not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    assert "moth-eaten" not in gateway.log() and "moth-eaten" not in running.log_text()


def test_numbers_as_strings_and_nulls_are_taken(batch, tmp_path):
    batch({"executorCores": "4", "numExecutors": "2", "driverCores": None, "jars": None, "args": None, "name": None,
           "className": None, "queue": None}, record=tmp_path / "record").wait_end()
    note, = batches.read_record(tmp_path / "record")
    assert note["properties"]["spark.executor.cores"] == "4"
    assert note["properties"]["spark.executor.instances"] == "2"
    assert "spark.driver.cores" not in note["properties"] and note["arguments"][-1] == batches.FILE


def test_null_conf_is_no_conf(client):
    created = batches.create(client, conf=None)
    created.wait_state("success")
    created.delete()


def test_a_path_without_scheme_is_a_local_file(serve, tmp_path):
    server = serve({"file.local-dir-whitelist": str(tmp_path)})
    conf = batches.fake_conf(record=tmp_path / "record")
    batches.create(server.client, file=f"{tmp_path}/job.py", conf=conf).wait_end()
    note, = batches.read_record(tmp_path / "record")
    assert note["arguments"][-1] == f"file://{tmp_path}/job.py"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_any_content_type_is_taken(client, content_type):
    answer = client.post("/batches", json.dumps({"file": batches.FILE}), headers={"Content-Type": content_type})
    assert answer.status == 201, answer
    batches.Batch(client, answer.json).delete()


# Refusals

@pytest.mark.parametrize("body", [
    '{"file":"/x","args":["a\\u0000b"]}', '{"file":"/x","className":"a\\u0000b"}',
    "", "{", "null", "[]", '"text"', "{}", '{"file":null}', '{"file":""}', '{"file":"job.py"}', '{"file":7}', '{"file":[]}',
    '{"file":"/etc/passwd"}', '{"file":"hdfs:/x","nonsense":1}', '{"file":"hdfs:/x","kind":"spark"}',
    '{"file":"hdfs:/x","ttl":"1m"}', '{"file":"hdfs:/x","conf":[]}', '{"file":"hdfs:/x","conf":{"a":{}}}',
    '{"file":"hdfs:/x","args":"a"}', '{"file":"hdfs:/x","args":[{}]}', '{"file":"hdfs:/x","jars":["a.jar"]}',
    '{"file":"hdfs:/x","jars":"a.jar"}', '{"file":"hdfs:/x","files":["/etc/passwd"]}',
    '{"file":"hdfs:/x","conf":{"spark.jars":"/etc/passwd"}}', '{"file":"hdfs:/x","numExecutors":"many"}',
    '{"file":"hdfs:/x","driverCores":1.5e30}', '{"file":"hdfs:/x","name":"123"}', '{"file":"hdfs:/x","name":""}',
    '{"file":"http://a b/c"}', '{"file":"hdfs:/x","conf":{"spark.submit.deployMode":"cluster"}}',
    "\xff\xfe{", '{"file":"hdfs:/x"} trailing'])
def test_bad_requests_change_nothing(client, batch, gateway, body):
    first = batch()
    first.wait_end()
    before = client.get("/batches").json
    answer = client.post("/batches", body.encode("latin-1"))
    assert answer.status == 400, answer
    assert answer.headers["Content-Type"] == JSON
    assert isinstance(answer.json, str) or list(answer.json) == ["msg"], answer
    assert client.get("/batches").json == before
    directories = {path.name for path in (gateway.state_dir / "batches").iterdir()}
    assert directories <= {str(view["id"]) for view in before["sessions"]}
    assert batch().id == first.id + 1, "a refused request has taken an id"


@pytest.mark.parametrize("request_part, reason", [
    ({"file": None}, "requirement failed: File is required."),
    ({"file": "x.py"}, "requirement failed: Path 'x.py' is not absolute."),
    ({"file": "/etc/passwd"}, "requirement failed: Local path /etc/passwd cannot be added to user sessions."),
    ({"pyFiles": ["x.py"]}, "requirement failed: Path 'x.py' is not absolute."),
    ({"file": "http://a b/c"}, "java.net.URISyntaxException: Illegal character in authority at index 7: http://a b/c"),
    ({"name": "123"}, "Invalid session name: 123"),
    ({"conf": {"spark.submit.deployMode": "client"}},
     "Blacklisted configuration values in session config: spark.submit.deployMode"),
])
def test_refusals_in_livys_words(client, request_part, reason):
    is_error(client.post("/batches", {"file": batches.FILE, **request_part}), 400, "Rejected, Reason: " + reason)


def test_unknown_field_is_named(client):
    answer = client.post("/batches", {"file": batches.FILE, "master": "yarn"})
    assert answer.status == 400 and answer.json.startswith('Unrecognized field "master"')
    assert "org.apache.livy.server.batch.CreateBatchRequest" in answer.json


def test_a_name_is_free_again_when_its_batch_has_ended(client, batch, tmp_path):
    first = batch({"name": "nightly"}, until=tmp_path / "end")
    answer = client.post("/batches", {"file": batches.FILE, "name": "nightly"})
    is_error(answer, 400, f"Rejected, Reason: Duplicate session name: Some(nightly) for session {first.id + 1}")
    assert client.get("/batches/nightly").json["id"] == first.id
    (tmp_path / "end").touch()
    first.wait_state("success")
    assert batch({"name": "nightly"}).id == first.id + 1


def test_names_of_sessions_and_batches_are_apart(client, batch, fake):
    session, one = fake({"name": "same"}, hang=1), batch({"name": "same"}, hang=1)
    assert client.get("/sessions/same?wait=0").json["kind"] and client.get("/batches/same").json["id"] == one.id
    assert session.state() == "starting"


# Asking

def test_view_and_state(client, batch):
    one = batch({"name": "a b/ü"}, print="hello")
    one.wait_state("success")
    view = client.get("/batches/a%20b%2F%C3%BC").json
    assert list(view) == KEYS and view["id"] == one.id and view["name"] == "a b/ü"
    assert view["state"] == "success" and view["appId"] is None and view["appInfo"] == NO_LINKS
    assert "hello" in view["log"] and len(view["log"]) <= 10
    assert client.get(one.path + "/state").text == '{"id":%d,"state":"success"}' % one.id
    assert client.call("HEAD", one.path).status == 200


@pytest.mark.parametrize("path", ["", "/state", "/log"])
def test_unknown_batch(client, path):
    is_error(client.get(f"/batches/99999{path}"), 404, "Session '99999' not found.")
    is_error(client.get(f"/batches/nobody{path}"), 404, "Session 'nobody' not found.")
    is_error(client.get(f"/batches/99999999999{path}"), 400, 'For input string: \\"99999999999\\"')


@pytest.mark.parametrize("method,path,allowed", [
    ("PUT", "/batches", {"GET", "HEAD", "POST"}), ("POST", "/batches/0", {"GET", "HEAD", "DELETE"}),
    ("POST", "/batches/0/log", {"GET", "HEAD"}), ("DELETE", "/batches/0/state", {"GET", "HEAD"})])
def test_wrong_method(client, method, path, allowed):
    answer = client.call(method, path)
    assert answer.status == 405, answer
    assert {word.strip() for word in answer.headers["Allow"].split(",")} == allowed


def test_list_pages(client, batch):
    ids = [batch().id for _ in range(3)]
    everything = client.get("/batches?size=1000").json
    assert list(everything) == ["from", "total", "sessions"]
    order = [view["id"] for view in everything["sessions"]]
    assert everything["total"] == len(order) and order == sorted(order) and set(ids) <= set(order)
    page = client.get("/batches?from=1&size=2").json
    assert page["from"] == 1 and page["total"] == len(order)
    assert [view["id"] for view in page["sessions"]] == order[1:3]
    assert client.get("/batches?from=-5&size=1").json["from"] == -5
    assert client.get("/batches?from=1000").json["sessions"] == []
    assert client.get("/batches?size=-1").json["sessions"] == []
    is_error(client.get("/batches?from=abc"), 400, 'For input string: \\"abc\\"')
    is_error(client.get("/batches?size="), 400, 'For input string: \\"\\"')


# Life

def test_states_of_a_life(batch, tmp_path):
    one = batch(record=tmp_path / "record", until=tmp_path / "end")
    batches.wait_started(tmp_path / "record")
    one.wait_state("running")
    (tmp_path / "end").touch()
    one.wait_state("success")


def test_failure_says_why(batch):
    one = batch(print="reading the plan", complain="Exception in thread main: no such class", exit=3)
    one.wait_state("dead")
    for words in ("reading the plan", "no such class", "exit code 3"):
        assert words in one.log_text()
    assert any("exit code 3" in line for line in one.view()["log"] if line.startswith(batches.REMARK))


def test_killed_from_outside(batch, tmp_path):
    one = batch(record=tmp_path / "record", tree=1, hang=1)
    note, = batches.wait_started(tmp_path / "record")
    until(lambda: len(batches.tree(note["pid"])) >= 3, 20, lambda: batches.tree(note["pid"]))
    processes = batches.tree(note["pid"])
    os.kill(note["pid"], signal.SIGKILL)
    one.wait_state("dead")
    assert "killed by signal 9" in one.log_text()
    batches.all_gone(processes)


def test_shim_killed_from_outside(gateway, batch, tmp_path):
    """Whoever watches spark-submit is killed: the batch ends, says so, and nothing of it stays alive."""
    one = batch(record=tmp_path / "record", hang=1)
    note, = batches.wait_started(tmp_path / "record")
    shim = int(pathlib.Path(f"/proc/{note['pid']}/stat").read_text().rsplit(")", 1)[1].split()[1])
    assert "shim" in pathlib.Path(f"/proc/{shim}/cmdline").read_text()
    processes = batches.tree(shim)
    os.kill(shim, signal.SIGKILL)
    assert one.wait_end() in ("dead", "killed")
    batches.all_gone(processes)


def test_spark_submit_that_cannot_be_executed(tmp_path):
    home = gateways.make_fake_spark_home(tmp_path)
    for server in run_gateway(gateways.Gateway(new_directory(), home)):
        submit = home / "bin" / "spark-submit"
        submit.chmod(0o644)
        one = batches.create(server.client).wait_state("dead")
        assert "Permission denied" in one.log_text() and str(submit) in one.log_text()
        submit.chmod(0o755)
        batches.create(server.client).wait_state("success")


def test_a_grandchild_that_keeps_the_output_open(batch, tmp_path):
    """The end of the output is not the end of the child; and the grandchild does not stay."""
    one = batch(record=tmp_path / "record", print="the last line", linger=1, until=tmp_path / "end")
    note, = batches.wait_started(tmp_path / "record")
    until(lambda: len(gateways.descendants(note["pid"])) == 1, 20, "the grandchild runs")
    grandchild = gateways.descendants(note["pid"])
    (tmp_path / "end").touch()
    one.wait_state("success")
    assert one.output() == ["the last line"]
    batches.all_gone(grandchild)


def test_a_child_that_closes_its_output_lives_on(batch, tmp_path):
    one = batch(print="said before", close=1, record=tmp_path / "record", until=tmp_path / "end", exit=5)
    batches.wait_started(tmp_path / "record")
    until(lambda: one.output() == ["said before"], 20, one.log_text)
    assert one.state() == "running"
    (tmp_path / "end").touch()
    one.wait_state("dead")
    assert "exit code 5" in one.log_text()


# Deleting

def test_delete_of_an_ended_batch(gateway, client, batch):
    one = batch()
    one.wait_end()
    directory = gateway.state_dir / "batches" / str(one.id)
    assert directory.exists()
    assert one.delete().text == '{"msg":"deleted"}'
    for path in ("", "/state", "/log"):
        is_error(client.get(one.path + path), 404, f"Session '{one.id}' not found.")
    is_error(one.delete(), 404, f"Session '{one.id}' not found.")
    until(lambda: not directory.exists(), 20, directory)


def test_delete_ends_a_tree_that_resists(client, batch, tmp_path):
    """Children that ignore TERM, made their own session, or were orphaned on purpose."""
    one = batch(record=tmp_path / "record", stubborn=1, tree=1, hang=1)
    note, = batches.wait_started(tmp_path / "record")
    shim = int(pathlib.Path(f"/proc/{note['pid']}/stat").read_text().rsplit(")", 1)[1].split()[1])
    until(lambda: sum("time.sleep(1000)" in text for text in batches.tree(shim).values()) == 3, 20,
          lambda: batches.tree(shim))
    processes = batches.tree(shim)
    assert one.delete().json == {"msg": "deleted"}
    batches.all_gone(processes)
    is_error(client.get(one.path), 404, f"Session '{one.id}' not found.")


def test_two_deletes_at_once(gateway, batch, tmp_path):
    one = batch(record=tmp_path / "record", tree=1, hang=1)
    batches.wait_started(tmp_path / "record")
    answers, barrier = [], threading.Barrier(2)

    def delete():
        client = gateway.client.fork()
        barrier.wait()
        answers.append(client.delete(one.path))
        client.close()

    threads = [threading.Thread(target=delete) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers)[0] == 200, answers
    assert all(answer.status in (200, 404) and list(answer.json) == ["msg"] for answer in answers), answers


def test_ids_have_no_gap_and_are_not_reused(batch):
    first = batch()
    first.wait_end()
    first.delete()
    second, third = batch(), batch()
    assert [second.id, third.id] == [first.id + 1, first.id + 2]


def test_batches_leave_no_descriptor(gateway, client, batch):
    """The first round also fills what the server keeps open anyway."""

    def round_trip():
        one = batch(print="x")
        one.wait_end()
        one.log()
        one.delete()

    round_trip()
    before = gateway.descriptors()
    for _ in range(10):
        round_trip()
    until(lambda: gateway.descriptors() <= before, 20, lambda: f"{gateway.descriptors()} > {before}")


# As others use it

def test_as_airflow_uses_it(client, tmp_path):
    """The calls of Airflow's LivyOperator, in its order: state right after the creation, logs by hundreds, JSON of DELETE."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    body = {"file": batches.FILE, "args": ["1"], "driverCores": "1", "numExecutors": 2, "name": "airflow",
            "conf": {**batches.fake_conf(lines=198), "spark.ui.enabled": False, "spark.port": 7}}
    answer = client.post("/batches", body, headers=headers)
    assert answer.status == 201
    batch = batches.Batch(client, answer.json)
    words = {"not_started", "starting", "running", "idle", "busy", "shutting_down", "error", "dead", "killed", "success"}
    assert batch.state() in words and "appId" in batch.view()
    assert batch.wait_end() == "success"
    start, lines, total = 0, [], 0
    while start <= total:
        page = client.get(f"{batch.path}/log?from={start}&size=100", headers=headers).json
        total, start = page["total"], start + 100
        lines += page["log"]
    assert len(lines) == total and [line for line in lines if line.startswith("line ")] == batch.output()
    assert client.delete(batch.path, headers=headers).json == {"msg": "deleted"}


@pytest.mark.parametrize("request_part, query, user", [
    ({}, "", None), ({}, "?doAs=alice", "alice"), ({"proxyUser": "bob"}, "", "bob"),
    ({"proxyUser": "bob"}, "?doAs=alice", "alice")])
def test_proxy_user(impersonating, tmp_path, request_part, query, user):
    one = batches.create(impersonating.client, query=query, conf=batches.fake_conf(record=tmp_path / "record"),
                         **request_part)
    one.wait_end()
    assert one.view()["proxyUser"] == user
    arguments = batches.read_record(tmp_path / "record")[0]["arguments"]
    assert [arguments[n + 1] for n, word in enumerate(arguments) if word == "--proxy-user"] == ([user] if user else [])


@pytest.fixture(scope="module")
def impersonating(fake_spark_home):
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, settings=gateways.IMPERSONATION))
