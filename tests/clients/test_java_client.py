"""Livy's own Java client, livy-client-http: a program with it opens a session and brings jars and files to it; Scala code
in the session uses them; another run of the program joins the session and ends it."""

import functools
import hashlib
import http.server
import json
import os
import subprocess
import threading
import types

import pytest

from blackbox.client import Session

from .conftest import HERE, Environment

pytestmark = pytest.mark.extra
NO_JOBS = ("Jobs (submit-job, run-job) are not supported: they need Livy's own driver. Send the code as a statement, or "
           "submit the program as a batch.")


def run(*command, deadline=120):
    ended = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           timeout=deadline)
    assert ended.returncode == 0, f"{command}: exit code {ended.returncode}\n{ended.stdout[-4000:]}\n{ended.stderr[-8000:]}"
    return ended.stdout


@pytest.fixture(scope="session")
def java(tmp_path_factory):
    """program(…) runs the program and returns what it saw; jars: those of a user, by the name of their class."""
    directory = tmp_path_factory.mktemp("java")
    classpath = os.pathsep.join([str(directory), *map(str, sorted(Environment("java").directory.rglob("*.jar")))])
    # Not newer than what Spark 3.5 runs on.
    run("javac", "--release", "8", "-Xlint:-options", "-cp", classpath, "-d", directory, *sorted((HERE / "java").glob("*.java")))
    jars = {name: directory / f"{name.lower()}.jar" for name in ("Greeter", "Counter")}
    for name, jar in jars.items():
        run("jar", "cf", jar, "-C", directory, f"demo/{name}.class")

    def program(*arguments):
        # The user's jars are on the class path of neither the program nor the session's driver.
        return json.loads(run("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", classpath, "Program",
                              *arguments).splitlines()[-1])

    return types.SimpleNamespace(program=program, jars=jars, directory=directory)


@pytest.fixture(scope="session")
def web(java):
    """The URL at which the files of `java.directory` are offered: what add-jar and add-file name."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=java.directory)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def opened(gateway, java, web):
    """What the program saw that opened a session, and the session."""
    client = gateway.client.fork()
    (java.directory / "large.bin").write_bytes(os.urandom(3 << 20))
    (java.directory / "note.txt").write_text("from the web")
    before = {view["id"] for view in client.ok("GET", "/sessions")["sessions"]}
    seen = java.program("open", f"http://127.0.0.1:{gateway.port}", "deep blue", java.jars["Greeter"], f"{web}/counter.jar",
                        java.directory / "large.bin", f"{web}/note.txt", "file:/etc/passwd")
    [view] = [each for each in client.ok("GET", "/sessions")["sessions"] if each["id"] not in before]
    yield types.SimpleNamespace(seen=seen, session=Session(client, view))
    client.delete(f"/sessions/{view['id']}")
    client.close()


def test_files_are_brought_and_a_refusal_says_why(opened):
    assert {opened.seen.pop(each) for each in ("uploadJar", "addJar", "uploadFile", "addFile")} == {"done"}, opened.seen
    assert opened.seen == {"forbidden": "java.io.IOException: Bad Request: {\"msg\":\"requirement failed: Local path "
                                        "/etc/passwd cannot be added to user sessions.\"}"}


def test_code_in_the_session_finds_them(opened, java):
    session = opened.session.wait_idle()

    def value(code):
        return session.text(code, "spark").rstrip("\n").partition(" = ")[2]

    def of_file(name):
        return f'java.nio.file.Files.readAllBytes(java.nio.file.Paths.get(org.apache.spark.SparkFiles.get("{name}")))'

    assert value('spark.conf.get("spark.sparkgate.colour")') == "deep blue"
    assert value('demo.Greeter.greet("Ada")') == "Good morning, Ada"
    assert value('sc.parallelize(Seq("a", "bcd"), 2).map(demo.Counter.count(_)).sum') == "4.0"
    assert value(f'new String({of_file("note.txt")})') == "from the web"
    digest = f'java.security.MessageDigest.getInstance("SHA-256").digest({of_file("large.bin")})'
    assert value(digest + '.map("%02x".format(_)).mkString') == hashlib.sha256((java.directory / "large.bin").read_bytes()).hexdigest()


def test_a_job_is_refused_with_a_reason_and_the_session_ends(gateway, java, opened):
    seen = java.program("close", f"http://127.0.0.1:{gateway.port}{opened.session.path}")
    refusal = f'java.io.IOException: Not Implemented: {{"msg":"{NO_JOBS}"}}'
    assert seen.pop("gone").endswith(f"Not Found: {{\"msg\":\"Session '{opened.session.id}' not found.\"}}")
    assert seen == {"submit": refusal, "state": "FAILED", "run": refusal}
    assert opened.session.client.get(opened.session.path).status == 404
