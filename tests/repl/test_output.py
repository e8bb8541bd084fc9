"""Limits, batches and the result's JSON."""
import json

from sparkgate_repl import results, table
from sparkgate_repl.capture import _beginning_of_mark
from sparkgate_repl.output import BATCH_BYTES, Budget, Output


class NoFlusher:
    """Nothing leaves by time."""

    def wake(self, output):
        pass


class Statement:
    id = 4


def collect(limit):
    sent = []
    return sent, Output(limit, lambda name, text: sent.append((name, text)), NoFlusher())


def test_a_budget_cuts_between_characters():
    budget = Budget(4)
    assert budget.take("aé") == "aé"
    assert budget.take("é") == ""
    assert budget.mark() == "… [output cut: 2 more bytes]"


def test_batches_keep_order_and_names():
    sent, output = collect(1000000)
    for name, text in (("stdout", "a"), ("stdout", "b"), ("stderr", "c"), ("stdout", "d")):
        output.write(name, text)
    output.end()
    assert sent == [("stdout", "ab"), ("stderr", "c"), ("stdout", "d")]
    assert output.text("stdout") == "abd" and output.text("stderr") == "c"


def test_a_large_batch_leaves_at_once():
    sent, output = collect(1000000)
    output.write("stdout", "x" * BATCH_BYTES)
    assert len(sent) == 1


def test_nothing_follows_the_end():
    sent, output = collect(10)
    output.write("stdout", "0123456789ab")
    output.end()
    output.end()
    assert output.write("stdout", "late") == ""
    assert sent == [("stdout", "0123456789\n… [output cut: 2 more bytes]\n")]


def test_results_are_strict():
    data = {"application/json": [float("nan"), 1e400, {1: 2}]}
    payload = results.encode(Statement, {"status": "ok", "data": data})
    assert json.loads(payload) == {"status": "ok", "execution_count": 4,
                                   "data": {"application/json": [None, None, {"1": 2}]}}
    payload = results.encode(Statement, {"status": "ok", "data": {"text/plain": "a\ud800b\x00"}})
    assert json.loads(payload.decode("utf-8"))["data"]["text/plain"] == "a\ufffdb\0"


def test_results_that_cannot_be_sent_become_errors(monkeypatch):
    odd = results.encode(Statement, {"status": "ok", "data": {"x": object()}})
    assert json.loads(odd)["ename"] == "TypeError"
    monkeypatch.setattr(results, "MAX_PAYLOAD", 200)
    large = results.encode(Statement, {"status": "ok", "data": {"text/plain": "x" * 300}})
    assert json.loads(large)["ename"] == "OutputTooLarge"


def test_tables_have_livys_types():
    import datetime
    import decimal
    row = [None, True, 1, 1.5, "s", datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2, 3, 4, 5),
           decimal.Decimal("1.50"), [1, None], {"k": 1}, object]
    made = table.of([row])
    assert [header["type"] for header in made["headers"]] == [
        "NULL_TYPE", "BOOLEAN_TYPE", "INT_TYPE", "DOUBLE_TYPE", "STRING_TYPE", "DATE_TYPE", "TIMESTAMP_TYPE",
        "DECIMAL_TYPE", "ARRAY_TYPE", "MAP_TYPE", "STRING_TYPE"]
    assert [header["name"] for header in made["headers"]] == [str(i) for i in range(11)]
    assert made["data"][0][5:10] == ["2024-01-02", "2024-01-02 03:04:05", "1.50", [1, None], {"k": 1}]
    assert table.of(5) == {"headers": [{"name": "0", "type": "INT_TYPE"}], "data": [[5]]}
    assert table.of([{"a": 1}, {"b": 2}])["data"] == [[1, None], [None, 2]]


def test_the_beginning_of_a_mark_is_held_back():
    mark = b"\0sparkgate:12\0"
    assert _beginning_of_mark(b"text\0spark", mark) == 6
    assert _beginning_of_mark(b"text\0", mark) == 1
    assert _beginning_of_mark(b"a\0spark\0sp", mark) == 3
    assert _beginning_of_mark(b"a\0b", mark) == 0
    assert _beginning_of_mark(b"", mark) == 0
