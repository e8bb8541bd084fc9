"""A livy.conf as its owner has it: what works, what is noted, what stops the start. Needs no Spark."""

import os
import re

import pytest

from blackbox import gateway as gateways
from blackbox.conftest import new_directory, run_gateway

LIVY_DEFAULTS = gateways.ROOT / "tests" / "data" / "livy-conf-defaults.conf"


@pytest.fixture
def start(fake_spark_home, request):
    """start(file) runs a server on this configuration file, with a port and state directory of its own."""

    def run(file):
        server = gateways.Gateway(new_directory(), fake_spark_home, environment={"SPARKGATE_CONF": str(file)},
                                  settings={"server.host": "127.0.0.1", "server.log.level": "info"})
        life = run_gateway(server)
        request.addfinalizer(lambda: next(life, None))
        return next(life)

    return run


def test_every_key_at_livys_default(start):
    server = start(LIVY_DEFAULTS)
    assert server.client.get("/version").status == 200
    log = server.log()
    assert "unknown key" not in log and "[warn" not in log
    number = LIVY_DEFAULTS.read_text().splitlines().index("livy.rsc.rpc.threads = 8") + 1
    assert f"{LIVY_DEFAULTS}:{number}: livy.rsc.rpc.threads has no effect: " in log


def test_a_stock_file_in_which_everything_is_a_comment(start, tmp_path):
    file = tmp_path / "livy.conf"
    file.write_text("".join(f"# {line}\n" for line in LIVY_DEFAULTS.read_text().splitlines()))
    server = start(file)
    assert server.client.get("/version").status == 200
    assert str(file) not in server.log()


def test_an_old_name_sets_the_key_of_today(tmp_path):
    file = tmp_path / "livy.conf"
    file.write_text("livy.server.csrf_protection.enabled = TRUE\n")
    answer = gateways.run("config", "--config", file)
    assert answer.returncode == 0
    assert f"server.csrf-protection.enabled = TRUE    # {file}:1" in answer.stdout
    assert answer.stderr == (f"sparkgate: {file}:1: livy.server.csrf_protection.enabled is an old name of "
                             "server.csrf-protection.enabled\n")


@pytest.mark.parametrize("line, words", [
    ("livy.server.auth.type = kerberos", "Authentication is not available"),
    ("livy.server.access-control.enabled = true", "Access control is not available"),
    ("livy.server.access_control.enabled true", "Access control is not available"),
    ("livy.keystore = /etc/livy.jks", "set server.tls.certificate and server.tls.key"),
    ("livy.server.thrift.enabled = true", "Thrift (JDBC) server is not available"),
])
def test_what_asks_for_missing_protection_stops_the_start(tmp_path, fake_spark_home, line, words):
    file = tmp_path / "livy.conf"
    file.write_text(f"# mine\n{line}\n")
    answer = gateways.run("serve", "--config", file, "--set", "server.port=0", "--set", f"state.dir={tmp_path}/state",
                          environment={**os.environ, "SPARK_HOME": str(fake_spark_home)})
    assert answer.returncode == 4 and answer.stdout == "", answer
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    assert answer.stderr.startswith(f"sparkgate: {file}:2: {re.split('[ =]', line)[0]} = "), answer.stderr
    assert words in answer.stderr and "leave this key out" in answer.stderr
    assert not (tmp_path / "state").exists()


def test_config_tells_on_stderr_what_has_no_effect(tmp_path):
    file = tmp_path / "livy.conf"
    file.write_text("livy.server.kubernetes.ingress.create = true\nlivy.cache-log.size = 500\nlivy.server.port = 8999\n")
    answer = gateways.run("config", "--config", file)
    assert answer.returncode == 0
    assert [line.split(" has no effect: ")[0] for line in answer.stderr.splitlines()] == [
        f"sparkgate: {file}:1: livy.server.kubernetes.ingress.create", f"sparkgate: {file}:2: livy.cache-log.size"]
    assert "kubernetes" not in answer.stdout and "server.port = 8999" in answer.stdout
