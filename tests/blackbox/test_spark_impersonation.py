"""Sessions as another user, with real Spark: what Hadoop sees is the proxy user."""

import pytest

from blackbox import gateway as gateways
from blackbox.client import Session
from blackbox.conftest import new_directory, run_gateway

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def impersonating(spark_home):
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local[2]", **gateways.IMPERSONATION}))


def test_doas_wins_over_the_body_and_reaches_hadoop(impersonating):
    client = impersonating.client
    session = Session(client, client.ok("POST", "/sessions?doAs=alice", {"kind": "pyspark", "proxyUser": "bob"}, 201))
    session.wait_idle(300)
    assert session.view()["proxyUser"] == "alice"
    assert session.text("sc.sparkUser()") == "'alice'"
    assert session.text("sc.parallelize([1, 2]).map(lambda x: x * 2).collect()") == "[2, 4]"
    who = session.text("org.apache.hadoop.security.UserGroupInformation.getCurrentUser.getUserName", "spark")
    assert who.rstrip().endswith("alice")
    assert session.run("select current_user()", "sql")["data"]["application/json"]["data"] == [["alice"]]
    session.delete()
