#!/usr/bin/env python3
"""Looks whether a build is hardened as scripts/cmake/hardening.cmake has it.

    check_hardening.py BUILD    prints what is missing; exit status 1 if anything is

The programs are read as ELF files (no binutils needed); how they were compiled is in the build's compile_commands.json.
"""

import json
import platform
import struct
import sys
from pathlib import Path

PROGRAMS = ("sparkgate", "sparkgate-shim", "libsparkgate_jvmstop.so")
OPTIONAL = {"libsparkgate_jvmstop.so"}  # where there is no JDK
PT_DYNAMIC, PT_INTERP, PT_GNU_STACK, PT_GNU_RELRO = 2, 3, 0x6474E551, 0x6474E552
ET_DYN, PF_X, SHT_DYNSYM = 3, 1, 11
DT_FLAGS, DT_FLAGS_1, DF_BIND_NOW, DF_1_NOW = 30, 0x6FFFFFFB, 8, 1


class Elf:
    """What is asked here of a 64-bit little-endian ELF file."""

    def __init__(self, path):
        self.data = path.read_bytes()
        assert self.data[:6] == b"\x7fELF\x02\x01", f"{path} is no 64-bit little-endian ELF file"
        self.type, = struct.unpack_from("<H", self.data, 16)
        self._program_headers, self._section_headers = struct.unpack_from("<QQ", self.data, 32)
        self._entry_size, self._count, self._section_size, self._sections = struct.unpack_from("<HHHH", self.data, 54)

    def segments(self):
        """{type: (flags, contents)}"""
        found = {}
        for number in range(self._count):
            kind, flags, offset, _, _, size = struct.unpack_from("<IIQQQQ", self.data, self._program_headers + number * self._entry_size)
            found[kind] = flags, self.data[offset:offset + size]
        return found

    def dynamic(self):
        _, contents = self.segments().get(PT_DYNAMIC, (0, b""))
        return dict(struct.iter_unpack("<QQ", contents))

    def imports(self):
        """The names in the table of dynamic symbols."""
        headers = [struct.unpack_from("<IIQQQQIIQQ", self.data, self._section_headers + number * self._section_size)
                   for number in range(self._sections)]
        for _, kind, _, _, offset, size, link, *_ in headers:
            if kind == SHT_DYNSYM:
                strings = headers[link][4]
                starts = [strings + name for name, *_ in struct.iter_unpack("<IBBHQQ", self.data[offset:offset + size])]
                return {self.data[start:self.data.index(b"\0", start)].decode() for start in starts}
        return set()


def problems_of(name, elf):
    segments, dynamic = elf.segments(), elf.dynamic()
    if elf.type != ET_DYN:
        yield "has a fixed address (not PIE)"
    if name == "sparkgate-shim" and PT_INTERP in segments:
        yield "is not static"
    if PT_GNU_RELRO not in segments:
        yield "has no RELRO"
    if not (dynamic.get(DT_FLAGS, 0) & DF_BIND_NOW or dynamic.get(DT_FLAGS_1, 0) & DF_1_NOW):
        yield "binds its symbols lazily, so RELRO is not full"
    if PT_GNU_STACK not in segments or segments[PT_GNU_STACK][0] & PF_X:
        yield "has an executable stack"


def compile_commands(build):
    """{source: command} of what the programs are made of."""
    root = Path(__file__).resolve().parent.parent
    commands = json.loads((build / "compile_commands.json").read_text())
    return {str(source.relative_to(root)): each["command"].split() for each in commands
            if (source := Path(each["file"])).is_relative_to(root / "src")}


def expected_flags(command):
    yield from ("-fstack-protector-strong", "-fstack-clash-protection")
    if platform.machine() in ("x86_64", "AMD64"):
        yield "-fcf-protection"
    if any(flag in command for flag in ("-O2", "-O3")):
        yield "-D_FORTIFY_SOURCE=3"
    elif command[-1].endswith(".cpp"):
        yield "-D_GLIBCXX_ASSERTIONS"


def check(build):
    problems = []
    for name in PROGRAMS:
        if (build / name).exists() or name not in OPTIONAL:
            problems += [f"{name} {problem}" for problem in problems_of(name, Elf(build / name))]
    commands = compile_commands(build)
    assert {Path(source).parts[1] for source in commands} >= {"main.cpp", "app", "shim"}, commands
    problems += [f"{source} is compiled without {flag}" for source, command in sorted(commands.items())
                 for flag in expected_flags(command) if flag not in command]
    if "-D_FORTIFY_SOURCE=3" in commands["src/main.cpp"]:
        imports = Elf(build / "sparkgate").imports()
        problems += [f"sparkgate never calls {name}" for name in ("__stack_chk_fail", "__memcpy_chk") if name not in imports]
    return problems


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if found := check(Path(sys.argv[1]).resolve()):
        sys.exit("\n".join(found))
