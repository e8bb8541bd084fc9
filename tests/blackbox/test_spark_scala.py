"""spark (Scala) statements on real Spark, Scala 2.12 and 2.13."""

import re

import pytest

KIND = "spark"


@pytest.fixture
def scala(session):
    """scala(code) runs code that must succeed and returns its text/plain."""

    def run(code):
        return session.text(code, KIND)

    run.session = session
    return run


def test_value(scala):
    # Scala 2.13 writes `val res0`.
    assert re.fullmatch(r"(val )?res\d+: Int = 3\n", scala("1 + 2"))


def test_block(scala):
    assert re.sub(r"val |res\d+", "", scala("val x = 1\n\nval y = 2\n\nx + y")) == "x: Int = 1\ny: Int = 2\n: Int = 3\n"


@pytest.mark.parametrize("code", ["", "  \n ", "// a comment", "/* a\n comment */"])
def test_no_code(scala, code):
    assert scala(code) == ""


def test_a_cell_is_compiled_at_once(scala):
    assert re.sub("val ", "", scala("val early = 1\nprintln(\"printed\")")) == "printed\nearly: Int = 1\n"
    assert scala.session.error("val lost = 1\nsys.error(\"boom\")", KIND)["evalue"].endswith("boom")
    assert "not found: value lost" in scala.session.error("lost", KIND)["evalue"]


def test_a_name_defined_again_in_one_cell(scala):
    assert re.sub("val ", "", scala("val twice = 1\nval twice = \"two\"")) == "twice: Int = 1\ntwice: String = two\n"


def test_predefined_names(scala):
    assert "SparkSession" in scala("spark")
    assert "SparkContext" in scala("sc")
    assert "Long = 10" in scala("sc.parallelize(1 to 10).count()")
    assert "Long = 5" in scala("spark.range(10).filter($\"id\" < 5).count()")
    assert "Long = 1" in scala("sql(\"select 1\").count()")


def test_println(scala):
    text = scala("println(\"Grüße ☃\")\nSystem.err.println(\"not shown\")\nprint(\"end\")")
    assert text.rstrip() == "Grüße ☃\nend"


def test_classes_and_companions(scala):
    scala("case class Pt(x: Int, y: Int)\nobject Pt { def zero = Pt(0, 0) }")
    assert "Pt(0,0)" in scala("Pt.zero")
    assert "Array(3, 7)" in scala("Seq(Pt(1, 2), Pt(3, 4)).toDS.map(p => p.x + p.y).collect()")


def test_class_and_its_use_in_one_statement(scala):
    assert "Int = 5" in scala("case class Q(a: Int)\nval five = Seq(Q(2), Q(3)).toDS.map(_.a).reduce(_ + _)\nfive")


def test_multi_line_chain(scala):
    assert "Array(4, 16)" in scala("sc.parallelize(1 to 4)\n  .filter(_ % 2 == 0)\n  .map(x => x * x)\n  .collect()")


def test_compile_error(scala):
    output = scala.session.error("val n: Int = \"text\"", KIND)
    assert output["ename"] == "Error" and "type mismatch" in output["evalue"]
    assert "Int = 4" in scala("2 + 2")


def test_run_time_error(scala):
    output = scala.session.error("def f(n: Int) = 1 / n\nf(0)", KIND)
    assert output["ename"] == "Error" and "java.lang.ArithmeticException: / by zero" in output["evalue"]


def test_output_before_an_error_is_not_lost(scala):
    output = scala.session.error("println(\"seen before\")\nthrow new RuntimeException(\"boom\")", KIND)
    assert "boom" in output["evalue"]
    assert "seen before" in "".join(output["traceback"])


def test_incomplete(scala):
    output = scala.session.error("def f(x: Int) = {", KIND)
    assert (output["ename"], output["evalue"], output["traceback"]) == ("Error", "incomplete statement", [])
    assert "Int = 1" in scala("1")


def test_endless_recursion(scala):
    output = scala.session.error("def down(n: Int): Int = 1 + down(n + 1)\ndown(0)", KIND)
    assert "StackOverflowError" in output["evalue"]
    assert "Int = 1" in scala("1")


def test_json_magic(session):
    output = session.run("val doc = Map(\"a\" -> Seq(1, 2))\n%json doc", KIND)
    assert output["status"] == "ok" and output["data"] == {"application/json": {"a": [1, 2]}}, output


def test_table_magic(session):
    output = session.run("val rows = Seq(Seq(1, \"a\"), Seq(2, \"b\"))\n%table rows", KIND)
    table = output["data"]["application/vnd.livy.table.v1+json"]
    assert table["data"] == [[1, "a"], [2, "b"]] and [header["name"] for header in table["headers"]] == ["0", "1"]


def test_unknown_magic(scala):
    assert scala.session.error("%nonsense x", KIND)["ename"] == "UnknownMagic"


def test_long_values_are_not_cut(scala):
    assert "y" * 5000 in scala("\"y\" * 5000")


def test_views_are_shared_with_the_other_languages(session):
    session.text("spark.range(7).createOrReplaceTempView('from_python')", "pyspark")
    assert "Long = 7" in session.text("spark.table(\"from_python\").count()", KIND)
    session.text("Seq((1, \"one\")).toDF(\"n\", \"word\").createOrReplaceTempView(\"from_scala\")", KIND)
    assert session.text("spark.table('from_scala').collect()", "pyspark") == "[Row(n=1, word='one')]"
    assert session.run("select word from from_scala", "sql")["data"]["application/json"]["data"] == [["one"]]
