"""Answers completion requests within a second, whatever the lanes do."""
import json
import threading

LIMIT_SECONDS = 0.9
START_SECONDS = 0.3    # for an interpreter that starts quickly (SQL's); the others have names the next time
MAX_CANDIDATES = 1000


class CompletionService:
    def __init__(self, lanes, link):
        self._lanes = lanes
        self._link = link

    def ask(self, req, kind, code, cursor):
        """Answer on threads of its own; returns at once."""
        answer = _Answer(self._link, req)
        threading.Thread(target=self._work, args=(answer, kind, code, cursor), name="complete",
                         daemon=True).start()
        timer = threading.Timer(LIMIT_SECONDS, answer.give, ([],))
        timer.daemon = True
        answer.timer = timer
        timer.start()

    def _work(self, answer, kind, code, cursor):
        try:
            interpreter = self._lanes.interpreter_soon(kind, START_SECONDS)
            names = interpreter.complete(code, cursor) if interpreter is not None else []
            names = [str(name) for name in names][:MAX_CANDIDATES]
        except BaseException:    # no candidates: a completion is a courtesy
            names = []
        answer.give(names)


class _Answer:
    """The first answer counts: the worker's, or the empty one of the timer."""

    def __init__(self, link, req):
        self._link = link
        self._req = req
        self._lock = threading.Lock()
        self._given = False
        self.timer = None

    def give(self, names):
        with self._lock:
            if self._given:
                return
            self._given = True
        if self.timer is not None:
            self.timer.cancel()
        self._link.send_volatile("completion", json.dumps(names, separators=(",", ":")).encode("ascii"), req=self._req)
