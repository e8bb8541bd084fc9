"""The program as an operator meets it: arguments, configuration, exit codes, start and stop. Needs no Spark."""

import os
import re
import signal
import socket
import subprocess

import pytest

from blackbox import gateway as gateways
from blackbox.client import Client, until


@pytest.fixture
def serve(directory, fake_spark_home):
    """serve(*arguments) runs `sparkgate serve` with a Spark and a state directory that are all right."""

    def run(*arguments, spark_home=fake_spark_home, **environment):
        return gateways.run("serve", "--set", "server.port=0", "--set", f"state.dir={directory}/state", *arguments,
                            environment={**os.environ, "SPARK_HOME": str(spark_home), **environment})

    return run


@pytest.fixture
def server(directory, fake_spark_home):
    """server(**settings) starts a server; it is ended with the test."""
    started = []

    def start(**options):
        started.append(gateways.Gateway(directory / f"server{len(started)}", fake_spark_home, **options))
        return started[-1].start()

    yield start
    for one in started:
        one.stop()
        assert one.leftovers() == {}


def fails_with(code, answer, *words):
    """One line on stderr that holds `words`, nothing on stdout, this exit code."""
    assert answer.returncode == code, answer
    assert answer.stdout == ""
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    for word in words:
        assert str(word) in answer.stderr, answer.stderr


def test_version():
    answer = gateways.run("--version")
    assert answer.returncode == 0
    assert re.fullmatch(r"sparkgate \d+\.\d+\.\d+\n", answer.stdout), answer.stdout


def test_help_names_the_commands_and_exit_codes():
    answer = gateways.run("--help")
    assert answer.returncode == 0
    for word in ("serve", "config", "--version"):
        assert word in answer.stdout
    for code in range(2, 9):
        assert re.search(rf"\b{code} [a-z]", answer.stdout), f"exit code {code} is not explained:\n{answer.stdout}"


def test_help_of_serve_names_its_options():
    answer = gateways.run("serve", "--help")
    assert answer.returncode == 0
    for word in ("--config", "--set", "--port-file"):
        assert word in answer.stdout


@pytest.mark.parametrize("arguments", [[], ["--nope"], ["nope"], ["serve", "--nope"], ["serve", "--port-file"]])
def test_bad_usage(arguments):
    answer = gateways.run(*arguments)
    assert answer.returncode == 2 and "--help" in answer.stderr, answer
    assert arguments[:1] != ["serve"] or arguments[-1].lstrip("-") in answer.stderr


def test_bad_key(serve):
    fails_with(3, serve("--set", "server.prot=1"), "server.prot", "server.port")


def test_a_line_that_is_no_assignment(serve, directory):
    file = directory / "bad.conf"
    file.write_text("# fine\nserver.port = 0\n= 3\n")
    fails_with(3, serve("--config", file), f"{file}:3")


@pytest.mark.parametrize("assignment", ["server.port=many", "server.port=70000", "statement.poll-hold=soon",
                                        "server.cancel.escalation=perhaps", "repl.scala-prestart=maybe"])
def test_bad_value(serve, assignment):
    key, value = assignment.split("=")
    fails_with(4, serve("--set", assignment), key, value, "expected")


def test_bad_value_in_a_file_names_its_line(serve, directory):
    file = directory / "bad.conf"
    file.write_text("# comment\n\nlivy.server.session.max-creation = none\n")
    fails_with(4, serve("--config", file), f"{file}:3", "server.session.max-creation")


def test_config_file_that_is_not_there(serve, directory):
    fails_with(5, serve("--config", directory / "nowhere.conf"), directory / "nowhere.conf")


def test_port_taken(serve):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fails_with(6, serve("--set", f"server.port={port}"), port, "in use")


def test_address_that_is_not_ours(serve):
    fails_with(6, serve("--set", "server.host=192.0.2.1",
                        "--set", "server.allow-remote-without-authentication=true"), "192.0.2.1")


def test_remote_access_needs_authentication(serve):
    fails_with(6, serve("--set", "server.host=0.0.0.0"), "0.0.0.0", "server.allow-remote-without-authentication")


def test_impersonation_needs_authentication(serve, server):
    fails_with(4, serve("--set", "impersonation.enabled=true"), "impersonation.enabled",
               "server.allow-impersonation-without-authentication")
    assert server(settings=gateways.IMPERSONATION).client.get("/version").status == 200


def test_no_spark(serve, directory):
    fails_with(7, serve(spark_home=directory / "no-spark"), "SPARK_HOME", directory / "no-spark")


def test_configured_spark_home_is_not_skipped(serve, directory):
    fails_with(7, serve("--set", f"server.spark-home={directory}/no-spark"), "server.spark-home", directory / "no-spark")


def test_state_directory_cannot_be_made(serve, directory):
    (directory / "file").write_text("in the way")
    fails_with(8, serve("--set", f"state.dir={directory}/file/state"), "state.dir", f"{directory}/file")


def test_state_directory_in_use(serve, server):
    running = server()
    fails_with(8, serve("--set", f"state.dir={running.state_dir}"), running.state_dir, "in use")
    assert running.client.get("/version").status == 200


def test_port_file_is_written_once_the_server_accepts(server):
    running = server()
    assert re.fullmatch(r"\d+\n", running.port_file.read_text())
    assert running.client.get("/sessions").status == 200
    assert [file.name for file in running.directory.iterdir() if "port" in file.name] == ["port"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_stop(server, stop):
    running = server()
    running.process.send_signal(stop)
    assert running.process.wait(30) == 0
    assert not list(running.state_dir.rglob("*.sock"))


def test_stop_ends_the_sessions(server):
    running = server()
    running.client.create(kind="pyspark", conf={"spark.fake.tree": "1"}).wait_idle()
    assert gateways.processes_with(str(running.directory))
    assert running.stop() == 0
    until(lambda: not gateways.processes_with(str(running.directory)), 20,
          lambda: gateways.processes_with(str(running.directory)))


def test_a_request_in_flight_is_answered_before_the_end(server):
    running = server(settings={"statement.poll-hold": "20s"})
    session = running.client.create(kind="pyspark", conf={"spark.fake.start": f"{running.directory}/go"})
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.sendall(f"GET {session.path}?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert running.client.get("/version").status == 200  # sent later and answered: the first is being held
        running.begin_stop()
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer
    assert running.process.wait(20) == 0


def test_requests_that_meet_the_stop_are_answered(server):
    """What was begun before is done and answered, its connection is closed behind it, and nobody new gets in."""
    running = server()
    session = running.client.create(kind="pyspark").wait_idle()
    bodies = {"/sessions": b'{"kind":"pyspark"}', session.path + "/statements": b'{"code":"say late"}'}
    late = []
    for path, body in bodies.items():
        late.append(socket.create_connection(("127.0.0.1", running.port), timeout=30))
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
        late[-1].sendall(head.encode())
        assert late[-1].recv(100).startswith(b"HTTP/1.1 100"), "the server waits for the body"
    idle = socket.create_connection(("127.0.0.1", running.port), timeout=30)
    assert running.client.get("/version").status == 200
    running.begin_stop()
    assert idle.recv(100) == b"", "an idle connection is closed"
    for connection, body in zip(late, bodies.values()):
        connection.sendall(body)
        answer = connection.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 201 Created\r\n") and b"\r\nConnection: close\r\n" in answer, answer
        connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", running.port), timeout=30)
    assert running.process.wait(30) == 0
    until(lambda: not gateways.processes_with(str(running.directory)), 20,
          lambda: gateways.processes_with(str(running.directory)))


def test_unknown_key_in_a_file_is_a_warning(directory):
    file = directory / "old.conf"
    file.write_text("livy.server.prot = 8998\nlivy.server.session.max-creation = 7\nspark.master local[1]\n")
    answer = gateways.run("config", "--config", file)
    assert answer.returncode == 0
    assert f"{file}:1" in answer.stderr and "did you mean server.port?" in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


def config_lines(*arguments, **options):
    answer = gateways.run("config", *arguments, **options)
    assert answer.returncode == 0, answer
    return answer.stdout.splitlines()


def line_of(lines, key):
    found = [line for line in lines if re.match(rf"{re.escape(key)}\b(?![.-])", line)]
    assert len(found) == 1, (key, lines)
    return found[0]


def test_config_shows_value_default_and_origin(directory):
    file = directory / "sparkgate.conf"
    file.write_text("livy.server.port = 8080\n# comment\nrsc.sql.num-rows 5\n")
    lines = config_lines("--config", file, "--set", "spark.master=local[3]", "--set", "livy.rsc.retained-statements=9")
    for key, parts in {"server.port": ["8080", "8998", f"{file}:1"], "rsc.sql.num-rows": ["5", "1000", f"{file}:3"],
                       "spark.master": ["local[3]", "local[*]", "--set"], "server.host": ["127.0.0.1", "default"],
                       "rsc.retained-statements": ["9", "100", "--set"]}.items():
        for part in parts:
            assert part in line_of(lines, key), line_of(lines, key)


def test_config_file_from_the_environment(directory):
    file = directory / "other.conf"
    file.write_text("server.port=4321\n")
    lines = config_lines(environment={**os.environ, "SPARKGATE_CONF": str(file)})
    assert "4321" in line_of(lines, "server.port")


def test_config_of_a_bad_value_fails_like_serve(directory):
    fails_with(4, gateways.run("config", "--set", "server.port=x"), "server.port")


def test_closed_stdout_does_not_kill_the_server(directory, fake_spark_home):
    """The terminal is gone, the server stays."""
    running = gateways.Gateway(directory, fake_spark_home)
    reader, writer = os.pipe()
    port_file = directory / "port"
    process = subprocess.Popen([gateways.BINARY, "serve", "--set", "server.port=0", "--set",
                                f"state.dir={directory}/state", "--port-file", port_file],
                               stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, env=running.environment)
    os.close(writer)
    try:
        until(port_file.exists, 30, "server up")
        os.close(reader)
        client = Client(int(port_file.read_text()))
        for _ in range(3):
            assert client.get("/sessions").status == 200
    finally:
        process.terminate()
        assert process.wait(30) == 0
