"""Which commit the config directory stands at, whether its files still are that commit's, and who wrote a line."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NoReturn

from psarecon.errors import PsareconError
from psarecon.text import clean

_SECONDS = 30
_NOT_TRUSTED = 128
#: The files that count: what psarecon reads, nothing else in the directory.
_READ_FILES = ("psarecon.yaml", ":(glob)clients/**/*.yaml")
#: An optional lock could meet somebody's commit; a file system monitor is a program the repository names.
#: A folder that is laid out as a repository, which a pull request can hold, is none: its settings name programs.
_GIT = (
    *("git", "--no-optional-locks", "-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null", "-c", "safe.bareRepository=explicit"),
)
#: What git gets of the environment: no credential that psarecon runs with. Filters of the user's own run with this too.
_PASSED = re.compile(
    r"PATH|HOME|USER|LOGNAME|TMPDIR|LANG|LANGUAGE|LC_[A-Z]+|XDG_CONFIG_HOME|"
    r"GIT_(?:DIR|WORK_TREE|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM|CONFIG_[A-Z0-9_]+)"
)
#: Who wrote a line is asked for while somebody looks at a screen: no long wait, nothing fetched from elsewhere (which
#: could ask for a password), no program that the repository names.
_BLAME = ("-c", "protocol.allow=never", "blame", "--porcelain", "--no-textconv")
_BLAME_SECONDS = 5
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT = 9


@dataclass(frozen=True, slots=True)
class LineChange:
    """The commit that last changed a line: its short id, its author's name, when it was written, its first line.

    The texts are as git has them: whoever wrote the commit chose them.
    """

    commit: str
    author: str
    at: datetime
    summary: str

    def __str__(self) -> str:
        """A sentence, harmless to a terminal."""
        return clean(f"last changed by {self.author} on {self.at:%Y-%m-%d} in {self.commit}: {self.summary}")


def commit_of(directory: Path) -> tuple[str | None, bool]:
    """Tell the commit checked out in ``directory``, and whether the files psarecon reads differ from it.

    (None, False) outside a git work tree, where git is not installed, and before the first commit.
    Raises PsareconError where there is a repository that git refuses to read.
    """
    head = _git(directory, "rev-parse", "--verify", "--quiet", "HEAD")
    if head is None or head.returncode != 0:
        if head is not None and head.returncode == _NOT_TRUSTED and _has_repository(directory):
            _refuse(directory)
        return None, False
    kinds = ("--porcelain", "--untracked-files=all", "--ignored=traditional")
    changes = _git(directory, "status", *kinds, "--", *_READ_FILES)
    if changes is None or changes.returncode != 0:
        _refuse(directory)
    return head.stdout.decode("ascii", errors="replace").strip(), bool(changes.stdout)


def _refuse(directory: Path) -> NoReturn:
    hint = (
        f"run git status there; another owner's repository needs: git config --global --add safe.directory {directory}"
    )
    raise PsareconError("git does not tell which commit this is", hint=hint)


def _has_repository(directory: Path) -> bool:
    place = directory.resolve()
    return any((parent / ".git").exists() for parent in (place, *place.parents))


def last_change(directory: Path, file: str, line: int, commit: str | None = None) -> LineChange | None:
    """Who last changed a line of a file, as of ``commit`` (default: what is checked out).

    ``file`` is relative to ``directory``, ``line`` counts from 1. None wherever git does not tell: no git, no such
    file, line or commit, a path that leads out of the directory, a history that was cut short before the answer.
    """
    if not _inside(file) or line < 1 or (commit is not None and not _COMMIT.fullmatch(commit)):
        return None
    where = ("-L", f"{line},{line}", commit or "HEAD", "--", file)
    told = _git(directory, *_BLAME, *where, seconds=_BLAME_SECONDS)
    if told is None or told.returncode != 0:
        return None
    found = told.stdout.decode("utf-8", errors="replace")
    if "\nboundary\n" in found and _cut_short(directory):
        return None
    return _line_change(found)


def _inside(file: str) -> bool:
    """Whether the path, which is a plan's word, stays in the directory and can be given to a program at all."""
    path = PurePosixPath(file)
    return file.isprintable() and bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _cut_short(directory: Path) -> bool:
    """Whether the checkout holds only the latest commits: the oldest of them then seems to have written every line."""
    told = _git(directory, "rev-parse", "--is-shallow-repository")
    return told is None or told.stdout.strip() != b"false"


def _line_change(porcelain: str) -> LineChange | None:
    """From the answer of ``git blame --porcelain``: a commit, then headers up to the line itself, behind a tab."""
    first, *rest = porcelain.partition("\n\t")[0].split("\n")
    said = dict(header.partition(" ")[::2] for header in rest)
    try:
        at = datetime.fromtimestamp(int(said["author-time"]), UTC)
        return LineChange(first.split(" ")[0][:_SHORT], said["author"], at, said["summary"])
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _git(directory: Path, *arguments: str, seconds: float = _SECONDS) -> subprocess.CompletedProcess[bytes] | None:
    """Run git; None when there is none."""
    try:
        return subprocess.run(  # noqa: S603 - fixed words, no shell
            [*_GIT, *arguments],
            cwd=directory,
            env={name: value for name, value in os.environ.items() if _PASSED.fullmatch(name)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
