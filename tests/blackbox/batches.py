"""What the tests of batches share: one batch as an object, and what the fake spark-submit has noted about it."""

import contextlib
import json
import pathlib
import shutil
import sqlite3

from blackbox import gateway as gateways
from blackbox.client import DEADLINE, until

FINAL = ("success", "dead", "killed", "error")
FILE = "hdfs:/job.py"  # allowed without a whitelist, and not looked at by the fake
REMARK = "sparkgate: "
NEWEST = 200


def fake_conf(**behaviour):
    """Conf for fake_spark_submit.py: `until=path` becomes `spark.fake.until`."""
    return {f"spark.fake.{word}": str(value) for word, value in behaviour.items()}


def create(client, headers=None, query="", **request):
    """POST /batches; the batch may still be waiting for its start."""
    answer = client.post("/batches" + query, {"file": FILE, **request}, headers=headers)
    assert answer.status == 201, answer
    return Batch(client, answer.json)


class Batch:
    def __init__(self, client, view):
        self.client, self.id, self.created = client, view["id"], view
        self.path = f"/batches/{self.id}"

    def view(self):
        return self.client.ok("GET", self.path)

    def state(self):
        return self.client.ok("GET", self.path + "/state")["state"]

    def page(self, query=""):
        return self.client.ok("GET", f"{self.path}/log{query}")

    def log(self):
        """All lines with the markers, page by page."""
        lines, page = [], self.page("?from=0&size=-1")
        while page["log"]:
            lines += page["log"]
            page = self.page(f"?from={len(lines)}&size=-1")
        return lines

    def log_text(self):
        return "\n".join(self.log())

    def output(self):
        """What spark-submit has written: the log without markers and the server's own remarks."""
        return [line for line in self.log()[1:-1] if not line.startswith(REMARK)]

    def wait_state(self, state, deadline=DEADLINE):
        """Until it is in that state; fails at once where it cannot come to be any more."""
        seen = []

        def there():
            seen.append(self.state())
            return seen[-1] == state or seen[-1] in FINAL

        until(there, deadline, lambda: f"batch {self.id} {state}; it is {seen[-1]}\n{self.log_text()}")
        assert seen[-1] == state, f"batch {self.id} is {seen[-1]}, not {state}\n{self.log_text()}"
        return self

    def wait_end(self, deadline=DEADLINE):
        """Until it has ended; returns how."""
        until(lambda: self.state() in FINAL, deadline, lambda: f"batch {self.id} ended\n{self.log_text()}")
        return self.state()

    def delete(self):
        return self.client.delete(self.path)


def batches_of(client):
    """All that are listed."""
    return client.ok("GET", "/batches?size=100000")["sessions"]


def read_record(file):
    """What the fake noted of each start, in the order of the starts."""
    file = pathlib.Path(file)
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def wait_started(file, count=1):
    """Until that many spark-submits have noted their start; returns the notes."""
    until(lambda: len(read_record(file)) >= count, DEADLINE, lambda: f"{count} starts in {read_record(file)}")
    return read_record(file)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def tree(pid):
    """{pid: command line} of a living process and everything below it."""
    text = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return {pid: text, **gateways.descendants(pid)}


def all_gone(processes):
    until(lambda: not any(alive(pid) for pid in processes), 40,
          lambda: f"alive: { {pid: text for pid, text in processes.items() if alive(pid)} }")


def multiply(server, count):
    """Makes one finished batch of `server` to `count` of them while it is stopped, and starts it again.

    The row in its store is copied; only the id changes, so this does not have to know the other columns. The newest get
    the files too: for all that would take minutes.
    """
    one = create(server.client, conf=fake_conf(print="hello"))
    assert one.wait_end() == "success"
    assert server.stop() == 0
    with contextlib.closing(sqlite3.connect(server.state_dir / "sparkgate.db")) as store, store:
        last = one.id + count - 1
        columns = [name for _, name, *_ in store.execute("pragma table_info(batches)") if name != "id"]
        names = ", ".join(columns)
        store.execute(f"with recursive more(id) as (select {one.id + 1} union all select id + 1 from more where id < {last}) "
                      f"insert into batches (id, {names}) "
                      f"select more.id, {names} from more, batches where batches.id = {one.id}")
        store.execute("update counters set next = ? where name = 'batch'", (last + 1,))
    directory = server.state_dir / "batches"
    for number in range(max(one.id, last - NEWEST) + 1, last + 1):
        shutil.copytree(directory / str(one.id), directory / str(number), ignore=shutil.ignore_patterns("*.fifo"))
    server.start()
    return one
