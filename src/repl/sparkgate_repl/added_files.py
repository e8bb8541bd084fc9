"""Files, Python files and jars that are added to the running application, on the driver and on executors.

Spark registers a file before it fetches it, and never forgets it: one that cannot be fetched, or whose name
is taken by other contents, would make every later task fail. So both are found out before Spark is asked.
"""
import filecmp
import glob
import os
import pathlib
import re
import shutil
import tempfile

_TAKEN = ("a file named %s with other contents has been added before, and Spark does not replace added "
          "files: give this one another name")


class AddedFiles:
    """What has been added to one session. One thread calls `add`."""

    def __init__(self, env):
        self._env = env
        self._places = {}    # name -> where it was added from first: a path, or a URI of elsewhere

    def add(self, kind, uri):
        """Add a "file", "pyfile" or "jar". The same contents under the same name may be added again. Raises
        what Spark, Py4J and the file system raise, ValueError, and InterpreterError if Spark is stopped."""
        if kind not in ("file", "pyfile", "jar"):
            raise ValueError("unknown kind of file: %s" % kind)
        sc = self._env.active_context()
        source = sc._jvm.org.apache.spark.util.Utils.resolveURI(uri)
        with tempfile.TemporaryDirectory(prefix="adding-", dir=self._env.dir) as folder:
            path = _local_copy(sc, source, folder)
            folder_of_path, name = os.path.split(path)
            place = uri if folder_of_path == folder else path
            if self._is_known(sc, name, path):
                # Spark compares the places that files come from, not their contents.
                place = self._places.get(name, place)
            if kind == "jar":
                _add_jar_to_executors(sc, _as_uri(place), name)
                self._add_jar_to_driver(sc, path, name, folder)
            elif kind == "pyfile":
                sc.addPyFile(place)    # takes the name from what it is given, which must not be encoded
            else:
                sc.addFile(_as_uri(place))
        self._places[name] = place

    def _is_known(self, sc, name, path):
        """Whether these contents have been added under this name. Raises ValueError if others have."""
        places = [sc._jvm.org.apache.spark.SparkFiles.get(name), os.path.join(self._env.jar_dir, name)]
        places += [jar for jar in submitted_jars(sc) if os.path.basename(jar) == name]
        known = [place for place in places if os.path.isfile(place)]
        if not all(filecmp.cmp(place, path, shallow=False) for place in known):
            raise ValueError(_TAKEN % name)
        return bool(known)

    def _add_jar_to_driver(self, sc, path, name, folder):
        """Let the JVM of the driver see the jar: a copy, since a jar that changes under a JVM breaks it. The
        Scala compiler takes it from `added_jars`."""
        jar = os.path.join(self._env.jar_dir, name)
        if not os.path.exists(jar):
            os.makedirs(self._env.jar_dir, mode=0o700, exist_ok=True)
            complete = os.path.join(folder, name)
            if path != complete:
                shutil.copyfile(path, complete)
            os.replace(complete, jar)
        _mutable_class_loader(sc).addURL(url_of(sc._jvm, jar))


def added_jars(env):
    """The paths of the jars that were added to the running application."""
    return sorted(glob.glob(os.path.join(glob.escape(env.jar_dir), "*")))


def submitted_jars(sc):
    """The paths of the user's jars that the application was submitted with, as far as they exist here."""
    conf = sc._jsc.getConf()
    jars = sc._jvm.org.apache.spark.util.Utils.getLocalUserJarsForShell(conf)
    names = [jars.apply(index) for index in range(jars.size())]
    names += (conf.get("spark.repl.local.jars", "") + "," + conf.get("spark.jars", "")).split(",")
    paths = dict.fromkeys(re.sub(r"^(?:file|local):/*", "/", name) for name in names)
    return [path for path in paths if os.path.isabs(path) and os.path.exists(path)]


def url_of(jvm, path):
    """The java.net.URL of a file."""
    return jvm.java.io.File(path).toURI().toURL()


def _local_copy(sc, source, folder):
    """The path of the file that the java.net.URI `source` names: itself if it is here, else fetched into
    `folder`. Raises if it cannot be read."""
    if source.getScheme() in ("file", "local"):
        path = source.getPath()
        open(path, "rb").close()
        return path
    jvm = sc._jvm
    return jvm.org.apache.spark.util.Utils.fetchFile(
        source.toString(), jvm.java.io.File(folder), sc._jsc.getConf(), sc._jsc.hadoopConfiguration(),
        0, False, False).getPath()


def _as_uri(place):
    """Spark would take a `#` in a path for the beginning of a fragment."""
    return pathlib.Path(place).as_uri() if os.path.isabs(place) else place


def _add_jar_to_executors(sc, uri, name):
    scala_context = sc._jsc.sc()
    scala_context.addJar(uri)
    # addJar only logs what goes wrong.
    added = scala_context.listJars().mkString("\n").splitlines()
    if not any(sc._jvm.java.net.URI(jar).getPath().rpartition("/")[2] == name for jar in added):
        raise ValueError("Spark could not add the jar %s; the session's log says why" % name)


def _mutable_class_loader(sc):
    """The loader that spark-submit made for the user's jars: the parent of all others that run user code."""
    from py4j.java_gateway import is_instance_of
    loader = sc._jvm.org.apache.spark.util.Utils.getContextOrSparkClassLoader()
    while not is_instance_of(sc._gateway, loader, "org.apache.spark.util.MutableURLClassLoader"):
        loader = loader.getParent()
    return loader
