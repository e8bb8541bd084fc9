"""Secrets that clients and the operator bring are planted everywhere; then everything that leaves the server is searched."""

import http.client
import os
import pathlib
import sqlite3

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_gateway

HIDDEN = "*********(redacted)"


def secret(number):
    return f"pl4nted-{number:02d}-moth"


# By what stands in the place of the number the test finds it again.
CONF = {
    "spark.my.secret": secret(1),
    "spark.MY.Password": secret(2),
    "spark.hadoop.fs.s3a.access.key": secret(3),
    "spark.hadoop.fs.s3a.secret.key": secret(4),
    "spark.kubernetes.authenticate.submission.oauthToken": secret(5),
    "spark.ssl.keyPassword": secret(6),
    "spark.executorEnv.DB_PASSWORD": secret(7),
    "hive.metastore.token": secret(8),
    "livy.rsc.secret": secret(9),
    "spark.executor.extraJavaOptions": f"-Djavax.net.ssl.keyStorePassword={secret(10)}",
    "spark.sql.catalog.pg.url": f"jdbc:postgresql://u:{secret(11)}@h/d",
    "spark.sql.catalog.my.url": f"jdbc:mysql://h/d?user=u&password={secret(12)}",
    "spark.proxyuser.credential": secret(13),
    "spark.fake.passphrase": secret(14),    # the operator's own expression says that it is one
}
FILES = {
    "jars": [f"https://user:{secret(15)}@h/x.jar"],
    "pyFiles": [f"https://{secret(16)}@h/x.py"],
    "files": [f"https://h/x.txt?token={secret(17)}"],
    "archives": [f"s3a://AK:{secret(18)}@bucket/a.zip"],
}
OPERATORS = {"OPERATOR_API_TOKEN": secret(19)}
PLANTED = "pl4nted-"


@pytest.fixture(scope="module")
def gateway(fake_spark_home, tmp_path_factory):
    conf_dir = tmp_path_factory.mktemp("conf")
    (conf_dir / "spark-defaults.conf").write_text("spark.redaction.regex  (?i)passphrase|pass[.]?word\n"
                                                  f"spark.ssl.keyStorePassword  {secret(20)}\n")
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, settings={
        "session.kill-grace": "1s", "rsc.job-cancel.timeout": "2s"},
        environment={"SPARK_CONF_DIR": str(conf_dir), **OPERATORS}))


@pytest.fixture(scope="module")
def planted(gateway):
    """A session with a statement, a batch, and refused requests; what was answered to each."""
    client, answers = gateway.client, []
    conf = dict(CONF)
    created = client.post("/sessions", {"kind": "pyspark", "conf": conf, **FILES}, headers={"Idempotency-Key": "k"})
    assert created.status == 201, created
    answers.append(created)
    answers.append(client.post("/sessions", {"kind": "pyspark", "conf": conf, **FILES}, headers={"Idempotency-Key": "k"}))
    assert answers[-1].headers["Idempotent-Replay"] == "true" and answers[-1].json["id"] == created.json["id"]
    conf["spark.my.secret"] = secret(21)
    answers.append(client.post("/sessions", {"kind": "pyspark", "conf": conf, **FILES}, headers={"Idempotency-Key": "k"}))
    assert answers[-1].status == 422, answers[-1]
    answers.append(client.post("/batches", {"file": f"https://user:{secret(22)}@h/x.jar", "args": ["--password", secret(23)],
                                            "conf": {**CONF, **batches.fake_conf(hang=1)}, **FILES}))
    assert answers[-1].status == 201, answers[-1]
    for refused in ({"jars": [f"http://u:{secret(24)}@h/ x"]},
                    {"conf": {"spark.driver.extraJavaOptions": f"-XX:OnError={secret(25)}"}},
                    {"conf": {"spark.pyspark.python": f"https://u:{secret(26)}@h/ x"}},
                    {"conf": {"spark.submit.deployMode": secret(27)}}):
        answers.append(client.post("/sessions", {"kind": "pyspark", **refused}))
        assert answers[-1].status == 400, answers[-1]
    until(lambda: client.get("/sessions/0").json["state"] == "idle", 60, "session idle")
    answers.append(client.post("/sessions/0/statements", {"code": "7"}))
    until(lambda: client.get("/sessions/0/statements/0").json["state"] == "available", 60, "statement done")
    until(lambda: client.get("/batches/0").json["state"] == "running", 60, "batch runs")
    yield answers
    client.delete("/sessions/0")
    client.delete("/batches/0")


def first_bytes(port, path):
    """What an answer that does not end begins with."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    begin = answer.read1(1 << 16)
    connection.close()
    return begin.decode()


PATHS = ["/", "/ui", "/version", "/metrics", "/metrics/metrics", "/metrics/ping", "/metrics/threads",
         "/metrics/healthcheck", "/sessions", "/sessions/0", "/sessions/0/state", "/sessions/0/log?size=-1",
         "/sessions/0/statements", "/sessions/0/statements/0", "/sessions/0/statements/0/output",
         "/sessions/0/jobs/0", "/batches", "/batches/0", "/batches/0/state", "/batches/0/log?size=-1"]
STREAMS = ["/sessions/0/events", "/sessions/0/statements/0/events", "/sessions/0/log?follow=true",
           "/batches/0/log?follow=true"]


def test_no_answer_tells_one(gateway, planted):
    for answer in planted:
        assert PLANTED not in answer.text and PLANTED not in str(answer.headers), answer
    for path in PATHS:
        assert PLANTED not in gateway.client.get(path).text, path
    for path in STREAMS:
        assert PLANTED not in first_bytes(gateway.port, path), path


def test_a_view_hides_values_and_shows_keys(gateway, planted):
    view = gateway.client.get("/sessions/0").json
    assert set(view["conf"]) == set(CONF)
    assert view["conf"]["spark.my.secret"] == HIDDEN
    assert view["conf"]["spark.sql.catalog.pg.url"] == f"jdbc:postgresql://{HIDDEN}@h/d"
    assert view["jars"] == [f"https://{HIDDEN}@h/x.jar"] and view["files"] == [f"https://h/x.txt?{HIDDEN}"]


def test_spark_gets_them(gateway, planted):
    for properties in ("sessions/0/spark.properties", "batches/0/spark.properties"):
        text = (gateway.state_dir / properties).read_text()
        for number in (1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20):
            assert secret(number) in text, (properties, number)


def test_no_log_tells_one(gateway, planted):
    assert PLANTED not in gateway.log()
    assert PLANTED not in (gateway.state_dir / "access.log").read_text()


def test_no_other_user_can_read_one(gateway, planted):
    held = [path for path in gateway.state_dir.rglob("*") if path.is_file()]
    assert any(PLANTED.encode() in path.read_bytes() for path in held)
    for path in held:
        if PLANTED.encode() in path.read_bytes():
            assert path.stat().st_mode & 0o077 == 0, path


# The arguments of a batch and its file are Spark's to take from its command line; docs/starting-spark.md says so.
def test_processes_do_not_show_one(gateway, planted):
    processes = gateways.processes_with(str(gateway.directory))
    assert len(processes) >= 5    # the server; a shim and spark-submit for each
    for pid in processes:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        assert PLANTED not in words.replace(secret(22), "").replace(secret(23), ""), words
        variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
        assert PLANTED not in variables.replace(secret(19), ""), processes[pid]


def test_the_store_keeps_them_for_the_start(gateway, planted):
    with sqlite3.connect(f"file:{gateway.state_dir}/sparkgate.db?mode=ro", uri=True) as store:
        assert secret(1) in " ".join(store.iterdump())
    assert os.stat(gateway.state_dir / "sparkgate.db").st_mode & 0o077 == 0
