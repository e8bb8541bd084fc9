#!/usr/bin/env python3
"""The HTTP front beside nginx: the same bytes, one worker, no access log, both on one core, wrk on another; ratios of one run.

Needs wrk and nginx (Debian: apt-get install wrk nginx-light). No Spark: the drivers are those of the tests.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from common import fake_spark_home, gateway, median, parse_arguments, row, table

from blackbox.client import Client, until

CONNECTIONS = 64
SECONDS = 2
SESSIONS = 100
SERVER_CORE, WRK_CORE = 0, 1
PORT = 18997  # of nginx, which cannot say which free one it took


def pin(pid):
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), {SERVER_CORE})


def location(directory, path, kind, body):
    """A location that answers with this body: out of the configuration, or where it is too long for that, out of a file."""
    path = path.split("?")[0]
    if len(body) < 4000:
        escaped = body.replace("\\", "\\\\").replace("'", "\\'")
        return f"    location = {path} {{ default_type {kind}; return 200 '{escaped}'; }}"
    file = pathlib.Path(directory) / path.strip("/").replace("/", "-")
    file.write_text(body)
    return f"    location = {path} {{ default_type {kind}; alias {file}; }}"


def nginx_config(directory, port, answers):
    locations = "\n".join(location(directory, path, *answer) for path, answer in answers.items())
    return f"""
daemon off;
worker_processes 1;
pid {directory}/pid;
error_log {directory}/error.log;
events {{ worker_connections 12000; }}
http {{
  access_log off;
  sendfile on;
  open_file_cache max=10 inactive=1h;
  keepalive_requests 1000000000;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port};
{locations}
  }}
}}
"""


@contextlib.contextmanager
def nginx(answers, port):
    with tempfile.TemporaryDirectory(prefix="sg-nginx-") as directory:
        os.chmod(directory, 0o755)
        config = pathlib.Path(directory) / "nginx.conf"
        config.write_text(nginx_config(directory, port, answers))
        process = subprocess.Popen(["nginx", "-p", directory, "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            client = Client(port)

            def is_up():
                with contextlib.suppress(OSError):
                    return client.get("/").status

            until(is_up, 10, "nginx is up")
            for child in subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split():
                pin(int(child))
            for path, (_, body) in answers.items():
                assert client.get(path).text == body, path
            yield
        finally:
            process.terminate()
            process.wait()


def wrk(port, path, connections=CONNECTIONS, seconds=SECONDS):
    """(requests a second, p50 ms, p99 ms)."""
    out = subprocess.run(["taskset", "-c", str(WRK_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
                          f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    units = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    times = [float(number) * units[unit] for number, unit in re.findall(r"(?:50|99)%\s+([\d.]+)(us|ms|s)", out)]
    return rate, *times


def compare(server, paths, runs):
    answers = {}
    for path in paths:
        got = server.client.get(path)
        assert "$" not in got.text, path  # nginx would see a variable
        answers[path] = (got.headers["Content-Type"].split(";")[0], got.text)
    with nginx(answers, PORT):
        for path in paths:
            rates, ratios, p99s, p99_ratios = [], [], [], []
            wrk(server.port, path, seconds=1)
            for _ in range(runs):
                theirs, _, their_p99 = wrk(PORT, path)
                ours, _, our_p99 = wrk(server.port, path)
                rates.append(ours)
                ratios.append(ours / theirs)
                p99s.append(our_p99)
                p99_ratios.append(our_p99 / their_p99)
            row(path, len(answers[path][1]), median(rates), median(ratios), min(ratios), median(p99s), median(p99_ratios))


def main():
    arguments = parse_arguments(__doc__, 5, spark=False)
    for tool in ("wrk", "nginx", "taskset"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: apt-get install wrk nginx-light util-linux")
    table("path", "bytes", "requests/s", "ratio to nginx", "lowest ratio", "p99 ms", "p99 ratio to nginx")
    with fake_spark_home() as home, gateway(home, sys.executable, **{
            "server.log.level": "warn", "server.access-log": "", "server.session.max-creation": "8", "server.max-requests-per-connection": "0"}) as server:
        one = server.client.create(kind="pyspark").wait_idle()
        one.run("say hello")
        pin(server.process.pid)
        compare(server, [f"{one.path}/statements/0", f"{one.path}/state", "/version"], arguments.runs)
        for number in range(SESSIONS - 1):
            server.client.create(kind="pyspark", name=f"session-{number}").wait_idle()
        compare(server, [f"/sessions?size={SESSIONS}"], arguments.runs)


main()
