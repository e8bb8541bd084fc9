#!/usr/bin/env python3
"""How long a notebook waits for a cell: sparkmagic's pysparkkernel, beside cells that its own Python runs (%%local).

Run by the Python of the tests' environment (`test`), with sparkmagic's beside it: scripts/setup --with-tests. The time goes
from handing the cell to the kernel until its outputs are there; both kinds of cells in turn. A long cell is late by what it
takes beyond the time that its code sleeps.
"""

import pathlib
import tempfile
import time

from common import gateway, median, parse_arguments, python_of, row, table

from clients.notebooks import Notebook

CELLS = 20
LONG = (2.3, 5.5)    # s: when the client is asleep, if answers are held for 1 s


def seconds(notebook, code, output):
    begin = time.perf_counter()
    cell = notebook.run(code)
    assert (cell.stdout or cell.value) == output, cell
    return time.perf_counter() - begin


def short_cells(notebook):
    """Medians in ms: of 1+1 in the session, and of 1+1 in the kernel."""
    pairs = [(seconds(notebook, "1+1", "2"), seconds(notebook, "%%local\n1+1", "2")) for _ in range(CELLS)]
    return [median(column) * 1000 for column in zip(*pairs)]


def late(notebook, sleep):
    code = "import time\ntime.sleep({})\n'slept'"
    there, here = seconds(notebook, code.format(sleep), "'slept'"), seconds(notebook, "%%local\n" + code.format(sleep), "'slept'")
    return (there - here) * 1000


def measure(server, runs, hold):
    with tempfile.TemporaryDirectory(prefix="sg-bench-") as directory:
        notebook = Notebook(pathlib.Path(directory), "pysparkkernel", f"http://127.0.0.1:{server.port}",
                            livy_server_heartbeat_timeout_seconds=0, use_auto_viz=False)
        try:
            notebook.run("1+1")
            short_cells(notebook)    # warm-up
            figures = [short_cells(notebook) for _ in range(runs)]
            there, here = (median(column) for column in zip(*figures))
            row(hold, "`1+1`", there, here, there - here)
            for sleep in LONG:
                over = [late(notebook, sleep) for _ in range(runs)]
                row(hold, f"sleeps {sleep} s", "", "", median(over))
        finally:
            notebook.close()


def main():
    arguments = parse_arguments(__doc__, 5)
    table("`statement.poll-hold`", "cell", "in the session, ms", "in the kernel, ms", "difference, ms")
    for hold in ("9s", "1s"):
        with gateway(arguments.spark_home, python_of(arguments.spark_home), **{"statement.poll-hold": hold}) as server:
            measure(server, arguments.runs, hold)


main()
