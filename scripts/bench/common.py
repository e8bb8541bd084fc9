"""What the benchmarks share: a server of their own, figures, tables. They print Markdown for docs/benchmarks.md."""

import argparse
import contextlib
import os
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from blackbox.gateway import Gateway, descendants, make_fake_spark_home  # noqa: E402


def parse_arguments(description, runs, spark=True):
    parser = argparse.ArgumentParser(description=description)
    if spark:
        parser.add_argument("--spark-home", default=os.environ.get("SPARK_HOME"), help="default: SPARK_HOME")
    parser.add_argument("--runs", type=int, default=runs, help="default: %(default)s")
    arguments = parser.parse_args()
    if spark and not arguments.spark_home:
        parser.error("no --spark-home, and SPARK_HOME is not set")
    return arguments


def python_of(spark_home):
    """The python of the virtual environment that a pyspark package belongs to."""
    return pathlib.Path(spark_home).parents[3] / "bin" / "python"


@contextlib.contextmanager
def gateway(spark_home, python=None, **settings):
    with tempfile.TemporaryDirectory(prefix="sg-bench-") as directory:
        server = Gateway(directory, spark_home, python, {"server.log.level": "info", **settings})
        try:
            yield server.start()
        finally:
            server.end_everything()
            server.leftovers()


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def row(*cells):
    print("| " + " | ".join(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |")


def table(*heads):
    row(*heads)
    row(*["---"] * len(heads))


median = statistics.median


@contextlib.contextmanager
def fake_spark_home():
    """A SPARK_HOME whose spark-submit runs a driver that speaks the protocol but has no Spark."""
    with tempfile.TemporaryDirectory(prefix="sg-fake-spark-") as home:
        yield make_fake_spark_home(home)


def descendants_named(pid, name):
    return [child for child, arguments in descendants(pid).items() if name in arguments.split(" ", 1)[0]]
