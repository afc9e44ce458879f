"""A scratch git server: a bare repository, a developer's clone, pull requests with real merges."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: What git gets here: nothing of whoever runs the tests.
GIT_ENVIRON = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TEMPLATE_DIR": "",  # no samples of hooks
    "GIT_AUTHOR_NAME": "Dana",
    "GIT_AUTHOR_EMAIL": "dana@example.com",
    "GIT_COMMITTER_NAME": "Dana",
    "GIT_COMMITTER_EMAIL": "dana@example.com",
}


def git(directory: Path, *words: str) -> str:
    """A git command that must go well; what it says."""
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **GIT_ENVIRON}
    done = subprocess.run(["git", *words], cwd=directory, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True)
class PullRequest:
    """An open pull request. ``fork`` says that its branch lies in a repository of a stranger."""

    number: int
    branch: str
    fork: bool = False

    @property
    def merge_ref(self) -> str:
        """The ref that a pipeline of GitHub or Azure checks out: the branch merged into main."""
        return f"refs/pull/{self.number}/merge"


class Forge:
    """The repository of a configuration, as a site for code keeps it."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.origin, self.desk = folder / "origin.git", folder / "desk"
        self.url = f"file://{self.origin}"
        folder.mkdir()
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        git(folder, "init", "--quiet", "--initial-branch=main", str(self.desk))
        git(self.desk, "remote", "add", "origin", self.url)
        shutil.copy(config / "psarecon.yaml", self.desk)
        shutil.copytree(config / "clients", self.desk / "clients")
        self._commit("The configuration")
        git(self.desk, "push", "--quiet", "origin", "main")
        self._opened = 6

    def read(self, file: str) -> str:
        """A file of main."""
        git(self.desk, "checkout", "--quiet", "main")
        return (self.desk / file).read_text(encoding="utf-8")

    def branch(self, name: str, files: Mapping[str, str]) -> None:
        """A commit with these files, on a branch that begins at main where it is new."""
        known = git(self.desk, "branch", "--list", name)
        git(self.desk, "checkout", "--quiet", *([] if known else ["-b"]), name, *([] if known else ["main"]))
        for file, text in files.items():
            (self.desk / file).parent.mkdir(parents=True, exist_ok=True)
            (self.desk / file).write_text(text, encoding="utf-8")
        self._commit(f"Edit {', '.join(files)}")
        git(self.desk, "push", "--quiet", "origin", name)

    def _commit(self, message: str) -> None:
        git(self.desk, "add", "--all")
        git(self.desk, "commit", "--quiet", "-m", message)

    def open(self, branch: str, *, fork: bool = False) -> PullRequest:
        """A pull request of the branch."""
        self._opened += 1  # the first is 7, which sites.py serves
        found = PullRequest(self._opened, branch, fork)
        self.refresh(found)
        return found

    def refresh(self, request: PullRequest) -> None:
        """What a site does after a push: its merge with main, beside the branches."""
        git(self.desk, "checkout", "--quiet", "--detach", "main")
        git(self.desk, "merge", "--quiet", "--no-ff", "-m", "Merge", request.branch)
        git(self.desk, "push", "--quiet", "--force", "origin", f"HEAD:{request.merge_ref}")

    def merge(self, request: PullRequest) -> str:
        """The button: a merge commit on main."""
        git(self.desk, "checkout", "--quiet", "main")
        git(self.desk, "merge", "--quiet", "--no-ff", "-m", f"Merge #{request.number}", request.branch)
        git(self.desk, "push", "--quiet", "origin", "main")
        return self.head("main")

    def head(self, ref: str) -> str:
        """The commit a ref stands at."""
        return git(self.origin, "rev-parse", ref)

    def checkout(self, where: Path, ref: str, depth: int) -> None:
        """As a pipeline does: the ref detached, and with depth 0 every branch and the whole history."""
        where.mkdir(parents=True)
        git(where, "init", "--quiet")
        git(where, "remote", "add", "origin", self.url)
        if depth:
            git(where, "fetch", "--quiet", f"--depth={depth}", "origin", ref)
        else:
            git(where, "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
            git(where, "fetch", "--quiet", "origin", ref)
        git(where, "checkout", "--quiet", "--detach", "FETCH_HEAD")
