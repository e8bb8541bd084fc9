"""dbt with the adapter dbt-fabricspark in its local mode, which is for any server that speaks Livy's API."""

import json
import re
import types

import pytest

from blackbox import gateway as gateways
from blackbox.client import Session
from blackbox.conftest import new_directory, run_gateway

from .conftest import Environment

pytestmark = pytest.mark.extra

# Tables outlive the session: they are in Hive's catalogue. NAME means a place where {{ }} is dbt's.
PROJECT = {
    "profiles.yml": """
shop:
  target: dev
  outputs:
    dev:
      type: fabricspark
      method: livy
      livy_mode: local
      livy_url: http://127.0.0.1:PORT
      schema: shop
      threads: 2
      poll_wait: 1
      spark_config:
        name: dbt
        conf:
          spark.sql.ansi.enabled: "false"  # a seed's missing values are sent as ''
          spark.sql.warehouse.dir: FOLDER/warehouse
          spark.hadoop.javax.jdo.option.ConnectionURL: jdbc:derby:;databaseName=FOLDER/metastore;create=true
""",
    "dbt_project.yml": """
name: shop
profile: shop
models: {+file_format: parquet}
seeds: {+file_format: parquet}
""",
    "seeds/orders.csv": "id,customer,amount,day\n1,Zoë,1.5,2026-01-01\n2,O'Neil,2.25,2026-01-02\n3,Zoë,4,\n",
    "models/big_orders.sql": "select * from {{ ref('orders') }} where amount > 2",
    "models/customers.sql": """
{{ config(materialized='table') }}
/* one row for each */
select customer, sum(amount) as total -- of all days
from {{ ref('orders') }} group by customer
""",
    "models/history.sql": """
{{ config(materialized='incremental') }}
select id, amount from {{ ref('orders') }} {% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}
""",
    "models/broken.sql": "select nowhere from {{ ref('orders') }}",
    "models/schema.yml": """
models:
- name: customers
  columns: [{name: customer, data_tests: [unique]}]
- name: big_orders
  columns: [{name: day, data_tests: [not_null]}]
""",
}


class Dbt:
    """A project in a folder of its own, and the command."""

    def __init__(self, folder, port):
        self.folder, self.session_file = folder, folder / "livy-session-id.txt"
        for name, text in PROJECT.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text.replace("PORT", str(port)).replace("FOLDER", str(folder)))

    def __call__(self, *arguments, code=0):
        """What dbt prints, without colours and times, and how each thing that was built or tested ended."""
        ended = Environment("dbt").run("dbt", "--no-use-colors", "--no-send-anonymous-usage-stats", *arguments,
                                       cwd=self.folder, environment={"HOME": str(self.folder)})
        assert ended.returncode == code, f"dbt {arguments}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        results = self.folder / "target/run_results.json"
        listed = json.loads(results.read_text())["results"] if results.exists() else []
        return types.SimpleNamespace(text=re.sub(r"(?m)^\d\d:\d\d:\d\d +", "", ended.stdout),
                                     results={each["unique_id"].split(".")[2]: each["status"] for each in listed})

    def rows(self, model):
        """What `dbt show` shows of a model."""
        shown = self("show", "--inline", f"select * from {{{{ ref('{model}') }}}} order by 1", "--output", "json").text
        return json.loads(shown[shown.index("{"):])["show"]


@pytest.fixture(scope="module")
def hive_gateway(spark_home):
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local[2]", "repl.enable-hive-context": "true"}))


def work(dbt, client):
    """A day with dbt, and with the server's own API beside it."""
    seen = types.SimpleNamespace()

    def session_now():
        views = client.ok("GET", "/sessions")["sessions"]
        seen.sessions.append([(view["id"], view["name"], view["kind"], view["state"]) for view in views])
        return Session(client, views[0])

    def rows(model):
        return session_now().run(f"select * from shop.{model} order by 1")["data"]["application/json"]["data"]

    seen.sessions = []
    dbt.session_file.write_text("77")  # as if that one had gone
    seen.debug = dbt("debug").text
    seen.seed = dbt("seed")
    seen.run = dbt("run", "--exclude", "broken")
    seen.built = {model: rows(model) for model in ("orders", "big_orders", "customers", "history")}
    seen.test = dbt("test", code=1)
    session_now().run("insert into shop.orders values (4, 'new', 0.5, date '2026-01-04')")
    seen.rerun = dbt("run", code=1)
    seen.history = rows("history")
    seen.kept = dbt.session_file.read_text()
    session_now().delete()
    seen.shown = dbt.rows("customers")
    session_now().delete()
    seen.replaced = dbt.session_file.read_text()
    return seen


@pytest.fixture(scope="module")
def seen(hive_gateway, tmp_path_factory):
    return work(Dbt(tmp_path_factory.mktemp("dbt"), hive_gateway.port), hive_gateway.client)


def test_debug_finds_the_server(seen):
    assert "adapter type: fabricspark" in seen.debug and "Connection test: [OK connection ok]" in seen.debug


def test_run_builds_the_models(seen):
    """The seed goes in as dbt quotes it; comments, a view, a table and an incremental table come to be."""
    assert seen.seed.results == {"orders": "success"} and "[INSERT 3 in" in seen.seed.text
    assert seen.run.results == {"big_orders": "success", "customers": "success", "history": "success"}
    assert seen.built == {
        "orders": [[1, "Zoë", 1.5, "2026-01-01"], [2, "O'Neil", 2.25, "2026-01-02"], [3, "Zoë", 4.0, None]],
        "big_orders": [[2, "O'Neil", 2.25, "2026-01-02"], [3, "Zoë", 4.0, None]],
        "customers": [["O'Neil", 2.25], ["Zoë", 5.5]],
        "history": [[1, 1.5], [2, 2.25], [3, 4.0]]}


def test_data_tests_pass_and_fail(seen):
    assert seen.test.results == {"unique_customers_customer": "pass", "not_null_big_orders_day": "fail"}
    assert "Got 1 result, configured to fail if != 0" in seen.test.text


def test_the_next_run_adds_what_is_new(seen):
    assert seen.rerun.results == {"big_orders": "success", "customers": "success", "history": "success", "broken": "error"}
    assert seen.history == [[1, 1.5], [2, 2.25], [3, 4.0], [4, 0.5]]


def test_an_error_of_spark_is_shown(seen):
    assert "[UNRESOLVED_COLUMN.WITH_SUGGESTION]" in seen.rerun.text and "`nowhere`" in seen.rerun.text


def test_all_commands_use_one_session(seen):
    """The one whose id the first of them has written down; when that has gone, there is another, with the tables."""
    assert seen.sessions[:-1] == [[(0, "dbt", "sql", "idle")]] * 7 and seen.kept == "0"
    assert seen.sessions[-1] == [(1, "dbt", "sql", "idle")] and seen.replaced == "1"
    assert seen.shown == [{"customer": "O'Neil", "total": 2.25}, {"customer": "Zoë", "total": 5.5}, {"customer": "new", "total": 0.5}]
