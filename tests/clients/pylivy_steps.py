"""What a pylivy user does: `pylivy_steps.py STEP URL ARGUMENT...` prints what it saw as JSON."""

import contextlib
import io
import json
import pathlib
import sys
import time

import pandas
import requests
from livy import LivyBatch, LivySession, SessionKind
from livy.client import LivyClient
from livy.models import SparkRuntimeError

FRAME = pandas.DataFrame({"word": ["one", "zwei ☃", 'a "quoted" \\ word'], "number": [1, 2, 3], "share": [0.5, -1.25, 1e10]})
# In each language: what the uploaded frame becomes, and code that prints, that fails, and that says nothing.
CODES = {
    SessionKind.PYSPARK: {"more": 'more = frame.withColumn("twice", frame["number"] * 2).orderBy("number")',
                          "print": 'print("Grüße", 6 * 7)', "fail": "1 / 0", "nothing": "x = 1"},
    SessionKind.SPARK: {"more": 'val more = frame.withColumn("twice", frame("number") * 2).orderBy("number")',
                        "print": 'println("Grüße " + 6 * 7)', "fail": 'throw new RuntimeException("on purpose")',
                        "nothing": "import scala.math._"}}
QUERY = """select id, 'word ' || id as word, array(id, id * 2) as pair, cast(id / 4 as decimal(4, 2)) as share,
if(id = 1, null, id) as maybe from range(3) order by id"""


def records(frame):
    """Values and column names as the user sees them; NaN is null in JSON."""
    return {"columns": list(frame.columns), "rows": json.loads(frame.to_json(orient="values"))}


def echoed(session, code):
    """What run() prints for the user, and the output that it returns."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        output = session.run(code)
    return printed.getvalue(), output


def use_language(session):
    codes, seen = CODES[session.kind], {}
    seen["printed"], output = echoed(session, codes["print"])
    seen["text"], seen["status"] = output.text, output.status.value
    seen["nothing"] = echoed(session, codes["nothing"])[0]
    try:
        session.run(codes["fail"])
    except SparkRuntimeError as error:
        seen["error"] = {"ename": error.ename, "evalue": error.evalue, "traceback": error.traceback}
    session.upload("frame", FRAME)
    session.run(codes["more"])
    seen["downloaded"] = records(session.download("more"))
    return seen


def use_sql(session):
    seen = {"downloaded": records(session.download_sql(QUERY))}
    session.run("create temporary view three as select * from range(3)")
    seen["ddl"] = records(session.download_sql("create temporary view two as select * from range(2)"))
    seen["empty"] = records(session.download_sql("select * from three where id > 5"))
    seen["count"] = records(session.download_sql("select count(*) as n from three"))
    try:
        session.download_sql("select * from nowhere")
    except SparkRuntimeError as error:
        seen["error"] = {"ename": error.ename, "evalue": error.evalue, "traceback": error.traceback}
    return seen


def sessions(url):
    """Sessions of three kinds start side by side; each is used and closed by its `with`."""
    client, seen = LivyClient(url), {}
    opened = [LivySession.create(url, kind=kind, name=f"pylivy {kind.value}", spark_conf={"spark.ui.enabled": "false"})
              for kind in (SessionKind.PYSPARK, SessionKind.SPARK, SessionKind.SQL)]
    seen["listed"] = {session.session_id: session.kind.value for session in client.list_sessions()}
    seen["ids"] = [session.session_id for session in opened]
    for opening in opened:
        with opening as session:
            state = session.state.value
            seen[session.kind.value] = use_sql(session) if session.kind == SessionKind.SQL else use_language(session)
            seen[session.kind.value]["state"] = state
            seen[session.kind.value]["statements"] = [each.state.value for each in client.list_statements(session.session_id)]
    seen["after"] = [client.get_session(number) for number in seen["ids"]]
    try:
        opened[0].state
    except ValueError as error:
        seen["state of a closed one"] = str(error)
    seen["version"] = repr(client.server_version())
    return seen


def batch(url, file, *arguments):
    """One batch to its end, with its log whole and in pages."""
    job = LivyBatch.create(url, file, args=list(arguments), driver_memory="512m", driver_cores=1, name="pylivy batch")
    seen = {"id": job.batch_id, "state": job.wait().value}
    total = job.client.get_batch_log(job.batch_id).total
    seen["log"] = job.log(0, total)
    seen["pages"] = [line for start in range(0, total + 1, 7) for line in job.log(start, 7)]
    seen["beyond"] = job.log(total, 100)
    seen["app_id"] = job.client.get_batch(job.batch_id).app_id
    return seen


def batches(url, file, folder):
    """One that succeeds, one that fails, one that is killed while it runs, and one that is refused."""
    seen = {"good": batch(url, file, "a word", "ünï"), "bad": batch(url, file, "fail")}
    running = LivyBatch.create(url, file, args=["wait", folder])
    while not pathlib.Path(folder, "runs").exists():
        time.sleep(0.05)    # the batch has only this file to tell that it runs
    seen["listed"] = {each.batch_id: each.state.value for each in running.client.list_batches()}
    running.kill()
    try:
        running.state
    except ValueError as error:
        seen["killed"] = {"id": running.batch_id, "after": str(error)}
    try:
        LivyBatch.create(url, "/etc/passwd")
    except requests.HTTPError as error:
        seen["refused"] = {"status": error.response.status_code, **error.response.json()}
    return seen


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
