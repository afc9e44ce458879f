"""Where the shell steps of a recipe run: a machine of its own for each job, with psarecon once it was installed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recipes.expressions import Unknown
from recipes.forge import GIT_ENVIRON, Forge, PullRequest
from recipes.sites import Site
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "recipes"
_SECONDS = 120
#: Stands for pip: the package comes from this environment, and what was asked for is kept to be compared.
_PIP = """#!/bin/sh
echo "$@" >> {log}
ln -sf {psarecon} "$(dirname "$0")/psarecon"
"""
#: Stands for python3 where a virtual environment is made; else it is Python.
_PYTHON = """#!/bin/sh
if [ "$1 $2 $3" = "-I -m venv" ]; then
  mkdir -p "$4/bin" && cp "$(dirname "$0")/pip" "$4/bin/pip"
else
  exec {python} "$@"
fi
"""


def recipe(name: str) -> Any:
    """A recipe as data; YAML 1.2, so that `on` is a word."""
    return YAML(typ="safe", pure=True).load((ROOT / name).read_text(encoding="utf-8"))


def only(block: Mapping[str, Any], *known: str) -> Mapping[str, Any]:
    """The block, if it has no other keys than those the runner heeds. Raises Unknown."""
    if other := block.keys() - set(known):
        raise Unknown(f"the runner does not heed {', '.join(sorted(other))}")
    return block


@dataclass
class Job:
    """What became of a job: ``succeeded``, ``failed`` or ``skipped``; the code of the step that failed, and its log."""

    result: str = "skipped"
    code: int = 0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    environs: list[dict[str, str]] = field(default_factory=list)
    summary: str = ""


@dataclass
class Run:
    """One run of a pipeline: its jobs by name, and the files of its artifacts."""

    number: int
    jobs: dict[str, Job] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)

    def results(self) -> dict[str, str]:
        """Each job's result."""
        return {name: job.result for name, job in self.jobs.items()}

    def log(self) -> str:
        """All logs."""
        return "\n".join(job.log for job in self.jobs.values())


@dataclass(frozen=True)
class Variables:
    """What a site keeps for one environment or group of variables."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    plain: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Surroundings:
    """What every platform's runner has: the repository, the site's comments, what it keeps, and its machines."""

    folder: Path
    forge: Forge
    site: Site
    kept: Mapping[str, Variables]
    environ: Mapping[str, str]
    runs: list[Run] = field(default_factory=list)
    #: Called after each job: what somebody does who can reach the run's artifacts.
    meddler: Callable[[Run, str], None] = lambda _run, _job: None

    def begin(self) -> Run:
        """A new run."""
        self.runs.append(Run(len(self.runs) + 1))
        return self.runs[-1]

    def machine(self, run: Run, job: str) -> Machine:
        """A machine for one job."""
        return Machine(self.folder / f"run-{run.number}" / job.replace(" ", "-"), self.environ)

    def commit(self, request: PullRequest | None) -> str:
        """What a pipeline of GitHub or Azure checks out."""
        return request.merge_ref if request else "refs/heads/main"

    def installed(self) -> set[str]:
        """What pip was asked for, on any machine."""
        words = [line for log in self.folder.rglob("pip.log") for line in log.read_text().splitlines()]
        return {line.rpartition(" ")[2] for line in words}


class Machine:
    """A folder for one job: ``work`` is the checkout, ``temp`` what the job may write besides."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder, self.work, self.temp = folder, folder / "work", folder / "temp"
        self.bin = folder / "bin"
        for place in (self.temp, self.bin, folder / "home"):
            place.mkdir(parents=True)
        psarecon = Path(sys.executable).parent / "psarecon"
        names = {"log": folder / "pip.log", "psarecon": psarecon, "python": sys.executable}
        quoted = {name: shlex.quote(str(path)) for name, path in names.items()}
        for name, text in (("pip", _PIP), ("python3", _PYTHON)):
            (self.bin / name).write_text(text.format(**quoted), encoding="utf-8")
            (self.bin / name).chmod(0o755)
        self.paths = [str(self.bin)]
        self._environ = {"HOME": str(folder / "home"), "LANG": "C.UTF-8", **GIT_ENVIRON, **environ}
        self._scripts = 0

    def run(self, job: Job, script: str, environ: Mapping[str, str], shell: tuple[str, ...]) -> int:
        """One step: its output is added to the job's log, and its environment kept. Answers its exit code."""
        path = os.pathsep.join([*self.paths, os.defpath])
        whole = {**self._environ, **environ, "PATH": path}
        self._scripts += 1
        file = self.temp / f"step-{self._scripts}.sh"
        file.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [*shell, str(file)],
            cwd=self.work,
            env=whole,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        job.log += done.stdout
        job.environs.append(dict(environ))
        return done.returncode
