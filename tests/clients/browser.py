"""A real browser without a window: Chromium, by its DevTools protocol over a pipe."""

import json
import os
import select
import shlex
import signal
import subprocess

from blackbox.client import until

OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe")


class Browser:
    """One page. It ends with `close`."""

    def __init__(self, directory, url, options=()):
        """`directory`: for its profile and its log."""
        requests, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        command = shlex.join(["chromium", *OPTIONS, *options, f"--user-data-dir={directory}/profile", "about:blank"])
        # It reads descriptor 3 and writes to 4.
        self.process = subprocess.Popen(
            ["bash", "-c", f"exec {command} 3<&{requests} 4>&{answers}"], pass_fds=(requests, answers), stdin=subprocess.DEVNULL,
            stdout=open(f"{directory}/log", "w"), stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "HOME": str(directory)})
        os.close(requests)
        os.close(answers)
        self._rest, self._number, self._page = b"", 0, {}
        target = self._call("Target.createTarget", url=url)["targetId"]
        self._page = {"sessionId": self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        self.wait_for(url)

    def wait_for(self, url):
        """Until the page has gone there."""
        until(lambda: self.run("document.readyState") == "complete" and self.run("location.href") == url, 30, url)

    def _call(self, method, **parameters):
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters, **self._page}
        os.write(self._requests, json.dumps(order).encode() + b"\0")
        while True:
            while b"\0" not in self._rest:
                assert select.select([self._answers], [], [], 60)[0], f"no answer to {parameters}"
                some = os.read(self._answers, 1 << 16)
                assert some, "the browser has ended"
                self._rest += some
            message, _, self._rest = self._rest.partition(b"\0")
            answer = json.loads(message)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def run(self, script):
        """What an expression of JavaScript is worth in the page; a promise is waited for."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._requests)
        os.close(self._answers)
