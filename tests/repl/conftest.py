"""Fixtures: one real session a Spark version, shared by all tests that need Spark."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "src", "repl")]

import harness  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "spark: needs a real Spark (SPARKGATE_TEST_SPARK_35, SPARKGATE_TEST_SPARK_41)")


@pytest.fixture(scope="session")
def plain_session():
    """A driver without Spark, shared by the tests of plain Python."""
    started = harness.PlainSession()
    try:
        yield started.wait_ready()
    finally:
        started.close()


@pytest.fixture
def plain():
    """Makes drivers without Spark for one test: `plain(option=value, …)`."""
    made = []

    def make(**options):
        made.append(harness.PlainSession(options))
        return made[-1].wait_ready()

    yield make
    for started in made:
        started.close()


@pytest.fixture(scope="session", params=harness.VERSIONS)
def session(request):
    """A ready session of each Spark version."""
    if harness.spark_home(request.param) is None:
        pytest.skip("no Spark %s on this machine" % request.param)
    started = harness.Session(request.param)
    try:
        yield started.wait_ready()
    finally:
        started.close()
