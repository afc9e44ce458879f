"""A scratch git repository as a team has one: a bare origin, clones that are thrown away, branches, real merges."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

#: Merges of different branches on one day follow each other; a night comes after all of them.
_HOUR = "T09:00:00-05:00"


@dataclass(eq=False)
class Repository:
    """The origin below ``folder``; what is committed bears ``day``."""

    folder: Path
    day: date

    def __post_init__(self) -> None:
        self.git("init", "-q", "--bare", "-b", "main", str(self.origin), at=self.folder)

    @property
    def origin(self) -> Path:
        """The bare repository everybody clones."""
        return self.folder / "origin.git"

    def git(self, *words: str, at: Path | None = None) -> str:
        """What git answers, in a clone or in the origin; nothing of this machine's settings counts."""
        moment = f"{self.day}{_HOUR}"
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1"}
        environ["GIT_TEMPLATE_DIR"] = ""  # a hundred clones go without the samples of hooks
        for role in ("AUTHOR", "COMMITTER"):
            known = {"NAME": "dana", "EMAIL": "dana@example.com", "DATE": moment}
            environ |= {f"GIT_{role}_{key}": value for key, value in known.items()}
        command = ["git", "-C", str(at or self.origin), *words]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    @contextmanager
    def clone(self) -> Iterator[Path]:
        """A fresh clone of main, gone afterwards."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            place = Path(name) / "msp"
            self.git("clone", "-q", str(self.origin), str(place), at=self.folder)
            yield place

    def begin(self, edit: Callable[[Path], None]) -> None:
        """The first commit of main."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            place = Path(name)
            self.git("init", "-q", "-b", "main", at=place)
            edit(place)
            self.commit(place, "Begin")
            self.git("push", "-q", str(self.origin), "main", at=place)

    def commit(self, place: Path, title: str) -> None:
        """Commit all there is in a clone."""
        self.git("add", "--all", at=place)
        self.git("commit", "-q", "-m", title, at=place)

    def merge(self, branch: str, title: str) -> str:
        """Merge a pushed branch into main, as a reviewer's button does; the merge commit."""
        with self.clone() as place:
            self.git("merge", "-q", "--no-ff", "-m", title, f"origin/{branch}", at=place)
            self.git("push", "-q", "origin", "main", at=place)
            self.git("push", "-q", "origin", "--delete", branch, at=place)
        return self.head()

    def head(self, until: date | None = None) -> str:
        """The commit of main, as of the end of a day (default: now)."""
        words = [] if until is None else [f"--before={until}T23:59:59-05:00"]
        return self.git("rev-list", "-1", "--first-parent", *words, "main")

    def history(self) -> list[str]:
        """The titles of main's own commits, the oldest first."""
        return self.git("log", "--first-parent", "--reverse", "--format=%s", "main").splitlines()

    def read(self, commit: str, path: str) -> str:
        """A file as it was at a commit."""
        return self.git("show", f"{commit}:{path}")

    def files(self, commit: str, below: str) -> list[str]:
        """The files below a folder at a commit."""
        return self.git("ls-tree", "-r", "--name-only", commit, below).splitlines()
