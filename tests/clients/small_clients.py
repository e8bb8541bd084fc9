"""What a user does with a small client: `small_clients.py CLIENT URL ARGUMENT...` prints what it saw as JSON.

Each function runs in the virtual environment of its own client, so the imports are inside.
"""

import json
import pathlib
import sys
import time


def livyc(url):
    from livyc import livyc
    client = livyc.LivyC({"livy_server_url": url.rpartition(":")[0], "port": url.rpartition(":")[2], "jars": []})
    session = client.create_session()
    seen = {"printed": client.run_script(session, "word = 'Grüße'\nnumbers = [1, 2]\nprint(word)\ndef times(a, b):\n    return a * b"),
            "word": client.read_variable(session, "word"),
            "numbers": client.read_variable(session, "numbers"),
            "product": client.run_function(session, "times", 6, b=7)}
    try:
        client.run_script(session, "1 / 0")
    except Exception as error:  # its own class has no name that can be imported
        seen["error"] = str(error)
    client.run_script(session, "frame = spark.range(3).selectExpr('id', 'id * 2 as twice')")
    seen["frame"] = client.read_variable(session, "frame").to_dict("list")
    del session
    return seen


def livy_uploads(url, name, folder):
    from livy_uploads.commands import LivyRunCode, LivyRunShell, LivyUploadDir, LivyUploadFile
    from livy_uploads.exceptions import LivyStatementError
    from livy_uploads.session import LivySession
    session = LivySession.from_config({"endpoint": {"url": url}, "session": {"name": name, "kind": "pyspark"}})
    folder = pathlib.Path(folder)
    file = session.apply(LivyUploadFile(folder / "data.bin", "there/data.bin", chunk_size=1000))
    directory = session.apply(LivyUploadDir(folder, "copy"))
    read = "import os\n_ = open(file, 'rb').read(), sorted(os.listdir(directory))\nprint('read', len(_[0]))"
    lines, (content, names) = session.apply(LivyRunCode(read, vars={"file": file, "directory": directory}))
    seen = {"session": session.session_id, "same": content == (folder / "data.bin").read_bytes(), "names": names, "lines": lines,
            "shell": session.apply(LivyRunShell("cd copy && ls && exit 3"))[1:]}
    try:
        session.apply(LivyRunCode("1 / 0"))
    except LivyStatementError as error:
        seen["error"] = str(error)
    seen["log"] = next(session.follow())
    return seen


def finished(ask):
    """Asks, as often as a user would, until the answer's state is final."""
    while (answer := ask()).state.value not in ("success", "dead", "error", "available", "cancelled"):
        time.sleep(0.2)    # between two polls, as a user of the client has to
    return answer


def livyclient(url, session, job):
    from livyclient import LivyBatch, LivySession
    sessions, batches = LivySession(url), LivyBatch(url)
    batch = batches.create_batches(job, args=["a word", "ü"], name="small", conf={"spark.ui.enabled": "false"})
    seen = {"session": sessions.get_sessions(int(session)).as_dict(), "nobody": sessions.get_sessions(77)}
    for name, code in (("ok", "print(6 * 7)"), ("error", "1 / 0")):
        number = sessions.create_statements(int(session), code).statement_id
        seen[name] = finished(lambda: sessions.get_statements(int(session), number)).output.as_dict()
    seen["batch"] = finished(lambda: batches.get_batches(batch.batch_id)).as_dict()
    seen["listed"] = [each.as_dict() for each in batches.list_batches()]
    seen["log"] = batches.get_log(batch.batch_id).log
    batches.delete_batches(batch.batch_id)
    seen["left"] = batches.list_batches()
    return seen


CLIENTS = {"livyc": livyc, "livy-uploads": livy_uploads, "livyclient": livyclient}

if __name__ == "__main__":
    seen = CLIENTS[sys.argv[1]](*sys.argv[2:])
    print()
    print(json.dumps(seen))
