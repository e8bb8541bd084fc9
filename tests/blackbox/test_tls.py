"""The server speaks TLS: with real certificates, from the start to the end. Needs no Spark."""

import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from blackbox import gateway as gateways
from blackbox import streams
from blackbox.certificates import CertificateAuthority, openssl
from blackbox.client import Client, until


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return CertificateAuthority(tmp_path_factory.mktemp("certificates"), "authority")


@pytest.fixture(scope="module")
def server_certificate(authority):
    return authority.issue("server")


@pytest.fixture
def serve_tls(serve, authority, server_certificate):
    """serve_tls(settings) starts a server with a certificate; its clients trust it."""

    def start(settings=None, shown=None):
        return serve({"server.tls.certificate": server_certificate.file, "server.tls.key": server_certificate.key,
                      **(settings or {})}, tls=authority.trusted(shown))

    return start


@pytest.fixture
def secure(serve_tls):
    return serve_tls()


@pytest.fixture
def start_fails(fake_spark_home, tmp_path):
    """start_fails(settings) starts a server that must refuse to; returns its exit code and its one line."""

    def start(settings):
        assignments = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        answer = gateways.run("serve", "--set", "server.port=0", "--set", f"state.dir={tmp_path}/state", *assignments,
                              environment={**os.environ, "SPARK_HOME": str(fake_spark_home)})
        assert answer.stdout == "" and len(answer.stderr.splitlines()) == 1, answer
        assert not (tmp_path / "state").exists()
        return answer.returncode, answer.stderr

    return start


def connect(server, context=None, timeout=30):
    """A TLS connection whose end without a close_notify is an error."""
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=timeout)
    return (context or server.tls).wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False)


def read_all(connection):
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def certificate_of(server):
    with connect(server) as connection:
        return dict(field[0] for field in connection.getpeercert()["subject"])["commonName"]


GET_VERSION = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_a_session_over_https(secure):
    assert f"Starting server on https://127.0.0.1:{secure.port} " in secure.log()
    assert "TLS: certificate of CN=server, valid until 2" in secure.log()
    session = secure.client.create(kind="pyspark").wait_idle()
    assert session.text("say hello") == "hello"
    assert session.delete().status == 200


def test_strict_transport_security_is_sent_over_tls_only(secure, client):
    header = "Strict-Transport-Security"
    assert secure.client.get("/version").headers[header] == "max-age=31536000; includeSubDomains"
    assert header not in client.get("/version").headers
    plain = Client(secure.port)
    refused = plain.get("/version")
    plain.close()
    assert refused.status == 400 and header not in refused.headers


def test_strict_transport_security_may_be_left_out(serve_tls):
    server = serve_tls({"server.http.header.Strict-Transport-Security": ""})
    assert "Strict-Transport-Security" not in server.client.get("/version").headers


def context_of_version(authority, version):
    context = authority.trusted()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_versions(secure, serve_tls, authority):
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        with connect(secure, context_of_version(authority, version)) as connection:
            assert connection.version() == name
    newest = serve_tls({"server.tls.min-version": "1.3"})
    for server, version in ((secure, ssl.TLSVersion.TLSv1_1), (newest, ssl.TLSVersion.TLSv1_2)):
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            connect(server, context_of_version(authority, version))
        assert server.client.get("/version").status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_no_cbc_with_sha_1(secure, serve_tls, authority):
    """Only where the operator wants it."""
    old = context_of_version(authority, ssl.TLSVersion.TLSv1_2)
    old.set_ciphers("ECDHE+SHA1:RSA+SHA1:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        connect(secure, old)
    with connect(serve_tls({"server.tls.ciphers": ""}), old) as connection:
        assert connection.cipher()[0].endswith("-SHA")


def test_files_that_cannot_be_used_stop_the_start(start_fails, authority, server_certificate, tmp_path):
    other = authority.issue("other")
    encrypted = tmp_path / "encrypted.key"
    openssl("pkey", "-in", server_certificate.key, "-aes256", "-passout", "pass:hunter2", "-out", encrypted)
    wrong = tmp_path / "password"
    wrong.write_text("hunter3\n")

    def refused(**changes):
        settings = {"certificate": server_certificate.file, "key": server_certificate.key, **changes}
        return start_fails({f"server.tls.{key.replace('_', '-')}": value for key, value in settings.items()})

    assert refused(certificate="/nowhere.pem") == (
        5, "sparkgate: TLS: cannot open /nowhere.pem: No such file or directory\n")
    assert refused(certificate=server_certificate.key) == (
        5, f"sparkgate: TLS: {server_certificate.key}: holds no certificate in PEM format\n")
    assert refused(key=other.key) == (5, f"sparkgate: TLS: {other.key}: is not the key of the certificate in "
                                         f"{server_certificate.file}\n")
    assert refused(key=encrypted) == (5, f"sparkgate: TLS: {encrypted}: is encrypted: server.tls.key-password-file has "
                                         "to name a file with its password\n")
    code, line = refused(key=encrypted, key_password_file=wrong)
    assert code == 5 and str(encrypted) in line and str(wrong) in line and "hunter" not in line
    assert refused(client_auth="required", client_ca="/nowhere.pem")[0] == 5


@pytest.mark.parametrize("settings, words", [
    ({"server.tls.key": "/k.pem"}, "server.tls.key needs server.tls.certificate"),
    ({"server.tls.client-auth": "required"}, "server.tls.client-auth needs server.tls.certificate"),
    ({"server.tls.certificate": "/c.pem", "server.tls.client-auth": "required"}, "needs server.tls.client-ca"),
    ({"server.tls.certificate": "/c.pem", "server.tls.client-ca": "/ca.pem"}, "needs server.tls.client-auth"),
    ({"server.tls.min-version": "1.1"}, "expected one of 1.2 1.3"),
])
def test_keys_that_would_protect_nothing_stop_the_start(start_fails, settings, words):
    code, line = start_fails(settings)
    assert code == 4 and words in line


def test_an_encrypted_key(serve_tls, server_certificate, tmp_path):
    key, password = tmp_path / "encrypted.key", tmp_path / "password"
    openssl("pkey", "-in", server_certificate.key, "-aes256", "-passout", "pass:hunter2", "-out", key)
    password.write_text("hunter2\n")
    password.chmod(0o644)
    server = serve_tls({"server.tls.key": key, "server.tls.key-password-file": password})
    assert server.client.get("/version").status == 200
    assert f"TLS: {password} can be read by every user of this host" in server.log()
    assert "hunter2" not in server.log()


@pytest.mark.skipif(shutil.which("keytool") is None, reason="there is no keytool")
def test_a_keystore_of_livy_is_converted_as_the_message_says(serve, start_fails, tmp_path):
    def run(command):
        done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done

    run("keytool -genkeypair -storetype JKS -keystore livy.jks -storepass changeit -keypass changeit -keyalg RSA "
        "-alias livy -dname CN=localhost -ext san=dns:localhost,ip:127.0.0.1 -validity 2")
    code, line = start_fails({"livy.keystore": tmp_path / "livy.jks"})
    assert code == 4 and "server.tls.certificate" in line and "server.tls.key" in line
    keytool, certificate, key = line.split("`")[1::2]
    run(keytool.replace("OLD", "livy.jks") + " -srcstorepass changeit -deststorepass changeit")
    run(certificate + " -passin pass:changeit")
    run(key + " -passin pass:changeit -passout pass:changeit")
    (tmp_path / "password").write_text("changeit")
    server = serve({"server.tls.certificate": tmp_path / "certificate.pem", "server.tls.key": tmp_path / "key.pem",
                    "server.tls.key-password-file": tmp_path / "password"},
                   tls=ssl.create_default_context(cafile=tmp_path / "certificate.pem"))
    assert server.client.get("/version").status == 200


def test_client_certificates_that_are_required(serve_tls, authority):
    server = serve_tls({"server.tls.client-auth": "required", "server.tls.client-ca": authority.file},
                       shown=authority.issue("alice", "/OU=etl/CN=alice"))
    assert server.client.get("/version").status == 200
    until(lambda: "/version 200 " in server.log(), 10, server.log)
    assert " us by CN=alice,OU=etl\n" in server.log()
    nobody = authority.trusted()
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
        with connect(server, nobody) as connection:
            connection.sendall(GET_VERSION)
            connection.recv(100)


def test_client_certificates_that_are_optional(serve_tls, authority, tmp_path):
    server = serve_tls({"server.tls.client-auth": "optional", "server.tls.client-ca": authority.file})
    assert server.client.get("/version").status == 200
    stranger = CertificateAuthority(tmp_path, "stranger").issue("mallory")
    with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
        with connect(server, authority.trusted(stranger)) as connection:
            connection.sendall(GET_VERSION)
            connection.recv(100)


def reload(server, words):
    """SIGHUP, and the line of the log that it has to lead to."""
    before = server.log().count(words)
    server.process.send_signal(signal.SIGHUP)
    until(lambda: server.log().count(words) > before, 10, lambda: f"{words!r} in {server.log()}")


def test_a_renewed_certificate_is_taken_without_a_restart(serve_tls, authority, tmp_path):
    first, second = authority.issue("first"), authority.issue("second")
    files = {"server.tls.certificate": tmp_path / "certificate.pem", "server.tls.key": tmp_path / "key.pem"}

    def install(certificate):
        shutil.copy(certificate.file, tmp_path / "certificate.pem")
        shutil.copy(certificate.key, tmp_path / "key.pem")

    install(first)
    server = serve_tls(files)
    assert certificate_of(server) == "first"
    with connect(server) as old:
        old.sendall(GET_VERSION)
        assert old.recv(65536).startswith(b"HTTP/1.1 200")
        install(second)
        assert certificate_of(server) == "first", "only when it is asked for"
        reload(server, "TLS: certificate of CN=second, valid until")
        assert certificate_of(server) == "second"
        old.sendall(GET_VERSION)
        assert old.recv(65536).startswith(b"HTTP/1.1 200"), "who is connected stays so"
    shutil.copy(first.key, tmp_path / "key.pem")
    reload(server, f"TLS goes on as it was: TLS: {tmp_path}/key.pem: is not the key of the certificate")
    assert certificate_of(server) == "second"
    (tmp_path / "certificate.pem").unlink()
    reload(server, f"TLS goes on as it was: TLS: cannot open {tmp_path}/certificate.pem")
    assert certificate_of(server) == "second"
    install(first)
    reload(server, "TLS: certificate of CN=first, valid until")
    assert certificate_of(server) == "first"


def test_the_keys_of_tls_are_read_again(serve, authority, server_certificate, tmp_path):
    file = tmp_path / "sparkgate.conf"
    tls = f"server.tls.certificate = {server_certificate.file}\nserver.tls.key = {server_certificate.key}\n"
    file.write_text(tls)
    server = serve(environment={"SPARKGATE_CONF": str(file)}, tls=authority.trusted())
    assert server.client.get("/version").status == 200
    file.write_text(tls + f"server.tls.client-auth = required\nserver.tls.client-ca = {authority.file}\n")
    reload(server, "TLS: certificate of CN=server")
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
        with connect(server) as connection:
            connection.recv(1)
    assert server.client.get("/version").status == 200, "who is connected stays so"
    assert "takes effect at the next start" not in server.log()
    file.write_text("server.host = 127.0.0.1\n")
    reload(server, "TLS goes on as it was, and ends at the next start")
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
        with connect(server) as connection:
            connection.recv(1)


def test_a_server_without_tls_gets_it_at_the_next_start(serve, server_certificate, tmp_path):
    file = tmp_path / "sparkgate.conf"
    file.write_text("")
    server = serve(environment={"SPARKGATE_CONF": str(file)})
    file.write_text(f"server.tls.certificate = {server_certificate.file}\nserver.tls.key = {server_certificate.key}\n")
    reload(server, "server.tls.key has changed: it takes effect at the next start")
    assert Client(server.port).get("/version").status == 200


def test_plain_http_is_told_to_use_https(secure):
    answer = Client(secure.port).get("/sessions")
    assert answer.status == 400
    assert answer.json == {"msg": f"this port speaks TLS: use https://127.0.0.1:{secure.port}"}
    assert answer.headers["Connection"] == "close"
    created = Client(secure.port).post("/sessions", {"kind": "pyspark"})
    assert created.status == 400
    assert secure.client.ok("GET", "/sessions")["total"] == 0


def test_handshakes_that_do_not_come_to_an_end(serve_tls):
    server = serve_tls({"server.header-timeout": "300ms"})
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as silent, \
            socket.create_connection(("127.0.0.1", server.port), timeout=30) as slow, \
            socket.create_connection(("127.0.0.1", server.port), timeout=30) as garbage:
        slow.sendall(b"\x16\x03\x01")
        garbage.sendall(b"\x16" + os.urandom(1000).replace(b"\x16", b"\x17"))
        assert server.client.get("/version").status == 200, "others are served meanwhile"
        assert read_all(silent) == b"" and read_all(slow) == b""
        assert read_all(garbage)[:1] in (b"", b"\x15")  # an alert
    until(lambda: server.log().count("TLS handshake with 127.0.0.1: too slow") == 2, 10, server.log)
    assert "[error]" not in server.log() and "[warn" not in server.log()


def test_large_bodies_both_ways(secure):
    session = secure.client.create(kind="pyspark").wait_idle()
    code = "say " + os.urandom(4 << 20).hex()
    statement = session.wait(session.submit(code))
    assert statement["code"] == code


def test_pipelined_requests(secure):
    with connect(secure) as connection:
        connection.sendall(GET_VERSION * 500)
        received = b""
        while received.count(b"HTTP/1.1 200 OK\r\n") < 500 or not received.endswith(b"}"):
            part = connection.recv(65536)
            assert part, received[-1000:]
            received += part


def test_many_connect_at_once(secure):
    async def ask():
        reader, writer = await asyncio.open_connection("127.0.0.1", secure.port, ssl=secure.tls,
                                                       server_hostname="localhost")
        writer.write(GET_VERSION.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answer = await reader.read()
        writer.close()
        return answer

    async def ask_all():
        return await asyncio.wait_for(asyncio.gather(*(ask() for _ in range(200))), 60)

    answers = asyncio.run(ask_all())
    assert [answer[:15] for answer in answers] == [b"HTTP/1.1 200 OK"] * 200
    until(lambda: secure.descriptors() < 60, 20, lambda: f"{secure.descriptors()} descriptors")


def test_a_client_that_does_not_read_is_cut(serve_tls):
    server = serve_tls({"server.write-timeout": "300ms"})
    with connect(server) as deaf, pytest.raises(OSError):
        while True:
            deaf.sendall(GET_VERSION * 1000)
    until(lambda: "write to 127.0.0.1: too slow" in server.log(), 10, lambda: server.log()[-2000:])
    assert server.client.get("/version").status == 200


def test_a_stop_lets_nobody_see_a_reset(serve_tls):
    server = serve_tls({"statement.poll-hold": "20s"})
    session = server.client.create(kind="pyspark", conf={"spark.fake.start": f"{server.directory}/go"})
    idle, held, fresh = connect(server), connect(server), connect(server)
    idle.sendall(GET_VERSION)
    assert idle.recv(65536).startswith(b"HTTP/1.1 200")
    held.sendall(f"GET {session.path}?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert server.client.get("/version").status == 200  # sent later and answered: the others have been read
    silent = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    assert server.client.get("/version").status == 200
    server.begin_stop()
    answer = read_all(held)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and b"\r\nConnection: close\r\n" in answer
    assert read_all(idle) == b"" and read_all(fresh) == b"", "each of them with a close_notify"
    assert silent.recv(1) == b""
    for connection in (idle, held, fresh, silent):
        connection.close()
    assert server.process.wait(30) == 0


# ---- answers that come piece by piece

@pytest.fixture
def streaming(serve_tls):
    """A server at which only what happens wakes a stream, and an idle session there."""
    server = serve_tls({"server.events.heartbeat": "1h", "server.write-timeout": "500ms", "server.min-transfer-rate": "1m",
                        "statement.output-limit": "48m"})
    return server, server.client.create(kind="pyspark").wait_idle()


def test_events_and_a_followed_log(streaming, tmp_path):
    server, session = streaming
    number = session.submit(f"steps {tmp_path}/go text")
    with streams.Events(server.port, f"{session.path}/statements/{number}/events", tls=server.tls) as events, \
            streams.Stream(server.port, session.path + "/log?follow=true", tls=server.tls) as log:
        assert events.until("output")[-1].data["text"] == "text"
        assert b"queued" in log.line()
        assert session.statement(number)["state"] == "running"
        (tmp_path / "go").touch()
        assert [event.name for event in events][-2:] == ["result", "end"]
        assert session.delete().status == 200
        assert "spark-submit has ended" in log.rest()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_clients_of_streams_that_go_are_noticed(streaming, authority, version):
    """With a close_notify, without one, and with a request sent meanwhile."""
    server, session = streaming
    before = server.sockets()
    context = context_of_version(authority, version)
    watching = [connect(server, context) for _ in range(9)]
    for each in watching:
        each.sendall(f"GET {session.path}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        data = b""
        while b"event: state" not in data:
            data += each.recv(65536)
    assert server.sockets() >= before + 9
    for each in watching[::3]:
        each.unwrap().close()  # returns with the server's own close_notify
    for each in watching[1::3]:
        each.sendall(GET_VERSION)
    for each in watching:
        each.close()
    until(lambda: server.sockets() == before, 20, lambda: f"{server.sockets()} sockets, {before} before")


@pytest.mark.unsanitized
def test_a_stream_that_is_not_read_costs_no_memory_and_is_cut(streaming):
    server, session = streaming
    session.run("flood 8")
    before = server.sockets()
    with server.memory_bounded(24 * 1024):
        number = session.submit("flood 48")
        with connect(server) as connection:
            connection.sendall(f"GET {session.path}/statements/{number}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            until(lambda: server.sockets() == before + 1, 20, "the client is there")
            assert session.wait(number)["state"] == "available"
            until(lambda: server.sockets() == before, 30, "the client was cut")
        with streams.Events(server.port, f"{session.path}/statements/{number}/events", tls=server.tls) as events:
            assert sum(len(event.data["text"]) for event in events if event.name == "output") == 48 << 20


def test_the_servers_stop_ends_streams(streaming):
    server, session = streaming
    with streams.Events(server.port, session.path + "/events", tls=server.tls) as events:
        assert events.next().name == "state"
        server.begin_stop()
        assert list(events) == []
