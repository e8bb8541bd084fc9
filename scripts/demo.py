"""Shows what a running sparkgate can do: questions and answers in every language that this machine has.

    python3 scripts/demo.py http://127.0.0.1:8998

Standard library only. Exit code 0 if every step went as it should, else 1.
"""

import base64
import json
import os
import sys
import tempfile
import time
import urllib.error
import urllib.request

TTY = sys.stdout.isatty()
NOT_FINAL = ("waiting", "running", "cancelling")


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if TTY else text


class Progress:
    """One line that is rewritten on a terminal while something takes its time; elsewhere a line every few seconds."""

    def __init__(self, what):
        self.what, self.start, self.next_line = what, time.monotonic(), 0

    def show(self, news):
        seconds = time.monotonic() - self.start
        line = f"  {self.what}: {seconds:4.0f} s  {news}"[:110]
        if TTY:
            print("\r\033[K" + paint("2", line), end="", flush=True)
        elif seconds >= self.next_line:
            print(line, flush=True)
            self.next_line = seconds + 5

    def done(self):
        if TTY:
            print("\r\033[K", end="", flush=True)


class Gateway:
    """The few calls of the REST API that the demo needs."""

    def __init__(self, url):
        self.url = url.rstrip("/")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    def start_session(self):
        session = self.call("POST", "/sessions", {"name": f"demo-{os.getpid()}"})
        path, progress = f"/sessions/{session['id']}", Progress(f"session {session['id']} is starting")
        while session["state"] in ("not_started", "starting"):
            progress.show(last_line(session["log"]))
            session = self.call("GET", path + "?wait=1")
        progress.done()
        if session["state"] not in ("idle", "busy"):
            log = self.call("GET", path + "/log?size=30")["log"]
            raise Failure(f"the session is {session['state']}; its log ends:\n" + "\n".join(log))
        return path, time.monotonic() - progress.start

    def submit(self, path, kind, code):
        answer = self.call("POST", path + "/statements", {"code": code, "kind": kind})
        return f"{path}/statements/{answer['id']}"

    def wait(self, statement_path, what):
        progress = Progress(what)
        statement = self.call("GET", statement_path)
        while statement["state"] in NOT_FINAL:
            progress.show(f"{statement['state']}, {statement['progress']:.0%}")
            statement = self.call("GET", statement_path + "?wait=1")
        progress.done()
        return statement


class Failure(Exception):
    pass


def last_line(log):
    lines = [line.strip() for line in log if line.strip() and not line.strip().endswith(("stdout:", "stderr:"))]
    return lines[-1] if lines else "…"


def indent(text, prefix):
    return "\n".join(prefix + line for line in text.splitlines() or [""])


def as_text(output):
    """One output in Livy's shape, as a person likes to read it."""
    if output is None:
        return "(no output)"
    if output["status"] == "error":
        lines = "".join(output["traceback"])
        return lines if output["evalue"] in lines else f"{output['ename']}: {output['evalue']}\n{lines}"
    data = output["data"]
    if "application/json" in data:
        return as_table(data["application/json"])
    return data.get("text/plain", ", ".join(data))


def as_table(value):
    names = [field["name"] for field in value["schema"]["fields"]]
    rows = [names] + [[str(cell) for cell in row] for row in value["data"]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(names))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join(lines[:1] + ["  ".join("-" * width for width in widths)] + lines[1:])


class Demo:
    def __init__(self, gateway):
        self.gateway, self.path, self.failures = gateway, None, 0

    def title(self, text):
        print("\n" + paint("1", text), flush=True)

    def question(self, kind, code):
        print(indent(code, paint("36", f"{kind:>8} › ")))

    def answer(self, text, started, good):
        mark = paint("32", "ok") if good else paint("31", "NOT OK")
        print(indent(text, paint("2", "         │ ")))
        print(paint("2", f"         {(time.monotonic() - started) * 1000:.0f} ms ") + mark, flush=True)
        self.failures += not good

    def run(self, kind, code, expect):
        """Runs `code`; `expect(output)` says whether the answer is right. Returns the output."""
        self.question(kind, code)
        started = time.monotonic()
        statement = self.gateway.wait(self.gateway.submit(self.path, kind, code), "waiting for the answer")
        output = statement["output"]
        self.answer(as_text(output), started, output is not None and expect(output))
        return output

    def probe(self, kind, code):
        """Whether this machine answers `code`: nothing is shown, nothing counts as a failure."""
        statement = self.gateway.wait(self.gateway.submit(self.path, kind, code), f"is {kind} there")
        return (statement["output"] or {}).get("status") == "ok"

    def languages(self):
        self.title("Python")
        self.run("pyspark", "sum(range(101))", says("5050"))
        self.title("A Spark job, and its result in SQL")
        self.run("pyspark", "numbers = spark.range(1, 1001).selectExpr('id', 'id % 3 as rest')\n"
                            "numbers.createOrReplaceTempView('numbers')\nnumbers.count()", says("1000"))
        self.run("sql", "select rest, count(*) as n, sum(id) as total from numbers group by rest order by rest",
                 lambda output: output["status"] == "ok"
                 and output["data"]["application/json"]["data"][0] == [0, 333, 166833])
        self.title("Scala, on the same data (the first statement waits for the compiler)")
        self.run("spark", 'spark.table("numbers").filter($"rest" === 0).count()', says("333"))
        self.run("spark", "case class Point(x: Int, y: Int)\nSeq(Point(1, 2), Point(3, 4)).toDS.map(p => p.x * p.y).collect().sum",
                 says("14"))
        self.title("R")
        if self.probe("sparkr", "1"):
            self.run("sparkr", "summary(c(1, 2, 3, 4))", says("2.5"))
        else:
            print(paint("2", "         left out: R or the SparkR package is not on this machine"))

    def picture(self):
        self.title("A picture")
        if not self.probe("pyspark", "import matplotlib"):
            print(paint("2", "         left out: matplotlib is not in Spark's Python"))
            return
        output = self.run("pyspark", "import matplotlib.pyplot as plt\nplt.figure(figsize=(4, 3))\n"
                                     "plt.plot([n * n for n in range(20)])\n%matplot plt",
                          is_png)
        if output is not None and is_png(output):
            file = os.path.join(tempfile.gettempdir(), "sparkgate-demo.png")
            with open(file, "wb") as picture:
                picture.write(base64.b64decode(output["data"]["image/png"]))
            print(paint("2", f"         saved as {file}"))

    def mistakes(self):
        self.title("A mistake: the answer is an error, the session lives on")
        self.run("pyspark", "def inverse(x):\n    return 1 / x\n\ninverse(0)",
                 lambda output: output["status"] == "error" and output["ename"] == "ZeroDivisionError")

    def cancel(self):
        self.title("A cancel: an endless loop is stopped")
        code = "while True:\n    pass"
        self.question("pyspark", code)
        statement = self.gateway.submit(self.path, "pyspark", code)
        while self.gateway.call("GET", statement)["state"] == "waiting":
            pass
        started = time.monotonic()
        self.gateway.call("POST", statement + "/cancel")
        state = self.gateway.wait(statement, "cancelling")["state"]
        self.answer(state, started, state == "cancelled")

    def completion(self):
        self.title("Completion")
        code = "numbers.gro"
        self.question("pyspark", code + paint("2", "‹Tab›"))
        started = time.monotonic()
        body = {"code": code, "kind": "pyspark", "cursor": len(code)}
        candidates = self.gateway.call("POST", self.path + "/completion", body)["candidates"]
        self.answer(", ".join(candidates), started, any("groupBy" in candidate for candidate in candidates))

    def play(self):
        version = self.gateway.call("GET", "/version")["version"]
        self.title(f"{self.gateway.url} speaks Livy's API, version {version}")
        self.path, seconds = self.gateway.start_session()
        print(f"  session {self.path.rsplit('/', 1)[1]} is ready after {seconds:.1f} s")
        try:
            self.languages()
            self.picture()
            self.mistakes()
            self.cancel()
            self.completion()
        finally:
            self.gateway.call("DELETE", self.path)
        self.title("All steps worked." if not self.failures else f"{self.failures} steps did not go as they should.")
        return self.failures == 0


def says(text):
    return lambda output: output["status"] == "ok" and text in output["data"].get("text/plain", "")


def is_png(output):
    return output["status"] == "ok" and "image/png" in output["data"]


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if "--help" in sys.argv else 2
    try:
        return 0 if Demo(Gateway(sys.argv[1])).play() else 1
    except Failure as problem:
        print(paint("31", f"\n{problem}"))
    except urllib.error.HTTPError as problem:
        print(paint("31", f"\n{problem.url}: {problem.code} {problem.reason}: {problem.read().decode(errors='replace')}"))
    except OSError as problem:
        print(paint("31", f"\n{sys.argv[1]}: {problem}"))
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
