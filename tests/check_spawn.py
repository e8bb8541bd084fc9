#!/usr/bin/env python3
"""Refuses a coroutine that is started in a way that loses its exceptions, and std::regex in the server.

    check_spawn.py SOURCE_ROOT    checks include/, src/ and tests/; prints each offending line; exit status 1 if there is one
    check_spawn.py --self-test    shows that it refuses what it should and accepts the rest

Coroutines are started with spawn() of sparkgate/base/spawn.hpp, which says what became of them; work on another executor
that its caller waits for is run_on() of sparkgate/base/run_on.hpp. co_spawn is left for tests, with the tokens
use_awaitable and use_future and handlers that rethrow.
std::regex, which recurses once for each character, ends the process on a long text: nothing of the server uses it.
"""

import re
import sys

from source_check import run

SPAWN = {"include/sparkgate/base/spawn.hpp", "src/base/spawn.cpp"}
SUFFIXES = {".hpp", ".h", ".cpp", ".c", ".cc"}
# What is no code: comments, and what is inside literals. Numbers come first: their ' begins no character.
NO_CODE = re.compile(r"""
      (?P<number> \b\d(?:'?[\w.])* )
    | // (?:\\\n|[^\n])* | /\*.*?\*/
    | \b(?:u8|u|U|L)?R"(?P<mark>[^()\\\s]*)\( .*? \)(?P=mark)"
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])+'
    """, re.VERBOSE | re.DOTALL)
DETACHED = re.compile(r"\bdetached\b")
CO_SPAWN = re.compile(r"\bco_spawn\b(?!\.hpp)")
CALL = re.compile(r"\s*\(")
IN_TESTS = re.compile(r"(?:(?:boost::)?asio::)?use_(?:awaitable|future)|(?:asio::bind_cancellation_slot\(.*)?\[.*\bstd::rethrow_exception\(.*", re.DOTALL)
REGEX = re.compile(r"#\s*include\s*<(?:boost/)?regex(?:\.hpp|\.h)?>|\b(?:std|boost)::w?(?:basic_)?regex\w*")


def code_of(text):
    """The same text, with spaces for comments and literals; lines stay where they are."""
    return NO_CODE.sub(lambda found: found[0] if found["number"] else re.sub(r"[^\n]", " ", found[0]), text)


def arguments_from(code, begin):
    """The arguments of the call whose opening parenthesis is at `begin`."""
    depth, out, start = 0, [], begin + 1
    for at in range(begin, len(code)):
        if code[at] in "([{":
            depth += 1
        elif code[at] in ")]}":
            depth -= 1
        if depth == 0 or (depth == 1 and code[at] == ","):
            out.append(code[start:at].strip())
            start = at + 1
        if depth == 0:
            break
    return out


def objections(name, text):
    """Yields (position, reason) for each offence of a file, given by its name below the source root."""
    code, of_tests = code_of(text), name.startswith("tests/")
    if not of_tests:
        yield from ((found.start(), "never on input: write the few lines") for found in REGEX.finditer(code))
    if name in SPAWN:
        return
    yield from ((found.start(), "loses exceptions: spawn()") for found in DETACHED.finditer(code))
    for found in CO_SPAWN.finditer(code):
        call = CALL.match(code, found.end())
        token = arguments_from(code, call.end() - 1)[-1] if call else ""
        if not token.endswith("detached") and not (of_tests and IN_TESTS.fullmatch(token)):
            yield found.start(), "spawn(), or run_on() where the caller waits"


def offences(root):
    """Yields "file:line: text  (reason)"."""
    for top in ("include", "src", "tests"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in SUFFIXES:
                name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
                for position, reason in objections(name, text):
                    line = text.count("\n", 0, position)
                    yield f"{name}:{line + 1}: {text.splitlines()[line].strip()}  ({reason})"


def examples():
    """Each of the bad texts must be refused, each of the good ones accepted."""
    good = {
        "src/base/spawn.cpp": "asio::co_spawn(executor, std::move(work), asio::detached);",
        "include/sparkgate/base/spawn.hpp": "#include <boost/asio/detached.hpp>",
        "src/a.cpp": "#include <boost/asio/co_spawn.hpp>\nspawn(executor, \"detached\", work());",
        "tests/d.cpp": "auto x = co_await asio::co_spawn(pool, work({1, 2}), asio::use_awaitable);",
        "tests/e.cpp": "co_await co_spawn(\n    pool,\n    [a, b]() -> awaitable<void> { co_return f(a, b); },\n    use_awaitable);",
        "src/d.cpp": "// asio::detached and co_spawn(x, y, z) in a comment, std::regex too\n/* co_spawn(a\n, detached) */",
        "src/e.cpp": "const auto text = R\"x(co_spawn(a, b, detached) )\" std::regex)x\"; const char c = '\"'; int n = 1'000;",
        "src/f.cpp": "thread.detach(); const bool is_detached = true; int co_spawn_count;",
        "tests/a.cpp": "asio::co_spawn(io, work(), [&](std::exception_ptr e) { if (e) std::rethrow_exception(e); });",
        "tests/b.cpp": "return boost::asio::co_spawn(loop, work(), boost::asio::use_future);",
        "tests/c.cpp": "EXPECT_TRUE(std::regex_match(text, std::regex(\"a+\")));",
        "src/repl/x.py": "detached = True",
    }
    bad = {
        "src/detached.cpp": "asio::co_spawn(executor, work(), asio::detached);",
        "src/long.cpp": "boost::asio::co_spawn(executor, work(), boost::asio::detached);",
        "src/using.cpp": "using boost::asio::detached;",
        "src/lines.cpp": "asio::co_spawn(executor,\n               work(),\n               detached);",
        "src/bound.cpp": "asio::async_write(s, b, asio::bind_executor(strand, asio::detached));",
        "src/include.cpp": "#include <boost/asio/detached.hpp>",
        "src/handler.cpp": "asio::co_spawn(executor, work(), [](std::exception_ptr) {});",
        "src/rethrow.cpp": "asio::co_spawn(executor, work(), [](std::exception_ptr e) { std::rethrow_exception(e); });",
        "src/named.cpp": "asio::co_spawn(executor, work(), report);",
        "src/awaited.cpp": "auto x = co_await asio::co_spawn(pool, work(), asio::use_awaitable);",
        "src/future.cpp": "asio::co_spawn(executor, work(), asio::use_future);",
        "src/hidden.cpp": "const int n = 1'000'0; asio::co_spawn(executor, work('\\''), done); // 'x'",
        "src/spaced.cpp": "co_spawn (executor, work(use_awaitable), done);",
        "src/alias.cpp": "using boost::asio::co_spawn;",
        "src/http/spawn.cpp": "asio::co_spawn(executor, work(), asio::detached);",
        "include/sparkgate/x.hpp": "asio::co_spawn(executor, work(), std::move(done));",
        "src/regex.cpp": "static const std::regex form(\"a+\");",
        "src/regex_match.cpp": "return std::regex_match(text, form);",
        "src/wide.cpp": "std::wregex form; ",
        "include/sparkgate/regex.hpp": "  #  include <regex>",
        "include/sparkgate/boost.hpp": "#include <boost/regex.hpp>",
        "tests/detached.cpp": "asio::co_spawn(io, work(), asio::detached);",
        "tests/swallowed.hpp": "asio::co_spawn(io, work(), [&](std::exception_ptr) { done = true; });",
    }
    return good, bad


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], __doc__, offences, examples))
