"""A server of its own with one session, whose statements count what was executed."""

import os
import pathlib
import tempfile

import pytest

from blackbox import gateway as gateways
from blackbox.conftest import binary, fake_spark_home, pytest_runtest_makereport, run_gateway, serve  # noqa: F401

MEMORY = "/dev/shm"  # thousands of statements are stored, and what a disk makes of them is not looked at here


@pytest.fixture(scope="package")
def gateway(fake_spark_home):  # noqa: F811
    directory = tempfile.mkdtemp(prefix="sg-", dir=MEMORY if os.path.isdir(MEMORY) else None)
    # A request that comes byte by byte, beside many others, has to be in time.
    patient = {"server.header-timeout": "5m", "server.body-timeout": "5m", "server.allowed-hosts": "*",
               "statement.max-waiting": "1000000", "statement.max-waiting-total": "1000000"}
    yield from run_gateway(gateways.Gateway(pathlib.Path(directory), fake_spark_home, settings=patient))


@pytest.fixture(scope="package")
def session(gateway):
    """Session 0, which the cases name."""
    session = gateway.client.create(kind="pyspark").wait_idle()
    assert session.id == 0
    yield session
    session.delete()
