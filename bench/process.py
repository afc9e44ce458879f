"""Runs commands as their users do, each in a process of its own, and says what each took."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from table import Row

_HERE = Path(__file__).parent
_BIN = Path(sys.executable).parent
_SAID = 2000


@dataclass(frozen=True)
class Took:
    """Wall seconds, processor seconds (user and system) and peak memory in MiB."""

    wall: float
    cpu: float
    peak: float

    @classmethod
    def middle(cls, runs: Sequence[Took]) -> Took:
        """The median of each."""
        return cls(*(statistics.median(getattr(run, name) for run in runs) for name in ("wall", "cpu", "peak")))


@dataclass(frozen=True)
class Command:
    """A program of the bench's environment and its words, the folder it runs in, what is added to the environment.

    ``says`` must be in what it prints: whoever is quick because it did nothing is found out.
    """

    words: Sequence[str]
    directory: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    says: str = ""

    def run(self) -> Took:
        """Once. Ends the bench when the command fails."""
        program, *words = self.words
        launcher = [sys.executable, "-I", "-S", str(_HERE / "launch.py")]
        with TemporaryDirectory(prefix="psarecon-bench-") as folder:
            output = Path(folder) / "output"
            done = subprocess.run(  # noqa: S603 - ours
                [*launcher, str(output), str(_BIN / program), *words],
                cwd=self.directory,
                env={**os.environ, **self.environ},
                check=True,
                capture_output=True,
            )
            told = json.loads(done.stdout)
            self._judge(told["code"], output.read_text("utf-8", "replace"))
        return Took(told["wall"], told["cpu"], told["peak"] / 1024)

    def _judge(self, code: int, said: str) -> None:
        if code != 0 or self.says not in said:
            raise SystemExit(f"{' '.join(self.words[:12])} ended with {code}: {said[-_SAID:]}")


def in_turn(commands: Sequence[Command], repeat: int) -> list[Took]:
    """The medians of each command; they take turns, so that a busy machine is as hard on one as on the other."""
    rounds = [[command.run() for command in commands] for _ in range(repeat)]
    return [Took.middle(runs) for runs in zip(*rounds, strict=True)]


@dataclass(frozen=True)
class Beside:
    """Who is measured beside psarecon, and the most of its processor time and of its memory that psarecon may take."""

    name: str
    took: Took
    cpu: float | None = None
    peak: float | None = None


def rows(what: str, ours: Took, other: Beside | None = None) -> Iterator[Row]:
    """Three rows. The budget of the time is one of processor time: a busy machine moves it least."""
    for name, unit in (("cpu", "s"), ("wall", "s"), ("peak", "MiB")):
        title = f"{what}: {_TITLES[name]}"
        if other is None:
            yield Row(title, getattr(ours, name), unit)
        else:
            share = getattr(other, name) if name != "wall" else None
            yield Row(title, getattr(ours, name), unit, getattr(other.took, name), other.name, share)


_TITLES = {"cpu": "CPU", "wall": "wall", "peak": "memory"}
