"""Fixtures: one real session a Spark version, shared by all tests that need Spark."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "src", "repl")]

import harness  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "spark: needs a real Spark (SPARKGATE_TEST_SPARK_35, SPARKGATE_TEST_SPARK_41)")


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
