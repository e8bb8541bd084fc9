"""Stands in for spark-submit where a test needs no Spark. What it does is in the session's conf:

    spark.fake.print=TEXT       write this line to stdout first
    spark.fake.complain=TEXT    write this line to stderr first
    spark.fake.exit=CODE        end with this code at once
    spark.fake.hang=1           sleep for ever, never dial
    spark.fake.stubborn=1       ignore SIGTERM (this process and its children)
    spark.fake.tree=1           start children: one in the same session, one setsid, one double-forked daemon
    (everything else)           is for fake_driver.py, which runs unless exit or hang is given
"""

import os
import re
import signal
import subprocess
import sys
import time

import fake_driver

SLEEP = [sys.executable, "-c", "import time; time.sleep(1000)"]


def behaviour(arguments):
    """{word: value} from the lines `spark.fake.word=value` of --properties-file."""
    if "--properties-file" not in arguments:
        return {}
    with open(arguments[arguments.index("--properties-file") + 1], encoding="utf-8") as file:
        lines = [line[len("spark.fake."):].rstrip("\n") for line in file if line.startswith("spark.fake.")]
    return {word: re.sub(r"\\(.)", r"\1", value) for word, value in (line.split("=", 1) for line in lines)}


def start_tree():
    subprocess.Popen(SLEEP)
    subprocess.Popen(SLEEP, start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(SLEEP[0], SLEEP)
        os._exit(0)
    os.wait()


def main(arguments):
    wanted = behaviour(arguments)
    if "--version" in arguments:
        print("Welcome to\n   version 3.5.9\nUsing Scala version 2.12.18, OpenJDK 64-Bit Server VM, 17", file=sys.stderr)
        return 0
    if "stubborn" in wanted:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # inherited by what is started below
    if "print" in wanted:
        print(wanted["print"], flush=True)
    if "complain" in wanted:
        print(wanted["complain"], file=sys.stderr, flush=True)
    if "tree" in wanted:
        start_tree()
    if "exit" in wanted:
        return int(wanted["exit"])
    if "hang" in wanted:
        while True:
            time.sleep(1000)
    return fake_driver.main(arguments[-1], wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
