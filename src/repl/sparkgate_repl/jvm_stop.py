"""The last resort against Scala or Java code that ignores interrupts: throw ThreadDeath in its thread.

Up to JDK 19 the JVM does that itself (Thread.stop). Later ones need a native agent, loaded on demand.
"""
import threading
import time

from .jvm_attach import AttachError, load_agent
from .scala_compiler import jdk_version

_GRACE_SECONDS = 1.0     # of interrupts before the first hard stop
_RETRY_SECONDS = 2.0
_LAST_JDK_WITH_STOP = 19
# Classes whose frames mean that user code runs, and not the compiler or nothing. The agent has the same list.
_USER_CODE = ("$line", "sparkgate.Values")


def runs_user_code(jvm, thread):
    """Whether code of a cell is on the stack of the java.lang.Thread `thread`."""
    # One call instead of one for each frame, and a method that has no overloads for Py4J to choose from.
    stack = jvm.scala.runtime.ScalaRunTime.stringOf(thread.getStackTrace())
    return any(name in stack for name in _USER_CODE)


class HardStop:
    """Decides whether and when, and does it on a thread of its own: loading the agent takes a while. `begin`
    and `settle` belong to the lane, `attempt` to the cancel thread, `obstacle` to anyone."""

    def __init__(self, env):
        self._env = env
        self._working = threading.Lock()
        self._earliest = None    # when the next hard stop may be; None before the first interrupt
        self._failure = None
        self._version = None

    def begin(self):
        """A cell begins."""
        self._earliest = None
        self._failure = None

    def attempt(self, thread):
        """`thread` has been interrupted; stop it if that did not help for a while. Returns at once."""
        now = time.monotonic()
        if self._earliest is None:
            self._earliest = now + _GRACE_SECONDS
        if now < self._earliest or self.obstacle() is not None:
            return
        if self._working.acquire(blocking=False):
            self._earliest = time.monotonic() + _RETRY_SECONDS
            threading.Thread(target=self._stop, args=(thread,), name="hard-stop", daemon=True).start()

    def settle(self):
        """The code has ended: wait for a stop that is under way, so that it cannot hit what comes next."""
        with self._working:
            pass

    def obstacle(self):
        """None, or a sentence saying why a loop cannot be stopped."""
        if not self._env.options["hard_stop"]:
            return "the code ignores interrupts, and hard stops are switched off"
        if self._jdk() > _LAST_JDK_WITH_STOP and not self._env.options["stop_agent"]:
            return ("the code ignores interrupts, and a loop cannot be stopped on JDK %d: Thread.stop is "
                    "gone since JDK %d and the stop agent is not installed" %
                    (self._jdk(), _LAST_JDK_WITH_STOP + 1))
        if self._failure is not None:
            return "the code ignores interrupts, and the stop agent did not help: " + self._failure
        return None

    def _jdk(self):
        if self._version is None:
            self._version = jdk_version(self._env.jvm)
        return self._version

    def _stop(self, thread):
        try:
            if self._jdk() <= _LAST_JDK_WITH_STOP:
                if runs_user_code(self._env.jvm, thread):
                    thread.stop()
            else:
                pid = int(self._env.jvm.java.lang.ProcessHandle.current().pid())
                load_agent(pid, self._env.options["stop_agent"], str(thread.getId()))
        except AttachError as e:
            self._failure = str(e)
            self._env.log("hard stop: %s" % e)
        except Exception as e:    # the thread, or the JVM, ended meanwhile
            self._env.log("hard stop: %s: %s" % (type(e).__name__, e))
        finally:
            self._working.release()
