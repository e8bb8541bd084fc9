"""Livy's conventions that hold for every route: codings, method override, API version, CSRF, headers, line ends."""

import gzip
import json
import zlib

import pytest

from blackbox import gateway as gateways


@pytest.fixture
def strict(fake_spark_home, tmp_path):
    """A server with the settings that change every answer."""
    server = gateways.Gateway(tmp_path / "gateway", fake_spark_home, settings={
        "server.csrf-protection.enabled": "true", "server.send-server-version": "true", "ui.basePath": "/gate",
        "server.http.header.X-Frame-Options": "", "server.http.header.X-XSS-Protection": "0"}).start()
    yield server
    server.stop()
    assert not server.leftovers()


@pytest.mark.parametrize("accepted,used", [("gzip, deflate", "gzip"), ("deflate", "deflate"), ("gzip;q=0", None),
                                           ("br", None)])
def test_answers_are_compressed_where_it_pays(client, fake, accepted, used):
    session = fake(request={"conf": {f"spark.k{i}": "v" * 20 for i in range(100)}})
    plain = client.get(session.path + "?wait=0")
    coded = client.get(session.path + "?wait=0", headers={"Accept-Encoding": accepted})
    assert coded.headers["Content-Encoding"] == used
    body = {"gzip": gzip.decompress, "deflate": zlib.decompress, None: bytes}[used](coded.body)
    assert list(json.loads(body)) == list(plain.json)
    assert int(coded.headers["Content-Length"]) == len(coded.body)
    if used:
        assert len(coded.body) < len(plain.body) / 2
        head = client.call("HEAD", session.path + "?wait=0", headers={"Accept-Encoding": accepted})
        assert head.headers["Content-Encoding"] == used and head.body == b""
    assert "Content-Encoding" not in client.get("/sessions/99", headers={"Accept-Encoding": "gzip"}).headers


@pytest.mark.parametrize("coding,encode", [("gzip", gzip.compress), ("deflate", zlib.compress), ("UTF-8", bytes)])
def test_bodies_may_be_compressed(client, fake, coding, encode):
    session = fake().wait_idle()
    answer = client.post(session.path + "/statements", encode(b'{"code": "say packed"}'),
                         headers={"Content-Encoding": coding})
    assert answer.status == 201 and answer.json["code"] == "say packed", answer


def test_a_body_that_does_not_decode_is_refused(client, gateway):
    answer = client.post("/sessions", b"{}", headers={"Content-Encoding": "gzip"})
    assert answer.status == 400 and "gzip" in answer.json["msg"]
    assert client.get("/version").status == 200, "the connection goes on"


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "x-method-override"])
def test_headers_that_name_another_method(client, fake, header):
    session = fake(hang=1)
    assert client.post(session.path + "/state", headers={header: "GET"}).json["id"] == session.id
    refused = client.post(session.path, headers={header: "PUT"})
    assert (refused.status, refused.headers["Allow"]) == (405, "DELETE, GET, HEAD")
    assert client.get(session.path + "?wait=0", headers={header: "DELETE"}).status == 200, "only a POST may mean another method"
    assert client.post(session.path, {}, headers={header: "delete"}).json == {"msg": "deleted"}
    assert client.get(session.path).status == 404


@pytest.mark.parametrize("accept,status", [
    ("application/vnd.livy.v0.1+json", 200), ("application/json", 200), ("text/html", 200), ("foo", 200)])
def test_accept(client, accept, status):
    assert client.get("/sessions", headers={"Accept": accept}).status == status


@pytest.mark.parametrize("accept,version", [("application/vnd.livy.v0.2+json", "0.2"), ("application/vnd.livy.v", ""),
                                            ("application/vnd.livy.v+json", "")])
def test_unknown_api_version(client, accept, version):
    answer = client.get("/sessions", headers={"Accept": accept})
    assert (answer.status, answer.json) == (406, {"msg": f"No value found for '{version}'"})


def test_the_api_version_is_that_of_the_sessions_only(client):
    """Livy checks it where sessions are served, and there before it looks for the route."""
    other = {"Accept": "application/vnd.livy.v9+json"}
    assert [client.get(path, headers=other).status for path in ("/version", "/metrics/ping", "/ui")] == [200] * 3
    for method, path in (("GET", "/sessions/0/nothing"), ("PUT", "/sessions"), ("GET", "/sessions/99/state")):
        assert client.call(method, path, headers=other).json == {"msg": "No value found for '9'"}


def test_csrf_protection(strict):
    client = strict.client
    assert client.get("/sessions").status == 200 and client.call("HEAD", "/sessions").status == 200
    for method, path in (("POST", "/sessions"), ("DELETE", "/sessions/0"), ("POST", "/sessions/0/stop")):
        refused = client.call(method, path, b"{bad")
        assert (refused.status, refused.json) == (400, {"msg": "Missing Required Header for CSRF protection."})
    assert client.call("DELETE", "/sessions/0", headers={"x-requested-by": ""}).status == 404


def test_csrf_protection_looks_at_the_method_that_was_sent(strict):
    """And at every path: the header is asked for before the route is looked for."""
    client = strict.client
    for method, path in (("POST", "/sessions?_method=GET"), ("PUT", "/sessions"), ("POST", "/nothing"), ("POST", "/")):
        refused = client.call(method, path)
        assert (refused.status, refused.json) == (400, {"msg": "Missing Required Header for CSRF protection."}), path
    assert client.call("OPTIONS", "/sessions").status == 405
    assert client.post("/sessions?_method=GET", headers={"X-Requested-By": "me"}).json["sessions"] == []


def test_headers_that_the_operator_sets(strict):
    headers = strict.client.get("/version").headers
    assert headers["Server"].startswith("sparkgate/")
    assert "X-Frame-Options" not in headers and headers["X-XSS-Protection"] == "0"
    assert headers["X-Content-Type-Options"] == "nosniff"
    root = strict.client.get("/")
    assert (root.status, root.headers["Location"], root.body) == (302, "/gate/ui", b"")


def test_server_pages(client):
    assert client.get("/").headers["Location"] == "/ui"
    page = client.get("/ui")
    assert page.status == 200 and page.headers["Content-Type"] == "text/html;charset=utf-8"
    assert client.get("/ui/nothing").status == 404
    assert client.get("/metrics/ping").text == "pong\n"
    assert client.get("/metrics/metrics").json == {"version": "4.0.0", "gauges": {}, "counters": {}, "histograms": {},
                                                   "meters": {}, "timers": {}}
    assert "sparkgate" in client.get("/metrics/threads").text
    assert (client.get("/metrics/healthcheck").status, client.get("/metrics/healthcheck").json) == (501, {})
    assert client.get("/thriftserver/sessions").status == 404


def test_metrics_count_sessions(client, fake):
    def count(state):
        line = next(line for line in client.get("/metrics").text.splitlines() if f'{{state="{state}"}}' in line)
        return int(line.split()[1])
    before = count("idle")
    session = fake().wait_idle()
    assert count("idle") == before + 1
    session.delete()
    assert count("idle") == before


@pytest.mark.parametrize("sent,kept", [
    ("say a\r\nb\r\nc", "say a\nb\nc"), ("say a\rb", "say a\nb"), ("say a\nb\r\nc", "say a\nb\r\nc"), ("say a", "say a")])
def test_line_ends_of_code(fake, sent, kept):
    session = fake().wait_idle()
    statement = session.wait(session.submit(sent))
    assert statement["code"] == kept
    assert statement["output"]["data"]["text/plain"] == kept[4:]
