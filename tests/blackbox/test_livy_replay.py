"""Requests that need no history, recorded with a real Livy, and the tables of docs/livy-compat.md."""

import re
import sys

import pytest

from blackbox import gateway as gateways
from blackbox import livy_replay
from blackbox.conftest import new_directory, run_gateway

PAGE = "docs/livy-compat.md"
FILES = sorted(file.stem for file in livy_replay.DATA.glob("*.jsonl"))


@pytest.fixture(scope="module")
def plain(fake_spark_home):
    """Configured as the recorded Livy was."""
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "file.local-dir-whitelist": "/tmp,/data/jobs", "session.kill-grace": "1s"}))


@pytest.fixture(scope="module")
def guarded(fake_spark_home):
    """With protection against requests that a foreign page makes a browser send."""
    yield from run_gateway(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings={
        "server.csrf-protection.enabled": "true"}))


def replay(gateway, recording):
    answer = livy_replay.send(gateway.port, recording)
    created = answer.headers["Location"] if answer.status == 201 else ""
    try:
        problems = livy_replay.differences(recording, answer, f"127.0.0.1:{gateway.port}",
                                           translate=lambda text: text.replace("{created}", created.rpartition("/")[2]))
    finally:
        if created:
            gateway.client.delete(created)
    assert not problems, "\n".join([recording["note"], *problems])


def recordings(*names):
    found = [recording for name in names for recording in livy_replay.load(name)]
    return pytest.mark.parametrize("recording", found, ids=[livy_replay.label(each) for each in found])


@recordings("routes", "creation")
def test_plain(plain, recording):
    replay(plain, recording)


@recordings("csrf")
def test_guarded(guarded, recording):
    replay(guarded, recording)


@recordings("batches")
def test_batches(plain, recording):
    if plain.client.get("/batches").status == 404:
        pytest.skip(f"batches are not there yet: {PAGE}, Routes")
    replay(plain, recording)
