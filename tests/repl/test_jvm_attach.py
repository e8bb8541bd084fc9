"""Loading an agent into a JVM, which is a plain one here."""
import os
import subprocess

import pytest

import gateway  # noqa: F401 - puts the package on the path
from sparkgate_repl.jvm_attach import AttachError, load_agent

_SOURCE = """
class Waiting {
    public static void main(String[] arguments) throws Exception {
        System.out.println("up");
        System.in.read();
    }
}
"""


@pytest.fixture
def jvm(tmp_path):
    """The pid of a JVM whose working directory is of its own."""
    (tmp_path / "Waiting.java").write_text(_SOURCE)
    with subprocess.Popen(["java", "-XX:TieredStopAtLevel=1", "Waiting.java"], cwd=tmp_path, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"up\n"
        yield process.pid
        process.stdin.close()


def test_nobody_else_can_keep_a_jvm_from_listening(jvm):
    """A thing of the trigger's name in /tmp, made before: the JVM listens all the same, and refuses what is no agent."""
    trap = "/tmp/.attach_pid%d" % jvm
    os.mkdir(trap)
    try:
        with pytest.raises(AttachError, match="agent"):
            load_agent(jvm, "/nowhere/agent.so", "")
        assert not os.path.lexists("/proc/%d/cwd/.attach_pid%d" % (jvm, jvm)), "nothing is left"
    finally:
        os.rmdir(trap)


def test_a_trigger_that_was_left_is_replaced(jvm):
    trigger = "/proc/%d/cwd/.attach_pid%d" % (jvm, jvm)
    os.symlink("/nowhere/at/all", trigger)
    with pytest.raises(AttachError, match="agent"):
        load_agent(jvm, "/nowhere/agent.so", "")
    assert not os.path.lexists(trigger)
