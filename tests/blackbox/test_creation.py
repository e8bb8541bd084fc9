"""What a creation request may ask for, and what the server's files say about it. Needs no Spark."""

import os
import pathlib
import sys

import pytest

from blackbox import gateway as gateways
from blackbox.conftest import new_directory, run_gateway

CORE_SITE = """<?xml version="1.0"?>
<configuration><property><name>fs.defaultFS</name><value>hdfs://nn:8020</value></property></configuration>
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Configuration files, and a directory that local files may lie in."""
    folder = tmp_path_factory.mktemp("creation")
    (folder / "allowed").mkdir()
    (folder / "allowed" / "out").symlink_to("/etc")
    (folder / "hadoop").mkdir()
    (folder / "hadoop" / "core-site.xml").write_text(CORE_SITE)
    (folder / "blacklist").write_text("# not for users\nspark.jars.ivy\nspark.driver.memory\nspark.kerberos.principal\n")
    return folder


@pytest.fixture(scope="module")
def gateway(fake_spark_home, files):
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, settings={
        "file.local-dir-whitelist": str(files / "allowed"), "server.session.conf-blacklist": str(files / "blacklist"),
        "spark.file-list-configs": "spark.my.files"}, environment={"HADOOP_CONF_DIR": str(files / "hadoop")}))


def refusal(client, **request):
    answer = client.post("/sessions", {"kind": "pyspark", **request})
    assert answer.status == 400, answer
    return answer.json


def conf_file(gateway, session):
    return gateway.state_dir / "sessions" / str(session.id) / "spark.properties"


@pytest.mark.parametrize("request_part, reason", [
    ({"jars": ["a.jar"]}, "requirement failed: Path 'a.jar' is not absolute."),
    ({"files": ["file:///etc/passwd"]}, "requirement failed: Local path /etc/passwd cannot be added to user sessions."),
    ({"pyFiles": ["http://a b/c"]},
     "java.net.URISyntaxException: Illegal character in authority at index 7: http://a b/c"),
    ({"conf": {"spark.my.files": "a"}}, "requirement failed: Path 'a' is not absolute."),
    ({"conf": {"spark.submit.deployMode": "cluster"}},
     "Blacklisted configuration values in session config: spark.submit.deployMode"),
    ({"conf": {"spark.jars.ivy": "/x", "spark.submit.deployMode": "client"}},
     "Blacklisted configuration values in session config: spark.jars.ivy, spark.submit.deployMode"),
])
def test_refusals_in_livys_words(client, request_part, reason):
    before = client.ok("GET", "/sessions")["total"]
    assert refusal(client, **request_part) == {"msg": "Rejected, Reason: " + reason}
    assert client.ok("GET", "/sessions")["total"] == before


@pytest.mark.parametrize("request_part, reason", [
    ({"driverMemory": "1g"}, "Blacklisted configuration values in session config: spark.driver.memory"),
    ({"conf": {"spark.yarn.principal": "me"}}, "Blacklisted configuration values in session config: spark.yarn.principal"),
    ({"jars": ["local:/etc/x.jar"]}, "requirement failed: Local path /etc/x.jar cannot be added to user sessions."),
    ({"conf": {"spark.yarn.keytab": "/etc/krb5.keytab"}},
     "requirement failed: conf spark.yarn.keytab: local path /etc/krb5.keytab cannot be used by requests"),
    ({"conf": {"spark.pyspark.driver.python": "/bin/sh"}},
     "requirement failed: conf spark.pyspark.driver.python: local path /bin/sh cannot be used by requests"),
    ({"conf": {"spark.driver.extraJavaOptions": "-Dx=y -javaagent:x.jar"}},
     "requirement failed: conf spark.driver.extraJavaOptions: -javaagent is not allowed"),
])
def test_keys_that_name_something_of_this_host(client, request_part, reason):
    assert refusal(client, **request_part) == {"msg": "Rejected, Reason: " + reason}
    answer = client.post("/batches", {"file": "hdfs://nn/x.jar", **request_part})
    assert (answer.status, answer.json) == (400, {"msg": "Rejected, Reason: " + reason})


def test_the_operator_may_name_anything(fake_spark_home, tmp_path):
    (tmp_path / "spark-defaults.conf").write_text("spark.kerberos.keytab  /etc/krb5.keytab\n"
                                                  "spark.driver.extraJavaOptions  -javaagent:/opt/x.jar\n")
    for server in run_gateway(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable,
                                               environment={"SPARK_CONF_DIR": str(tmp_path)})):
        session = server.client.create(kind="pyspark").wait_idle()
        text = conf_file(server, session).read_text()
        assert "spark.kerberos.keytab=/etc/krb5.keytab\n" in text and "-javaagent" in text
        session.delete()


def test_files_are_resolved(gateway, fake, files):
    allowed = files / "allowed"
    assert "Local path" in refusal(gateway.client, jars=[f"file://{allowed}/out/passwd"])["msg"]
    session = fake({"jars": [f"file://{allowed}/a.jar", "/b.jar"]})
    assert f"spark.jars=file://{allowed}/a.jar,hdfs://nn:8020/b.jar\n" in conf_file(gateway, session).read_text()


def test_conf_is_in_a_private_file(gateway, fake):
    session = fake({"conf": {"spark.my.secret": "moth-eaten", "livy.uri": "x"}})
    file = conf_file(gateway, session)
    assert "spark.my.secret=moth-eaten\n" in file.read_text() and file.stat().st_mode & 0o777 == 0o600
    session.wait_idle()
    for pid in gateways.processes_with(str(gateway.directory)):
        assert b"moth-eaten" not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    assert session.view()["conf"] == {"spark.my.secret": "*********(redacted)", "livy.uri": "x"}
    session.delete()
    assert not file.exists()


def serve(fake_spark_home, directory, *arguments, **environment):
    return gateways.run("serve", "--set", "server.port=0", "--set", f"state.dir={directory}/state", *arguments,
                        environment={**os.environ, "SPARK_HOME": str(fake_spark_home), **environment})


def test_files_that_the_server_cannot_read(fake_spark_home, tmp_path):
    missing = serve(fake_spark_home, tmp_path, "--set", f"server.session.conf-blacklist={tmp_path}/none")
    (tmp_path / "core-site.xml").write_text("<configuration>")
    broken = serve(fake_spark_home, tmp_path, HADOOP_CONF_DIR=str(tmp_path))
    for answer, name in ((missing, "none"), (broken, "core-site.xml")):
        assert answer.returncode == 5 and f"{tmp_path}/{name}" in answer.stderr, answer
        assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr


def test_the_blacklist_beside_the_configuration_file(fake_spark_home, tmp_path):
    (tmp_path / "sparkgate.conf").write_text("server.session.allow-custom-classpath = true\n")
    (tmp_path / "spark-blacklist.conf").write_text("spark.master\n")
    for server in run_gateway(gateways.Gateway(new_directory(), fake_spark_home,
                                               environment={"SPARKGATE_CONF": str(tmp_path / "sparkgate.conf")})):
        text = "Rejected, Reason: Blacklisted configuration values in session config: spark.master"
        assert refusal(server.client, conf={"spark.master": "local", "spark.submit.deployMode": "client"}) == {"msg": text}
        server.client.create(conf={"spark.submit.deployMode": "client"}).delete()
