"""Scala on executors in JVMs of their own, with the user's jar."""
import shutil
import subprocess

import pytest

import harness

pytestmark = pytest.mark.spark

JAVA = "package demo; public class Hello { public static String hi(String name) { return \"hi \" + name; } }"


@pytest.fixture(scope="module")
def user_jar(tmp_path_factory):
    if shutil.which("javac") is None:
        pytest.skip("no javac")
    folder = tmp_path_factory.mktemp("jar")
    source = folder / "Hello.java"
    source.write_text(JAVA)
    subprocess.run(["javac", "--release", "17", "-d", str(folder / "classes"), str(source)], check=True)
    subprocess.run(["jar", "cf", str(folder / "user.jar"), "-C", str(folder / "classes"), "."], check=True)
    return str(folder / "user.jar")


@pytest.fixture(scope="module", params=harness.VERSIONS)
def cluster(request, user_jar):
    if harness.spark_home(request.param) is None:
        pytest.skip("no Spark %s on this machine" % request.param)
    # Class loading and serialisation differ from local[*]: the executors are other processes.
    started = harness.Session(request.param, master="local-cluster[2,1,1024]",
                              confs=("spark.jars=" + user_jar, "spark.executor.memory=1g"))
    try:
        yield started.wait_ready()
    finally:
        started.close()


@pytest.mark.parametrize("code, shown", [
    ("val offset = 10\nprintln(sc.parallelize(1 to 10, 2).map(_ + offset).sum)", "155.0"),
    ("var factor = 2\ndef times(n: Int) = n * factor\n"
     "println(sc.parallelize(1 to 3, 2).map(times).collect.toList)",
     "List(2, 4, 6)"),
    ("case class P(a: Int)\nobject P { def zero = P(0) }\n"
     "println(Seq(P(1), P.zero).toDS.map(p => P(p.a + 1)).collect.toList)", "List(P(2), P(1))"),
    ("println(sc.parallelize(Seq(P(1), P(2)), 2).map(_.a).sum)", "3.0"),
    ("println(sc.parallelize(1 to 4, 2).map(n => (n % 2, P(n))).groupByKey.mapValues(_.map(_.a).sum)"
     ".collect.toMap)",
     "Map(0 -> 6, 1 -> 4)"),
    ("class Adder(n: Int) extends Serializable { def add(i: Int) = i + n }\nval adder = new Adder(3)\n"
     "println(sc.parallelize(1 to 4, 2).map(adder.add).collect.toList)", "List(4, 5, 6, 7)"),
    ("val plus = udf((n: Long) => n + 1)\n"
     "println(spark.range(3).select(plus($\"id\")).as[Long].collect.toList)",
     "List(1, 2, 3)"),
    ("println(demo.Hello.hi(\"x\"))", "hi x"),
    ("println(sc.parallelize(1 to 2, 2).map(n => demo.Hello.hi(n.toString)).collect.toList)",
     "List(hi 1, hi 2)"),
])
def test_code_of_a_cell_runs_on_executors(cluster, code, shown):
    output = cluster.run(code, kind="spark")
    assert output["status"] == "ok", output
    assert shown in output["data"]["text/plain"].splitlines()


def test_an_error_on_an_executor_names_its_cause(cluster):
    output = cluster.run("sc.parallelize(1 to 3, 2).map(n => n / 0).collect()", kind="spark")
    assert output["evalue"].startswith("org.apache.spark.SparkException: Job aborted")
    assert "/ by zero" in output["evalue"] + "".join(output["traceback"])


def test_a_job_is_cancelled_on_executors(cluster):
    statement = cluster.submit(
        "spark", "println(\"go\"); sc.parallelize(1 to 1000, 2).map { n => Thread.sleep(1000); n }.count")
    cluster.wait_text(statement, "go\n")
    cluster.cancel(statement)
    assert cluster.result(statement)[0] == "cancelled"
    output = cluster.run("println(sc.parallelize(1 to 4, 2).sum)", kind="spark")
    assert output["data"] == {"text/plain": "10.0\n"}
