"""docs/tutorial.md, typed into a shell command by command: everything has to be printed as the page shows it.

The page's commands run in one bash, in a directory of their own. `…` in the page stands for anything within a line;
MASKS covers what no two runs have in common, on both sides.
"""

import re
import subprocess

import pytest

from blackbox import gateway as gateways
from blackbox.conftest import new_directory, run_gateway

PAGE = gateways.ROOT / "docs/tutorial.md"
MARK = "--- end of command ---"
MASKS = [
    ("times", r"\b1[789]\d{11}\b", "<time>"),
    ("duration of a step of the start", r"\+\d+\.\d+ s\b", "+<n> s"),
    ("id of the application", r"\blocal-\d+", "local-<n>"),
    ("port of Spark's UI", r'("sparkUiUrl":"http://[\w.]+):\d+', r"\1:<port>"),
]


def parse(page):
    """[(command, what it prints)] of all blocks."""
    blocks = re.findall(r"^```(.*)\n((?s:.*?))^```$", page, flags=re.M)
    assert blocks and 2 * len(blocks) == page.count("```"), "a block is not closed"
    assert all(language == "console" and text.startswith("$ ") for language, text in blocks), "a block is no dialogue"
    steps = []
    for line in "".join(text for _, text in blocks).splitlines():
        if line.startswith("$ "):
            steps.append(([line[2:]], []))
        elif line.startswith(">"):
            steps[-1][0].append(line[2:])
        elif line.startswith("    "):
            steps[-1][1][-1] += line.strip()
        else:
            steps[-1][1].append(line)
    return [("\n".join(command), "\n".join(lines)) for command, lines in steps]


def comparable(text):
    text = text.replace("\r", "").strip("\n")
    for _, pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text)
    return join_output(text)


def join_output(events):
    """How much a statement prints before it is looked at is chance: pieces that follow one another become one."""
    piece = r'id: (\d+)\nevent: output\ndata: \{"from":(\d+),"next":\d+,"text":"(.*)"\}\n\n'
    two = re.compile(piece + piece)
    while found := two.search(events):
        _, start, text, end, _, more = found.groups()
        events = events.replace(found[0], f'id: {end}\nevent: output\ndata: {{"from":{start},"next":{end},"text":"{text}{more}"}}\n\n')
    return events


def agrees(wanted, seen):
    return re.fullmatch(".+?".join(re.escape(part) for part in comparable(wanted).split("…")), comparable(seen)) is not None


def type_in(commands, directory):
    """What each command printed."""
    script = "".join(f"{command}\necho; echo '{MARK}'\n" for command in commands)
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(directory)}
    ended = subprocess.run(["bash", "-s"], input=script, cwd=directory, env=environment, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=600)
    printed = ended.stdout.split(f"\n{MARK}\n")
    assert ended.returncode == 0 and len(printed) == len(commands) + 1, ended
    return printed[:-1]


@pytest.fixture(scope="module")
def server(spark_home):
    """Set as scripts/quickstart has it."""
    yield from run_gateway(gateways.Gateway(new_directory(), spark_home, settings={
        "spark.master": "local[2]", "file.local-dir-whitelist": "/tmp"}))


def test_every_command_prints_what_the_page_shows(server):
    steps = parse(PAGE.read_text().replace("localhost:8998", f"localhost:{server.port}"))
    directory = server.directory / "reader"
    directory.mkdir()
    printed = type_in([command for command, _ in steps], directory)
    wrong = [f"$ {command}\n{seen}\n--- the page shows\n{wanted}"
             for (command, wanted), seen in zip(steps, printed, strict=True) if not agrees(wanted, seen)]
    assert not wrong, "\n\n".join(wrong)


def test_quickstart_allows_what_the_page_needs():
    assert "--set file.local-dir-whitelist=/tmp" in (gateways.ROOT / "scripts/quickstart").read_text()
