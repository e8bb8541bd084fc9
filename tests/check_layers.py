#!/usr/bin/env python3
"""Refuses an #include that the picture of the layers forbids (docs/architecture.md).

    check_layers.py SOURCE_ROOT    checks include/ and src/; prints each offending line; exit status 1 if there is one
    check_layers.py --self-test    shows that it refuses a bad tree and accepts a good one

A layer is a folder: src/<layer>/ and include/sparkgate/<layer>/. The linker enforces the same picture between the
layer libraries, but does not see a header that needs no symbol.
"""

import re
import sys
from pathlib import Path

from source_check import run

EVERYBODY = {"base", "config", "obs"}
ALLOWED = {
    "base": {"base"},
    "config": {"base"},
    "obs": {"base"},
    "http": EVERYBODY,
    "driver": EVERYBODY,
    "process": EVERYBODY,
    "store": EVERYBODY,
    "session": EVERYBODY | {"driver", "process", "store"},
    "api": EVERYBODY | {"session", "http"},
    "app": EVERYBODY | {"api", "session", "http", "driver", "process", "store"},
    "main": {"app"},  # src/main.cpp
    "shim": set(),  # an executable of its own, with no library
    "native": set(),
    "boost": set(),
}
# Headers of other projects that one layer keeps to itself.
RESERVED = [
    (re.compile(r"boost/beast(/|\.hpp)"), {"http", "boost"}),
    (re.compile(r"sqlite3\.h$"), {"store"}),
    (re.compile(r"openssl/"), {"http"}),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]')
SUFFIXES = {".hpp", ".h", ".cpp", ".c", ".cc"}


def layer_of(path):
    """The layer of a file, given relative to the source root; None when it belongs to none."""
    parts = path.parts
    if parts[:2] == ("include", "sparkgate"):
        return parts[2]
    if parts[0] == "src":
        return parts[1] if len(parts) > 2 else Path(parts[1]).stem
    return None


def included_layer(header):
    """The layer that a header belongs to; None for headers of others and for files beside the includer."""
    parts = header.split("/")
    if parts[0] == "sparkgate":
        parts = parts[1:]
    return parts[0] if len(parts) > 1 and parts[0] in ALLOWED and parts[0] != "boost" else None


def objection(layer, header):
    """Why a file of `layer` must not include `header`; None when it may."""
    if layer == "pch":  # precompiled for all layers: nobody's header belongs there
        return "the precompiled header belongs to no layer" if included_layer(header) else None
    for pattern, owners in RESERVED:
        if pattern.match(header) and layer not in owners:
            return "only for " + ", ".join(sorted(owners))
    if layer not in ALLOWED:
        return f"{layer} is not a known layer"
    target = included_layer(header)
    if target and target != layer and target not in ALLOWED[layer]:
        return f"{layer} must not know {target}"
    return None


def offences(root):
    """Yields "file:line: text  (reason)" for each forbidden include."""
    for top in ("include", "src"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in SUFFIXES:
                continue
            relative = path.relative_to(root)
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                found = INCLUDE.match(line)
                reason = found and objection(layer_of(relative), found.group(1))
                if reason:
                    yield f"{relative}:{number}: {line.strip()}  ({reason})"


def examples():
    """A tree in which every file but the good ones breaks one rule; each must be refused, and nothing else."""
    good = {
        "src/main.cpp": '#include "sparkgate/app/command_line.hpp"\n#include <vector>',
        "src/pch.hpp": "#include <boost/asio/awaitable.hpp>",
        "src/http/connection.cpp": '#include "http/connection.hpp"\n#include <boost/beast/http/parser.hpp>',
        "src/store/sqlite.cpp": '#include <sqlite3.h>\n#include "sparkgate/base/error.hpp"',
        "src/api/routes.cpp": '#include "sparkgate/session/session.hpp"\n#include "sparkgate/http/router.hpp"',
        "include/sparkgate/session/session.hpp": '#include "sparkgate/driver/driver.hpp"',
        "src/boost/beast.cpp": "#include <boost/beast/src.hpp>",
    }
    bad = {
        "src/http/router.cpp": '#include "sparkgate/session/session.hpp"',
        "src/http/private.cpp": '#include "session/impl.hpp"',
        "include/sparkgate/driver/driver.hpp": '#include "sparkgate/process/launcher.hpp"',
        "src/session/session.cpp": '  #  include "sparkgate/http/message.hpp"',
        "src/base/json.cpp": '#include "sparkgate/config/settings.hpp"',
        "src/config/load.cpp": '#include "sparkgate/obs/log.hpp"',
        "src/api/sessions.cpp": '#include "sparkgate/store/store.hpp"',
        "src/main2/x.cpp": "#include <vector>",
        "src/api/beast.cpp": "#include <boost/beast.hpp>",
        "src/process/beast.hpp": "#include <boost/beast/core/error.hpp>",
        "src/session/sql.cpp": "#include <sqlite3.h>",
        "src/app/certificate.cpp": "#include <openssl/ssl.h>",
        "src/shim/shim.cpp": '#include "sparkgate/base/files.hpp"',
        "src/pch.h": '#include "sparkgate/base/error.hpp"',
    }
    return good, bad


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], __doc__, offences, examples))
