"""Files, Python files and jars added to a running application, with executors in processes of their own."""
import functools
import http.server
import shutil
import subprocess
import threading
import zipfile

import pytest

import harness

pytestmark = pytest.mark.spark


def make_jar(folder, package, answer="hi"):
    """A jar with the class <package>.Hello, whose `hi()` gives `answer`."""
    source = folder / package / "Hello.java"
    source.parent.mkdir(parents=True)
    source.write_text(
        'package %s; public class Hello { public String hi() { return "%s"; } }' % (package, answer))
    subprocess.run(["javac", "--release", "17", "-d", str(folder / "classes"), str(source)], check=True)
    jar = folder / (package + ".jar")
    subprocess.run(["jar", "cf", str(jar), "-C", str(folder / "classes"), "."], check=True)
    return str(jar)


@pytest.fixture(scope="module")
def jars(tmp_path_factory):
    """The paths of jars of one class each, by its package."""
    if shutil.which("javac") is None:
        pytest.skip("no javac")
    return {name: make_jar(tmp_path_factory.mktemp(name), name) for name in ("early", "late", "remote")}


@pytest.fixture(scope="module", params=harness.VERSIONS)
def cluster(request, jars):
    """Asked to add the jar `early` before Spark is up."""
    if harness.spark_home(request.param) is None:
        pytest.skip("no Spark %s on this machine" % request.param)
    started = harness.Session(
        request.param, master="local-cluster[1,2,1024]", confs=("spark.executor.memory=1g",))
    try:
        request = started.ask_to_add("jar", "file:" + jars["early"])
        started.wait_ready()
        assert started.added(request) is None
        yield started
    finally:
        started.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """(a folder, the URL at which it is served)"""
    folder = tmp_path_factory.mktemp("site")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, "http://127.0.0.1:%d/" % server.server_port
    server.shutdown()
    server.server_close()


def text(session, code, kind="pyspark"):
    output = session.run(code, kind=kind)
    assert output["status"] == "ok", output
    return output["data"]["text/plain"]


def says_hi(session, package):
    """The class of the jar is there for Scala and Python, on the driver and on executors."""
    assert "hi\nhi\n" in text(session, "println(new %s.Hello().hi())\nprintln(sc.parallelize(1 to 1)"
                              ".map(_ => new %s.Hello().hi()).first)" % (package, package), "spark")
    assert text(session, "sc._jvm.%s.Hello().hi()" % package) == "'hi'"


def test_a_jar_that_was_added_before_spark_is_up(cluster):
    says_hi(cluster, "early")


def test_a_jar_that_is_added_when_scala_runs(cluster, jars):
    assert "error" == cluster.run("new late.Hello().hi()", kind="spark")["status"]
    assert cluster.add("jar", jars["late"]) is None
    says_hi(cluster, "late")
    assert "2\n" in text(cluster, "println(1 + 1)", "spark")


def test_a_jar_from_elsewhere(cluster, jars, site):
    folder, url = site
    shutil.copy(jars["remote"], folder)
    assert cluster.add("jar", url + "remote.jar") is None
    says_hi(cluster, "remote")


def test_a_file_is_found_by_its_name(cluster, tmp_path):
    path = tmp_path / "data#1.txt"
    path.write_text("content")
    assert cluster.add("file", path.as_uri()) is None
    read = "open(SparkFiles.get('data#1.txt')).read()"
    assert text(cluster, "from pyspark import SparkFiles\n" + read) == "'content'"
    assert text(cluster, "sc.parallelize([0], 1).map(lambda _: %s).collect()" % read) == "['content']"
    code = "println(scala.io.Source.fromFile(org.apache.spark.SparkFiles.get(\"data#1.txt\")).mkString)"
    assert "content\n" in text(cluster, code, "spark")


@pytest.mark.parametrize("scheme", ["", "file:", "local:"])
def test_a_python_file_can_be_imported(cluster, tmp_path, scheme):
    module = "plain_" + scheme.strip(":")
    assert cluster.run("import %s" % module)["ename"] == "ModuleNotFoundError"
    (tmp_path / (module + ".py")).write_text("def double(n): return 2 * n\n")
    assert cluster.add("pyfile", "%s%s/%s.py" % (scheme, tmp_path, module)) is None
    assert text(cluster, "import %s\n%s.double(2)" % (module, module)) == "4"
    code = "sc.parallelize([1, 2], 2).map(lambda n: __import__(%r).double(n)).collect()" % module
    assert text(cluster, code) == "[2, 4]"


def test_an_archive_of_python_files_can_be_imported(cluster, tmp_path):
    path = tmp_path / "packed code.zip"
    with zipfile.ZipFile(str(path), "w") as archive:
        archive.writestr("packed/__init__.py", "ANSWER = 42\n")
    assert cluster.add("pyfile", path.as_uri()) is None
    code = "sc.parallelize([ANSWER], 1).map(lambda n: __import__('packed').ANSWER - n).collect()"
    assert text(cluster, "from packed import ANSWER\n" + code) == "[0]"


def test_a_file_is_added_while_a_statement_runs(cluster, tmp_path):
    (tmp_path / "signal.txt").write_text("seen")
    statement = cluster.submit(
        "pyspark", "import os, time\nfrom pyspark import SparkFiles\nprint('go')\n"
        "while not os.path.exists(SparkFiles.get('signal.txt')): time.sleep(.01)\nprint('seen')")
    cluster.wait_text(statement, "go")
    assert cluster.add("file", str(tmp_path / "signal.txt")) is None
    assert cluster.result(statement)[1]["data"] == {"text/plain": "go\nseen"}


def tasks_run(session):
    return text(session, "sc.parallelize([1], 1).map(lambda n: n + 1).collect()") == "[2]"


class Limits:
    def test_what_cannot_be_read_is_told_and_tasks_go_on(self, somewhere, site, tmp_path):
        for kind in ("file", "pyfile", "jar"):
            assert somewhere.add(kind, "file:///nowhere/a.zip") == (
                "FileNotFoundError", "No such file or directory: /nowhere/a.zip")
            assert somewhere.add(kind, str(tmp_path))[0] == "IsADirectoryError"
            ename, error = somewhere.add(kind, site[1] + "nothing.zip")
            assert ename == "java.io.FileNotFoundException" and "nothing.zip" in error
        assert somewhere.add("cobol", "/nowhere") == ("ValueError", "unknown kind of file: cobol")
        assert tasks_run(somewhere)

    @pytest.mark.parametrize(
        "kind, name", [("file", "twice.txt"), ("pyfile", "twice.py"), ("jar", "twice.jar")])
    def test_other_contents_under_the_same_name_are_refused(self, somewhere, tmp_path, kind, name):
        places = [tmp_path / "one", tmp_path / "same", tmp_path / "other"]
        for place in places:
            place.mkdir()
        if kind == "jar":
            shutil.copy(make_jar(tmp_path / "twice-1", "twice"), places[0] / name)
            shutil.copy(places[0] / name, places[1] / name)
            shutil.copy(make_jar(tmp_path / "twice-2", "twice", "again"), places[2] / name)
        else:
            for place, content in zip(places, ("a = 1", "a = 1", "a = 2")):
                (place / name).write_text(content)
        assert somewhere.add(kind, str(places[0] / name)) is None
        assert somewhere.add(kind, str(places[0] / name)) is None
        assert somewhere.add(kind, str(places[1] / name)) is None
        ename, error = somewhere.add(kind, str(places[2] / name))
        assert ename == "ValueError" and error.startswith("a file named %s with other contents" % name)
        assert tasks_run(somewhere)


class TestLimitsOnExecutors(Limits):
    @pytest.fixture
    def somewhere(self, cluster):
        return cluster


class TestLimitsInOneProcess(Limits):
    """Spark itself checks less here."""

    @pytest.fixture
    def somewhere(self, session):
        return session
