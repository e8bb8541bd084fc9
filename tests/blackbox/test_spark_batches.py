"""Batches with real Spark: jars, Python with its files, R, failures, kills, the application's id and address, many at once.

Apache publishes the jar of Spark's examples with its binary distributions only. So SparkPi is compiled here, with the
Scala compiler that each Spark brings along, which makes it a jar of that Scala version; pi.py is Spark's own.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import urllib.request
import zipfile

import pytest

from blackbox import batches
from blackbox import gateway as gateways
from blackbox.client import until
from blackbox.conftest import new_directory, run_gateway
from blackbox.sockets import beyond_loopback, listeners

MANY = 20
SPARK_PI = """package examples
import org.apache.spark.sql.SparkSession
object SparkPi {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder.getOrCreate()
    val n = 100000
    val slices = if (args.length > 0) args(0).toInt else 2
    val inside = spark.sparkContext.parallelize(1 to n, slices).map { _ =>
      val (x, y) = (math.random() * 2 - 1, math.random() * 2 - 1)
      if (x * x + y * y <= 1) 1 else 0
    }.reduce(_ + _)
    println(s"Pi is roughly ${4.0 * inside / n} after ${spark.sparkContext.appName}")
    println(scala.util.Properties.versionNumberString)
    spark.stop()
  }
}
"""
ARGUMENTS_PY = """import json, os, sys
import helper_module, zipped_module
from pyspark import SparkContext, SparkFiles
sc = SparkContext()
print("args " + json.dumps(sys.argv[1:]))
print("modules", helper_module.answer(), zipped_module.WORD)
print("on workers", sc.parallelize([1], 1).map(lambda x: __import__("helper_module").answer()).collect())
print("file", open(SparkFiles.get("words.txt")).read())
print("conf", sc.getConf().get("spark.custom.word"), sc.appName)
"""
WAITS_PY = """import os, subprocess, sys, time
from pyspark import SparkContext
sc = SparkContext()
if "tree" in sys.argv:
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(["sleep", "9876"])
    subprocess.Popen(["setsid", "sleep", "9876"])
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "9876"])
        os._exit(0)
    os.wait()
print("up", sc.applicationId, sc.uiWebUrl, flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.05)
sc.stop()
"""
R_JOB = """arguments <- commandArgs(trailingOnly = TRUE)
cat("R got", arguments, "\\n")
if ("fail" %in% arguments) quit(status = 3)
"""
SPARKR_JOB = """library(SparkR)
sparkR.session()
cat("count", count(createDataFrame(data.frame(x = 1:3))), "\\n")
sparkR.session.stop()
"""

needs_r = pytest.mark.skipif(shutil.which("Rscript") is None, reason="Rscript is not installed")


@pytest.fixture(scope="session")
def jobs(tmp_path_factory):
    """Programs, modules and files that the batches use."""
    folder = tmp_path_factory.mktemp("spark-batches")
    for name, text in (("arguments.py", ARGUMENTS_PY), ("waits.py", WAITS_PY), ("job.R", R_JOB), ("sparkr.R", SPARKR_JOB),
                       ("fails.py", "import sys\nprint('before')\nsys.exit(7)\n"),
                       ("raises.py", "raise ValueError('on purpose')\n"), ("words.txt", "one two three"),
                       ("helper_module.py", "def answer():\n    return 42\n")):
        (folder / name).write_text(text)
    with zipfile.ZipFile(folder / "zipped.zip", "w") as archive:
        archive.writestr("zipped_module.py", "WORD = 'from a zip'\n")
    return folder


@pytest.fixture(scope="session")
def spark_pi(spark_home, jobs, tmp_path_factory):
    """The jar of examples.SparkPi for this Spark."""
    folder = tmp_path_factory.mktemp("spark-pi")
    (folder / "SparkPi.scala").write_text(SPARK_PI)
    done = subprocess.run(["java", "-cp", f"{spark_home}/jars/*", "scala.tools.nsc.Main", "-usejavacp", "-nowarn", "-d",
                           str(folder / "pi.jar"), str(folder / "SparkPi.scala")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "pi.jar"


@pytest.fixture(scope="module")
def batch_gateway(spark_home):
    """Its queue lets a few start at a time."""
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local[1]", "file.local-dir-whitelist": "/", "session.kill-grace": "2s",
        "server.session.max-creation": "3"}))


@pytest.fixture
def submit(batch_gateway):
    """submit(**request) creates a batch; all are deleted at the end of the test."""
    client, created = batch_gateway.client.fork(), []

    def create(**request):
        created.append(batches.create(client, **request))
        return created[-1]

    yield create
    for each in created:
        each.delete()
    client.close()


def line_with(batch, start):
    found = [line for line in batch.output() if line.startswith(start)]
    assert len(found) == 1, batch.log_text()
    return found[0]


def shim_of(gateway, batch):
    found = [pid for pid, text in gateways.descendants(gateway.process.pid).items()
             if "sparkgate-shim" in text.split(" ")[0] and f"/batches/{batch.id}" in text]
    assert found, gateways.descendants(gateway.process.pid)
    return found[0]


def test_scala_jar(submit, spark_pi, spark_version):
    batch = submit(file=str(spark_pi), className="examples.SparkPi", args=["3"], name="the pi", driverMemory="600m")
    batch.wait_state("success", 300)
    value = float(re.match(r"Pi is roughly (\S+) after the pi$", line_with(batch, "Pi is roughly"))[1])
    assert 3 < value < 3.3
    line_with(batch, {"3.5": "2.12.", "4.1": "2.13."}[spark_version])


def test_sparks_own_python_example(submit, spark_home):
    batch = submit(file=str(spark_home / "examples/src/main/python/pi.py"), args=["2"])
    batch.wait_state("success", 300)
    assert line_with(batch, "Pi is roughly 3.")


def test_python_with_files_and_arguments(submit, jobs):
    arguments = ["two words", "it's \"quoted\"", "ünï ☃ 🚀", "", "--conf", "$HOME `id` \\ *", "a\nb", "-x"]
    batch = submit(file=str(jobs / "arguments.py"), args=arguments, files=[str(jobs / "words.txt")], name="Zürich ☃",
                   pyFiles=[str(jobs / "helper_module.py"), f"file://{jobs}/zipped.zip"],
                   conf={"spark.custom.word": "a b=c ü"})
    batch.wait_state("success", 300)
    assert json.loads(line_with(batch, "args ")[5:]) == arguments
    for line in ("modules 42 from a zip", "on workers [42]", "file one two three", "conf a b=c ü Zürich ☃"):
        assert line in batch.output(), batch.log_text()


@needs_r
def test_r(submit, jobs):
    """Spark runs R programs with Rscript; this one needs no SparkR."""
    good, bad = (submit(file=str(jobs / "job.R"), args=args) for args in (["a b", "c"], ["fail"]))
    good.wait_state("success", 300)
    assert line_with(good, "R got") == "R got a b c "
    bad.wait_state("dead", 300)
    assert "exit code" in bad.log_text()


@needs_r
def test_sparkr(submit, jobs, spark_home):
    if not (spark_home / "R/lib/SparkR").exists():
        pytest.skip(f"no SparkR package in {spark_home}/R/lib: pip's pyspark has none")
    batch = submit(file=str(jobs / "sparkr.R"))
    batch.wait_state("success", 300)
    assert line_with(batch, "count") == "count 3 "


@pytest.mark.parametrize("program, words", [
    ("fails.py", ["before"]), ("raises.py", ["ValueError: on purpose"]), ("not-there.py", ["not-there.py", "No such file"])])
def test_failure(submit, jobs, program, words):
    """spark-submit ends with a code other than 0; which is Spark's affair (a Python program's becomes 1 in some versions)."""
    batch = submit(file=str(jobs / program))
    batch.wait_state("dead", 300)
    for text in [*words, "exit code "]:
        assert text in batch.log_text(), batch.log_text()


def test_class_that_does_not_exist(submit, spark_pi):
    batch = submit(file=str(spark_pi), className="no.Such")
    batch.wait_state("dead", 300)
    assert "no.Such" in batch.log_text() and "exit code 101" in batch.log_text()


def test_application_is_found(batch_gateway, submit, jobs, tmp_path):
    """Its id and the address of its user interface: unknown at first, then those that Spark says; the page answers, on
    loopback only."""
    batch = submit(file=str(jobs / "waits.py"), args=[str(tmp_path / "end")], conf={"spark.driver.bindAddress": "0.0.0.0"})
    assert batch.created["appId"] is None and batch.created["appInfo"]["sparkUiUrl"] is None
    until(lambda: batch.view()["appId"], 300, batch.log_text)
    until(lambda: batch.view()["appInfo"]["sparkUiUrl"], 60, batch.log_text)
    view = batch.view()
    until(lambda: any(line.startswith("up ") for line in batch.output()), 60, batch.log_text)
    _, application, address = line_with(batch, "up ").split()
    assert view["appId"] == application and re.fullmatch(r"local-\d+", application)
    assert view["state"] == "running" and re.fullmatch(r"http://[^/:]+:\d+", view["appInfo"]["sparkUiUrl"])
    assert view["appInfo"]["sparkUiUrl"].rpartition(":")[2] == address.rpartition(":")[2]
    port = address.rpartition(":")[2]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/applications") as page:
        assert json.load(page)[0]["id"] == application
    processes = batches.tree(shim_of(batch_gateway, batch))
    assert len(listeners(processes)) >= 3 and beyond_loopback(processes) == []    # its UI, RPC and block manager
    (tmp_path / "end").touch()
    batch.wait_state("success", 120)
    assert batch.view()["appId"] == application


def test_killed_from_outside(batch_gateway, submit, jobs, tmp_path):
    batch = submit(file=str(jobs / "waits.py"), args=[str(tmp_path / "never")])
    until(lambda: any(line.startswith("up ") for line in batch.output()), 300, batch.log_text)
    processes = batches.tree(shim_of(batch_gateway, batch))
    jvm = [pid for pid, text in processes.items() if "org.apache.spark.deploy.SparkSubmit" in text]
    os.kill(jvm[0], signal.SIGKILL)
    batch.wait_state("dead", 60)
    assert "killed by signal 9" in batch.log_text()
    batches.all_gone(processes)


def test_delete_ends_a_tree_that_resists(batch_gateway, submit, jobs, tmp_path):
    batch = submit(file=str(jobs / "waits.py"), args=[str(tmp_path / "never"), "tree"])
    until(lambda: any(line.startswith("up ") for line in batch.output()), 300, batch.log_text)
    processes = batches.tree(shim_of(batch_gateway, batch))
    assert sum("sleep 9876" in text for text in processes.values()) == 3, processes
    directory = batch_gateway.state_dir / "batches" / str(batch.id)
    assert directory.exists()
    assert batch.delete().json == {"msg": "deleted"}
    batches.all_gone(processes)
    assert batch.client.get(batch.path).status == 404
    until(lambda: not directory.exists(), 20, f"{directory} is gone")


def test_delete_while_spark_starts(batch_gateway, submit, jobs, tmp_path):
    batch = submit(file=str(jobs / "waits.py"), args=[str(tmp_path / "never")])
    until(lambda: any("java" in text and f"/batches/{batch.id}/" in text
                      for text in gateways.descendants(batch_gateway.process.pid).values()), 60, "the JVM starts")
    processes = batches.tree(shim_of(batch_gateway, batch))
    assert batch.delete().status == 200
    batches.all_gone(processes)


def test_many_at_once(batch_gateway, submit, spark_pi):
    """More than Spark finds ports for if each began at 4040 (16 attempts)."""
    created = [submit(file=str(spark_pi), className="examples.SparkPi", name=f"pi {number}", driverMemory="512m")
               for number in range(MANY)]
    for number, batch in enumerate(created):
        batch.wait_state("success", 600)
        assert line_with(batch, "Pi is roughly").endswith(f"after pi {number}")
    until(lambda: not gateways.descendants(batch_gateway.process.pid), 60,
          lambda: gateways.descendants(batch_gateway.process.pid))
