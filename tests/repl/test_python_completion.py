"""Completion of Python, on live objects and while a statement runs."""
import pytest

from sparkgate_repl import completion


class Sample:
    attribute = 1

    @property
    def computed(self):
        raise AssertionError("a property was evaluated")


@pytest.fixture
def namespace():
    return {"sample": Sample(), "sample_two": 2, "d": {"key": 1, "kind": 2, 3: 4}, "text": "x", "_hidden": 1}


@pytest.mark.parametrize("code, expected", [
    ("sam", ["sample", "sample_two"]),
    ("x = sam", ["sample", "sample_two"]),
    ("f(sam", ["sample", "sample_two"]),
    ("sample.att", ["attribute"]),
    ("sample.comp", ["computed"]),
    ("sample.computed.", []),
    ("text.startsw", ["startswith"]),
    ("d['k", ["key", "kind"]),
    ('d["ke', ["key"]),
    ("whi", ["while"]),
    ("Zero", ["ZeroDivisionError"]),
    ("from os.path import joi", ["join"]),
    ("nothing.x", []),
    ("1\nsam", ["sample", "sample_two"]),
    ("", []),
    ("'sam", []),
    ("_hid", ["_hidden"]),
])
def test_candidates(namespace, code, expected):
    try:
        found = completion.complete(namespace, code, len(code))
    except (LookupError, AttributeError):
        found = []
    assert found == expected


def test_only_what_precedes_the_cursor_counts(namespace):
    assert completion.complete(namespace, "sam + 1", 3) == ["sample", "sample_two"]


def test_the_running_namespace_is_seen(plain_session):
    plain_session.run("unheard_of = 1")
    assert plain_session.complete("unhe") == ["unheard_of"]


def test_an_answer_comes_while_a_statement_runs(plain_session):
    statement = plain_session.submit("pyspark", "marker_name = 1\nprint('go')\nwhile True: pass")
    plain_session.wait_text(statement, "go")
    assert plain_session.complete("marker_n") == ["marker_name"]
    plain_session.cancel(statement)
    plain_session.result(statement)


def test_an_object_that_never_answers_gives_no_candidates(plain_session):
    plain_session.run("import time\nclass Stuck:\n    def __dir__(self):\n        time.sleep(3)\n"
                      "        return []\nstuck = Stuck()")
    assert plain_session.complete("stuck.") == []
    assert plain_session.run("1")["data"] == {"text/plain": "1"}


def test_unknown_kinds_have_no_candidates(plain_session):
    assert plain_session.complete("x", kind="nope") == []
