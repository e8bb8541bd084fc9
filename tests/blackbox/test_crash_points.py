"""The server dies at each of its crash points (base/crash_point.hpp), the next one goes on, and the same checks hold.

sparkgate-crashtest is the server with a way to die there; the restart is done by the real one.
"""

import re
import sys

import pytest

from blackbox import gateway as gateways
from blackbox.conftest import new_directory, run_recovering
from blackbox.workload import Work

CRASHING = gateways.BINARY.with_name("sparkgate-crashtest")
PLACES = re.compile(r'crash_point\("([^"]+)"\)')
POINTS = sorted({name for file in (gateways.ROOT / "src").rglob("*.cpp") for name in PLACES.findall(file.read_text())})
# The passes that are tried, where the first alone says little: commits of many kinds, the second of two programs.
# The first pass of the store is the reading at the start.
PASSES = {"store.before-commit": range(2, 9), "store.committed": range(2, 9)}
CASES = [(point, number) for point in POINTS for number in PASSES.get(point, (1, 2))]


@pytest.fixture
def gateway(fake_spark_home):
    server = gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "session.kill-grace": "1s", "file.local-dir-whitelist": "/"})
    yield from run_recovering(server)


def work_of(gateway, files):
    """The workload, and a list that gets an entry with each death of the server."""
    crashes = []

    def on_crash():
        assert gateway.process.wait(20) == -9, gateway.log()[-2000:]
        crashes.append(1)
        del gateway.environment["SPARKGATE_CRASH_POINT"]
        gateway.start(gateways.BINARY)

    return Work(gateway, files, on_crash), crashes


def arm(gateway, point, number):
    gateway.kill()
    gateway.environment["SPARKGATE_CRASH_POINT"] = f"{point}:{number}"
    gateway.start(CRASHING)


@pytest.mark.parametrize("point, number", [case for case in CASES if not case[0].startswith("recover.")])
def test_a_crash_while_it_works(gateway, tmp_path, point, number):
    arm(gateway, point, number)
    work, crashes = work_of(gateway, tmp_path)
    made = work.run()
    work.check(*made)
    assert crashes == [1], f"{point} was not passed {number} times"


@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith("recover.")])
def test_a_crash_while_it_starts(gateway, tmp_path, point):
    work, _ = work_of(gateway, tmp_path)
    made = work.run()
    gateway.kill()
    gateway.environment["SPARKGATE_CRASH_POINT"] = f"{point}:1"
    assert gateway.spawn(CRASHING).wait(20) == -9
    del gateway.environment["SPARKGATE_CRASH_POINT"]
    gateway.start()
    work.check(*made)
