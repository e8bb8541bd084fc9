"""SIGINT for the Python statement on the main thread, and only there.

The handler raises KeyboardInterrupt only while the user's code is on the stack, so that the driver's own
code is never hit, and never within a Py4J exchange, since a broken one loses the pinned JVM thread or leaves
a stale answer: there the interrupt waits until the answer has been read.
"""
import signal
import sys
import threading


class Guard:
    """One for the process, as signal handlers are. `call` is the main thread's, `interrupt` the others'."""

    def __init__(self):
        self._statement = None
        self._pending = False
        self._main = threading.main_thread().ident
        self._user = self._user_code.__func__.__code__
        self._exchange = None    # the code object of Py4J's wrapped send_command

    def install(self):
        """Take SIGINT (PySpark has put its own handler there, which cancels all jobs) and wrap Py4J."""
        from py4j.clientserver import JavaClient
        if self._exchange is None:
            self._wrap(JavaClient)
        signal.signal(signal.SIGINT, self._on_signal)

    def call(self, statement, function):
        """Run `function()`, user code of `statement`, interruptible."""
        if signal.getsignal(signal.SIGINT) != self._on_signal:    # the user made another SparkContext, say
            signal.signal(signal.SIGINT, self._on_signal)
        self._pending = False
        self._statement = statement
        try:
            return self._user_code(function)
        finally:
            self._statement = None
            self._pending = False

    def interrupt(self, statement):
        """Interrupt `statement` if it is the one that runs."""
        if self._statement is statement:
            signal.pthread_kill(self._main, signal.SIGINT)

    def in_jvm_call(self):
        """Whether the main thread waits for the JVM now."""
        frame = sys._current_frames().get(self._main)
        return self._count(frame)[0] > 0

    def _user_code(self, function):
        return function()

    def _count(self, frame):
        """(Py4J exchanges on the stack, whether user code is)."""
        exchanges = 0
        while frame is not None:
            if frame.f_code is self._user:
                return exchanges, True
            if frame.f_code is self._exchange:
                exchanges += 1
            frame = frame.f_back
        return exchanges, False

    def _on_signal(self, number, frame):
        exchanges, user = self._count(frame)
        if not user or self._statement is None:
            return
        if exchanges:
            self._pending = True
        else:
            self._raise()

    def _raise(self):
        self._pending = False
        self._statement.interrupted = True
        raise KeyboardInterrupt

    def _wrap(self, java_client):
        original = java_client.send_command
        guard = self

        def send_command(self, *args, **kwargs):
            try:
                return original(self, *args, **kwargs)
            finally:
                if guard._pending and threading.get_ident() == guard._main:
                    guard._after_exchange(sys._getframe())

        self._exchange = send_command.__code__
        java_client.send_command = send_command

    def _after_exchange(self, frame):
        exchanges, user = self._count(frame)
        if user and exchanges == 1 and self._statement is not None:
            self._raise()


GUARD = Guard()
