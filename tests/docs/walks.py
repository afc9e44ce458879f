"""The shell blocks of the documents as sessions: a page is one session, and each block is typed or says why not.

What a page may say about its blocks stands in comments, which no reader sees:

- ``<!-- walk: rehearsal --clients 12 --today 2026-11-16 -->``: the page is typed in the config directory of a served
  sandbox, with its credentials set; ``<!-- walk: empty -->``: in an empty directory;
- ``<!-- meanwhile`` … ``-->`` around shell lines: what has happened by then, typed like a block;
- before a block, ``<!-- serve -->``: its last command serves, in another terminal, until the page ends;
  ``<!-- screen: KEYS -->``: each line opens a screen, and these keys are pressed; ``<!-- exits: 4 -->``: its exit code;
  ``<!-- file: NAME -->``: the block is a file; ``<!-- output -->``: what the block before must have said;
  ``<!-- typed: NAME -->``: typed, and read by a test of its own as well;
- ``<!-- test: NAME -->``: a test of its own types it; ``<!-- not run: REASON -->``: nobody does.

In expected output ``…`` stands for anything within a line, and alone on a line for any lines.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from psarecon.sandbox.serve import running

ROOT = Path(__file__).resolve().parents[2]
SHELLS = frozenset({"sh", "bash", "shell", "console"})
_PIECE = re.compile(
    r"^<!-- meanwhile\n(?P<meanwhile>.*?)\n-->$"
    r"|(?:^ *<!-- (?P<mark>[a-z ]+)(?:: (?P<value>[^\n]*?))? -->\n)?"
    r"^(?P<fence> *```+)(?P<language>\w*)[^\n]*\n(?P<text>.*?)\n(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_WALK = re.compile(r"^<!-- walk: (empty|rehearsal)(.*?) -->$", re.MULTILINE)
_SECONDS = 300.0
#: A rehearsal's day unless the page says another: the README's.
TODAY = "2026-11-16"


@dataclass(frozen=True)
class Block:
    """A code block of a page, or what happens meanwhile, with what is said about it."""

    page: str
    line: int
    language: str
    text: str
    mark: str
    value: str

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.page}:{self.line}"

    @property
    def shell(self) -> bool:
        """Whether readers are told to type it."""
        return self.language in SHELLS


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page in their order."""
    text, name = page.read_text(encoding="utf-8"), page.relative_to(ROOT).as_posix()
    return [_block(name, text[: found.start()].count("\n") + 1, found) for found in _PIECE.finditer(text)]


def _block(page: str, line: int, found: re.Match[str]) -> Block:
    if found["meanwhile"] is not None:
        return Block(page, line, "sh", found["meanwhile"], "meanwhile", "")
    return Block(page, line, found["language"], found["text"], (found["mark"] or "").strip(), found["value"] or "")


def walk_of(page: Path) -> tuple[str, list[str]] | None:
    """Where a page's session begins, and the options of its world; None for a page without a session."""
    found = _WALK.search(page.read_text(encoding="utf-8"))
    return (found[1], shlex.split(found[2])) if found else None


def pattern_of(expected: str) -> str:
    """A regular expression of an output in which ``…`` stands for what may differ."""
    lines = (r"(?:[^\n]*\n)*?" if line.strip() == "…" else _line(line) for line in expected.splitlines())
    return "".join(lines)


def _line(line: str) -> str:
    return r"[^\n]*?".join(re.escape(part) for part in line.split("…")) + r" *(?:\n|\Z)"


def surroundings(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which psarecon is found, and nothing else of this machine's."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shown_at_once = {"PYTHONUNBUFFERED": "1"}  # stdout and stderr in their order, as a terminal has them
    return {"PATH": path, "LANG": "C.UTF-8", "USER": "dana", **shown_at_once, **(more or {})}


@contextmanager
def served(script: str, directory: Path, more: Mapping[str, str] | None = None) -> Iterator[None]:
    """A block whose last command serves, in a terminal of its own, until the session is done."""
    command = ["bash", "-e", "-c", script]
    with subprocess.Popen(
        command, cwd=directory, env=surroundings(more), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as terminal:
        try:
            assert terminal.stderr
            assert any("listening on" in line for line in terminal.stderr)
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(terminal.pid, signal.SIGTERM)


@dataclass
class Session:
    """A reader at a shell: directory, variables and files stay from block to block."""

    directory: Path
    home: Path
    environ: dict[str, str]
    said: str = ""
    resources: ExitStack = field(default_factory=ExitStack)

    def go(self, block: Block) -> None:
        """Do what a block says, and hold what came of it against the page."""
        if block.mark == "file":
            self._file(block)
        elif block.mark == "output" and not block.value:
            assert re.search(pattern_of(block.text), self.said), f"{block.where}:\n{self.said}"
        elif block.mark == "serve":
            self.resources.enter_context(served(self._resumed(block.text), self.directory, self.environ))
        elif block.mark == "screen":
            self._screens(block)
        elif block.shell and block.mark not in {"test", "not run"}:
            self._typed(block)

    def prepared(self, options: list[str]) -> None:
        """A served world, the config directory that maps it, and the credentials in the reader's shell."""
        code, said = self._bash(shlex.join(["psarecon", "sandbox", "init", ".", "--today", TODAY, *options]))
        assert code == 0, said
        self.resources.enter_context(running(self.directory))
        (self.home / "state").write_text(". ./env.sh\n", encoding="utf-8")

    def _file(self, block: Block) -> None:
        path = Path(self._bash(self._resumed("pwd"))[1].strip()) / block.value
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text + "\n", encoding="utf-8")

    def _typed(self, block: Block) -> None:
        steps = list(_steps(block))
        script = "\n".join(f"{command}\nprintf '\\036'" for command, _ in steps)
        code, self.said = self._bash(self._resumed(script, keep=True))
        expected = int(block.value) if block.mark == "exits" else 0
        assert code == expected, f"{block.where} ended with {code}:\n{self.said}"
        for (command, output), found in zip(steps, self.said.split("\036"), strict=False):
            where = f"{block.where}: {command}\n{found}"
            assert output is None or re.fullmatch(pattern_of(output), found), where
        self.said = self.said.replace("\036", "")

    def _resumed(self, script: str, *, keep: bool = False) -> str:
        """The script where the last one ended, with its variables."""
        state = self.home / "state"
        kept = f'trap \'code=$?; {{ declare -p; echo "cd $(printf %q "$PWD")"; }} > {state}; exit $code\' EXIT'
        return f". {state} 2>/dev/null || true\n{kept if keep else ''}\nset -e\n{script}\n"

    def _bash(self, script: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1\n{script}"],
            cwd=self.directory, env=surroundings(self.environ), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    def _screens(self, block: Block) -> None:
        for line in block.text.splitlines():
            code, said = self._on_a_terminal(self._resumed(line), block.value)
            assert code == 0, f"{block.where}: {line}\n{said}"

    def _on_a_terminal(self, script: str, keys: str) -> tuple[int, str]:
        """Run it on a terminal, press the keys once its screen is there, and again until it has ended."""
        child, terminal = pty.fork()
        if child == 0:  # pragma: no cover - the other process
            os.chdir(self.directory)
            environ = surroundings({**self.environ, "TERM": "xterm-256color"})
            os.execvpe("bash", ["bash", "-c", script], environ)  # noqa: S606 - a shell is what is wanted
        said, end, again = b"", time.monotonic() + _SECONDS, 0.0
        with suppress(OSError):
            while time.monotonic() < end:
                if select.select([terminal], [], [], 0.1)[0]:
                    said += os.read(terminal, 65536)
                elif b"\x1b[?1049h" in said and time.monotonic() > again:
                    os.write(terminal, keys.encode("ascii"))
                    again = time.monotonic() + 1
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said[-2000:].decode("utf-8", "replace")


def _steps(block: Block) -> Iterator[tuple[str, str | None]]:
    """The commands of a block with the output each must have: told by a console, not by a script."""
    if block.language != "console":
        yield block.text, None
        return
    for step in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, *output = re.split(r"\n(?!> )", step, maxsplit=1)
        yield command.replace("\n> ", "\n"), (output[0] + "\n" if output else "")


@contextmanager
def session(page: Path, scratch: Path) -> Iterator[Session]:
    """A reader who has what the page says they begin with."""
    kind, options = walk_of(page) or ("empty", [])
    directory, home = scratch / "msp", scratch / "home"
    directory.mkdir()
    home.mkdir()
    (home / ".curlrc").write_text("silent\nshow-error\nfail-with-body\n", encoding="utf-8")  # a 400 is a failure
    with ExitStack() as resources:
        found = Session(directory, home, {"HOME": str(home)}, resources=resources)
        if kind == "rehearsal":
            found.prepared(options)
        yield found
