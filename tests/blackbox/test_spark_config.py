"""What a creation request carries arrives: jars, pyFiles, files, archives, conf; and executors in other JVMs."""

import pathlib
import subprocess
import zipfile

import pytest

from blackbox import gateway as gateways
from blackbox.conftest import new_directory, run_gateway
from blackbox.sockets import beyond_loopback, listeners

ODD = "a b=c:d #e !f \\g \"h\" 'i' $j %k\nzwei\tTäg €🚀"
SECRET = "moth-eaten-suitcase"
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
def users_python(spark_home, parcels):
    """An interpreter other than the gateway's, that tells who it is."""
    python = parcels / "users-python"
    python.write_text(f"#!/bin/sh\nexport USERS_PYTHON=yes\nexec {spark_home.parents[3]}/bin/python \"$@\"\n")
    python.chmod(0o755)
    return python


@pytest.fixture(scope="module")
def cluster_gateway(spark_home, parcels):
    conf_dir = parcels / "conf"
    conf_dir.mkdir(exist_ok=True)
    (conf_dir / "spark-defaults.conf").write_text("spark.from.defaults   the administrator's\n"
                                                  "spark.custom.word     the administrator's\n")
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local-cluster[2,1,1024]", "file.local-dir-whitelist": str(parcels), "spark.authenticate": "true"},
        environment={"SPARK_CONF_DIR": str(conf_dir)}))


@pytest.fixture(scope="module")
def cluster(cluster_gateway, parcels, users_python):
    """A session with everything that a request can carry, whose two executors are JVMs of their own."""
    return cluster_gateway.client.create(
        kind="spark", name="parcels", jars=[f"{parcels}/greeter.jar"],
        pyFiles=[f"{parcels}/helper_module.py", f"file://{parcels}/zipped.zip"], files=[f"{parcels}/words.txt"],
        archives=[f"{parcels}/packed.zip#packed"], driverMemory="900m", executorMemory="700m",
        conf={"spark.custom.word": ODD, "spark.sql.shuffle.partitions": "3", "spark.custom.secret": SECRET,
              "spark.pyspark.python": str(users_python), "livy.rsc.jars": "/nowhere.jar",
              "livy.rsc.sql.num-rows": "2", "spark.driver.bindAddress": "0.0.0.0", "spark.driver.host": "192.0.2.1",
              "spark.authenticate": "false"}).wait_idle(300)


def test_conf(cluster):
    assert cluster.text("sc.getConf().get('spark.custom.word')", "pyspark") == repr(ODD)
    assert cluster.text("spark.conf.get('spark.sql.shuffle.partitions')", "pyspark") == "'3'"
    assert cluster.text("sc.appName", "pyspark") == "'parcels'"
    assert cluster.text("sc.getConf().get('spark.executor.memory')", "pyspark") == "'700m'"
    assert cluster.text("sc.getConf().get('spark.driver.memory')", "pyspark") == "'900m'"


def test_spark_defaults_count_where_the_request_says_nothing(cluster):
    assert cluster.text("sc.getConf().get('spark.from.defaults')", "pyspark") == repr("the administrator's")


def test_no_conf_is_in_a_command_line(cluster, cluster_gateway):
    assert cluster.text("sc.getConf().get('spark.custom.secret')", "pyspark") == repr(SECRET)
    processes = gateways.processes_with(str(cluster_gateway.directory))
    assert len(processes) >= 5    # gateway, shim, driver JVM and Python, executors
    for pid in processes:
        assert SECRET.encode() not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes(), processes[pid]


def test_the_users_python_is_that_of_driver_and_workers(cluster):
    assert cluster.text("import os\nos.environ['USERS_PYTHON']", "pyspark") == "'yes'"
    assert cluster.text("sc.parallelize([0], 1).map(lambda _: __import__('os').environ['USERS_PYTHON']).collect()",
                        "pyspark") == "['yes']"


def test_what_is_not_for_spark_is_left_out_with_a_remark(cluster):
    assert "sparkgate: conf livy.rsc.jars is not for Spark and has no meaning here" in cluster.log_text()
    assert cluster.view()["conf"]["livy.rsc.jars"] == "/nowhere.jar"


def test_livys_keys_for_one_session(cluster):
    output = cluster.run("select id from range(9)", "sql")
    assert output["data"]["application/json"]["data"] == [[0], [1]]
    assert "livy.rsc.sql.num-rows is not" not in cluster.log_text()


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


def test_nothing_listens_beyond_loopback(cluster, cluster_gateway):
    """Neither the driver, its UI and gateways nor the master, workers and executors; whatever the request asks for."""
    cluster.text("sc.parallelize(range(4), 4).map(lambda x: x).collect()", "pyspark")
    processes = gateways.processes_with(str(cluster_gateway.directory))
    assert len({pid for pid, *_ in listeners(processes)}) >= 4    # the server, the driver's JVM, executors
    assert beyond_loopback(processes) == []
    assert cluster.view()["appInfo"]["sparkUiUrl"].startswith("http://127.0.0.1:")
    assert "sparkgate: conf spark.driver.host has no effect: " in cluster.log_text()


def test_driver_and_executors_know_a_secret_of_the_session(cluster):
    assert cluster.text("sc.getConf().get('spark.authenticate')", "pyspark") == "'true'"
    assert cluster.text("len(sc.getConf().get('spark.authenticate.secret'))", "pyspark") == "64"


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
