"""A Scala cell as text: its magics, its parts, and the shape of its errors. Pure."""
import collections
import re

from .interpreter import error

# A top-level tree: what it defines (type, object, value, function, alias or None), under which name, and its
# end as a UTF-16 offset (what Java counts).
Tree = collections.namedtuple("Tree", "defines name end")

_MAGIC = re.compile(r"%(\w+)[ \t]*(.*)")
# A magic line, and what may hide a line that only looks like one: string literals and comments.
_TOKEN = re.compile(r'"""|"(?:[^"\\\n]+|\\.)*"?|\'(?:\\.[^\'\n]*|[^\\\'\n])\'|//[^\n]*|/\*|\n%\w')
_TRIPLE_QUOTE_END = re.compile(r'"{3,}')
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_DEFINITION_WORD = re.compile(r"\b(?:class|trait|object)\b")
_VALUE_DEFINITION = re.compile(r"\b(?:val|var)\s+([^=:\n]+)")
_WORD = re.compile(r"[\w$]+")
# The closing brackets that belong to an expression but not to its position: the tree of `(x)` is that of `x`.
_CLOSING = re.compile(r"(?:(?:\s|//[^\n]*|/\*.*?\*/)*[)\]}])*", re.DOTALL)
# The line that names an error, whichever comes first: the compiler's, or the exception's "class: message".
_ERROR_LINE = re.compile(r"^(?:<console>:\d+: |On line \d+: |[ \t]*)error: "
                         r"|^(?!warning: )(?:[\w$]+\.)*[\w$]+(?:: .*)?$", re.MULTILINE)


def normalise(code):
    """The code with the line ends that the Scala compiler expects: CR LF and CR become LF."""
    return code.replace("\r\n", "\n").replace("\r", "\n") if "\r" in code else code


def is_blank(code):
    """Whether there is nothing but blanks and comments (2.12 calls that incomplete, 2.13 an error)."""
    position, length = 0, len(code)
    while position < length:
        if code[position].isspace() or code[position] == ";":
            position += 1
        elif code.startswith("//", position):
            end = code.find("\n", position)
            position = length if end < 0 else end
        elif code.startswith("/*", position):
            position = _end_of_comment(code, position + 2)
            if position is None:
                return False    # not closed: the compiler shall say so
        else:
            return False
    return True


def segments(code):
    """The cell as a list of ("code", text) and ("magic", name, argument). A magic is a line that starts with
    `%`, outside of strings and comments."""
    if code.lstrip().startswith("%"):
        code = code.lstrip()
    found, begin = [], 0
    for start in _magic_lines(code):
        found.append(("code", code[begin:start]))
        begin = _end_of_line(code, start)
        name, argument = _MAGIC.match(code[start:begin]).groups()
        found.append(("magic", name, argument.strip()))
    found.append(("code", code[begin:]))
    return [segment for segment in found if segment[0] == "magic" or not is_blank(segment[1])]


def may_need_cuts(code):
    """Whether it is worth asking the compiler's parser where to cut."""
    if _DEFINITION_WORD.search(code):
        return True
    words, position = set(), 0
    for value in _VALUE_DEFINITION.finditer(code):
        words.update(_WORD.findall(code, position, value.start()))
        if not words.isdisjoint(_WORD.findall(value.group(1))):
            return True
        position = value.start()
    return False


def parts(code, trees, known=()):
    """Cut after each run of type definitions and after each run of anything else, and before what gives a
    name another meaning. `trees` are the top-level Trees in order, `known` the terms of earlier cells.

    A class and code that needs its encoder cannot be compiled as one unit: the object around them is still
    being made when Spark asks for it. In one unit a name cannot be defined twice either, and it means the
    unit's definition even where that follows. The cut is behind a tree and not before one, since the
    position of a class starts after its annotations.
    """
    units = code.encode("utf-16-le", "surrogatepass")
    cuts, end, unit = [], 0, None
    for statement in _statements(trees):
        if unit is None or not unit.may_hold(statement):
            if unit is not None:
                cuts.append(end)
            unit = _Unit(statement, known)
        text = units[2 * end:2 * statement[0].end].decode("utf-16-le", "surrogatepass")
        unit.add(statement, text)
        end = statement[0].end
    if not cuts:
        return [code]
    found, begin = [], 0
    for cut in cuts:
        position = len(units[:2 * cut].decode("utf-16-le", "surrogatepass"))
        position = _CLOSING.match(code, position).end()
        found.append(code[begin:position])
        begin = position
    found.append(code[begin:])
    # 2.12 puts "val res0 =" in front of an expression, which a semicolon there would make nonsense of.
    return [part.lstrip("; \t\n") for part in found if not is_blank(part)]


class _Unit:
    """What is compiled at once."""

    def __init__(self, statement, known):
        self._has_types = _is_type(statement)
        self._known = known
        self._defined = {}      # what was defined, by its namespace and name
        self._used = set()      # the words of what runs at once; the body of a function may speak of later ones

    def may_hold(self, statement):
        return _is_type(statement) == self._has_types and not any(map(self._changes_meaning, statement))

    def add(self, statement, text):
        self._defined.update({_named(tree): tree.defines for tree in statement if tree.defines})
        if statement[0].defines in (None, "value"):
            self._used.update(_WORD.findall(text))

    def _changes_meaning(self, tree):
        before = self._defined.get(_named(tree)) if tree.defines else None
        if before is not None:
            return not tree.defines == before == "function"    # overloads
        return tree.defines == "value" and tree.name in self._known and tree.name in self._used


def _statements(trees):
    """Trees that are one statement: `val (a, b) = f` is three in 2.12, the first around the others."""
    found, end = [], 0
    for tree in trees:
        if tree.end > end:
            found.append([])
            end = tree.end
        found[-1].append(tree)
    return found


def _is_type(statement):
    return statement[0].defines in ("type", "object")


def _named(tree):
    return tree.defines in ("type", "alias"), tree.name


def utf16_offset(code, cursor):
    """The Java offset of the character index `cursor`."""
    return len(code[:cursor].encode("utf-16-le", "surrogatepass")) // 2


def error_output(printed, report):
    """Livy's error output, from what the cell printed before the error and from the compiler's report of it.

    `evalue` is the line that names the error; the lines around it (source and caret, stack frames) are the
    traceback. Printed text comes first in the traceback, so that it is not lost.
    """
    lines = report.lstrip("\n").splitlines(True) or ["unknown error"]
    named = _ERROR_LINE.search("".join(lines))
    index = named.string.count("\n", 0, named.start()) if named else 0
    evalue = lines.pop(index).strip()
    return error("Error", evalue, printed.splitlines(True) + lines)


def _magic_lines(code):
    """The positions of the magics' `%`."""
    if not code.startswith("%") and "\n%" not in code:
        return
    position = 0
    if _MAGIC.match(code):
        yield 0
        position = _end_of_line(code, 0)
    while True:
        token = _TOKEN.search(code, position)
        if token is None:
            return
        position = token.end()
        if token.group() == '"""':
            end = _TRIPLE_QUOTE_END.search(code, position)
            position = end.end() if end else len(code)
        elif token.group() == "/*":
            position = _end_of_comment(code, position) or len(code)
        elif token.group().startswith("\n"):
            yield token.start() + 1
            position = _end_of_line(code, position)


def _end_of_line(code, position):
    end = code.find("\n", position)
    return len(code) if end < 0 else end


def _end_of_comment(code, position):
    """The position after the `*/` of the comment whose text begins at `position` (they nest); None if
    open."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(code, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return None
