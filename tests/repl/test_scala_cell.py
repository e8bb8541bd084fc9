"""Scala cells as text: magics, parts, errors."""
import pytest

from sparkgate_repl import scala_cell


@pytest.mark.parametrize("code, expected", [
    ("a\r\nb\r\n", "a\nb\n"), ("a\rb", "a\nb"), ("a\nb", "a\nb"), ("", ""),
])
def test_line_ends(code, expected):
    assert scala_cell.normalise(code) == expected


@pytest.mark.parametrize("code", ["", " \n\t", "// a", "// a\n// b\n", "/* a /* b */ c */ ; // d"])
def test_blank(code):
    assert scala_cell.is_blank(code)
    assert scala_cell.segments(code) == []


@pytest.mark.parametrize("code", ["1", "// a\n1", "/* a */ 1", "/* open", "/* a /* b */", '"// a"'])
def test_not_blank(code):
    assert not scala_cell.is_blank(code)


@pytest.mark.parametrize("code, expected", [
    ("1 + 1", [("code", "1 + 1")]),
    ("%json x", [("magic", "json", "x")]),
    ("\n  %json x  ", [("magic", "json", "x")]),
    ("%json", [("magic", "json", "")]),
    ("val x = 1\n%json x", [("code", "val x = 1\n"), ("magic", "json", "x")]),
    ("%json x\n%table y\nz", [("magic", "json", "x"), ("magic", "table", "y"), ("code", "\nz")]),
    ("// c\nvar r_1 = f(\"a==\")\n%json r_1",
     [("code", "// c\nvar r_1 = f(\"a==\")\n"), ("magic", "json", "r_1")]),
])
def test_segments(code, expected):
    assert scala_cell.segments(code) == expected


@pytest.mark.parametrize("code", [
    '"""\n%json x\n"""', '"""a""""\n  % 3', "/*\n%json x\n*/ 1", "/* /* */\n%json x\n*/ 1", "7\n% 3",
    "7\n %json x",
])
def test_what_only_looks_like_a_magic(code):
    assert scala_cell.segments(code) == [("code", code)]


@pytest.mark.parametrize("before", [
    '"a \\" b"', '"""a " b"""', "'\"'", "'\\''", "// \"\"\" /*", '"/*"', "/* \" */", "'symbol", 'x """a""""',
])
def test_a_magic_behind_what_could_hide_it(before):
    assert scala_cell.segments(before + "\n%json x")[-1] == ("magic", "json", "x")


def test_segments_of_a_large_cell():
    code = "val x = \"%s\"\n" % ("a" * 1000000) + "%json x"
    assert scala_cell.segments(code)[1] == ("magic", "json", "x")


def cut(code, *trees):
    """`trees`: ("def" or "other", text of the tree)."""
    found, begin = [], 0
    for kind, text in trees:
        begin = code.index(text, begin)
        end = len(code[:begin + len(text)].encode("utf-16-le")) // 2
        found.append((kind == "def", end))
        begin += len(text)
    return scala_cell.parts(code, found)


def test_companions_stay_together():
    code = "case class P(a: Int)\nobject P { def z = P(0) }\nP.z"
    trees = ("def", "case class P(a: Int)"), ("def", "object P { def z = P(0) }"), ("other", "P.z")
    assert cut(code, *trees) == ["case class P(a: Int)\nobject P { def z = P(0) }", "P.z"]


def test_an_annotation_stays_with_its_class():
    code = "val a = 1\n@deprecated class Q\na"
    assert cut(code, ("other", "val a = 1"), ("def", "class Q"), ("other", "a")) == [
        "val a = 1", "@deprecated class Q", "a"]


def test_brackets_outside_of_a_trees_position_stay_with_it():
    code = "((1 + 2 /* ) */ ) )\nclass W"
    assert cut(code, ("other", "1 + 2"), ("def", "class W")) == ["((1 + 2 /* ) */ ) )", "class W"]


def test_offsets_are_those_of_java():
    code = "\"🤔\"\nclass A\n\"🤔\""
    assert cut(code, ("other", "\"🤔\""), ("def", "class A"), ("other", "\"🤔\"")) == [
        "\"🤔\"", "class A", "\"🤔\""]
    assert scala_cell.utf16_offset("🤔a🤔", 2) == 3


def test_several_trees_of_one_pattern():
    # 2.12 gives `a` and `b` positions inside of the whole.
    code = "val (a, b) = f\nclass A"
    assert cut(code, ("other", "val (a, b) = f"), ("def", "class A")) == ["val (a, b) = f", "class A"]
    trees = [(False, 14), (False, 6), (False, 9), (True, 22)]
    assert scala_cell.parts(code, trees) == ["val (a, b) = f", "class A"]


def test_a_part_does_not_begin_with_a_separator():
    assert cut("class A; ; 1\n", ("def", "class A"), ("other", "1")) == ["class A", "1\n"]


def test_nothing_to_cut():
    assert scala_cell.parts("1; 2", [(False, 1), (False, 4)]) == ["1; 2"]
    assert scala_cell.parts("class X {", []) == ["class X {"]
    assert cut("class A\n// end", ("def", "class A")) == ["class A\n// end"]


@pytest.mark.parametrize("report, evalue, traceback", [
    ("<console>:24: error: not found: value x\n       x\n       ^\n",
     "<console>:24: error: not found: value x", ["       x\n", "       ^\n"]),
    ("       ^\n       error: type mismatch;\n        found   : String\n",
     "error: type mismatch;", ["       ^\n", "        found   : String\n"]),
    ("       foo(a)\n       ^\nOn line 3: error: not found: value foo\n",
     "On line 3: error: not found: value foo", ["       foo(a)\n", "       ^\n"]),
    ("java.lang.ArithmeticException: / by zero\n  ... 38 elided\n",
     "java.lang.ArithmeticException: / by zero", ["  ... 38 elided\n"]),
    ("MyEx: first\nerror: second\n  at f(<console>:1)\n",
     "MyEx: first", ["error: second\n", "  at f(<console>:1)\n"]),
    ("java.lang.StackOverflowError\n  at r(<console>:22)\n",
     "java.lang.StackOverflowError", ["  at r(<console>:22)\n"]),
    ("<console>:22: warning: match may not be exhaustive.\nIt would fail on: None\n       o match\n       ^\n"
     "E: x\n", "E: x", ["<console>:22: warning: match may not be exhaustive.\n", "It would fail on: None\n",
              "       o match\n", "       ^\n"]),
    ("     ^\n       warning: match\n     ^\n       error: bad\n", "error: bad",
     ["     ^\n", "       warning: match\n", "     ^\n"]),
    ("warning: one unchecked warning; for details see -unchecked\nMyEx: x\n", "MyEx: x",
     ["warning: one unchecked warning; for details see -unchecked\n"]),
    ("error: Error while emitting $iw\nUTF8 string too large\n", "error: Error while emitting $iw",
     ["UTF8 string too large\n"]),
    ("", "unknown error", []),
])
def test_errors(report, evalue, traceback):
    output = scala_cell.error_output("", report)
    assert output == {"status": "error", "ename": "Error", "evalue": evalue, "traceback": traceback}


def test_what_was_printed_comes_first_and_is_never_the_error():
    output = scala_cell.error_output("one\nerror: two", "java.lang.Exception: x\n  ... 1 elided\n")
    assert output["evalue"] == "java.lang.Exception: x"
    assert output["traceback"] == ["one\n", "error: two", "  ... 1 elided\n"]
