"""What a person waits for before anything happens: ``--help`` of every command, and ``--version``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from process import Command, in_turn
from table import Row

from psarecon.cli.main import parser

#: The most of octoDNS's processor time for its own help.
_CPU = 0.6
#: Runs at least: so short a time varies most.
FULL, QUICK = 7, 3


def part(work: Path, least: int, repeat: int) -> Iterator[Row | str]:
    """Every command beside octoDNS's help; psarecon as a whole also beside an empty Python."""
    yield "start: CPU"
    empty, peer = Command(("python", "-c", "pass"), work), Command(("octodns-sync", "--help"), work)
    asked = [("--help",), ("--version",), *((*words, "--help") for words in _commands(parser()))]
    ours = [Command(("psarecon", *words), work) for words in asked]
    nothing, other, *found = (took.cpu * 1000 for took in in_turn((empty, peer, *ours), max(least, repeat)))
    yield Row("psarecon --help", found[0], "ms", nothing, "python -c pass")
    for words, took in zip(asked, found, strict=True):
        yield Row(f"psarecon {' '.join(words)}", took, "ms", other, "octodns-sync --help", _CPU)


def _commands(whole: argparse.ArgumentParser) -> Iterator[tuple[str, ...]]:
    """The words of every command, and of those below it."""
    for action in whole._actions:  # noqa: SLF001 - argparse has no other way to list its commands
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            for name, below in action.choices.items():
                yield (name,)
                yield from ((name, *words) for words in _commands(below))
