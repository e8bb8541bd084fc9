"""Whatever is in the store, the next server lists all of it, starts nothing twice, and writes over nothing that it cannot read.

The programs are fake. Many records lie in one store, beside a session and a batch that live: one record that ends the
recovery, or that hides others, fails the test of all. test_recovery_refused.py has the stores with which no server starts.
"""

import json
import re
import shutil
import sys

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import Session, until
from blackbox.conftest import new_directory, run_recovering
from blackbox.records import ENDED, EXIT_CODE, FINAL, NEWER, STATEMENT_STATES, STATES, Records

# Nothing is forgotten by itself while a test looks at it.
SETTINGS = {"session.kill-grace": "1s", "server.session.state-retain.sec": "0", "server.batch.retain-time": "0",
            "file.local-dir-whitelist": "/"}

OUTPUT = json.dumps({"status": "ok", "execution_count": 0, "data": {"text/plain": "x"}})
OUTPUTS = {"stored": OUTPUT, "not": None, "damaged": OUTPUT[:-9], "null": "null", "huge": OUTPUT.replace("x", "x" * 200_000, 1),
           "no object": "[7", "bytes": b'{"status":"\xff\x00"}'}
DEEP = "[" * 100_000 + "]" * 100_000
# Of a text that should be a JSON object: what is to be stored instead.
DAMAGED = {
    "empty": lambda good: b"",
    "cut": lambda good: good[:-7],
    "no JSON": lambda good: b"hello",
    "a list": lambda good: b"[" + good + b"]",
    "a number": lambda good: b"7",
    "null": lambda good: b"null",
    "no UTF-8": lambda good: good[:1] + b'"newer":"\xc3(",' + good[1:],
    "a NUL behind": lambda good: good + b"\0",
    "a NUL within": lambda good: good[:20] + b"\0" + good[20:],
    "more behind": lambda good: good + b"}",
    "twice": lambda good: good + good,
    "too deep": lambda good: DEEP.encode()[:100_000],
}
WRONG_REQUESTS = [{"kind": 5}, {"kind": "klingon"}, {"conf": ["a"]}, {"conf": {"spark.a": {"b": 1}}}, {"jars": "a.jar"}, {"jars": [1]},
                  {"name": {}}, {"proxyUser": 7}, {"ttl": []}, {"numExecutors": "many"}, {"driverCores": 1e99}, {"args": {}},
                  {"file": None}, {"heartbeatTimeoutInSecond": "x"}, {"queue": False}]
# Without one of these a program would be another one, or somebody else's.
WRONG_AT_ITS_START = [{"conf": ["a"]}, {"conf": {"spark.a": {"b": 1}}}, {"conf": None, "proxyUser": ["ada"]}, {"proxyUser": 7}, {"name": {}}]
WRONG_DETAILS = [{"created": "yesterday"}, {"created": None}, {"created": -1}, {"created": 1e300}, {"ended": "x"}, {"ended": 2**64},
                 {"owner": 5}, {"appId": []}, {"sparkUiUrl": None}, {"reason": {}}, {"idempotencyKey": 5}, {"idempotencyKey": "k" * 9},
                 {"fingerprint": []}, {"name": []}, {"proxyUser": [1]}]


@pytest.fixture
def gateway(fake_spark_home):
    yield from run_recovering(gateways.Gateway(new_directory(), fake_spark_home, python=sys.executable, settings=SETTINGS))


@pytest.fixture
def client(gateway):
    return gateway.client


@pytest.fixture
def records(gateway, tmp_path):
    return Records(gateway, tmp_path / "starts")


both = pytest.mark.parametrize("table", ["sessions", "batches"])


class Living:
    """A session that waits for work and a batch that waits for its end: with them the worst of a bad recovery is seen."""

    def __init__(self, client, directory):
        self.end, self.headers = directory / "end", {"Idempotency-Key": "alive"}
        self.session = client.create(kind="pyspark").wait_idle()
        self.session.run("say before")
        self.body = {"file": batches.FILE, "conf": batches.fake_conf(until=self.end, record=directory / "alive")}
        self.batch = batches.Batch(client, client.post("/batches", self.body, headers=self.headers).json).wait_state("running")
        batches.wait_started(directory / "alive")
        self.record, self.client = directory / "alive", client

    def check(self):
        assert self.session.state() == "idle" and self.batch.state() == "running"
        assert self.session.text("say on") == "on"
        again = self.client.post("/batches", self.body, headers=self.headers)
        assert (again.status, again.json["id"], again.headers["Idempotent-Replay"]) == (201, self.batch.id, "true")
        assert len(batches.read_record(self.record)) == 1

    def check_end(self):
        self.end.touch()
        assert self.batch.wait_end() == "success"
        self.session.delete()


def states_of(records, table):
    return {number: view["state"] for number, view in records.listed(table).items()}


def reason_of(client, table, number):
    """All that a client is told about why it has ended."""
    text = "\n".join(client.ok("GET", f"/{table}/{number}/log?from=0&size=-1")["log"])
    return text if table == "batches" else text + client.get(f"/{table}/{number}/statements").text


def check_is_shown_as_unreadable(records, table, number):
    assert states_of(records, table)[number] == "dead"
    words = reason_of(records.gateway.client, table, number)
    assert re.search(r"\b(record|store|stored)\b", words) and re.search(r"\b(read|unreadable|damaged|unknown)\b", words), words


def check_taken_or_untouched(records, table, number, before):
    """A record that is odd, but no nonsense: its program's own end is told, or the reason why not, and then the row stays."""
    assert records.listed(table)[number]["state"] in ENDED
    if f"exit code {EXIT_CODE}" not in reason_of(records.gateway.client, table, number):
        check_is_shown_as_unreadable(records, table, number)
        assert records.rows(table)[number] == before[number], number


def check_removal(records, table, number):
    client = records.gateway.client
    assert client.delete(f"/{table}/{number}", timeout=20).status == 200
    assert number not in records.listed(table) and number not in records.rows(table)
    assert not records.directory(table, number).exists()
    assert not [key for key in records.rows("statements") if table == "sessions" and key[0] == number]


def check_the_same_after_a_restart(records, *tables):
    """Also after a kill: what was found out is in the store, or is found out again."""
    client = records.gateway.client
    seen = [states_of(records, table) for table in tables]
    texts = [{number: reason_of(client, table, number) for number in list(shown)[:20]} for table, shown in zip(tables, seen)]
    for begin in (records.gateway.restart, lambda: records.gateway.stop() == 0 and records.gateway.start()):
        begin()
        assert [states_of(records, table) for table in tables] == seen
    for table, shown in zip(tables, texts):
        for number, text in shown.items():
            assert set(text.splitlines()) <= set(reason_of(client, table, number).splitlines())


# ---- states

def test_every_state_of_a_session_and_of_its_statements(gateway, client, records, tmp_path):
    living = Living(client, tmp_path)
    records.stop()
    expected, number = {}, 100
    with records.open() as store:
        for state in (*STATES, NEWER):
            combinations = [(word, output) for word in (*STATEMENT_STATES, NEWER) for output in OUTPUTS]
            # One session with all of them, one for each, and one with none.
            for statements in (combinations, *([each] for each in combinations[::2]), []):
                number += 2
                expected[number] = state if state in ENDED else "dead"
                records.add(store, "sessions", number, state)
                for at, (word, output) in enumerate(statements):
                    records.add_statement(store, number, 7 + 3 * at, word, OUTPUTS[output])
        store.execute("UPDATE counters SET next = ? WHERE name = 'session'", (number + 1,))
    sessions, statements = records.rows("sessions"), records.rows("statements")
    gateway.start()

    listed = states_of(records, "sessions")
    assert list(listed) == sorted(sessions), "all are listed, in order"
    until(lambda: {each: state for each, state in states_of(records, "sessions").items() if each in expected} == expected, 30,
          lambda: {each: (state, expected[each], sessions[each][1]) for each, state in states_of(records, "sessions").items()
                   if each in expected and state != expected[each]})
    living.check()
    records.nothing_was_started()

    def unfinished():
        return {key: row[1] for key, row in records.rows("statements").items()
                if sessions[key[0]][1].decode() != NEWER and row[1].decode() not in (*FINAL, NEWER)}

    until(lambda: not unfinished(), 30, unfinished)
    for key, row in records.rows("statements").items():
        if key in statements and statements[key][1].decode() in (*FINAL, NEWER):
            assert row == statements[key], "it was final, or cannot be read"
    after = records.rows("sessions")
    for each, row in sessions.items():
        if each in expected and row[1].decode() in (*ENDED, NEWER):
            assert after[each] == row, "it had ended, or cannot be read"
    unknown = [each for each in expected if sessions[each][1].decode() == NEWER]
    check_is_shown_as_unreadable(records, "sessions", unknown[0])

    check_the_same_after_a_restart(records, "sessions", "batches")
    for each in (unknown[0], 102, *list(expected)[40:240:50]):
        check_removal(records, "sessions", each)
    assert client.create(kind="pyspark", conf=batches.fake_conf(exit=0)).id > number
    living.check_end()


def test_every_state_of_a_batch(gateway, client, records, tmp_path):
    living = Living(client, tmp_path)
    records.stop()
    good_request, good_details = records.request("batches").encode(), records.details("batches").encode()
    requests = {"whole": good_request, **{word: DAMAGED[word](good_request) for word in ("empty", "cut", "null", "no UTF-8")}}
    whole = json.loads(good_details)
    made_up = {"whole": None, "cut": good_details[:-5], "missing": json.dumps({"created": whole["created"]}), "nothing": "{}",
               "more": json.dumps({**whole, "ended": 0, "reason": "", "newer": {"a": [1, None]}})}
    kinds, number = {}, 100
    with records.open() as store:
        for state in (*STATES, NEWER):
            for request, text in requests.items():
                for details, more in made_up.items():
                    number += 2
                    kinds[number] = (state, request, details)
                    records.add(store, "batches", number, state, text, more)
        store.execute("UPDATE counters SET next = ? WHERE name = 'batch'", (number + 1,))
    before = records.rows("batches")
    gateway.start()
    listed = states_of(records, "batches")
    assert list(listed) == sorted(before), "all are listed, in order"
    until(lambda: all(state in ENDED for each, state in states_of(records, "batches").items() if each in kinds), 30,
          lambda: states_of(records, "batches"))
    living.check()
    records.nothing_was_started()
    listed, after = states_of(records, "batches"), records.rows("batches")
    for each, (state, request, details) in kinds.items():
        if state in ENDED and details in ("whole", "more"):
            assert listed[each] == state and after[each] == before[each], kinds[each]
        elif state in ENDED:
            assert listed[each] in (state, "dead") and after[each] == before[each], kinds[each]
        else:
            assert listed[each] == "dead", kinds[each]
        if state == NEWER or details == "cut":
            assert after[each] == before[each], kinds[each]
    for each in [number for number, kind in kinds.items() if kind in
                 ((NEWER, "whole", "whole"), ("running", "whole", "cut"), ("starting", "cut", "cut"), ("starting", "null", "cut"))]:
        check_is_shown_as_unreadable(records, "batches", each)
    check_the_same_after_a_restart(records, "batches", "sessions")
    for each in list(kinds)[::60]:
        check_removal(records, "batches", each)
    assert batches.create(client, conf=batches.fake_conf(exit=0)).id > number
    living.check_end()


# ---- texts

@both
@pytest.mark.parametrize("column", ["request", "details"])
def test_a_text_that_is_damaged(gateway, client, records, tmp_path, table, column):
    """Neither what waits for its start nor what ran nor what has ended is started or written over."""
    living = Living(client, tmp_path)
    records.stop()
    kinds, number = {}, 100
    with records.open() as store:
        for state, directory in (("starting", False), ("starting", True), ("idle" if table == "sessions" else "running", True), ("dead", True),
                                 ("killed", False)):
            for word, damage in DAMAGED.items():
                number += 1
                kinds[number] = (state, directory, word)
                good = (records.request(table) if column == "request" else records.details(table, state)).encode()
                assert damage(good) != good
                records.add(store, table, number, state, **{column: damage(good)}, directory=directory)
        # The counter is behind: ids that are in use are not given again.
    before = records.rows(table)
    gateway.start()
    assert list(states_of(records, table)) == sorted(before)
    until(lambda: all(state in ENDED for each, state in states_of(records, table).items() if each in kinds), 30,
          lambda: states_of(records, table))
    living.check()
    records.nothing_was_started()
    listed, after = states_of(records, table), records.rows(table)
    for each, (state, directory, word) in kinds.items():
        assert listed[each] in ((state, "dead") if state in ENDED else ("dead",)), kinds[each]
        if state == "starting" and not directory:
            check_is_shown_as_unreadable(records, table, each)
        if not (table == "batches" and column == "request" and directory):  # a batch that ran does not need it any more
            assert after[each] == before[each], kinds[each]
    check_the_same_after_a_restart(records, table)
    records.nothing_was_started()
    for each in (101, 101 + len(DAMAGED), *list(kinds)[5::11]):
        check_removal(records, table, each)
    created = client.ok("POST", f"/{table}", {"conf": batches.fake_conf(exit=0), **({"file": batches.FILE} if table == "batches" else {})}, 201)
    assert created["id"] > number
    living.check_end()


@both
def test_fields_of_other_types_and_unknown_ones(gateway, client, records, tmp_path, table):
    living = Living(client, tmp_path)
    records.stop()
    active = "idle" if table == "sessions" else "running"
    known, odd, number = {}, {}, 100
    with records.open() as store:
        for state in (active, "dead"):
            for fields in [{"newer": 1}, {"newer": {"deep": [[[{"a": None}]]]}}, {"nower": "x" * 1000, "": ""}]:
                for column in ("request", "details"):
                    number += 1
                    known[number] = state
                    text = records.request(table, **fields) if column == "request" else records.details(table, state, **fields)
                    records.add(store, table, number, state, **{column: text})
            for column, wrong in (("request", WRONG_REQUESTS), ("details", WRONG_DETAILS)):
                for fields in wrong:
                    number += 1
                    odd[number] = (state, fields)
                    text = records.request(table, **fields) if column == "request" else records.details(table, state, **fields)
                    records.add(store, table, number, state, **{column: text})
        never = range(number + 1, number + 1 + len(WRONG_AT_ITS_START))
        for number, fields in zip(never, WRONG_AT_ITS_START):
            records.add(store, table, number, "starting", records.request(table, **fields), directory=False)
    before = records.rows(table)
    gateway.start()
    assert list(states_of(records, table)) == sorted(before)
    until(lambda: all(state in ENDED for each, state in states_of(records, table).items() if each in (*known, *odd, *never)), 30,
          lambda: {each: state for each, state in states_of(records, table).items() if each > 100 and state not in ENDED})
    living.check()
    records.nothing_was_started()
    for each in known:
        assert states_of(records, table)[each] == "dead"
        assert f"exit code {EXIT_CODE}" in reason_of(client, table, each), "a field that is not known is no damage"
    after = records.rows(table)
    for each, (state, fields) in odd.items():
        if state == "dead":
            assert after[each] == before[each], fields
        check_taken_or_untouched(records, table, each, before)
    for each in never:
        check_is_shown_as_unreadable(records, table, each)
        assert after[each] == before[each]
    check_the_same_after_a_restart(records, table)
    living.check_end()


def test_records_at_their_limits(gateway, client, records):
    """What the API lets in today, or did once, comes back whole."""
    records.stop()
    conf = {f"spark.my.key{number}": f"value {number}" for number in range(10_000)}
    wanted = {
        101: {"conf": conf, "name": "many", "proxyUser": "ada", "queue": "q"},
        102: {"conf": {"spark.my.value": "v" * (1 << 20)}, "name": "large value"},
        103: {"conf": {"spark." + "k" * (1 << 16): "v"}, "name": "long key"},
        104: {"name": "n" * (1 << 16)},
        105: {"jars": [f"hdfs:///jars/{number}.jar" for number in range(10_000)], "name": "lists"},
        106: {"name": "Ünï\u0001\n\"\\\U0001f600\u2028", "conf": {"spark.ä": "\u0000x\t\U0001f600"}},
        107: {"name": "numbers", "numExecutors": 2**31 - 1, "driverCores": 2**31 - 1, "executorCores": 1},
    }
    with records.open() as store:
        for number, fields in wanted.items():
            records.add(store, "sessions", number, "dead", records.request("sessions", **fields),
                        records.details("sessions", owner="o" * 255, reason="r" * (1 << 16), appId="a" * 4096))
            details = {key: value for key, value in fields.items() if key in ("name", "proxyUser")}
            records.add(store, "batches", number, "dead", records.request("batches", **{**fields, "args": ["a" * (1 << 16)] * 16}),
                        records.details("batches", owner="o" * 255, **details))
        records.add_statement(store, 101, 0, "available", json.dumps({"status": "ok", "data": {"text/plain": "x" * (8 << 20)}}))
        records.add_statement(store, 101, 2**53, "waiting", code="c" * (1 << 20))
        records.add(store, "sessions", 120, "dead", records.request("sessions")[:-1] + f', "newer": {DEEP}}}')
        records.add(store, "sessions", 121, "dead", details=records.details("sessions")[:-1] + f', "newer": {DEEP}}}')
        records.add(store, "batches", 121, "dead", details=records.details("batches")[:-1] + f', "newer": {DEEP}}}')
    rows = {table: records.rows(table) for table in ("sessions", "batches")}
    for _ in range(2):
        gateway.start()
        for table in rows:
            assert list(states_of(records, table)) == sorted(rows[table])
            listed = records.listed(table)
            for number, fields in wanted.items():
                for key, value in fields.items():
                    if key in listed[number]:
                        assert listed[number][key] == value, (table, number, key)
                assert listed[number]["state"] == "dead" and listed[number]["owner"] == "o" * 255
        assert gateway.stop() == 0
        assert {table: records.rows(table) for table in rows} == rows
    assert records.rows("statements")[101, 2**53][1] in (b"available", b"cancelled")
    gateway.start()
    for number in (101, 120, 121):
        check_removal(records, "sessions", number)
    check_removal(records, "batches", 121)


# ---- what waits for its turn

def test_a_large_request_that_waits_is_started_with_all_its_fields(gateway, client, records, tmp_path):
    """More keys than a client may send: it was sent by way of an older server, or with another limit."""
    gateway.settings.update({**gateways.IMPERSONATION, "server.session.max-creation": "1"})
    gateway.restart()
    first = client.create(kind="pyspark", conf=batches.fake_conf(start=tmp_path / "never"))
    conf = {f"spark.my.key{number}": f"value {number}" for number in range(10_000)} | {"spark.my.large": "v" * (1 << 20)}
    noted = tmp_path / "noted"
    wanted = {"name": "large", "proxyUser": "ada", "queue": "q", "conf": {**conf, **batches.fake_conf(record=noted)}}
    session = client.create(kind="spark", name="large", proxyUser="ada", queue="q")
    batch = batches.create(client, name="large", proxyUser="ada", queue="q", className="org.Main", args=["one", "two words"])
    records.stop()
    with records.open() as store:
        for table, number in (("sessions", session.id), ("batches", batch.id)):
            request = json.loads(store.execute(f"SELECT request FROM {table} WHERE id = ?", (number,)).fetchone()[0])
            assert [request[key] for key in ("name", "proxyUser", "queue")] == ["large", "ada", "q"]
            store.execute(f"UPDATE {table} SET request = ? WHERE id = ?", (json.dumps({**request, **wanted}), number))
    gateway.settings["server.session.max-creation"] = "8"
    gateway.start()

    def both_started():
        until(lambda: len(batches.read_record(noted)) == 2, 20, lambda: (session.view(), batch.view()))
        return batches.read_record(noted)

    started = {"driver.json" in note["arguments"][-1]: note for note in both_started()}
    for is_session, program in ((True, session), (False, batch)):
        note = started[is_session]
        options = dict(zip(note["arguments"], note["arguments"][1:]))
        assert [options[key] for key in ("--proxy-user", "--name", "--queue")] == ["ada", "large", "q"]
        assert {key: note["properties"].get(key) for key in conf} == conf
        assert program.view()["name"] == "large" and program.view()["proxyUser"] == "ada"
    assert started[False]["arguments"][-3:] == [batches.FILE, "one", "two words"]
    assert dict(zip(started[False]["arguments"], started[False]["arguments"][1:]))["--class"] == "org.Main"
    session.wait_idle()
    assert session.view()["kind"] == "spark" and session.view()["conf"] == wanted["conf"]
    assert json.loads((gateway.directory_of(session) / "driver.json").read_text())["options"]["kind"] == "spark"
    assert batch.wait_end() == "success"
    gateway.restart()
    assert session.state() == "idle" and session.view()["conf"] == wanted["conf"]
    assert len(batches.read_record(noted)) == 2
    for each in (first, session):
        each.delete()


@both
def test_what_may_have_run_is_not_started_again(gateway, client, records, table):
    """Its files are gone; only one that was never started has none."""
    records.stop()
    ran = {100 + at: state for at, state in enumerate(STATES) if state not in ("not_started", "starting")}
    with records.open() as store:
        for number, state in ran.items():
            records.add(store, table, number, state, directory=False)
    gateway.start()
    until(lambda: all(state in ENDED for state in states_of(records, table).values()), 30, lambda: states_of(records, table))
    assert {each: state for each, state in states_of(records, table).items() if each in ran} == {
        number: state if state in ENDED else "dead" for number, state in ran.items()}
    gateway.restart()
    records.nothing_was_started()


# ---- names, keys, ids

@both
def test_duplicated_names(gateway, client, records, table):
    """The older keeps it, or none has: both are listed, and each is found by its id."""
    records.stop()
    with records.open() as store:
        for number in range(100, 106):
            records.add(store, table, number, "dead" if number > 103 else "busy" if table == "sessions" else "running",
                        records.request(table, name="twin"),
                        records.details(table, "dead" if number > 103 else "busy", **({"name": "twin"} if table == "batches" else {})))
    gateway.start()
    for _ in range(2):
        listed = records.listed(table)
        assert [listed[number]["name"] for number in range(100, 106)] == ["twin"] * 6
        for number in range(100, 106):
            assert client.ok("GET", f"/{table}/{number}")["id"] == number
        gateway.restart()
    assert client.get(f"/{table}/twin").json["id"] in range(100, 106)
    for number in range(100, 106):
        check_removal(records, table, number)


@both
def test_the_key_of_a_record_that_cannot_be_read_finds_it(gateway, client, records, tmp_path, table):
    """A client that repeats its request, since it heard of no answer, does not start it twice."""
    made, noted = {}, tmp_path / "noted"
    body = {"conf": batches.fake_conf(exit=0, record=noted), **({"file": batches.FILE} if table == "batches" else {"kind": "spark"})}
    for key in ("whole", "state", "request", "waiting"):
        view = client.post(f"/{table}", body, headers={"Idempotency-Key": key}).json
        made[key] = (batches.Batch if table == "batches" else Session)(client, view)
        until(lambda: made[key].state() in ENDED, 20, "it has ended")
    records.stop()
    with records.open() as store:
        store.execute(f"UPDATE {table} SET state = ? WHERE id = ?", (NEWER, made["state"].id))
        store.execute(f"UPDATE {table} SET request = '{{' WHERE id = ?", (made["request"].id,))
        store.execute(f"UPDATE {table} SET state = 'starting', request = '{{' WHERE id = ?", (made["waiting"].id,))
    shutil.rmtree(records.directory(table, made["waiting"].id))
    for _ in range(2):
        gateway.start()
        for key, program in made.items():
            again = client.post(f"/{table}", body, headers={"Idempotency-Key": key})
            assert (again.status, again.json["id"], again.headers["Idempotent-Replay"]) == (201, program.id, "true"), key
        assert gateway.stop() == 0
    assert len(batches.read_record(noted)) == len(made)


@both
def test_ids_with_gaps_and_counters_that_are_wrong(gateway, client, records, table):
    counter = {"sessions": "session", "batches": "batch"}[table]
    body = {"conf": batches.fake_conf(exit=0), **({"file": batches.FILE} if table == "batches" else {})}
    records.stop()
    with records.open() as store:
        for number in (-(2**63), -7, 50, 1000, 2_000_000_000):
            records.add(store, table, number, "dead")
    highest = 2_000_000_000
    for change in ("SET next = 3", "SET next = -9", None, "SET next = 0"):
        with records.open() as store:
            store.execute(f"UPDATE counters {change} WHERE name = ?" if change else "DELETE FROM counters WHERE name = ?", (counter,))
        gateway.start()
        rows = records.rows(table)
        assert list(states_of(records, table)) == sorted(rows)
        created = client.ok("POST", f"/{table}", body, status=201)["id"]
        assert created > highest
        highest = created
        for number in (50, 1000, 2_000_000_000):
            assert client.ok("GET", f"/{table}/{number}")["id"] == number
        assert client.get(f"/{table}/-7").status in (200, 400, 404)
        assert gateway.stop() == 0
    gateway.start()
    check_removal(records, table, 1000)
    # The highest goes, and its number is not given again.
    until(lambda: states_of(records, table)[highest] in ENDED, 20, "it has ended")
    check_removal(records, table, highest)
    gateway.restart()
    assert client.ok("POST", f"/{table}", body, status=201)["id"] > highest


@both
def test_the_last_of_all_ids(gateway, client, records, table):
    """There is none behind it: a creation is refused, and the server goes on."""
    records.stop()
    with records.open() as store:
        records.add(store, table, 2**63 - 1, "dead")
    gateway.start()
    known = records.rows(table)
    refused = client.post(f"/{table}", {"file": batches.FILE} if table == "batches" else {"kind": "pyspark"})
    assert 400 <= refused.status < 600 and refused.json["msg"], refused
    assert records.rows(table) == known
    assert list(states_of(records, table)) == sorted(known)
    gateway.restart()
    assert list(states_of(records, table)) == sorted(known)


# ---- statements of a session that lives

def test_statements_with_gaps_and_damaged_outputs(gateway, client, records):
    session = client.create(kind="pyspark").wait_idle()
    session.run("say zero")
    records.stop()
    with records.open() as store:
        for at, output in enumerate(OUTPUTS.values()):
            records.add_statement(store, session.id, 10 + 2 * at, "available", output)
        records.add_statement(store, session.id, 40, "cancelled", None)
        records.add_statement(store, session.id, 41, NEWER, OUTPUT)
        records.add_statement(store, session.id, 42, "available", DEEP)
        records.add_statement(store, session.id, 50, "waiting", None, code="say fifty")
        records.add_statement(store, 99, 0, "running", None)  # of no session
    before = records.rows("statements")
    gateway.start()
    for _ in range(2):
        session.wait(50)
        assert session.statement(50)["output"]["data"]["text/plain"] == "fifty"
        assert session.statement(0)["output"]["data"]["text/plain"] == "zero"
        for at, word in enumerate(OUTPUTS):
            answer = client.get(f"{session.path}/statements/{10 + 2 * at}")
            if word in ("stored", "not", "null", "huge"):
                assert answer.status == 200 and answer.json["state"] == "available"
                assert (answer.json["output"] or {"data": {"text/plain": ""}})["data"]["text/plain"].strip("x") == ""
            else:
                assert answer.status in (200, 503) and json.loads(answer.body.decode()), word
        assert client.get(f"{session.path}/statements/42").status in (200, 503)
        client.get(f"{session.path}/statements?size=1000")  # whatever it says: the server lives
        assert client.get(f"{session.path}/statements?from=0&size=1").json["statements"][0]["id"] == 0
        gateway.restart()
    assert session.submit("say more") == 51
    assert session.wait(51)["state"] == "available"
    after = records.rows("statements")
    assert {key: row for key, row in after.items() if key in before and key[1] not in (0, 50)} == {
        key: row for key, row in before.items() if key in after and key[1] not in (0, 50)}
    assert (session.id, 41) in after
    session.delete()
