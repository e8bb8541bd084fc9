"""What a browser sends for a page of another site, and under a name that is not the server's (DNS rebinding): every
route refuses it before its body, nothing changes, and the refusal names the key. Pages that the operator allows are
answered by the rules of CORS; programs notice nothing. tests/clients/test_browser.py does the same with a browser."""

import contextlib
import itertools
import re
import socket

import pytest

from blackbox import gateway as gateways
from blackbox import streams
from blackbox.client import Client
from blackbox.conftest import new_directory, run_gateway

PAGE = "https://notebook.example.org"
FOREIGN = {
    "a site": {"Origin": "http://evil.example"},
    "a site over TLS": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    "a frame without origin": {"Origin": "null"},
    "another port of this host": {"Origin": "http://127.0.0.1:1"},
    "this port of another name": {"Origin": "http://localhost:{port}"},
    "no origin": {"Origin": ""},
    "two origins": {"Origin": "http://127.0.0.1:{port} http://evil.example"},
    "a name that begins like ours": {"Origin": "http://127.0.0.1:{port}.evil.example"},
    "an image": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    "a neighbour": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"},
    "a frame": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    "a form": {"Origin": "null", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
}
FORM = ('--x\r\nContent-Disposition: form-data; name="jar"; filename="a.jar"\r\n\r\nPK\r\n--x--\r\n')
GOOD = {"/sessions": '{"kind":"pyspark"}', "/batches": '{"file":"/x.py"}', "/sessions/0/statements": '{"code":"say seen"}',
        "/sessions/0/completion": '{"code":"x"}'}  # what they would take
TYPES = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", ""]
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}


def routes():
    """Method and path of every route, with an id where the table has one."""
    table = (gateways.ROOT / "src/api/routes.cpp").read_text()
    found = re.findall(r'\{(GET|POST|DELETE), "(/[^"]*)"', table)
    assert len(found) > 30, "the table looks different now"
    return [(method, re.sub(r"\{.*?\}", "0", path)) for method, path in found]


DISGUISES = [("POST", "/sessions/0?_method=DELETE", {}), ("POST", "/sessions/0", {"X-HTTP-Method-Override": "DELETE"}),
             ("POST", "/sessions/0?_method=get", {}), ("PUT", "/sessions/0", {}), ("PATCH", "/sessions/0", {}),
             ("OPTIONS", "/sessions", {"Access-Control-Request-Method": "POST"}), ("OPTIONS", "*", {}), ("HEAD", "/sessions", {}),
             ("GET", "/no/such/route", {}), ("POST", "//sessions/", {})]
REQUESTS = [(method, path, {}) for method, path in routes()] + DISGUISES


@pytest.fixture(scope="module")
def gateway(fake_spark_home):
    """With session 0, which is idle."""
    for server in run_gateway(gateways.Gateway(new_directory(), fake_spark_home, settings={"session.kill-grace": "1s"})):
        session = server.client.create(kind="pyspark").wait_idle()
        session.wait(session.submit("say first"))
        yield server


@pytest.fixture
def unchanged(gateway, client):
    """After the test there are the same sessions, batches, statements, states and files as before."""
    def seen():
        return ([client.get(path).json["total"] for path in ("/sessions", "/batches")], client.get("/sessions/0/state").json,
                client.get("/sessions/0/statements").json, sorted(map(str, gateway.state_dir.glob("*/*/**/*"))))
    before = seen()
    yield
    assert seen() == before


def filled(headers, port):
    return {name: value.replace("{port}", str(port)) for name, value in headers.items()}


def check_refused(answer, key, head=False):
    assert answer.status == 403, answer
    if not head:
        assert list(answer.json) == ["msg"] and key in answer.json["msg"], answer
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8" and answer.headers["X-Request-Id"]
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("page", FOREIGN)
def test_every_route_refuses_pages_of_other_sites(gateway, client, unchanged, page):
    for (method, path, more), content_type in itertools.product(REQUESTS, TYPES):
        body = FORM if content_type.startswith("multipart") else GOOD.get(path.rstrip("/").replace("//", "/"), "{}")
        headers = {**filled(FOREIGN[page], gateway.port), **more, "Content-Type": content_type}
        check_refused(client.call(method, path, body, headers=headers), "server.allowed-origins", head=method == "HEAD")


def test_every_route_refuses_names_that_are_not_ours(gateway, unchanged):
    """A page of evil.example whose name leads to 127.0.0.1 by now is of the same origin for its browser."""
    rebound = Client(gateway.port)
    for method, path, more in REQUESTS:
        headers = {"Host": f"evil.example:{gateway.port}", "Origin": f"http://evil.example:{gateway.port}",
                   "Sec-Fetch-Site": "same-origin", **more}
        check_refused(rebound.call(method, path, GOOD.get(path, "{}"), headers=headers), "server.allowed-hosts", head=method == "HEAD")
        check_refused(rebound.call(method, path, "{}", headers={"Host": "evil.example", **more}), "server.allowed-hosts", head=method == "HEAD")
    rebound.close()


def raw(port, text):
    """What comes in answer to these bytes, to the end of the connection or of the first head."""
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), 20)) as connection:
        connection.sendall(text.encode())
        received = b""
        while b"\r\n\r\n" not in received and (some := connection.recv(1 << 16)):
            received += some
        return received.decode()


@pytest.mark.parametrize("length", [12, 10_000_000])
@pytest.mark.parametrize("path", ["/sessions", "/sessions/0/statements", "/sessions/0/upload-jar", "/batches"])
def test_no_body_is_asked_for(gateway, unchanged, path, length):
    for wrong in ("Host: localhost\r\nOrigin: http://evil.example", "Host: evil.example"):
        answer = raw(gateway.port, f"POST {path} HTTP/1.1\r\n{wrong}\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n")
        assert answer.startswith("HTTP/1.1 403 Forbidden\r\n") and "Connection: close" in answer


@pytest.mark.parametrize("host,status", [
    ("localhost", 200), ("LOCALHOST:1", 200), ("app.localhost", 200), ("127.0.0.1", 200), ("127.7.7.7:80", 200), ("[::1]", 200),
    ("localhost.", 200), (socket.gethostname(), 200), (socket.gethostname().upper() + ":8998", 200),
    ("evil.example", 403), ("localhost.evil.example", 403), ("127.0.0.1.evil.example", 403), ("192.0.2.1", 403), ("[2001:db8::1]", 403),
    ("2130706433", 403), ("%6cocalhost", 403)])
def test_hosts(gateway, host, status):
    assert raw(gateway.port, f"GET /version HTTP/1.1\r\nHost: {host}\r\n\r\n").startswith(f"HTTP/1.1 {status} ")
    assert raw(gateway.port, f"GET http://{host}/version HTTP/1.1\r\nHost: {host}\r\n\r\n").startswith(f"HTTP/1.1 {status} ")
    assert raw(gateway.port, f"GET http://{host}/version HTTP/1.0\r\n\r\n").startswith(f"HTTP/1.1 {status} ")


def test_http_1_0_needs_no_host(gateway):
    """Health checks of proxies have none; no browser speaks it."""
    assert raw(gateway.port, "GET /version HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 200 ")
    assert raw(gateway.port, "POST /sessions HTTP/1.0\r\nOrigin: http://evil.example\r\n\r\n").startswith("HTTP/1.1 403 ")


@pytest.mark.parametrize("headers", [
    {}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://127.0.0.1:{port}"},
    {"Origin": "https://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}, {"Referer": "http://evil.example/"}])
def test_programs_and_own_pages_notice_nothing(gateway, client, headers):
    answer = client.post("/sessions/0/statements", {"code": "say x"}, headers=filled(headers, gateway.port))
    assert answer.status == 201 and "Vary" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("Access-Control-")]


def test_links_open(client, unchanged):
    for path in ("/ui", "/sessions/0", "/sessions/0/log", "/batches"):
        assert client.get(path, headers=LINK).status == 200
    assert client.get("/", headers=LINK).status == 302
    check_refused(client.post("/sessions", "{}", headers=LINK), "server.allowed-origins")
    check_refused(client.post("/sessions/0?_method=GET", headers=LINK), "server.allowed-origins")


@pytest.fixture(scope="module")
def open_gateway(fake_spark_home):
    """A server that allows a page, and goes by names of the operator's."""
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, settings={
        "session.kill-grace": "1s", "server.allowed-origins": f"{PAGE}, http://lab:8888", "server.csrf-protection.enabled": "true",
        "server.allowed-hosts": "gate.example.org, *.cluster.example"}))


FROM_PAGE = {"Origin": PAGE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "X-Requested-By": "page"}


def check_shown(answer, origin=PAGE):
    assert answer.headers["Access-Control-Allow-Origin"] == origin and answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Expose-Headers"] == "Location, X-Request-Id, Idempotent-Replay, Retry-After"
    assert "Origin" in answer.headers["Vary"]


def test_an_allowed_page(open_gateway):
    client = open_gateway.client
    asked = client.call("OPTIONS", "/sessions", headers={
        "Origin": PAGE, "Sec-Fetch-Site": "cross-site", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-requested-by", "Access-Control-Request-Private-Network": "true"})
    assert asked.status == 204 and asked.body == b""
    check_shown(asked)
    assert asked.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST, DELETE"
    assert asked.headers["Access-Control-Allow-Headers"] == "content-type,x-requested-by"
    assert asked.headers["Access-Control-Allow-Private-Network"] == "true" and int(asked.headers["Access-Control-Max-Age"]) > 0
    for _ in range(2):
        created = client.post("/sessions", {"kind": "pyspark"}, headers={**FROM_PAGE, "Idempotency-Key": "one"})
        assert created.status == 201 and created.headers["Location"]
        check_shown(created)
    assert created.headers["Idempotent-Replay"] == "true"
    path = f"/sessions/{created.json['id']}"
    for method, target, body, status in (("GET", path, None, 200), ("HEAD", path, None, 200), ("GET", "/sessions/99", None, 404),
                                         ("POST", "/sessions", "{bad", 400), ("PUT", "/sessions", None, 405), ("GET", "/nothing", None, 404),
                                         ("OPTIONS", "/sessions", None, 405), ("DELETE", path, None, 200)):
        answer = client.call(method, target, body, headers=FROM_PAGE)
        assert answer.status == status
        check_shown(answer)
    check_shown(client.get("/version", headers={"Origin": "http://lab:8888"}), "http://lab:8888")
    too_large = client.call("POST", "/sessions", headers={**FROM_PAGE, "Content-Length": str(1 << 40)})
    assert too_large.status == 413
    check_shown(too_large)


def test_an_allowed_page_reads_events(open_gateway):
    session = Client(open_gateway.port).post("/sessions", {"kind": "pyspark"}, headers={"X-Requested-By": "me"}).json["id"]
    stream = streams.Stream(open_gateway.port, f"/sessions/{session}/events", headers=FROM_PAGE)
    assert stream.status == 200 and stream.headers["Access-Control-Allow-Origin"] == PAGE
    stream.connection.close()
    assert open_gateway.client.delete(f"/sessions/{session}", headers={"X-Requested-By": "me"}).status == 200


@pytest.mark.parametrize("page", FOREIGN)
def test_other_pages_are_refused_as_before(open_gateway, page):
    client, before = open_gateway.client, open_gateway.client.get("/sessions").json["total"]
    for method, more in (("GET", {}), ("POST", {}), ("OPTIONS", {"Access-Control-Request-Method": "POST"})):
        answer = client.call(method, "/sessions", "{}", headers={**filled(FOREIGN[page], open_gateway.port), "X-Requested-By": "x", **more})
        check_refused(answer, "server.allowed-origins")
        assert answer.headers.get_all("Vary") == ["Origin"]
    assert client.get("/sessions").json["total"] == before and client.get("/version").headers.get_all("Vary") == ["Origin"]


def test_an_origin_of_an_allowed_page_alone_is_not_enough(open_gateway):
    """It has to call the server by a name of ours, too."""
    answer = open_gateway.client.get("/sessions", headers={**FROM_PAGE, "Host": "evil.example"})
    check_refused(answer, "server.allowed-hosts")


@pytest.mark.parametrize("host,status", [("gate.example.org", 200), ("GATE.example.org.:443", 200), ("a.cluster.example", 200), ("localhost", 200),
                                         ("cluster.example", 403), ("x.gate.example.org", 403), ("a.cluster.example.evil", 403)])
def test_names_of_the_operators(open_gateway, host, status):
    assert raw(open_gateway.port, f"GET /version HTTP/1.1\r\nHost: {host}\r\n\r\n").startswith(f"HTTP/1.1 {status} ")


def test_any_name(serve):
    server = serve({"server.allowed-hosts": "*"})
    assert server.client.get("/version", headers={"Host": "evil.example"}).status == 200
    check_refused(server.client.get("/version", headers={"Host": "evil.example", "Origin": "http://other.example"}), "server.allowed-origins")


@pytest.mark.parametrize("setting", ["server.allowed-hosts=http://gate", "server.allowed-hosts=gate:8998", "server.allowed-hosts=a, b/c",
                                     "server.allowed-origins=*", "server.allowed-origins=null", "server.allowed-origins=notebook.example.org",
                                     "server.allowed-origins=https://a/", "server.allowed-origins=https://*.example.org"])
def test_settings_that_are_none(fake_spark_home, tmp_path, setting):
    ended = gateways.run("serve", "--set", setting, "--set", f"state.dir={tmp_path}", environment={"SPARK_HOME": str(fake_spark_home)})
    assert ended.returncode == 4 and setting.split("=")[0] in ended.stderr, ended.stderr
