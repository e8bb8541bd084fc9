"""Requests to add files, as far as they need no Spark: order, answers, and what goes on meanwhile."""
import os


def test_success_is_an_answer_without_error(plain_session, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("")
    request = plain_session.ask_to_add("file", str(path))
    assert plain_session.added(request) is None
    assert plain_session.of("added", req=request) == [({"op": "added", "req": request}, b"")]


def test_a_failure_is_told_in_one_line(plain_session, tmp_path):
    assert plain_session.add("file", "/nowhere/a.txt") == (
        "FileNotFoundError", "No such file or directory: /nowhere/a.txt")
    (tmp_path / "b.txt").write_text("nonsense")
    assert plain_session.add("jar", str(tmp_path / "b.txt")) == ("ValueError", "a jar with")


def test_requests_are_served_in_order_and_hold_up_nothing_else(plain_session, tmp_path):
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    slow = plain_session.ask_to_add("file", pipe)
    failing = plain_session.ask_to_add("file", "/nowhere/b.txt")
    assert plain_session.run("1 + 1")["data"] == {"text/plain": "2"}
    assert plain_session.complete("impor") == ["import"]
    assert not plain_session.of("added", req=slow) and not plain_session.of("added", req=failing)
    open(pipe, "w").close()
    assert plain_session.added(slow) is None
    assert plain_session.added(failing)[0] == "FileNotFoundError"
    answered = [header["req"] for header, _ in plain_session.of("added")]
    assert answered.index(slow) < answered.index(failing)


def test_a_request_is_served_while_a_statement_runs(plain_session, tmp_path):
    statement = plain_session.submit("pyspark", "print('go')\nwhile True: pass")
    plain_session.wait_text(statement, "go")
    (tmp_path / "c.txt").write_text("")
    assert plain_session.add("pyfile", str(tmp_path / "c.txt")) is None
    plain_session.cancel(statement)
    assert plain_session.result(statement)[0] == "cancelled"
