"""Whether the process that took a lease is surely gone, or surely runs: only told of processes this one could see.

A process is named by the machine's boot, the process namespace, its number and its start: a number that was given
to another process does not pass for it. Where the system does not tell (no /proc), nobody is said to be either.
"""

from __future__ import annotations

import os
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
#: Field of /proc/PID/stat, counted after the command's name: when the process began.
_START = 19


def this_process() -> str:
    """The name of this process; empty where the system does not tell."""
    return _name(os.getpid())


def surely_gone(name: str) -> bool:
    """Whether ``name`` was a process of this boot and namespace that no longer runs."""
    number = _number_here(name)
    return number is not None and _name(number) != name


def surely_runs(name: str) -> bool:
    """Whether ``name`` is a process of this boot and namespace that runs."""
    number = _number_here(name)
    return number is not None and _name(number) == name


def _number_here(name: str) -> int | None:
    """The number of a process that this one could see if it ran; None for those elsewhere."""
    here, _, _ = this_process().rpartition("/")
    world, _, rest = name.rpartition("/")
    number = rest.partition("@")[0]
    return int(number) if here and world == here and number.isdigit() else None


def _name(number: int) -> str:
    try:
        boot = _BOOT.read_text(encoding="ascii").strip()
        space = Path("/proc/self/ns/pid").readlink()
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    # A zombie has finished: nobody will write in its name any more.
    return "" if fields[0] == "Z" else f"{boot}/{space}/{number}@{fields[_START]}"
