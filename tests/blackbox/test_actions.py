"""What is done to a session beside statements: stop, interrupt, connect, files, jobs. On the fake driver."""

import pathlib
import threading
import urllib.parse

import pytest

from blackbox import gateway as gateways
from blackbox.client import until

JSON = "application/json;charset=utf-8"


@pytest.fixture
def allowing(fake_spark_home, tmp_path):
    """A server that lets sessions have local files of the test's directory, and small uploads."""
    server = gateways.Gateway(tmp_path / "gateway", fake_spark_home, settings={
        "file.local-dir-whitelist": str(tmp_path), "file.upload.max.size": "1000"}).start()
    yield server
    server.stop()
    assert not server.leftovers()


def form(part, name, content, boundary="b"):
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"; filename="{name}"\r\n\r\n'.encode()
    return head + content + f"\r\n--{boundary}--\r\n".encode()


def upload(client, session, action, body, boundary="b"):
    return client.post(f"{session.path}/{action}", body,
                       headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})


def added(session):
    """[(kind, path)] of what the driver was told to add."""
    lines = [line.split(" ", 2) for line in session.log() if line.startswith("added ")]
    return [(kind, urllib.parse.unquote(urllib.parse.urlsplit(uri).path)) for _, kind, uri in lines]


# Stop, interrupt, connect

def test_stop_leaves_a_dead_session_in_the_list(client, fake):
    session = fake().wait_idle()
    answer = client.post(session.path + "/stop", {})
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (204, b"", JSON)
    assert "Content-Length" not in answer.headers
    assert session.state() == "dead"
    assert client.get(session.path + "/statements").json == {"msg": "requirement failed: Session isn't active."}
    refused = client.post(session.path + "/statements", {"code": "say x"})
    assert (refused.status, refused.json) == (500, "java.lang.IllegalStateException: Session is in state dead")
    assert client.post(f"{session.path}/statements/0/cancel").status == 500
    assert client.post(f"{session.path}/completion", {"code": "a", "cursor": 1}).status == 500
    for kind in ("jar", "pyfile", "file"):
        for action in (f"add-{kind}", f"upload-{kind}"):
            inactive = client.post(f"{session.path}/{action}", {"uri": "hdfs://nn/x"})
            assert (inactive.status, inactive.json) == (400, {"msg": "requirement failed: Session isn't active."})
    assert client.get(session.path).json["state"] == "dead" and client.get(session.path + "/log").status == 200
    assert client.post(session.path + "/connect").json["state"] == "dead"
    assert client.post(session.path + "/stop").status == 204
    assert session.delete().json == {"msg": "deleted"}


def test_interrupt_stops_the_session(client, fake):
    session = fake().wait_idle()
    answer = client.post(session.path + "/interrupt")
    assert (answer.status, answer.json) == (200, {"msg": "interrupted"})
    assert session.state() == "dead"


def test_connect_needs_no_body(client, fake):
    session = fake(request={"name": "linked"}).wait_idle()
    for path in (session.path, "/sessions/linked"):
        answer = client.post(path + "/connect")
        assert answer.status == 200 and answer.json == session.view()


def test_a_session_that_is_ending_takes_no_work(client, fake):
    session = fake(stubborn=1).wait_idle()
    stopper = client.fork()
    thread = threading.Thread(target=stopper.post, args=(session.path + "/stop",))
    thread.start()
    try:
        session.wait_state("shutting_down")
        refused = client.post(session.path + "/statements", {"code": "say x"})
        assert refused.status == 500 and "Session is in state shutting_down" in refused.json
        assert client.get(session.path + "/statements").status == 400
    finally:
        thread.join()
        stopper.close()
    assert session.state() == "dead"


def test_two_deletes_at_once(client, fake):
    session = fake(stubborn=1).wait_idle()
    answers, clients = [], [client.fork(), client.fork()]
    threads = [threading.Thread(target=lambda each=each: answers.append(each.delete(session.path))) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in clients:
        each.close()
    assert sorted(answer.status for answer in answers) == [200, 404]
    assert client.get(session.path).status == 404


# Files

@pytest.mark.parametrize("action", ["add-jar", "add-pyfile", "add-file"])
def test_add_names_a_file(allowing, tmp_path, action):
    client = allowing.client
    session = client.create(kind="pyspark").wait_idle()
    answer = client.post(f"{session.path}/{action}", {"uri": f"{tmp_path}/a b.jar".replace(" ", "%20")})
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, b"", JSON)
    assert added(session) == [(action[4:], f"{tmp_path}/a b.jar")]
    for body, text in (({"uri": "a.jar"}, "requirement failed: Path 'a.jar' is not absolute."),
                       ({"uri": "/etc/passwd"}, "requirement failed: Local path /etc/passwd cannot be added to user sessions."),
                       ({"uri": f"{tmp_path}/nope"}, "no such file"),
                       ({}, 'The field "uri" is missing.')):
        refused = client.post(f"{session.path}/{action}", body)
        assert (refused.status, refused.json) == (400, {"msg": text})
    assert "Unrecognized field" in client.post(f"{session.path}/{action}", {"url": "x"}).json
    session.delete()
    assert client.post(f"{session.path}/{action}", {"uri": "/x"}).status == 404


@pytest.mark.parametrize("action,part", [("upload-jar", "jar"), ("upload-pyfile", "file"), ("upload-file", "file")])
def test_upload_brings_a_file(allowing, action, part):
    client = allowing.client
    session = client.create(kind="pyspark").wait_idle()
    content = bytes(range(256)) + b"\r\n--other"
    answer = upload(client, session, action, form(part, "../ünï one.bin", content))
    assert (answer.status, answer.body) == (200, b""), answer
    assert upload(client, session, action, form(part, "ünï one.bin", b"2")).status == 200
    (kind, first), (_, second) = added(session)
    assert kind == action[7:]
    assert pathlib.Path(first).name == pathlib.Path(second).name == "ünï one.bin"
    assert pathlib.Path(first).read_bytes() == content and pathlib.Path(second).read_bytes() == b"2"
    assert pathlib.Path(first).stat().st_mode & 0o77 == 0
    session.delete()
    assert not pathlib.Path(first).exists()


def test_upload_without_a_file(allowing):
    client = allowing.client
    session = client.create(kind="pyspark").wait_idle()
    missing = upload(client, session, "upload-jar", form("file", "x.jar", b"x"))
    assert (missing.status, missing.json) == (400, "No jar sent!")
    missing = upload(client, session, "upload-file", form("x", "x.txt", b"x"))
    assert (missing.status, missing.json) == (400, "No file sent!")
    missing = client.post(session.path + "/upload-file", {"a": 1})
    assert (missing.status, missing.json) == (400, "No file sent!")
    large = upload(client, session, "upload-file", form("file", "x.txt", b"x" * 1001))
    assert large.status == 413 and "file.upload.max.size" in large.json["msg"]
    assert upload(client, session, "upload-file", form("file", "x.txt", b"x" * 1000)).status == 200
    assert len(added(session)) == 1
    long = upload(client, session, "upload-file", form("file", "x" * 300, b"x"))
    assert (long.status, long.json) == (400, {"msg": "The file's name is too long."})
    session.delete()


def test_a_file_waits_for_a_session_that_starts(allowing, tmp_path):
    client = allowing.client
    session = client.create(kind="pyspark", conf={"spark.fake.start": str(tmp_path / "go")})
    answers, other = [], client.fork()
    thread = threading.Thread(target=lambda: answers.append(
        other.post(session.path + "/add-file", {"uri": str(tmp_path / "x")})))
    thread.start()
    try:
        (tmp_path / "go").touch()
        thread.join()
    finally:
        other.close()
    assert answers[0].status == 200, answers
    until(lambda: added(session), 10, "the file")
    session.delete()


@pytest.mark.parametrize("end", ["stop", "delete"])
def test_a_file_for_a_session_that_ends_before_it_takes_it(allowing, tmp_path, end):
    """The words are those for a session that had ended before."""
    client = allowing.client
    session = client.create(kind="pyspark", conf={"spark.fake.start": str(tmp_path / "never")})
    answers, other = [], client.fork()
    thread = threading.Thread(target=lambda: answers.append(
        upload(other, session, "upload-file", form("file", "x.txt", b"x"))))
    thread.start()
    # Once the file is there, the request waits for the driver.
    until(lambda: list(allowing.state_dir.glob(f"sessions/{session.id}/uploads/*/x.txt")), 10, "the file")
    ended = client.post(session.path + "/stop") if end == "stop" else session.delete()
    assert ended.status in (200, 204)
    thread.join()
    other.close()
    assert (answers[0].status, answers[0].json) == (400, {"msg": "requirement failed: Session isn't active."})


# Jobs

def test_jobs_are_refused_with_a_reason(client, fake):
    session = fake().wait_idle()
    for action in ("submit-job", "run-job"):
        empty = client.post(f"{session.path}/{action}", {"job": "", "jobType": "pyspark"})
        assert (empty.status, empty.json) == (400, {"msg": "requirement failed: no job provided."})
        refused = client.post(f"{session.path}/{action}", {"job": "AAAA", "jobType": "spark"})
        assert refused.status == 501 and "not supported" in refused.json["msg"], refused
    unknown = client.get(session.path + "/jobs/5")
    assert (unknown.status, unknown.json) == (404, "Job not found")
    assert client.post(session.path + "/jobs/5/cancel").status == 404
    assert client.get(session.path + "/jobs/abc").json == {"msg": 'For input string: "abc"'}
