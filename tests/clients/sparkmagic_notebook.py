#!/usr/bin/env python3
"""A notebook without a browser: `sparkmagic_notebook.py KERNEL` runs the cells that it is told, one after the other.

A line of standard input is a JSON object, {"code": …}; with "interrupt": FILE the kernel is interrupted once that file is
there and the cell shows something. Or it is {"restart": true}. For each a line tells what the cell showed. The end of the
input shuts the kernel down, as closing the notebook does.
"""

import asyncio
import contextlib
import json
import os
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

DEADLINE = 300  # seconds for a cell


class Notebook:
    def __init__(self, kernel):
        self.cells = nbformat.v4.new_notebook()
        self.client = NotebookClient(self.cells, kernel_name=kernel, allow_errors=True, timeout=DEADLINE)

    async def run(self, code, interrupt=None):
        cell = nbformat.v4.new_code_cell(code)
        self.cells.cells.append(cell)
        running = asyncio.ensure_future(self.client.async_execute_cell(cell, len(self.cells.cells) - 1))
        if interrupt:
            while not running.done() and not (os.path.exists(interrupt) and cell.outputs):
                await asyncio.sleep(0.02)
            await self.client.km.interrupt_kernel()
        with contextlib.suppress(DeadKernelError):
            await running
        return cell

    async def restart(self):
        await self.client.km.restart_kernel()
        await self.client.kc.wait_for_ready()


def shown(cell):
    """What a cell showed: streams, HTML, all other data, the error that the kernel itself reports; and how long it took."""
    def joined(name):
        return "".join(each.text for each in cell.outputs if each.output_type == "stream" and each.name == name)

    data = [each.data for each in cell.outputs if "data" in each]
    errors = [each.ename for each in cell.outputs if each.output_type == "error"]
    return {"stdout": joined("stdout"), "stderr": joined("stderr"), "html": [each["text/html"] for each in data if "text/html" in each],
            "data": data, "errors": errors, "times": cell.metadata.get("execution", {})}


async def main(kernel):
    notebook = Notebook(kernel)
    loop = asyncio.get_running_loop()
    async with notebook.client.async_setup_kernel():
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            order = json.loads(line)
            if order.pop("restart", False):
                await notebook.restart()
                answer = None
            else:
                answer = shown(await notebook.run(**order))
            print(json.dumps(answer), flush=True)


asyncio.run(main(sys.argv[1]))
