"""DAGs of an Airflow user. Run as a program it runs `jobs` once, task by task, and prints how each ended, as JSON.

JOBS is the directory of job.py, and of the files by which the batches and the test talk.
"""

import json
import os
from datetime import datetime, timedelta

from airflow.providers.apache.livy.operators.livy import LivyOperator
from airflow.providers.apache.livy.sensors.livy import LivySensor
from airflow.sdk import DAG, chain

FOLDER = os.environ["JOBS"]
POLLING = {"polling_interval": 0.2}
DEFERRED = {"deferrable": True, "polling_interval": 1}
NIGHTLY = {"name": "nightly", "conf": {"spark.custom.word": "ünï ☃", "spark.custom.number": 5}, "files": [f"{FOLDER}/words.txt"],
           "driver_memory": "512m", "driver_cores": "1", "executor_cores": 1, "num_executors": "1",
           "extra_headers": {"Idempotency-Key": "nightly {{ run_id }}"}}


class Batch(LivyOperator):
    """Its headers may name the run."""

    template_fields = (*LivyOperator.template_fields, "_extra_headers")


def batch(task_id, what, *more, **options):
    """A task that runs also after one that failed. Its files begin with the name of the batch."""
    return Batch(task_id=task_id, file=f"{FOLDER}/job.py", args=[what, FOLDER, options.get("name", task_id), *more],
                 trigger_rule="all_done", **options)


with DAG("jobs", schedule=None, start_date=datetime(2026, 1, 1)) as jobs:
    chain(batch("submitted", "compute", "a word", 7, **NIGHTLY),
          batch("same_name", "compute", name="nightly", **POLLING),
          batch("same_key", "compute", "a word", 7, **NIGHTLY, **POLLING),
          batch("watched", "fail"),
          LivySensor(task_id="sensor", trigger_rule="all_done", batch_id="{{ ti.xcom_pull('watched') }}", poke_interval=0.2),
          batch("fails", "fail", **POLLING),
          batch("dies", "die", os.environ["GATEWAY"], name="dies", **POLLING),
          batch("cancelled", "wait", **POLLING),
          batch("too_long", "wait", **POLLING, execution_timeout=timedelta(seconds=5)),
          batch("restarted", "compute", **POLLING, name="restarted", retries=9, retry_delay=timedelta(seconds=0.5)),
          batch("deferred", "compute", **DEFERRED, name="deferred", retries=9, retry_delay=timedelta(seconds=0.5),
                extra_headers={"Idempotency-Key": "deferred {{ run_id }}"}),
          batch("deferred_fails", "fail", **DEFERRED),
          batch("deferred_too_long", "wait", **DEFERRED, execution_timeout=timedelta(seconds=5)))

with DAG("lost", schedule=None, start_date=datetime(2026, 1, 1)):
    batch("job", "compute", name="lost", **POLLING)


def run():
    ended = jobs.test()
    tasks = {task.task_id: {"state": task.state, "tries": task.try_number, "result": task.xcom_pull(task.task_id),
                             "app_id": task.xcom_pull(task.task_id, key="app_id")}
             for task in ended.get_task_instances()}
    return {"run_id": ended.run_id, "tasks": tasks}


if __name__ == "__main__":
    print(json.dumps(run()))
