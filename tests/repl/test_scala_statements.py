"""Scala statements in real sessions, on both Scala versions."""
import json
import re
import time

import pytest

pytestmark = pytest.mark.spark

TABLE = "application/vnd.livy.table.v1+json"


def scala(session, code):
    return session.run(code, kind="spark")


def text(session, code):
    output = scala(session, code)
    assert output["status"] == "ok", output
    assert list(output["data"]) == ["text/plain"]
    return output["data"]["text/plain"]


def failed(session, code):
    output = scala(session, code)
    assert output["status"] == "error", output
    return output["ename"], output["evalue"], output["traceback"]


def echo(session, *values):
    """What the REPL shows for `name: Type = value`."""
    prefix = "" if session.version == "3.5" else "val "
    return "".join(prefix + value + "\n" for value in values)


def defined(session, kind, name):
    return ("defined " if session.version == "3.5" else "") + "%s %s\n" % (kind, name)


def compile_error(session, message):
    prefix = r"<console>:\d+: " if session.version == "3.5" else ""
    return re.compile(prefix + "error: " + re.escape(message))


def test_values_are_echoed_one_after_the_other(session):
    assert text(session, "val x = 1\n\nval y = 2") == echo(session, "x: Int = 1", "y: Int = 2")
    assert re.fullmatch(echo(session, r"res\d+: Int = 3"), text(session, "x + y"))
    hello = "h\u00e9llo \U0001f914"
    assert text(session, "val s = \"%s\"" % hello) == echo(session, "s: String = " + hello)


def test_result_names_are_numbered_without_gaps(session):
    first = int(re.search(r"res(\d+)", text(session, "1 + 1")).group(1))
    scala(session, "val gap = List(1)\n%json gap")
    session.complete("sc.par", kind="spark")
    assert "res%d" % (first + 1) in text(session, "2 + 2")


def test_prints_stand_before_the_echo_in_order(session):
    output = text(session, "println(1); Console.err.println(2); println(3); val four = 4")
    assert output == "1\n2\n3\n" + echo(session, "four: Int = 4")


def test_unit_and_nothing(session):
    for code in ("()", "", " \n", "// a comment", "/* a */"):
        assert text(session, code) == ""


def test_long_values_are_whole(session):
    assert text(session, "val long = \"x\" * 100000") == echo(session, "long: String = " + "x" * 100000)


def test_predefined_names(session):
    same = "spark.sparkContext == sc && sqlContext.sparkSession == spark"
    assert text(session, "val ok = " + same) == echo(session, "ok: Boolean = true")
    assert "id: bigint" in text(session, "sql(\"select id from range(3)\").select(lit(1), $\"id\")")
    assert "SparkSession = " in text(session, "spark")


def test_deprecation_and_feature_warnings_are_not_in_the_output(session):
    assert text(session, "val year = new java.util.Date(1, 1, 1).getYear") == echo(session, "year: Int = 1")
    assert text(session, "println(1)\nimplicit def asInt(t: Thread): Int = 1").startswith("1\n")


def test_what_sparkmagic_sends(session):
    output = text(
        session, "spark.sql(\"\"\"SELECT id FROM range(3) \"\"\").toJSON.take(2500).foreach(println)")
    assert [json.loads(line) for line in output.strip().split("\n")] == [{"id": 0}, {"id": 1}, {"id": 2}]


def test_a_class_and_its_encoder_in_one_cell(session):
    code = ("import java.util.Date\ncase class C(a: Int)\nobject C { def z = C(0) }\n// \U0001f914\n"
            "val (p, q) = (C(1), C.z)\nSeq(p, q).toDS.map(_.a).collect.toList")
    output = text(session, code)
    assert defined(session, "class", "C") + defined(session, "object", "C") in output
    assert output.endswith("List(1, 0)\n")


def test_annotated_sealed_and_implicit_definitions(session):
    code = ("println(\"first\")\n@deprecated class Q\n;(1 + \n2 /* x */ )\n"
            "sealed trait S; object S { case object A extends S }\n"
            "implicit class I(x: Int) { def z = x + 1 }\n41.z")
    output = text(session, code)
    assert output.startswith("first\n") and output.endswith("Int = 42\n")


def test_a_name_may_be_defined_again_in_the_same_cell(session):
    assert text(session, "val n = 1\nval n = \"two\"") == echo(session, "n: Int = 1", "n: String = two")
    assert "4\n" in text(session, "val (a, b) = (1, 2)\nval (c, a) = (3, b + 2)\nprintln(a)")
    assert text(session, "case class Twice(a: Int)\nobject Twice\ncase class Twice(b: String)\n"
                         "println(Twice(\"used\").b)").endswith("used\n")


def test_a_value_is_used_before_the_cell_defines_it_again(session):
    text(session, "val older = List(1)")
    assert text(session, "val newer = older :+ 2\nval older = newer :+ 3\nprintln(older)").split("\n")[1] == (
        "List(1, 2, 3)")


def test_functions_of_one_cell_know_each_other(session):
    code = ("def even(n: Int): Boolean = n == 0 || odd(n - 1)\ndef odd(n: Int): Boolean = n != 0 && even(n - 1)\n"
            "def odd(s: String): Boolean = odd(s.length)\nprintln(odd(\"abc\"))")
    for _ in range(2):
        assert text(session, code).startswith("true\n")


def test_crlf(session):
    assert text(session, "\r\nval a = 1\r\nval b = 2\r\n") == echo(session, "a: Int = 1", "b: Int = 2")


def test_compile_errors(session):
    ename, evalue, traceback = failed(session, "val fine = 1\nabcde")
    assert ename == "Error"
    assert re.search(r"error: not found: value abcde$", evalue)
    assert "       ^\n" in traceback
    assert compile_error(session, "illegal start of definition").match(failed(session, ":help")[1])


def test_exceptions(session):
    assert failed(session, "throw new IllegalStateException(\"x \u00fc\")")[1] == (
        "java.lang.IllegalStateException: x \u00fc")
    ename, evalue, traceback = failed(session, "1 / 0")
    assert (ename, evalue) == ("Error", "java.lang.ArithmeticException: / by zero")
    assert re.fullmatch(r"  \.\.\. \d+ elided\n", traceback[-1])


def test_output_before_an_error_is_kept(session):
    _, evalue, traceback = failed(session, "println(\"p\"); print(\"q\")\nsys.error(\"boom\")")
    assert evalue == "java.lang.RuntimeException: boom"
    assert traceback[:2] == ["p\n", "q"]
    _, evalue, traceback = failed(session, "println(\"one\")\nclass D\nval d = 1\nclass E; nope")
    assert evalue.endswith("error: not found: value nope")
    assert traceback[0] == "one\n" and "".join(echo(session, "d: Int = 1")) in traceback
    assert text(session, "println(d)") == "1\n"


@pytest.mark.parametrize("code", [
    "def f(", "val x =", "class X {", "\"\"\"abc", "class A\nval a = 1; class X {"])
def test_incomplete(session, code):
    assert failed(session, code) == ("Error", "incomplete statement", [])


def test_what_breaks_the_jvms_limits_is_an_error(session):
    for code, message in (("def r(n: Int): Int = r(n + 1) + 1\nr(0)", "java.lang.StackOverflowError"),
                          ("new Array[Long](Int.MaxValue)", "java.lang.OutOfMemoryError"),
                          ("val s = \"%s\"" % ("x" * 1000000), "error: Error while emitting"),
                          ("val n = " + "1 + (" * 20000 + "1" + ")" * 20000, "StackOverflowError")):
        assert message in failed(session, code)[1]
        assert text(session, "println(1)") == "1\n"


def test_large_cells(session):
    assert text(session, "/* %s */ val c = 5" % ("x" * 1000000)) == echo(session, "c: Int = 5")
    many = "\n".join("val v%d = %d" % (n, n) for n in range(300))
    assert text(session, many).splitlines()[-1] == echo(session, "v299: Int = 299").strip()


def test_a_closed_console_is_made_anew(session):
    text(session, "Console.out.close()")
    assert text(session, "println(1)") == "1\n"


def test_user_code_cannot_forge_the_end_of_its_output(session):
    code = "print(\"a\\u0000sparkgate-1\\u0000b\\u0000\"); println(\"c\")"
    assert text(session, code) == "a\0sparkgate-1\0b\0c\n"


def test_output_is_streamed_while_the_cell_runs(session):
    flag = session.home + "/go-on"
    code = ("println(\"now\")\nval flag = new java.io.File(\"%s\")\nwhile (!flag.exists) Thread.sleep(10)\n"
            "println(\"then\")" % flag)
    statement = session.submit("spark", code)
    session.wait_text(statement, "now\n")
    assert statement not in session.results
    open(flag, "w").close()
    output = session.result(statement)[1]
    assert output["data"]["text/plain"] == session.text(statement)
    assert session.text(statement).startswith("now\nthen\n")


def test_output_beyond_the_limit_is_cut_and_counted(session):
    limit = 10 * 1024 * 1024
    for code in ("print(\"x\" * (%d + 7))" % limit, "\"x\" * (%d + 7)" % limit):
        output = text(session, code)
        assert re.search("\u2026 \\[output cut: \\d+ more bytes\\]\n$", output)
        assert limit <= len(output) < limit + 100


def test_json(session):
    code = ("case class Z(n: Int, o: Option[Double], d: BigDecimal, t: (Int, String), a: Array[Byte], "
            "m: Map[String, Any])\n"
            "val z = Z(1, Some(Double.NaN), BigDecimal(\"1.50\"), (1, \"q\\\"\\n\"), Array(1, 2), "
            "Map(\"k\" -> null))\n%json z")
    assert scala(session, code)["data"] == {"application/json": {
        "n": 1, "o": None, "d": 1.5, "t": {"_1": 1, "_2": "q\"\n"}, "a": [1, 2], "m": {"k": None}}}


@pytest.mark.parametrize("value, expected", [
    ("\"t\\\"ext\"", "t\"ext"), ("1L", 1), ("true", True), ("null", None), ("1.5", 1.5), ("0.0 / 0", None),
    ("()", None), ("None", None), ("Some(Seq(1, 2))", [1, 2]), ("(1, 2)", {"_1": 1, "_2": 2}),
    ("1.0 / 0", "Infinity"), ("Seq(Float.NegativeInfinity, Double.NaN)", ["-Infinity", None]),
    ("BigInt(2).pow(70)", 2 ** 70), ("BigDecimal(\"1.50\")", 1.5), ("new java.math.BigDecimal(\"2.50\")", 2.5), ("Map(\"a\" -> 1, \"b\" -> 2)", {"a": 1, "b": 2}),
    ("java.util.Collections.singletonMap(\"a\", java.util.Arrays.asList(1, \"x\"))", {"a": [1, "x"]}),
    ("'c'", "c"), ("java.sql.Date.valueOf(\"2024-01-02\")", "2024-01-02"),
    ("new java.sql.Timestamp(1234)", "1970-01-01T00:00:01Z"), ("spark.range(2)", [{"id": 0}, {"id": 1}]),
])
def test_json_of(session, value, expected):
    assert scala(session, "val v = %s\n%%json v" % value)["data"] == {"application/json": expected}


def test_what_sparklyr_sends(session):
    code = ("// sparklyr\n"
            "var sparklyrRetVar_1 = new String(java.util.Base64.getDecoder.decode(\"aGVsbG8=\"))\n"
            "%json sparklyrRetVar_1")
    assert scala(session, code)["data"] == {"application/json": "hello"}


def test_the_newest_value_of_a_name_is_shown(session):
    scala(session, "val again = 1")
    assert scala(session, "val again = \"two\"\n%json again")["data"] == {"application/json": "two"}
    assert scala(session, "val `odd name` = 3\n%json `odd name`")["data"] == {"application/json": 3}


def test_a_magic_replaces_what_came_before_and_code_goes_on(session):
    assert text(session, "println(1)\nval r = 2\n%json r\nval after = r") == echo(session, "after: Int = 2")
    assert scala(session, "%json r\n// the end")["data"] == {"application/json": 2}


@pytest.mark.parametrize("code, headers, rows", [
    ("List(List(1, \"a\"), List(2, null))", [("BIGINT_TYPE", "0"), ("STRING_TYPE", "1")],
     [[1, "a"], [2, None]]),
    ("Seq((1, 1.5), (2, 2.5))", [("BIGINT_TYPE", "_1"), ("DOUBLE_TYPE", "_2")], [[1, 1.5], [2, 2.5]]),
    ("Seq(Map(\"b\" -> 1, \"a\" -> true), Map(\"b\" -> 2))", [("BOOLEAN_TYPE", "a"), ("BIGINT_TYPE", "b")],
     [[True, 1], [None, 2]]),
    ("sc.parallelize(1 to 30, 2)", [("BIGINT_TYPE", "0")], [[n] for n in range(1, 11)]),
    ("spark.range(1).selectExpr(\"id as z\", \"cast(1.50 as decimal(5,2)) as d\", \"array(1) as y\", "
     "\"map('k', 1) as m\", \"null as n\")",
     [("BIGINT_TYPE", "z"), ("DECIMAL_TYPE", "d"), ("ARRAY_TYPE", "y"), ("MAP_TYPE", "m"),
      ("NULL_TYPE", "n")],
     [[0, 1.5, [1], {"k": 1}, None]]),
    ("spark.range(1).head", [("BIGINT_TYPE", "0")], [[0]]),
    ("Seq[Int]()", [], []),
])
def test_table(session, code, headers, rows):
    output = scala(session, "val t = %s\n%%table t" % code)
    assert output["data"] == {TABLE: {
        "headers": [{"type": kind, "name": name} for kind, name in headers], "data": rows}}
    assert all(list(header) == ["type", "name"] for header in output["data"][TABLE]["headers"])


def test_magics_that_fail(session):
    assert failed(session, "%json nope") == ("NameError", "Value nope does not exist", [])
    assert failed(session, "println(1)\n%foo x") == ("UnknownMagic", "Unknown magic command foo", [])
    ename, evalue, _ = failed(session, "val mixed = Seq(Seq(1), Seq(\"a\"))\n%table mixed")
    assert (ename, evalue) == ("TypeError", "table rows have different types")
    assert "RuntimeException: lost" in failed(
        session, "val bad = sc.parallelize(1 to 2).map { n => sys.error(\"lost\"); n }\n%table bad")[1]


def test_views_are_shared_with_the_other_kinds(session):
    scala(session, "spark.range(3).createOrReplaceTempView(\"from_scala\")")
    assert session.run("spark.table('from_scala').count()")["data"] == {"text/plain": "3"}


def test_completion(session):
    text(session, "val offsetOfMine = 1")
    for code, cursor, name in (("offsetOfM", 9, "offsetOfMine"), ("sc.para", 7, "parallelize"),
                               ("\"\U0001f914\"; spark.range(1).gr + 1", 22, "groupBy")):
        deadline = time.monotonic() + 60    # on a busy machine the first ones take longer than an answer may
        while name not in session.complete(code, kind="spark", cursor=cursor):
            assert time.monotonic() < deadline
    assert session.complete("nothingLikeThis", kind="spark") == []


def test_completion_while_a_cell_runs_is_empty_and_harmless(session):
    flag = session.home + "/completed"
    statement = session.submit(
        "spark", "println(\"now\"); while (!new java.io.File(\"%s\").exists) Thread.sleep(10)\n"
                 "println(\"end\")" % flag)
    session.wait_text(statement, "now\n")
    assert session.complete("sc.para", kind="spark") == []
    open(flag, "w").close()
    assert session.result(statement)[1]["data"] == {"text/plain": "now\nend\n"}
