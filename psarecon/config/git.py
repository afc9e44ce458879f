"""Which commit the config directory stands at, and whether its files still are that commit's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from psarecon.errors import PsareconError

_SECONDS = 30
#: The files that count: what psarecon reads, nothing else in the directory.
_READ_FILES = ("psarecon.yaml", ":(glob)clients/**/*.yaml")


def commit_of(directory: Path) -> tuple[str | None, bool]:
    """The commit checked out in ``directory``, and whether the files psarecon reads differ from it.

    (None, False) outside a git work tree, where git is not installed, and before the first commit.
    Raises PsareconError when git knows the commit but cannot compare.
    """
    head = _git(directory, "rev-parse", "--verify", "--quiet", "HEAD")
    if head is None or _git(directory, "rev-parse", "--is-inside-work-tree") != "true\n":
        return None, False
    kinds = ("--porcelain", "--untracked-files=all", "--ignored=traditional")
    changes = _git(directory, "status", *kinds, "--", *_READ_FILES)
    if changes is None:
        message = f"git status failed in {directory}"
        raise PsareconError(message, hint="run git status there by hand")
    return head.strip(), bool(changes)


def _git(directory: Path, *arguments: str) -> str | None:
    """What git prints; None when it fails, which is how it says that something is not there.

    Optional locks are off: a plan may run beside somebody's commit. No file system monitor is started.
    """
    command = ["git", "-c", "core.fsmonitor=false", *arguments]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", errors="replace") if done.returncode == 0 else None
