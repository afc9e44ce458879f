"""Which commit the config directory stands at, whether its files still are that commit's, and who wrote a line."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NoReturn

from psarecon.errors import InvalidInput, PsareconError
from psarecon.text import clean

_SECONDS = 30
_NOT_TRUSTED = 128
#: The files that count: what psarecon reads, nothing else in the directory.
_READ_FILES = ("psarecon.yaml", "capabilities.yaml", ":(glob)clients/**/*.yaml")
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
#: Bytes that all files of a mapping may come to.
_MOST = 256 * 2**20


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


@dataclass(frozen=True, slots=True)
class File:
    """A file of a commit: its mode as git writes it, its object, its path relative to the config directory."""

    mode: str
    object: str
    path: str


def commit_named(directory: Path, ref: str) -> str:
    """The whole id of the commit that ``ref`` names. Raises InvalidInput when there is none here."""
    told = _git(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    found = "" if told is None else told.stdout.decode("ascii", errors="replace").strip()
    if not _COMMIT.fullmatch(found):
        hint = "fetch it first; checkouts of pipelines often hold the latest commit alone (fetch-depth: 0)"
        raise InvalidInput(f"git knows no commit {clean(ref, 100)!r} here", hint=hint)
    return found


def files_at(directory: Path, commit: str) -> list[File]:
    """The files of the config directory at a commit. Raises InvalidInput where git does not tell."""
    told = _git(directory, "ls-tree", "-r", "-z", commit)
    if told is None or told.returncode != 0:
        raise InvalidInput(f"git does not list the files of {commit[:_SHORT]}", hint="is its history complete here?")
    found = []
    for line in told.stdout.decode("utf-8", errors="surrogateescape").split("\0")[:-1]:
        about, _, path = line.partition("\t")
        mode, kind, name = about.split(" ")
        if kind == "blob":
            found.append(File(mode, name, path))
    return found


def file_contents(directory: Path, files: Sequence[File]) -> Iterator[bytes]:
    """What each of these files held, in their order. Raises InvalidInput: not to be had, or too much."""
    order = "".join(f"{file.object}\n" for file in files).encode("ascii")
    told = _git(directory, "cat-file", "--batch", given=order)
    rest = memoryview(b"" if told is None else told.stdout)
    if len(rest) > _MOST:
        raise InvalidInput("the files of that commit are larger than any mapping", hint="is it the right directory?")
    for file in files:
        head, end = bytes(rest[:200]).partition(b"\n")[0], b" blob "
        if end not in head:
            hint = "fetch the whole history; a partial clone holds no contents"
            raise InvalidInput(f"git does not have {clean(file.path, 200)} of that commit", hint=hint)
        size = int(head.rpartition(b" ")[2])
        yield bytes(rest[len(head) + 1 : len(head) + 1 + size])
        rest = rest[len(head) + size + 2 :]


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


def _git(
    directory: Path, *arguments: str, seconds: float = _SECONDS, given: bytes = b""
) -> subprocess.CompletedProcess[bytes] | None:
    """Run git, with ``given`` to read; None when there is none."""
    try:
        return subprocess.run(  # noqa: S603 - fixed words, no shell
            [*_GIT, *arguments],
            cwd=directory,
            env={name: value for name, value in os.environ.items() if _PASSED.fullmatch(name)},
            input=given,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
