"""Who listens where, as the kernel tells it: the sockets of a process by the inodes of its descriptors."""

import contextlib
import ipaddress
import os

LISTENS = "0A"


def parse_address(text):
    """The kernel writes addresses as words of 32 bits, each as the machine has it in memory."""
    words = [int(text[at:at + 8], 16).to_bytes(4, "little") for at in range(0, len(text), 8)]
    address = ipaddress.ip_address(b"".join(words))
    return getattr(address, "ipv4_mapped", None) or address


def listening():
    """{inode: (address, port)} of every listening TCP socket."""
    found = {}
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}", encoding="ascii") as lines:
            for line in list(lines)[1:]:
                fields = line.split()
                address, port = fields[1].split(":")
                if fields[3] == LISTENS:
                    found[fields[9]] = (parse_address(address), int(port, 16))
    return found


def listeners(processes):
    """[(pid, address, port)] of what these processes listen on."""
    known, found = listening(), []
    for pid in processes:
        with contextlib.suppress(OSError):
            for descriptor in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
                    if target.startswith("socket:[") and target[8:-1] in known:
                        found.append((pid, *known[target[8:-1]]))
    return found


def beyond_loopback(processes):
    return [each for each in listeners(processes) if not each[1].is_loopback]
