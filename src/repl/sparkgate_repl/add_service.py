"""Answers requests to add files to the application: one at a time, in order, on a thread of its own."""
import queue
import threading

from .failures import describe


class AddService:
    """`added_files.add(kind, uri)` does the work and raises what fails."""

    def __init__(self, env, link, added_files):
        self._env = env
        self._link = link
        self._added_files = added_files
        self._requests = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="add", daemon=True).start()

    def ask(self, req, kind, uri):
        """Answer once Spark is up and what was asked before is done; returns at once."""
        self._requests.put((req, kind, uri))

    def _serve(self):
        self._env.attached.wait()
        while True:
            req, kind, uri = self._requests.get()
            failure = {}
            try:
                self._added_files.add(kind, uri)
            except Exception as e:
                failure["ename"], failure["error"] = describe(e)
            self._link.send_volatile("added", req=req, **failure)
