"""Stands in for spark-submit where a test needs no Spark. What it does is in the conf of the session or batch:

    spark.fake.record=FILE      append a line of JSON to FILE: arguments, properties, working directory, pid
    spark.fake.stubborn=1       ignore SIGTERM (this process and its children)
    spark.fake.print=TEXT       write this line to stdout
    spark.fake.complain=TEXT    write this line to stderr
    spark.fake.cat=FILE         write what is in this file to stdout
    spark.fake.lines=N          write N numbered lines, in turn to stdout and stderr
    spark.fake.block=N          write N lines of 100 bytes to stdout, as fast as possible (see block_line)
    spark.fake.tree=1           start children: one in the same session, one setsid, one double-forked daemon
    spark.fake.linger=1         start a grandchild that keeps stdout open and outlives this process
    spark.fake.close=1          close stdout and stderr
    spark.fake.until=FILE       wait until FILE exists
    spark.fake.last=TEXT        write this line to stdout
    spark.fake.exit=CODE        end with this code
    spark.fake.hang=1           sleep for ever
    (everything else)           is for fake_driver.py, which runs in a session unless exit or hang is given

It happens in this order. A batch ends with code 0 unless exit says otherwise.
"""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time

SLEEP = [sys.executable, "-c", "import time; time.sleep(1000)"]
LINE = 100


def block_line(number):
    """A line of `block`: its number, filled up to LINE bytes with the end of line."""
    return f"{number:012d} ".ljust(LINE - 1, "x")


def unescape(text):
    """Undoes the escapes of a Java properties file."""
    special = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))",
                  lambda found: chr(int(found[1], 16)) if found[1] else special.get(found[2], found[2]), text)


def read_properties(arguments):
    """{key: value} of --properties-file."""
    if "--properties-file" not in arguments:
        return {}
    with open(arguments[arguments.index("--properties-file") + 1], encoding="utf-8") as file:
        pairs = [line.rstrip("\n").split("=", 1) for line in file if "=" in line and not line.startswith("#")]
    return {unescape(key): unescape(value) for key, value in pairs}


def record(file, arguments, properties):
    line = json.dumps({"arguments": arguments, "properties": properties, "directory": os.getcwd(), "pid": os.getpid()})
    with open(file, "a", encoding="utf-8") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        out.write(line + "\n")


def write_block(count):
    step, out = 10000, sys.stdout.buffer
    for start in range(0, count, step):
        lines = [block_line(number) for number in range(start, min(start + step, count))]
        out.write(("\n".join(lines) + "\n").encode())
    out.flush()


def start_tree():
    subprocess.Popen(SLEEP)
    subprocess.Popen(SLEEP, start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(SLEEP[0], SLEEP)
        os._exit(0)
    os.wait()


def talk(wanted):
    if "print" in wanted:
        print(wanted["print"], flush=True)
    if "complain" in wanted:
        print(wanted["complain"], file=sys.stderr, flush=True)
    if "cat" in wanted:
        with open(wanted["cat"], "rb") as file:
            sys.stdout.buffer.write(file.read())
        sys.stdout.flush()
    for number in range(int(wanted.get("lines", 0))):
        print(f"line {number}", file=(sys.stdout, sys.stderr)[number % 2], flush=True)
    write_block(int(wanted.get("block", 0)))


def main(arguments):
    if "--version" in arguments:
        print("Welcome to\n   version 3.5.9\nUsing Scala version 2.12.18, OpenJDK 64-Bit Server VM, 17", file=sys.stderr)
        return 0
    properties = read_properties(arguments)
    prefix = "spark.fake."
    wanted = {key[len(prefix):]: value for key, value in properties.items() if key.startswith(prefix)}
    if "record" in wanted:
        record(wanted["record"], arguments, properties)
    if "stubborn" in wanted:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # inherited by what is started below
    talk(wanted)
    if "tree" in wanted:
        start_tree()
    if "linger" in wanted:
        subprocess.Popen(SLEEP, start_new_session=True)
    if "close" in wanted:
        os.close(1)
        os.close(2)
    while "until" in wanted and not os.path.exists(wanted["until"]):
        time.sleep(0.02)
    if "last" in wanted:
        print(wanted["last"], flush=True)
    if "exit" in wanted:
        return int(wanted["exit"])
    while "hang" in wanted:
        time.sleep(1000)
    if not arguments[-1].endswith("/driver.json"):
        return 0
    import fake_driver  # not above: it costs a batch's start something, and there are many of those
    return fake_driver.main(arguments[-1], wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
