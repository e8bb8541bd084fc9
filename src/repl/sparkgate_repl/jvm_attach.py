"""Load a native agent into a running JVM of this user: HotSpot's attach protocol, without any JDK tool.

The JVM is asked to listen by a trigger file and SIGQUIT; it answers with a Unix socket next to the file.
"""
import os
import re
import signal
import socket
import time

_LISTEN_SECONDS = 10.0
_ANSWER_SECONDS = 10.0
_STEP_SECONDS = 0.02
_NOTHING_TO_STOP = 1    # the agent's answer when the thread has left the user's code by itself


class AttachError(Exception):
    """The agent could not be loaded, or it failed; the text says why."""


def load_agent(pid, library, options):
    """Load `library` into the process `pid` (as the JVM itself numbers it) and run it with `options`. Takes
    up to 20 seconds. Raises AttachError."""
    try:
        answer = _ask(pid, ("load", os.path.abspath(library), "true", options))
    except OSError as e:
        raise AttachError("no connection to the JVM: %s" % e) from e
    status, _, text = answer.partition("\n")
    code = re.search(r"return code: (-?\d+)", text)
    if status.strip() != "0":
        raise AttachError("the JVM refused the agent: %s" % (text.strip() or status))
    if code is None and text.strip() not in ("", "0"):
        raise AttachError("the agent was not loaded: %s" % text.strip())
    if code is not None and int(code.group(1)) not in (0, _NOTHING_TO_STOP):
        raise AttachError("the agent failed with code %s" % code.group(1))


def _ask(pid, arguments):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        connection.connect(_listening_socket(pid))
        # Version 1 of the protocol; the JVM reads exactly a command and three arguments.
        connection.sendall(b"1\0" + b"".join(os.fsencode(argument) + b"\0" for argument in arguments))
        answer = b""
        while True:
            data = connection.recv(4096)
            if not data:
                return answer.decode("utf-8", "replace")
            answer += data


def _listening_socket(pid):
    directory = _temporary_directory(pid)
    path = os.path.join(directory, ".java_pid%d" % pid)
    if not os.path.exists(path):
        _wake(pid, directory, path)
    if os.stat(path).st_uid not in (os.geteuid(), 0):
        raise AttachError("%s belongs to another user" % path)
    return path


def _make_trigger(pid, directory):
    """The JVM looks into its working directory first, which is private, and into /tmp after that, where somebody else
    may have made a file of that name before."""
    for place in ("/proc/%d/cwd" % pid, directory):
        trigger = os.path.join(place, ".attach_pid%d" % pid)
        try:
            if os.path.lexists(trigger):
                os.unlink(trigger)
            os.close(os.open(trigger, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            return trigger
        except OSError as e:
            failed = e
    raise AttachError("the JVM cannot be asked to listen: %s" % failed)


def _temporary_directory(pid):
    """The JVM's /tmp, whatever java.io.tmpdir says; it may have a mount namespace of its own."""
    own = "/proc/%d/root/tmp" % pid
    return own if os.access(own, os.W_OK | os.X_OK) else "/tmp"


def _wake(pid, directory, path):
    """Make the JVM listen. Without the trigger file the signal would make it print its threads instead."""
    trigger = _make_trigger(pid, directory)
    try:
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + _LISTEN_SECONDS
        while not os.path.exists(path):
            if time.monotonic() > deadline:
                raise AttachError("the JVM does not listen (is it started with -XX:+DisableAttachMechanism?)")
            time.sleep(_STEP_SECONDS)
    finally:
        os.unlink(trigger)
