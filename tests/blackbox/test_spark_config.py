"""What a creation request carries arrives: jars, pyFiles, files, archives, conf; and executors in other JVMs."""

import subprocess
import zipfile

import pytest

from blackbox import gateway as gateways
from blackbox.conftest import new_directory, run_gateway

JAVA = """package demo;
public class Greeter implements java.io.Serializable {
    public static String greet(String name) { return "hello " + name; }
}
"""


@pytest.fixture(scope="session")
def parcels(tmp_path_factory):
    """A jar, a Python module, a zip of one, a file and an archive."""
    folder = tmp_path_factory.mktemp("parcels")
    (folder / "Greeter.java").write_text(JAVA)
    subprocess.run(["javac", "--release", "8", "-d", str(folder / "classes"), str(folder / "Greeter.java")], check=True,
                   capture_output=True)
    with zipfile.ZipFile(folder / "greeter.jar", "w") as jar:
        jar.write(folder / "classes/demo/Greeter.class", "demo/Greeter.class")
    (folder / "helper_module.py").write_text("def answer():\n    return 42\n")
    with zipfile.ZipFile(folder / "zipped.zip", "w") as archive:
        archive.writestr("zipped_module.py", "WORD = 'from a zip'\n")
    (folder / "words.txt").write_text("one two three")
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.writestr("inner.txt", "packed words")
    return folder


@pytest.fixture(scope="module")
def cluster_gateway(spark_home):
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local-cluster[2,1,1024]"}))


@pytest.fixture(scope="module")
def cluster(cluster_gateway, parcels):
    """A session with everything that a request can carry, whose two executors are JVMs of their own."""
    return cluster_gateway.client.create(
        kind="spark", name="parcels", jars=[f"{parcels}/greeter.jar"],
        pyFiles=[f"{parcels}/helper_module.py", f"{parcels}/zipped.zip"], files=[f"{parcels}/words.txt"],
        archives=[f"{parcels}/packed.zip#packed"], driverMemory="900m", executorMemory="700m",
        conf={"spark.custom.word": "a b=c", "spark.sql.shuffle.partitions": "3"}).wait_idle(300)


def test_conf(cluster):
    assert cluster.text("sc.getConf().get('spark.custom.word')", "pyspark") == "'a b=c'"
    assert cluster.text("spark.conf.get('spark.sql.shuffle.partitions')", "pyspark") == "'3'"
    assert cluster.text("sc.appName", "pyspark") == "'parcels'"
    assert cluster.text("sc.getConf().get('spark.executor.memory')", "pyspark") == "'700m'"
    assert cluster.text("sc.getConf().get('spark.driver.memory')", "pyspark") == "'900m'"


def test_jar_on_driver_and_executors(cluster):
    assert "hello you" in cluster.text("demo.Greeter.greet(\"you\")", "spark")
    assert "hello 1" in cluster.text(
        "sc.parallelize(1 to 4, 4).map(x => demo.Greeter.greet(x.toString)).collect()", "spark")
    assert cluster.text("sc._jvm.demo.Greeter.greet('p')", "pyspark") == "'hello p'"


def test_python_files_on_driver_and_workers(cluster):
    assert cluster.text("import helper_module, zipped_module\nhelper_module.answer(), zipped_module.WORD",
                        "pyspark") == "(42, 'from a zip')"
    assert cluster.text("def on_worker(x):\n    import helper_module\n    return helper_module.answer() + x\n"
                        "sc.parallelize([0, 1], 2).map(on_worker).collect()", "pyspark") == "[42, 43]"


def test_files_and_archives(cluster):
    assert cluster.text("from pyspark import SparkFiles\nopen(SparkFiles.get('words.txt')).read()",
                        "pyspark") == "'one two three'"
    assert cluster.text("def on_worker(x):\n    from pyspark import SparkFiles\n"
                        "    return open(SparkFiles.get('packed') + '/inner.txt').read()\n"
                        "sc.parallelize([0], 1).map(on_worker).collect()", "pyspark") == "['packed words']"


def test_executors_are_other_jvms(cluster):
    assert cluster.text("import os\nlen(set(sc.parallelize(range(20), 20).map(lambda x: os.getppid()).collect())"
                        " - {os.getpid()}) >= 1", "pyspark") == "True"


def test_scala_classes_and_closures_on_executors(cluster):
    cluster.text("case class Box(n: Int, label: String)\nobject Tool { def grow(b: Box) = b.copy(n = b.n * 10) }", "spark")
    cluster.text("val offset = 5\ndef shifted(n: Int) = n + offset", "spark")
    assert "Array(15, 25, 35)" in cluster.text(
        "sc.parallelize(1 to 3, 3).map(n => shifted(Tool.grow(Box(n, \"x\")).n)).collect()", "spark")
    assert "Array(2, 4)" in cluster.text(
        "Seq(Box(1, \"a\"), Box(2, \"b\")).toDS.map(b => b.n * 2).collect()", "spark")
    assert "Long = 2" in cluster.text(
        "val plus = udf((n: Int) => n + offset)\nSeq(1, 2).toDF(\"n\").select(plus($\"n\")).distinct.count()", "spark")
