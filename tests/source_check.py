"""What the checks of the sources have in common: the command line, and the trial on texts that are good or bad."""

import tempfile
from pathlib import Path


def run(arguments, documentation, offences, examples):
    """The exit status of a check. `offences(root)` yields a line for each; `examples()` gives {file: text} of what must be
    accepted, and of what must be refused."""
    if arguments == ["--self-test"]:
        return self_test(offences, *examples())
    if len(arguments) != 1:
        print(documentation)
        return 2
    found = list(offences(Path(arguments[0])))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


def self_test(offences, good, bad):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in {**good, **bad}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text + "\n", encoding="utf-8")
        refused = {line.split(":")[0] for line in offences(root)}
    if refused == set(bad):
        return 0
    print("accepted, but bad:", sorted(set(bad) - refused), " refused, but good:", sorted(refused - set(bad)))
    return 1
