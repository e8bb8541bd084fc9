"""JSON that is wrong, to every route that reads it: 400, in words that name what is wrong, and nothing changes."""

import json
import re

import pytest

from blackbox import gateway as gateways

DEEP, WIDE = 65, 100_001
ROUTES = {
    "/sessions": dict(texts=["proxyUser", "driverMemory", "executorMemory", "queue", "name", "ttl", "idleTimeout"],
                      words=["kind"], numbers=["driverCores", "executorCores", "numExecutors", "heartbeatTimeoutInSecond"],
                      lists=["jars", "pyFiles", "files", "archives"], maps=["conf"]),
    "/batches": dict(texts=["file", "className", "proxyUser", "driverMemory", "executorMemory", "queue", "name"],
                     numbers=["driverCores", "executorCores", "numExecutors"],
                     lists=["args", "jars", "pyFiles", "files", "archives"], maps=["conf"]),
    "/sessions/0/statements": dict(texts=["code", "kind"]),
    "/sessions/0/completion": dict(texts=["code", "kind"], numbers=["cursor"]),
    "/sessions/0/add-jar": dict(texts=["uri"]),
    "/sessions/0/add-pyfile": dict(texts=["uri"]),
    "/sessions/0/add-file": dict(texts=["uri"]),
    "/sessions/0/submit-job": dict(texts=["job", "jobType"]),
    "/sessions/0/run-job": dict(texts=["job", "jobType"]),
}
WITHOUT_BODY = ["/sessions/0/connect", "/sessions/0/statements/99/cancel", "/sessions/0/jobs/1/cancel"]

# What is no JSON object, and what the answer says of it.
NO_OBJECT = {
    "nothing": (b"", "No content to map due to end-of-input"),
    "spaces": (b" \r\n", "No content to map due to end-of-input"),
    "null": (b"null", "must be a JSON object, not null"),
    "an array": (b"[]", "from Array value"),
    "a text": (b'"x"', "from String value"),
    "a number": (b"1", "from Number value"),
    "true": (b"true", "from Boolean value"),
    "cut": (b'{"a": ', "Unexpected end-of-input"),
    "cut in a text": (b'{"a": "b', "Unexpected end-of-input"),
    "two objects": (b"{}{}", "Unexpected character ('{'"),
    "something behind": (b"{} x", "Unexpected character ('x'"),
    "a comma at the end": (b'{"a": 1,}', "was expecting double-quote to start field name"),
    "a comment": (b"{/**/}", "was expecting double-quote to start field name"),
    "single quotes": (b"{'a': 1}", "was expecting double-quote to start field name"),
    "no quotes": (b"{a: 1}", "was expecting double-quote to start field name"),
    "no colon": (b'{"a" 1}', "was expecting a colon"),
    "NaN": (b'{"a": NaN}', "expected a valid value"),
    "a number with a zero in front": (b'{"a": 01}', "was expecting comma"),
    "a plus sign": (b'{"a": +1}', "expected a valid value"),
    "a control character in a text": (b'{"a": "\n"}', "CTRL-CHAR"),
    "a bad escape": (b'{"a": "\\x"}', "Unexpected character"),
    "half a surrogate": (b'{"a": "\\ud800"}', "Unexpected character"),
    "a zero byte": (b'{"a": 1}\0', "zero bytes"),
    "a zero byte in a text": (b'{"a": "\0"}', "zero bytes"),
    "a byte that is no UTF-8": (b'{"a": "\xff"}', "Invalid UTF-8"),
    "overlong UTF-8": (b'{"a": "\xc0\xaf"}', "Invalid UTF-8"),
    "a surrogate in UTF-8": (b'{"a": "\xed\xa0\x80"}', "Invalid UTF-8"),
    "cut UTF-8": (b'{"a": "\xe2\x82"}', "Invalid UTF-8"),
    "UTF-8 in a name": (b'{"\xff": 1}', "Invalid UTF-8"),
    "UTF-16": ("{}".encode("utf-16"), "zero bytes"),
    "a form": (b"a=1&b=2", "Unexpected character ('a'"),
    "too deep": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "nested deeper than 64"),
    "brackets only": (b"[" * 100_000, "nested deeper than 64"),
    "too many values": (b'{"a":[' + b"1," * WIDE + b"1]}", "more than 100000 values"),
    "too many fields": (json.dumps({f"a{number}": 1 for number in range(5000)}).encode(), "more than 4096 fields"),
    "a number without end": (b'{"a": 1e999}', "Numeric value '1e999' out of range"),
    "a number of many digits": (b'{"a": ' + b"9" * 10_000 + b"}", "out of range"),
    "a field twice": (b'{"a": 1, "a": 1}', "Duplicate field 'a'"),
    "a field twice, in two spellings": (b'{"a": 1, "\\u0061": 1}', "Duplicate field 'a'"),
    "an unknown field": (b'{"sparkgate": 1}', 'Unrecognized field "sparkgate"'),
}


@pytest.fixture
def unchanged(gateway, session):
    """After the test there are the same sessions, batches, directories and statements as before."""
    def seen():
        totals = [gateway.client.get(path).json["total"] for path in ("/sessions", "/batches")]
        return totals, sorted(str(path) for path in gateway.state_dir.glob("*/*"))
    before, number = seen(), session.submit("0")
    yield
    assert (seen(), session.submit("0")) == (before, number + 1)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("body,text", NO_OBJECT.values(), ids=NO_OBJECT)
def test_what_is_no_object(gateway, session, unchanged, route, body, text):
    answer = gateway.client.post(route, body)
    assert answer.status == 400 and isinstance(answer.json, str) and text in answer.json, answer
    assert len(answer.body) < 2000 and "\n at [" in answer.json or "expect" not in answer.json


WRONG = {"texts": ([{}, []], "`java.lang.String`"),
         "words": ([1, True, {}, []], "Kind should be a string"),
         "numbers": ([{}, [], True, "x", "", "1.5", "4 ", 3e10, -3e10, "9999999999"], "int"),
         "lists": (["x", 1, {}, True, [{}], [[]], [None]], "java.lang.String"),
         "maps": (["x", 1, [], True, {"a": {}}, {"a": []}], "java.lang.String")}
FIELDS = [(route, field, kind) for route, kinds in ROUTES.items() for kind, fields in kinds.items() for field in fields]


@pytest.mark.parametrize("route,field,kind", FIELDS, ids=[f"{route} {field}" for route, field, _ in FIELDS])
def test_a_wrong_type(gateway, session, unchanged, route, field, kind):
    """The answer names the field, and the type that was expected."""
    values, expected = WRONG[kind]
    for value in values:
        answer = gateway.client.post(route, {field: value})
        assert answer.status == 400 and isinstance(answer.json, str), (value, answer)
        assert f'["{field}"])' in answer.json and expected in answer.json, (value, answer)


@pytest.mark.parametrize("path", WITHOUT_BODY)
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\0", b"[" * 100_000])
def test_bodies_that_nobody_reads(gateway, session, path, body):
    """They are taken from the wire, and mean nothing."""
    assert gateway.client.post(path, body).status == gateway.client.post(path).status
    assert gateway.client.get("/version").status == 200


def test_every_route_is_looked_at():
    """A new POST route has to be added above."""
    table = (gateways.ROOT / "src/api/routes.cpp").read_text()
    routes = {re.sub(r"\{.*?\}", "0", path) for path in re.findall(r'\{POST, "([^"]+)"', table)}
    looked_at = {re.sub(r"/\d+", "/0", path) for path in [*ROUTES, *WITHOUT_BODY]}
    elsewhere = {"/sessions/0/stop", "/sessions/0/interrupt", "/sessions/0/upload-jar", "/sessions/0/upload-pyfile",
                 "/sessions/0/upload-file"}
    assert routes == looked_at | elsewhere
