"""A browser's EventSource: it follows a statement live, and comes again by itself when the server was away."""

import pytest

from blackbox.client import until
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
