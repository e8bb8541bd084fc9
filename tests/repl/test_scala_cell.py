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


def cut(code, *trees, known=()):
    """`trees`: (text of the tree, what it defines, its name); the last two may be missing."""
    found, begin = [], 0
    for text, defines, name in (tree + (None, None)[len(tree) - 1:] for tree in trees):
        begin = code.index(text, begin)
        end = len(code[:begin + len(text)].encode("utf-16-le")) // 2
        found.append(scala_cell.Tree(defines, name, end))
        begin += len(text)
    return scala_cell.parts(code, found, known)


def test_companions_stay_together():
    code = "case class P(a: Int)\nobject P { def z = P(0) }\nP.z"
    trees = (("case class P(a: Int)", "type", "P"), ("object P { def z = P(0) }", "object", "P"), ("P.z",))
    assert cut(code, *trees) == ["case class P(a: Int)\nobject P { def z = P(0) }", "P.z"]


def test_an_annotation_stays_with_its_class():
    code = "val a = 1\n@deprecated class Q\na"
    assert cut(code, ("val a = 1", "value", "a"), ("class Q", "type", "Q"), ("a",)) == [
        "val a = 1", "@deprecated class Q", "a"]


def test_brackets_outside_of_a_trees_position_stay_with_it():
    code = "((1 + 2 /* ) */ ) )\nclass W"
    assert cut(code, ("1 + 2",), ("class W", "type", "W")) == ["((1 + 2 /* ) */ ) )", "class W"]


def test_offsets_are_those_of_java():
    code = "\"🤔\"\nclass A\n\"🤔\""
    assert cut(code, ("\"🤔\"",), ("class A", "type", "A"), ("\"🤔\"",)) == [
        "\"🤔\"", "class A", "\"🤔\""]
    assert scala_cell.utf16_offset("🤔a🤔", 2) == 3


def test_several_trees_of_one_pattern():
    # 2.12 gives `a` and `b` positions inside of the whole.
    code = "val (a, b) = f\nclass A"
    assert cut(code, ("val (a, b) = f", "value", "a"), ("class A", "type", "A")) == ["val (a, b) = f", "class A"]
    trees = [scala_cell.Tree("value", "x$1", 14), scala_cell.Tree("value", "a", 6),
             scala_cell.Tree("value", "b", 9), scala_cell.Tree("type", "A", 22)]
    assert scala_cell.parts(code, trees) == ["val (a, b) = f", "class A"]
    again = [scala_cell.Tree("value", "a", 9)] + [tree._replace(end=tree.end + 10) for tree in trees]
    assert scala_cell.parts("val a = 1\n" + code, again) == ["val a = 1", "val (a, b) = f", "class A"]


def test_a_name_has_one_meaning_in_a_part():
    code = "val a = 1\nval b = a\nval a = 2\na"
    trees = (("val a = 1", "value", "a"), ("val b = a", "value", "b"), ("val a = 2", "value", "a"), ("a",))
    assert cut(code, *trees) == ["val a = 1\nval b = a", "val a = 2\na"]
    code = "val b = a\nval a = b"
    trees = ("val b = a", "value", "b"), ("val a = b", "value", "a")
    assert cut(code, *trees) == [code]
    assert cut(code, *trees, known={"a"}) == ["val b = a", "val a = b"]
    code = "case class A(n: Int)\nobject A\ncase class A()"
    trees = ("case class A(n: Int)", "type", "A"), ("object A", "object", "A"), ("case class A()", "type", "A")
    assert cut(code, *trees) == ["case class A(n: Int)\nobject A", "case class A()"]


def test_functions_may_speak_of_what_follows_and_have_one_name():
    code = "def f = a\ndef f(n: Int) = n\nval a = 1"
    trees = ("def f = a", "function", "f"), ("def f(n: Int) = n", "function", "f"), ("val a = 1", "value", "a")
    assert cut(code, *trees, known={"a", "f"}) == [code]
    assert cut("val f = 1\ndef f = 2", ("val f = 1", "value", "f"), ("def f = 2", "function", "f")) == [
        "val f = 1", "def f = 2"]


@pytest.mark.parametrize("code, expected", [
    ("case class A()", True), ("val a = 1\nval b = 2", False), ("val a = 1\nval a = 2", True),
    ("println(a)\nvar a = 1", True), ("val (c, a) = f\nval (a, b) = f", True), ("val a = 1\na", False)])
def test_what_may_need_cuts(code, expected):
    assert scala_cell.may_need_cuts(code) == expected


def test_a_part_does_not_begin_with_a_separator():
    assert cut("class A; ; 1\n", ("class A", "type", "A"), ("1",)) == ["class A", "1\n"]


def test_nothing_to_cut():
    assert cut("1; 2", ("1",), ("2",)) == ["1; 2"]
    assert scala_cell.parts("class X {", []) == ["class X {"]
    assert cut("class A\n// end", ("class A", "type", "A")) == ["class A\n// end"]


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
