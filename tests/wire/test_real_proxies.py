"""A real nginx and HAProxy in front that let only /version through: no spelling of a path gets beyond it.

Each spelling is sent as a POST that would create a session, and as one that would post a statement, to rules of every
kind that these proxies have.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess

import pytest

from blackbox.client import until

pytestmark = pytest.mark.extra

NGINX = """
daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log; {user}
events {{}}
http {{
    access_log off; {options}
    client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2; fastcgi_temp_path {directory}/t3;
    uwsgi_temp_path {directory}/t4; scgi_temp_path {directory}/t5;
    server {{
        listen unix:{directory}/front;
        {rule} {{ proxy_pass http://127.0.0.1:{port}{uri}; proxy_set_header Host localhost; }}
        location / {{ return 410; }}
    }}
}}
"""
HAPROXY = """
global
    expose-experimental-directives
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
frontend front
    bind {directory}/front mode 666
    {options}
    http-request deny deny_status 410 unless {rule}
    http-request set-header Host localhost
    default_backend gate
backend gate
    server gate 127.0.0.1:{port}
"""
FRONTS = {
    "nginx prefix": (NGINX, dict(rule="location /version", uri="", options="")),
    "nginx prefix with a URI": (NGINX, dict(rule="location /version", uri="/version", options="")),
    "nginx exact": (NGINX, dict(rule="location = /version", uri="", options="")),
    "nginx pattern": (NGINX, dict(rule="location ~ ^/version", uri="", options="")),
    "nginx slashes as they are": (NGINX, dict(rule="location /version", uri="", options="merge_slashes off;")),
    "nginx pattern at the end": (NGINX, dict(rule="location ~* /version$", uri="", options="")),
    "haproxy prefix": (HAPROXY, dict(rule="{ path_beg /version }", options="")),
    "haproxy exact": (HAPROXY, dict(rule="{ path /version }", options="")),
    "haproxy end": (HAPROXY, dict(rule="{ path_end /version }", options="")),
    "haproxy directory": (HAPROXY, dict(rule="{ path_dir version }", options="")),
    "haproxy anything in it": (HAPROXY, dict(rule="{ path_sub /version }", options="")),
    "haproxy decoded": (HAPROXY, dict(rule="{ path,url_dec -m beg /version }", options="")),
    "haproxy whole url": (HAPROXY, dict(rule="{ url_beg /version }", options="")),
    "haproxy normalized": (HAPROXY, dict(rule="{ path_beg /version }", options=(
        "option accept-invalid-http-request\n    http-request normalize-uri path-merge-slashes"))),
}
WAYS = ["", "/", "//", "/.", "/..", "/../", "/./", "/..;/", "/.;/", ";/", ";/../", ";x=1/../", "/%2e%2e/", "/%2e%2e%2f", "/..%2f", "%2f..%2f", "/%252e%252e/",
        "/..%252f", "/..%5c", "/..\\", "\\..\\", "%5c..%5c", "%3b/../", "/..%3b/", "?/../", "%3f/../", "#/../", "%23/../", "%00/../", "%0a/../", "%20/../",
        "/%c0%ae%c0%ae/", "/.%2e/", "/%2e./", "/x/../../", "//../", "/..//", "%2f%2f", "/;/../", "/;x/", "@localhost/../", ":80/../", "/....//", "%09/../", "*"]
TARGETS = {"sessions": '{"kind":"pyspark"}', "sessions/0/statements": '{"code":"1"}'}  # and what they would take


def spellings(target):
    for way in WAYS:
        yield f"/version{way}{target}"
        yield f"/{target}{way}version"
        yield f"/{target}{way}../version"
        yield f"/{target}{way}../../../version"
        yield f"//{target}{way}/version"
        yield f"http://localhost/version{way}{target}"
        yield f"http://localhost/{target}{way}version"
        yield f"/version{way}{target.replace('/', '%2f')}"
        yield f"/version{way}%73{target[1:]}"
    yield from (f"/{target}", f"//{target}", f"/%73{target[1:]}", f"http://localhost/{target}", f"/{target}?/version", f"/{target};/version",
                f"/{target}%3f/version", f"/{target}#/version", f"http://localhost/version/..//{target}", f"http://version/{target}")


def ask(front, request):
    """The status of the answer; nothing where the proxy closed without one."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection, contextlib.suppress(ConnectionError):
        connection.settimeout(20)
        connection.connect(str(front))
        connection.sendall(request)
        answer = b""
        while some := connection.recv(1 << 16):
            answer += some
        found = re.match(rb"HTTP/1\.[01] (\d+) ", answer)
        return found and int(found[1])


@pytest.fixture(params=FRONTS)
def front(request, gateway, tmp_path):
    """The socket of a proxy in front of the server."""
    text, settings = FRONTS[request.param]
    program = shutil.which("nginx" if text is NGINX else "haproxy", path=os.environ["PATH"] + ":/usr/sbin")
    assert program, "not installed: scripts/setup --with-tests --all-clients"
    user = f"user {subprocess.check_output(['id', '-un'], text=True).strip()};" if os.geteuid() == 0 else ""
    rules = tmp_path / "conf"
    rules.write_text(text.format(directory=tmp_path, port=gateway.port, user=user, **settings))
    command = [program, "-p", tmp_path, "-c", rules] if text is NGINX else [program, "-db", "-f", rules]
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        allowed = b"GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        until(lambda: process.poll() is not None or ((tmp_path / "front").exists() and ask(tmp_path / "front", allowed) == 200), 20,
              lambda: (tmp_path / "log").read_text())
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield tmp_path / "front"
    finally:
        process.terminate()
        process.wait()


def test_nothing_gets_beyond_the_rule(gateway, session, front):
    """What is refused may be so by the proxy (410, 400) or by the server; what matters is that nothing was done."""
    def seen():
        return gateway.client.get("/sessions").json["total"], session.submit("0")
    total, number = seen()
    statuses = {}
    for target, body in TARGETS.items():
        for path in dict.fromkeys(spellings(target)):
            request = (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                       f"Connection: close\r\n\r\n{body}").encode()
            statuses.setdefault(ask(front, request), []).append(path)
    assert set(statuses) <= {None, 400, 403, 404, 405, 414, 410}, {status: paths[:5] for status, paths in statuses.items()}
    assert 410 in statuses and set(statuses) & {400, 404, 405}, "both have refused something"
    assert seen() == (total, number + 1)
