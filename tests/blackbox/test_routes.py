"""The shape of every endpoint: codes, keys in order, headers, error bodies. Sessions run on the fake driver."""

import http.client
import json
import re
import socket
import threading
import urllib.parse

import pytest

from blackbox import gateway as gateways
from blackbox.client import Session

SESSION_KEYS = ["id", "name", "appId", "owner", "proxyUser", "state", "kind", "appInfo", "log", "ttl", "idleTimeout",
                "driverMemory", "driverCores", "executorMemory", "executorCores", "conf", "archives", "files",
                "heartbeatTimeoutInSecond", "jars", "numExecutors", "pyFiles", "queue"]
JSON = "application/json;charset=utf-8"


def is_error(answer, status, message):
    """`{"msg": …}`, in one compact line."""
    assert (answer.status, answer.text) == (status, '{"msg":"%s"}' % message), answer


@pytest.fixture(scope="module")
def idle(gateway):
    """An idle session that the tests of this module share. They only add statements."""
    client = gateway.client.fork()
    session = client.create(kind="pyspark", name="shapes", conf={"spark.fake.print": "hello from spark-submit"}).wait_idle()
    yield session
    session.delete()
    client.close()


# Server routes

def test_version(client):
    answer = client.get("/version")
    assert answer.status == 200 and answer.headers["Content-Type"] == JSON
    assert list(answer.json) == ["url", "branch", "revision", "version", "date", "user"]
    # pylivy compares the parts of the version as strings: 0.10 would be older than 0.5.
    assert re.fullmatch(r"(0\.9|[1-9])\.\d+\S*", answer.json["version"])


def test_root_redirects_relative_or_answers(client):
    answer = client.get("/")
    assert answer.status in (200, 302), answer
    if answer.status == 302:
        assert answer.headers["Location"].startswith("/")


@pytest.mark.parametrize("path", ["/nothing", "/SESSIONS", "/version/x", "/sessions/0/nothing/at/all"])
def test_unknown_route(client, path):
    answer = client.get(path)
    assert answer.status == 404 and answer.headers["Content-Length"] is not None


@pytest.mark.parametrize("method,path,allowed", [
    ("PUT", "/sessions", {"GET", "HEAD", "POST"}),
    ("DELETE", "/sessions", {"GET", "HEAD", "POST"}),
    ("POST", "/sessions/0", {"GET", "HEAD", "DELETE"}),
    ("GET", "/sessions/0/completion", {"POST"}),
    ("POST", "/version", {"GET", "HEAD"}),
    ("PATCH", "/sessions/0/statements", {"GET", "HEAD", "POST"}),
])
def test_wrong_method(client, method, path, allowed):
    answer = client.call(method, path)
    assert answer.status == 405, answer
    assert {word.strip() for word in answer.headers["Allow"].split(",")} == allowed


@pytest.mark.parametrize("path", ["/sessions", "/sessions/", "//sessions", "/sessions?from=0&size=1"])
def test_spellings_of_the_collection(client, path):
    answer = client.get(path)
    assert answer.status == 200 and list(answer.json) == ["from", "total", "sessions"]


def test_head_has_headers_only(client):
    whole, head = client.get("/version"), client.call("HEAD", "/version")
    assert head.status == 200 and head.body == b""
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    assert client.call("HEAD", "/sessions").status == 200


def test_security_headers(client):
    headers = client.get("/sessions").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "Server" not in headers and headers["Date"].endswith("GMT")


def test_order_of_headers(gateway, client):
    """As Livy sends them; X-Request-Id is sparkgate's."""
    names = list(client.call("PUT", "/sessions").headers)
    assert names == ["Date", "X-Frame-Options", "X-XSS-Protection", "Content-Security-Policy", "X-Content-Type-Options",
                     "Content-Type", "Allow", "X-Request-Id", "Content-Length"]


def test_keep_alive(gateway):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    connection.request("GET", "/version")
    connection.getresponse().read()
    first = connection.sock
    for _ in range(20):
        connection.request("GET", "/sessions")
        assert connection.getresponse().read()
    assert connection.sock is first, "the server closed a connection that could have been kept"
    connection.close()


def test_expect_100_continue(gateway, idle):
    body = b'{"code":"say expected"}'
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as connection:
        connection.sendall(f"POST {idle.path}/statements HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
                           "Content-Encoding: UTF-8\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n".encode())
        lines = connection.makefile("rb")
        assert lines.readline().startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert b"HTTP/1.1 201" in lines.read()


# Creating sessions

def test_create_answers_a_complete_session(client, fake):
    answer = client.post("/sessions", {"conf": {"spark.fake.hang": "1"}})
    session = Session(client, answer.json)
    try:
        assert answer.status == 201 and answer.headers["Content-Type"] == JSON
        assert answer.headers["Location"] == f"/sessions/{session.id}"
        view = answer.json
        assert list(view) == SESSION_KEYS
        assert view["appInfo"] == {"driverLogUrl": None, "sparkUiUrl": None, "executorLogUrls": None}
        assert list(view["appInfo"]) == ["driverLogUrl", "sparkUiUrl", "executorLogUrls"]
        assert view["state"] == "starting" and view["kind"] == "shared"
        assert [view[key] for key in ("name", "appId", "owner", "proxyUser", "ttl", "idleTimeout", "driverMemory",
                                      "executorMemory", "queue")] == [None] * 9
        assert [view[key] for key in ("driverCores", "executorCores", "numExecutors", "heartbeatTimeoutInSecond")] == [0] * 4
        assert [view[key] for key in ("archives", "files", "jars", "pyFiles")] == [[]] * 4
        assert isinstance(view["log"], list) and view["conf"] == {"spark.fake.hang": "1"}
        assert answer.text == json.dumps(view, separators=(",", ":"), ensure_ascii=False), "the JSON is not compact"
    finally:
        session.delete()


def views_of(client, session, agent):
    """What each answer that shows the session shows to a client with that User-Agent."""
    headers = {"User-Agent": agent}
    listed = client.get("/sessions", headers=headers).json["sessions"]
    return [client.get(session.path + "?wait=0", headers=headers).json,
            client.post(session.path + "/connect", headers=headers).json,
            next(each for each in listed if each["id"] == session.id)]


def test_livys_java_client_is_shown_the_fields_of_0_7(client):
    """It fails on others. Who asks before or after it is shown all."""
    java, others = "livy-client-http", ("python-requests/2.32.3", "livy-client-http-like", "")
    created = client.post("/sessions/", {"conf": {"spark.fake.hang": "1"}}, headers={"User-Agent": java})
    session = Session(client, created.json)
    try:
        assert created.status == 201 and list(created.json) == SESSION_KEYS[:9]
        for agent in others:
            whole = views_of(client, session, agent)
            assert [list(view) for view in whole] == [SESSION_KEYS] * 3
            assert views_of(client, session, java) == [{key: view[key] for key in SESSION_KEYS[:9]} for view in whole]
    finally:
        session.delete()


def test_sessions_may_be_shown_with_the_fields_of_0_7_only(serve):
    client = serve(settings={"server.compat.session-view": "0.7"}).client
    session = client.create(conf={"spark.fake.hang": "1"})
    assert [list(view) for view in views_of(client, session, "any")] == [SESSION_KEYS[:9]] * 3


def test_create_echoes_what_was_asked(client, fake):
    asked = {"kind": "spark", "name": "Zürich ☃", "driverMemory": "700m", "driverCores": 2, "executorMemory": "1g",
             "executorCores": 3, "numExecutors": 4, "queue": "q", "heartbeatTimeoutInSecond": 60, "ttl": "10m",
             "idleTimeout": "1h"}
    session = fake(asked, hang=1)
    assert {key: session.created[key] for key in asked} == asked
    assert session.view()["name"] == "Zürich ☃"


def test_numbers_as_strings_and_nulls_are_taken(fake):
    session = fake({"executorCores": "4", "numExecutors": "2", "driverCores": None, "jars": None, "name": None,
                    "queue": None, "kind": None}, hang=1)
    assert (session.created["executorCores"], session.created["numExecutors"]) == (4, 2)
    assert session.created["driverCores"] == 0 and session.created["jars"] == []
    assert session.created["kind"] == "shared"


@pytest.mark.parametrize("sent,shown", [("scala", "spark"), ("python", "pyspark"), ("r", "sparkr"), ("sql", "sql")])
def test_kinds_and_their_aliases(fake, sent, shown):
    assert fake({"kind": sent}, hang=1).created["kind"] == shown


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded",
                                          "application/json; charset=UTF-8", ""])
def test_any_content_type_is_taken(client, content_type):
    answer = client.post("/sessions", '{"conf":{"spark.fake.hang":"1"}}', headers={"Content-Type": content_type})
    assert answer.status == 201, answer
    client.delete(answer.headers["Location"])


@pytest.mark.parametrize("body", ['{"name":"a\\u0000b"}', '{"conf":{"spark.x":"a\\u0000"}}', '{"conf":{"spark.\\u0000":"a"}}',
                                  "{", "", "null", "[]", '"text"', '{"kind":"pyspark3"}', '{"kind":7}',
                                  '{"nonsense":1}', '{"conf":[]}', '{"conf":{"a":{}}}', '{"jars":"a.jar"}',
                                  '{"numExecutors":"many"}', '{"numExecutors":1e999}', '{"conf":{"a":-1e999}}',
                                  '{"name":"123"}', '{"name":""}', '{"ttl":"soon"}', "\xff\xfe{",
                                  '{"kind":"spark"} trailing'])
def test_bad_requests_change_nothing(client, gateway, body):
    before = client.get("/sessions").json
    answer = client.post("/sessions", body.encode("latin-1"))
    assert answer.status == 400, answer
    assert answer.headers["Content-Type"] == JSON
    assert isinstance(answer.json, str) or list(answer.json) == ["msg"], answer
    assert client.get("/sessions").json == before


def test_numbers_where_a_text_is_expected(fake):
    session = fake({"driverMemory": 700, "queue": True, "conf": {"spark.fake.hang": 1, "spark.a": 0.6, "spark.b": None}})
    assert (session.created["driverMemory"], session.created["queue"]) == ("700", "true")
    assert session.created["conf"] == {"spark.fake.hang": "1", "spark.a": "0.6"}
    spelled = session.client.post("/sessions", '{"conf":{"spark.fake.hang":"1","spark.a":0.60,"spark.b":1E3}}').json
    session.client.delete(f"/sessions/{spelled['id']}")
    assert (spelled["conf"]["spark.a"], spelled["conf"]["spark.b"]) == ("0.6", "1000.0")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_bodies_are_utf_8(client, encoding):
    answer = client.post("/sessions", '{"kind":"spark"}'.encode(encoding))
    assert (answer.status, type(answer.json)) == (400, str), answer
    marked = client.post("/sessions", b'\xef\xbb\xbf{"conf":{"spark.fake.hang":"1"}}')
    assert marked.status == 201, "a byte order mark does no harm"
    client.delete(marked.headers["Location"])


def test_texts_of_refusals(client):
    is_error(client.post("/sessions", {"name": "123"}), 400, "Rejected, Reason: Invalid session name: 123")
    unknown = client.post("/sessions", {"master": "yarn"})
    assert unknown.status == 400 and "master" in unknown.json and unknown.json.startswith("Unrecognized field")
    assert "Invalid kind: pyspark3" in client.post("/sessions", {"kind": "pyspark3"}).json


def test_duplicate_name(client, idle):
    """The text names the id that the new session would have had, as Livy's does."""
    answer = client.post("/sessions", {"name": "shapes"})
    number = int(answer.json["msg"].rsplit(" ", 1)[1])
    is_error(answer, 400, f"Rejected, Reason: Duplicate session name: Some(shapes) for session {number}")
    assert number > idle.id


def test_method_override(client, fake):
    session = fake(hang=1)
    assert client.post(session.path + "?_method=DELETE").json == {"msg": "deleted"}
    assert client.get(session.path).status == 404


# One session

def test_session_view_of_an_idle_session(idle):
    view = idle.view()
    assert list(view) == SESSION_KEYS and view["state"] == "idle"
    assert len(view["log"]) <= 10 and all(isinstance(line, str) for line in view["log"])


def test_state(client, idle):
    answer = client.get(idle.path + "/state")
    assert answer.text == '{"id":%d,"state":"idle"}' % idle.id


@pytest.mark.parametrize("path", ["", "/state", "/log", "/statements", "/statements/0"])
def test_unknown_session(client, path):
    is_error(client.get(f"/sessions/99999{path}"), 404, "Session '99999' not found.")
    is_error(client.get(f"/sessions/nobody{path}"), 404, "Session 'nobody' not found.")


def posts(path):
    """Every route below a session that a POST has."""
    table = (gateways.ROOT / "src/api/routes.cpp").read_text()
    below = re.findall(r'\{POST, "/sessions/\{id\}/([^"]+)"', table)
    assert "stop" in below and "run-job" in below
    return [f"{path}/{each.replace('{statement}', '0').replace('{job}', '0')}" for each in below]


def test_posts_to_an_unknown_session(client):
    """The session is looked for before the body."""
    for path in posts("/sessions/99999"):
        for body in (None, "{", {"code": "1", "kind": "spark", "cursor": 0}):
            is_error(client.post(path, body), 404, "Session '99999' not found.")
    is_error(client.delete("/sessions/99999"), 404, "Session '99999' not found.")


def test_a_removed_session_is_unknown(client, fake):
    session = fake({"name": "short-lived"}).wait_idle()
    session.run("say x")
    assert session.delete().json == {"msg": "deleted"}
    for name in (str(session.id), "short-lived"):
        for path in posts(f"/sessions/{name}"):
            is_error(client.post(path), 404, f"Session '{name}' not found.")
        for path in ("", "/state", "/log", "/statements", "/statements/0", "/statements/0/output", "/jobs/0"):
            is_error(client.get(f"/sessions/{name}{path}"), 404, f"Session '{name}' not found.")
        is_error(client.delete(f"/sessions/{name}"), 404, f"Session '{name}' not found.")


def test_id_beyond_int(client):
    is_error(client.get("/sessions/99999999999"), 400, 'For input string: \\"99999999999\\"')


def test_names_as_ids(client, idle, fake):
    assert client.get("/sessions/shapes").json["id"] == idle.id
    assert client.get("/sessions/shapes/state").json["id"] == idle.id
    named = fake({"name": "a b/ü"}, hang=1)
    assert client.get("/sessions/a%20b%2F%C3%BC?wait=0").json["id"] == named.id
    number = client.post("/sessions/shapes/statements", {"code": "say x"}).json["id"]
    assert idle.wait(number)["output"]["data"] == {"text/plain": "x"}


NAMED = "Zürich ☃/x+y %;1"


def test_a_name_stands_for_the_id_in_every_route(client, fake):
    session = fake({"name": NAMED}).wait_idle()
    path = "/sessions/" + urllib.parse.quote(NAMED, safe="")
    assert client.get(path).json == session.view()
    assert client.get(path + "/state").json == {"id": session.id, "state": "idle"}
    assert client.get(path + "/log").json["id"] == session.id
    posted = client.post(path + "/statements", {"code": "say x"})
    assert (posted.status, posted.headers["Location"]) == (201, f"{session.path}/statements/0")
    assert client.get(path + "/statements/0?wait=60").json == session.wait(0)
    assert client.get(path + "/statements").json["total_statements"] == 1
    assert client.get(path + "/statements/0/output").json["id"] == 0
    assert client.post(path + "/statements/0/cancel").json == {"msg": "canceled"}
    assert client.post(path + "/completion", {"code": "al", "cursor": 2}).json == {"candidates": ["alpha"]}
    assert client.post(path + "/connect").json["id"] == session.id
    for kind in ("jar", "pyfile", "file"):
        assert client.post(f"{path}/add-{kind}", {"uri": "hdfs://nn/x"}).status == 200
        assert client.post(f"{path}/upload-{kind}").json in ("No jar sent!", "No file sent!")
    assert [client.post(f"{path}/{job}", {"job": "AA"}).status for job in ("submit-job", "run-job")] == [501, 501]
    assert client.get(path + "/jobs/1").json == "Job not found" == client.post(path + "/jobs/1/cancel").json
    assert client.post(path + "/stop").status == 204 and client.post(path + "/interrupt").status == 200
    assert client.delete(path).json == {"msg": "deleted"}
    is_error(client.get(path), 404, f"Session '{NAMED}' not found.")


def test_one_of_eight_gets_the_name(gateway, client):
    answers, barrier = [], threading.Barrier(8)

    def create():
        own = gateway.client.fork()
        barrier.wait()
        answers.append(own.post("/sessions", {"name": "wanted", "conf": {"spark.fake.hang": "1"}}))
        own.close()

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [201] + [400] * 7
    assert client.delete("/sessions/wanted").status == 200
    assert all("Duplicate session name: Some(wanted)" in each.json["msg"] for each in answers if each.status == 400)


def test_the_name_of_a_dead_session_may_be_taken(client, fake):
    """The name then means the living one; the dead one has its id."""
    dead = fake({"name": "again"}).wait_idle()
    client.post(dead.path + "/stop")
    living = fake({"name": "again"}, hang=1)
    assert client.get("/sessions/again?wait=0").json["id"] == living.id != dead.id
    assert client.get(dead.path).json["name"] == "again"
    living.delete()
    assert client.get("/sessions/again").json["id"] == dead.id


def test_list_pages(client, fake):
    ids = [fake(hang=1).id for _ in range(3)]
    everything = client.get("/sessions?size=1000").json
    order = [view["id"] for view in everything["sessions"]]
    assert everything["total"] == len(order) and order == sorted(order) and set(ids) <= set(order)
    page = client.get("/sessions?from=1&size=2").json
    assert page["from"] == 1 and page["total"] == len(order)
    assert [view["id"] for view in page["sessions"]] == order[1:3]
    assert client.get("/sessions?from=-5&size=1").json["from"] == -5
    assert client.get("/sessions?from=1000").json["sessions"] == []
    assert client.get("/sessions?size=-1").json["sessions"] == []
    is_error(client.get("/sessions?from=abc"), 400, 'For input string: \\"abc\\"')
    is_error(client.get("/sessions?size="), 400, 'For input string: \\"\\"')


def test_log_pages(client, idle):
    whole = client.get(idle.path + "/log?from=0&size=-1").json
    assert list(whole) == ["id", "from", "total", "log"]
    assert whole["id"] == idle.id and whole["from"] == 0 and whole["total"] == len(whole["log"])
    assert whole["log"][0] == "stdout: " and "\nstderr: " in whole["log"]
    assert "hello from spark-submit" in whole["log"]
    tail = client.get(idle.path + "/log?size=2").json
    assert tail["from"] == whole["total"] - 2 and tail["log"] == whole["log"][-2:]
    assert client.get(idle.path + "/log?from=1&size=1").json["log"] == whole["log"][1:2]
    beyond = client.get(idle.path + "/log?from=100000").json
    assert beyond["log"] == [] and beyond["total"] == whole["total"]
    is_error(client.get(idle.path + "/log?from=x"), 400, 'For input string: \\"x\\"')


def test_two_deletes_at_once(gateway, fake):
    """One says deleted, the other that there is nothing (any more); both are answered."""
    session = fake(tree=1)
    session.wait_idle()
    answers, barrier = [], threading.Barrier(2)

    def delete():
        client = gateway.client.fork()
        barrier.wait()
        answers.append(client.delete(session.path))
        client.close()

    threads = [threading.Thread(target=delete) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers)[0] == 200, answers
    for answer in answers:
        if answer.status == 200:
            assert answer.json == {"msg": "deleted"}
        else:
            assert answer.status == 404 and str(session.id) in answer.json["msg"], answer
    assert gateway.client.fork().get(session.path).status == 404
