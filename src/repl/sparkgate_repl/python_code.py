"""User code as steps: pieces of Python, and Livy's magics between them."""
import __future__

import ast
import collections
import linecache
import re
import warnings

Magic = collections.namedtuple("Magic", "name argument")
Piece = collections.namedtuple("Piece", "body last")    # code objects or None; `last` is an expression

_MAGIC_LINE = re.compile(r"%(\w*)[ \t]*(.*)")
_FUTURE_FLAGS = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})
_KEPT_SOURCES = 200


class Compiler:
    """Compiles the statements of one session; `from __future__ import` stays in force as at the prompt."""

    def __init__(self):
        self._flags = 0
        self._sources = collections.deque()

    def steps(self, code, file_name):
        """The steps of `code`, all compiled, so that nothing runs if anything is wrong. Raises what Python's
        compiler raises: SyntaxError, ValueError (null bytes), MemoryError or RecursionError (nesting)."""
        code = code.replace("\r\n", "\n").replace("\r", "\n")
        self._remember(code, file_name)
        try:
            trees = [self._parse(code, file_name)]
        except SyntaxError:
            trees = self._with_magics(code, file_name)
            if trees is None:
                raise
        flags = self._flags
        steps = []
        for tree in trees:
            step = tree if isinstance(tree, Magic) else self._compile(tree, file_name, tree is trees[-1])
            steps.append(step)
        # A future feature holds from the next statement on only if this one could be compiled as a whole.
        for step in steps:
            for part in step if isinstance(step, Piece) else ():
                flags |= part.co_flags & _FUTURE_FLAGS if part is not None else 0
        self._flags = flags
        return steps

    def _remember(self, code, file_name):
        """Let tracebacks and inspect.getsource show the user's lines; the last sources are kept."""
        linecache.cache[file_name] = (len(code), None, code.splitlines(True), file_name)
        self._sources.append(file_name)
        if len(self._sources) > _KEPT_SOURCES:
            linecache.cache.pop(self._sources.popleft(), None)

    def _parse(self, code, file_name):
        return compile(code, file_name, "exec", self._flags | ast.PyCF_ONLY_AST, dont_inherit=True)

    def _compile(self, tree, file_name, is_last):
        body, last = tree.body, None
        if is_last and body and isinstance(body[-1], ast.Expr):
            body, last = body[:-1], ast.Expression(body[-1].value)
        return Piece(self._code(ast.Module(body, []), file_name, "exec") if body else None,
                     self._code(last, file_name, "eval") if last else None)

    def _code(self, tree, file_name, mode):
        return compile(tree, file_name, mode, self._flags, dont_inherit=True)

    def _with_magics(self, code, file_name):
        """`code` cut at its magic lines, or None if it has none. A line that looks like a magic but is within
        a string or an expression is left alone: what precedes a magic must be complete."""
        lines = code.split("\n")
        trees, first = [], 0
        for number, line in enumerate(lines):
            match = _MAGIC_LINE.fullmatch(line)
            if match is None:
                continue
            tree = self._complete_piece(lines, first, number, file_name)
            if tree is None:
                continue
            if tree.body:
                trees.append(tree)
            trees.append(Magic(match.group(1), match.group(2).strip()))
            first = number + 1
        if not any(isinstance(tree, Magic) for tree in trees):
            return None
        rest = self._parse(_piece(lines, first, len(lines)), file_name)
        return trees + [rest] if rest.body else trees

    def _complete_piece(self, lines, first, end, file_name):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return self._parse(_piece(lines, first, end), file_name)
        except SyntaxError:
            return None


def _piece(lines, first, end):
    """The lines from `first` to before `end`, with their numbers in the whole code."""
    return "\n" * first + "\n".join(lines[first:end])
