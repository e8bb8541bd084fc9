"""The shape of the statement endpoints. The session runs on the fake driver."""

import pytest

STATEMENT_KEYS = ["id", "code", "state", "output", "progress", "started", "completed"]


@pytest.fixture(scope="module")
def idle(gateway):
    client = gateway.client.fork()
    session = client.create(kind="pyspark").wait_idle()
    yield session
    session.delete()
    client.close()


def test_posted_statement(client, idle):
    answer = client.post(idle.path + "/statements", {"code": "say é\nsecond"})
    number = answer.json["id"]
    assert answer.status == 201 and answer.headers["Location"] == f"{idle.path}/statements/{number}"
    assert list(answer.json) == STATEMENT_KEYS
    assert answer.json["state"] in ("waiting", "running") and answer.json["output"] is None
    assert answer.json["progress"] == 0.0 and answer.json["completed"] == 0
    assert answer.json["code"] == "say é\nsecond"
    done = idle.wait(number)
    assert list(done) == STATEMENT_KEYS
    assert done["state"] == "available" and done["progress"] == 1.0
    assert done["output"] == {"status": "ok", "execution_count": number, "data": {"text/plain": "é\nsecond"}}
    assert list(done["output"]) == ["status", "execution_count", "data"]
    assert 0 < done["started"] <= done["completed"]


def test_error_output(idle):
    output = idle.error("error ValueError not that")
    assert list(output) == ["status", "execution_count", "ename", "evalue", "traceback"]
    assert (output["ename"], output["evalue"], output["traceback"]) == ("ValueError", "not that", ["line one\n"])


@pytest.mark.parametrize("body", ["{", "", "null", "{}", '{"code":null}', '{"code":{}}', '{"kind":"pyspark"}',
                                  '{"code":"1","kind":"shared"}', '{"code":"1","kind":"cobol"}', '{"code":"1","x":1}'])
def test_bad_statements_change_nothing(client, idle, body):
    before = client.get(idle.path + "/statements").json
    answer = client.post(idle.path + "/statements", body)
    assert answer.status == 400, answer
    assert isinstance(answer.json, str) or list(answer.json) == ["msg"]
    assert client.get(idle.path + "/statements").json == before


def test_shared_session_needs_a_kind(client, fake):
    session = fake({"kind": "shared"})
    answer = client.post(session.path + "/statements", {"code": "say 1"})
    assert answer.status == 400 and "Code type should be specified if session kind is shared" in answer.text
    assert session.text("say 1", kind="sql") == "1"


def test_null_kind_is_the_sessions(idle):
    assert idle.wait(idle.client.post(idle.path + "/statements", {"code": "say 1", "kind": None}).json["id"])


def test_the_third_field_of_livys_request_is_taken(idle):
    answer = idle.client.post(idle.path + "/statements", {"code": "say 1", "msg_type": "execute_request"})
    assert answer.status == 201 and idle.wait(answer.json["id"])["state"] == "available"


def test_list_order_and_pages(client, fake):
    session = fake().wait_idle()
    for number in range(5):
        session.run(f"say {number}")

    def ids(query):
        answer = client.get(f"{session.path}/statements{query}").json
        assert list(answer) == ["total_statements", "statements"] and answer["total_statements"] == 5
        return [statement["id"] for statement in answer["statements"]]

    assert ids("") == [0, 1, 2, 3, 4]
    assert ids("?order=desc") == [4, 3, 2, 1, 0] == ids("?order=%20DESC%20")
    assert ids("?from=1&size=2") == [1, 2]
    assert ids("?order=desc&from=1&size=2") == [3, 2]
    assert ids("?from=9") == []


def test_unknown_statement(client, idle):
    answer = client.get(idle.path + "/statements/9999")
    assert (answer.status, answer.json) == (404, "Statement not found")
    answer = client.get(idle.path + "/statements/abc")
    assert (answer.status, answer.json) == (400, {"msg": 'For input string: "abc"'})
    # Livy's clients rely on a cancel being harmless.
    assert client.post(idle.path + "/statements/9999/cancel").json == {"msg": "canceled"}


def test_completion(client, idle):
    answer = client.post(idle.path + "/completion", {"code": "al", "kind": "pyspark", "cursor": 2})
    assert (answer.status, answer.text) == (200, '{"candidates":["alpha"]}')
    answer = client.post(idle.path + "/completion", {"code": "b", "kind": "pyspark", "cursor": "1"})
    assert (answer.status, answer.json) == (200, {"candidates": ["beta"]})
    assert client.post(idle.path + "/completion", {"code": "al", "cursor": 2, "kind": "cobol"}).status == 400


def test_dead_session_refuses_statements(client, fake):
    session = fake(exit=1)
    session.wait_state("dead")
    for path, body in (("/statements", {"code": "1"}), ("/statements/0/cancel", None),
                       ("/completion", {"code": "1", "kind": "pyspark", "cursor": 1})):
        answer = client.post(session.path + path, body)
        # Zeppelin looks for these words; the reason follows them.
        assert answer.status == 500, answer
        assert answer.json.startswith("java.lang.IllegalStateException: Session is in state dead"), answer
        assert "exit code 1" in answer.json


def test_output_endpoint(client, idle, tmp_path):
    number = idle.submit("print hello")
    idle.wait(number)
    answer = client.get(f"{idle.path}/statements/{number}/output?from=0")
    assert answer.status == 200 and list(answer.json) == ["id", "from", "next", "state", "text"]
    assert answer.json["text"] == "hello" and answer.json["state"] == "available" and answer.json["id"] == number
    assert client.get(f"{idle.path}/statements/{number}/output?from={answer.json['next']}").json["text"] == ""
    assert client.get(f"{idle.path}/statements/{number}/output").json["from"] == 0
    assert client.get(f"{idle.path}/statements/9999/output").status == 404
    assert client.get(f"{idle.path}/statements/{number}/output?from=x").status == 400


def test_wait_is_a_number_of_seconds(client, idle):
    number = idle.submit("say 1")
    idle.wait(number)
    for path in (idle.path, f"{idle.path}/statements/{number}", f"{idle.path}/statements/{number}/output"):
        assert client.get(path + "?wait=0.5").status == client.get(path + "?wait=1e9").status == 200
        for word in ("", "x", "-1", "nan", "1s"):
            answer = client.get(f"{path}?wait={word}")
            assert answer.status == 400 and answer.json["msg"].startswith("wait: expected"), answer


def test_large_code_and_body(idle):
    text = "x" * 1_000_000
    assert idle.text("say " + text) == text


def test_gets_with_a_body_are_taken(client, idle):
    assert client.call("GET", idle.path, {"ignored": True}).status == 200
    assert client.call("POST", idle.path + "/statements/9999/cancel", "").status == 200
