"""A browser's EventSource: it follows a statement live, and comes again by itself when the server was away. And what
pages of other sites have it send (docs/security.md), on the fake spark-submit."""

import contextlib
import http.server
import re
import threading

import pytest

from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import fake_spark_home, new_directory, run_gateway  # noqa: F401
from blackbox.files import Files
from clients.browser import Browser

pytestmark = pytest.mark.extra

CODE = """import os, time
for number in range(3):
    print("line", number, "☃", flush=True)
    while not os.path.exists("{}/" + str(number)):
        time.sleep(0.05)  # it hears from the test by files only
"""
WATCH = """
seen = [];
source = new EventSource("{}/events");
for (const name of ["state", "output", "result", "end"])
    source.addEventListener(name, event => seen.push([name, JSON.parse(event.data)]));
"""


@pytest.fixture
def browser(batch_gateway, tmp_path):
    batch_gateway.settings["server.port"] = str(batch_gateway.port)  # it is found again when it has been killed
    browser = Browser(tmp_path, f"http://127.0.0.1:{batch_gateway.port}/version")
    yield browser
    browser.close()


def test_event_source(browser, batch_gateway, tmp_path):
    files = Files(tmp_path)
    session = batch_gateway.client.create(kind="pyspark").wait_idle(300)
    path = f"{session.path}/statements/{session.submit(CODE.format(tmp_path))}"
    browser.run(WATCH.format(path))

    def told(name):
        return [data for each, data in browser.run("seen") if each == name]

    def wait_for(text):
        until(lambda: "".join(each["text"] for each in told("output")) == text, 60, lambda: browser.run("seen"))

    wait_for("line 0 ☃\n")
    batch_gateway.kill()
    files.open("0")
    batch_gateway.start()
    wait_for("line 0 ☃\nline 1 ☃\n")
    files.open("1")
    files.open("2")
    until(lambda: browser.run("source.readyState === EventSource.CLOSED"), 60, "it has heard that there is no more to come")
    wait_for("line 0 ☃\nline 1 ☃\nline 2 ☃\n")
    assert told("output")[0]["from"] == 0 and all(
        before["next"] == after["from"] for before, after in zip(told("output"), told("output")[1:])), browser.run("seen")
    assert {each["state"] for each in told("state")} <= {"waiting", "running", "available"}
    (result,), (end,) = told("result"), told("end")
    assert result["output"]["data"]["text/plain"] == "line 0 ☃\nline 1 ☃\nline 2 ☃" and end["state"] == "available"
    assert f'"GET {path}/events HTTP/1.1" 204 ' in (batch_gateway.state_dir / "access.log").read_text()
    assert session.delete().status == 200


# Every name leads here; a page of one becomes, by DNS rebinding, a page of the server.
HERE = ("--host-resolver-rules=MAP *.example 127.0.0.1",)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>a page</title><body></body>")

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    """The port of a web server that has nothing to do with ours."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server.server_port
        server.shutdown()
        serving.join()


@pytest.fixture
def gate(site, fake_spark_home):  # noqa: F811
    """A server that allows the pages of one site, with session 0."""
    settings = {"session.kill-grace": "1s", "server.allowed-origins": f"http://notebook.example:{site}"}
    for server in run_gateway(gateways.Gateway(new_directory(), fake_spark_home, settings=settings)):
        session = server.client.create(kind="pyspark").wait_idle()
        session.wait(session.submit("say first"))
        yield server


@pytest.fixture
def visit(tmp_path):
    """visit(url) opens a browser there."""
    with contextlib.ExitStack() as opened:
        yield lambda url: opened.enter_context(contextlib.closing(Browser(tmp_path, url, HERE)))


def state_of(server):
    client = server.client
    return ([client.get(path).json["total"] for path in ("/sessions", "/batches")], client.get("/sessions/0/state").json,
            client.get("/sessions/0/statements").json)


def statuses(server, line):
    """Of the answers to requests like this that the browser has sent."""
    return [int(status) for status in re.findall(rf'"{line} HTTP/1.1" (\d+) \d+ "[^"]*" "Mozilla', (server.state_dir / "access.log").read_text())]


SEND = """
gate = "%s";
body = path => path.endsWith("statements") ? '{"code": "say seen"}' : '{"kind": "pyspark"}';
outcome = promise => promise.then(answer => answer.type + " " + answer.status, () => "refused");
post = (path, options) => outcome(fetch(gate + path, {method: "POST", body: body(path), ...options}));
submit = (path, type) => {
    const frame = document.createElement("iframe");
    frame.name = "frame" + document.forms.length;
    document.body.appendChild(frame);
    const form = document.body.appendChild(document.createElement("form"));
    Object.assign(form, {method: "post", action: gate + path, enctype: type, target: frame.name});
    const field = form.appendChild(document.createElement("input"));
    Object.assign(field, {name: body(path).replace('"}', ""), value: '"}'});  // {"code": "say seen="}
    form.submit();
};
load = (tag, path) => new Promise(done => {
    const element = document.createElement(tag);
    element.onload = () => done("loaded");
    element.onerror = () => done("failed");
    element.src = gate + path;
    document.body.appendChild(element);
});
listen = (path, options) => new Promise(done => {
    const source = new EventSource(gate + path, options);
    source.addEventListener("state", () => { source.close(); done("told"); });
    source.onerror = () => { source.close(); done("refused"); };
});
"""


def test_pages_of_other_sites_do_nothing(gate, site, visit):
    before = state_of(gate)
    browser = visit(f"http://evil.example:{site}/")
    browser.run(SEND % f"http://127.0.0.1:{gate.port}" + "1")
    for path in ("/sessions", "/sessions/0/statements"):
        assert browser.run(f"post('{path}', {{mode: 'no-cors', headers: {{'Content-Type': 'text/plain'}}}})") == "opaque 0"
        assert browser.run(f"post('{path}', {{mode: 'no-cors', body: new URLSearchParams({{a: 1}})}})") == "opaque 0"
        assert browser.run(f"post('{path}', {{mode: 'no-cors', credentials: 'include'}})") == "opaque 0"
        assert browser.run(f"post('{path}')") == "refused"
        assert browser.run(f"post('{path}', {{headers: {{'Content-Type': 'application/json'}}}})") == "refused"
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            browser.run(f"submit('{path}', '{kind}')")
        assert browser.run(f"navigator.sendBeacon(gate + '{path}', body('{path}'))")
        # Three were sent as they are, three by forms, one by the beacon; what asks before is not.
        until(lambda: len(statuses(gate, f"POST {path}")) >= 7, 20, lambda: statuses(gate, f"POST {path}"))
    assert browser.run("post('/sessions/0?_method=DELETE', {mode: 'no-cors'})") == "opaque 0"
    assert browser.run("outcome(fetch(gate + '/sessions/0', {method: 'DELETE'}))") == "refused"
    assert browser.run("outcome(fetch(gate + '/sessions'))") == "refused"
    assert browser.run("listen('/sessions/0/events')") == "refused"
    for tag in ("img", "script"):
        assert browser.run(f"load('{tag}', '/version')") == "failed"
    refused = statuses(gate, "POST /sessions.*") + statuses(gate, "OPTIONS /sessions.*") + statuses(gate, "GET /version")
    assert len(refused) > 20 and set(refused) == {403}
    assert state_of(gate) == before


def test_a_name_that_leads_here_does_nothing(gate, visit):
    """DNS rebinding: for the browser the page and the server are one site."""
    before = state_of(gate)
    browser = visit(f"http://evil.example:{gate.port}/version")
    browser.run(SEND % "" + "1")
    assert browser.run("document.body.textContent").startswith('{"msg":"this server does not go by the name')
    assert browser.run("outcome(fetch('/sessions'))") == "basic 403"
    assert browser.run("post('/sessions', {})") == "basic 403"
    assert browser.run("post('/sessions/0/statements', {headers: {'Content-Type': 'application/json'}})") == "basic 403"
    assert browser.run("outcome(fetch('/sessions/0', {method: 'DELETE'}))") == "basic 403"
    assert browser.run("listen('/sessions/0/events')") == "refused"
    assert state_of(gate) == before


def test_an_allowed_page(gate, site, visit):
    browser = visit(f"http://notebook.example:{site}/")
    browser.run(SEND % f"http://127.0.0.1:{gate.port}" + "1")
    created = browser.run("""
        fetch(gate + "/sessions", {method: "POST", credentials: "include", body: JSON.stringify({kind: "pyspark"}),
                                   headers: {"Content-Type": "application/json", "Idempotency-Key": "one", "X-Requested-By": "page"}})
            .then(async answer => [answer.status, answer.headers.get("Location"), answer.headers.get("X-Request-Id"), (await answer.json()).id])""")
    status, location, request, number = created
    assert status == 201 and location == f"/sessions/{number}" and request
    assert browser.run(f"listen('{location}/events', {{withCredentials: true}})") == "told"
    assert browser.run("fetch(gate + '/sessions/99').then(async answer => [answer.status, await answer.json()])") == [404, {"msg": "Session '99' not found."}]
    assert browser.run(f"outcome(fetch(gate + '{location}', {{method: 'DELETE', credentials: 'include'}}))") == "cors 200"


def test_a_page_of_the_server_itself_and_a_link_to_it(gate, site, visit):
    browser = visit(f"http://evil.example:{site}/")
    here = f"http://127.0.0.1:{gate.port}/ui"
    browser.run(f"void (document.body.appendChild(Object.assign(document.createElement('a'), {{href: '{here}'}})).click())")
    browser.wait_for(here)
    assert browser.run("document.title") == "sparkgate"
    browser.run(SEND % "" + "1")
    assert browser.run("post('/sessions', {headers: {'Content-Type': 'application/json'}, body: '{}'})") == "basic 201"
    assert browser.run("outcome(fetch('/sessions/1', {method: 'DELETE'}))") == "basic 200"
