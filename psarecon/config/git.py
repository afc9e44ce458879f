"""Which commit the config directory stands at, and whether its files still are that commit's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NoReturn

from psarecon.errors import PsareconError

_SECONDS = 30
_NOT_TRUSTED = 128
#: The files that count: what psarecon reads, nothing else in the directory.
_READ_FILES = ("psarecon.yaml", ":(glob)clients/**/*.yaml")
#: An optional lock could meet somebody's commit; a file system monitor is a program the repository names.
_GIT = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false")


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


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    """Run git; None when there is none."""
    try:
        return subprocess.run(  # noqa: S603 - fixed words, no shell
            [*_GIT, *arguments],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
