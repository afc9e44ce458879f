"""Draws docs/images/review.svg: the review of a real plan, made and opened in a sandbox. Usage: ``make picture``.

A month is lived through day by day over real HTTP: usage is read, a plan is applied in the second week, somebody edits
two lines in the PSA, and the plan of the fourth week is reviewed by keys pressed on the real application.

Two runs give the same bytes. Only what a run takes from this machine's clock and dice, its name and the time of its
writes, is written over with the sandbox's day.
"""
# ruff: noqa: INP001  # a script beside the documents, not a package

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from textual.pilot import Pilot

from psarecon.cli.context import Context
from psarecon.cli.demo import variables
from psarecon.cli.main import main, parser
from psarecon.cli.review import review_app
from psarecon.sandbox.serve import running
from psarecon.tui.review import ReviewScreen

PICTURE = Path(__file__).parent / "images" / "review.svg"
SIZE = (120, 34)
_FIRST, _APPLIED, _LAST = date(2026, 11, 2), date(2026, 11, 10), date(2026, 11, 24)
_CLIENTS = 36
#: So few units that 30 more are too many: to take them away is a drop that the guards block.
_FEW = 60
#: A run's name, and what stands for it in the picture.
_RUN, _NAMED = re.compile(r"\b\d{8}T\d{6}-[0-9a-f]{6}\b"), f"{_APPLIED:%Y%m%d}T170000-4f1c2e"
#: What the SVG calls its parts: made of all that is in it, the run's name too.
_PARTS = re.compile(r"\bterminal-\d+\b")
#: Rich's SVG asks another host for its font; any font of fixed width will do.
_FONT = re.compile(r"\s*@font-face \{.*?\}\n", re.DOTALL)
_WHO = {"NAME": "Kim Park", "EMAIL": "kim@msp.example", "DATE": "2026-11-02T15:00:00Z"}


@dataclass(frozen=True)
class _Stage:
    """A config directory and the sandbox behind it."""

    directory: Path
    url: str
    environ: Mapping[str, str]

    def command(self, *words: str) -> str:
        """One command, which must go well; what it printed."""
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(io.StringIO()):
            code = main(["-C", str(self.directory), *words], self.environ)
        if code != 0:
            raise SystemExit(f"psarecon {' '.join(words)} ended with {code}: {out.getvalue()}")
        return out.getvalue()

    def control(self, what: str, **body: Any) -> None:
        """Tell the sandbox something."""
        httpx.post(f"{self.url}/_sandbox/{what}", json=body, timeout=30, trust_env=False).raise_for_status()

    def live(self, first: date, last: date) -> None:
        """Read the usage of each of these days."""
        for number in range((last - first).days + 1):
            self.control("clock", today=(first + timedelta(days=number)).isoformat())
            self.command("observe")

    def changes(self) -> list[dict[str, Any]]:
        """Make the plan; its changes, the dearest first."""
        self.command("plan", "-o", str(self.plan))
        found: list[dict[str, Any]] = json.loads(self.plan.read_bytes())["changes"]
        return sorted(found, key=lambda one: -abs(float(one["money"]["margin_change"])))

    @property
    def plan(self) -> Path:
        """Where the plan is."""
        return self.directory / "plan.json"


@contextmanager
def staged(directory: Path) -> Iterator[_Stage]:
    """The sandbox, up to a plan worth a review."""
    systems = ["--systems", "autotask,jumpcloud,lastpass"]
    init = ["sandbox", "init", str(directory), "--clients", str(_CLIENTS), "--today", _FIRST.isoformat()]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        main([*init, *systems], {})
    _commit(directory)
    with running(directory) as url:
        stage = _Stage(directory, url, {**variables(directory / "env.sh"), "PSARECON_BY": "kim"})
        stage.live(_FIRST, _APPLIED)
        stage.changes()
        stage.command("apply", str(stage.plan), "--approve-clean")
        stage.live(_APPLIED + timedelta(days=1), _LAST)
        _interfere(stage)
        stage.changes()
        yield stage


def _commit(directory: Path) -> None:
    """The mapping in git, always as the same commit."""
    fixed = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in _WHO.items()}
    environ = {**os.environ, **fixed, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Map every client to its contract lines"]):
        subprocess.run(["git", *words], cwd=directory, env=environ, check=True)  # noqa: S603, S607 - git, our words


def _interfere(stage: _Stage) -> None:
    """Somebody renames a contract and sets an old cost on its line, and adds far too many units to another line."""
    written = [one for one in stage.changes() if "first" not in one["causes"] and _units(one) <= _FEW]
    dear = next(one for one in written if one["product"].startswith("jumpcloud"))
    other = next(one for one in written if one["product"].startswith("lastpass") and one["client"] != dear["client"])
    stage.control("edit", contract=dear["line"]["contract"], name="Managed services 2027", psa="autotask")
    stage.control("edit", line=dear["line"]["id"], unit_cost="8.25", psa="autotask")
    stage.control("edit", line=other["line"]["id"], units_change=30, psa="autotask")


def _units(change: Mapping[str, Any]) -> int:
    return int(change["live"]["quantity"])


async def drawn(stage: _Stage) -> str:
    """The review after some keys, as SVG."""
    words = ["-C", str(stage.directory), "review", str(stage.plan), "--apply"]
    args = parser().parse_args(words)
    args.environ = stage.environ
    with ExitStack() as args.resources:
        app = review_app(Context.of(args), args)
        async with app.run_test(size=SIZE) as pilot:
            await _reviewed(pilot)
            svg: str = app.export_screenshot(title="psarecon review plan.json --apply")
        app.summary()
    return svg


async def _reviewed(pilot: Pilot[Any]) -> None:
    """Approve two clean changes, reject the third, and go back to the one to be looked at."""
    while not isinstance(pilot.app.screen, ReviewScreen):
        await pilot.pause(0.05)
    await pilot.press("j", "j", "j", "a", "a", "x", *"leaving", "enter", "g", "j")
    await pilot.pause(0.5)  # longer than the rest after which git and the ledger are asked about a change
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def timeless(svg: str, log: str) -> str:
    """Without this machine's clock: the runs of the journal as if made on the sandbox's day; without a foreign font."""
    for entry in json.loads(log):
        moment = datetime.fromisoformat(entry["at"]).astimezone(UTC)
        for found, fixed in ((f"{moment:%Y-%m-%d}", _APPLIED.isoformat()), (f"{moment:%H:%MZ}", "17:00Z")):
            svg = svg.replace(found, fixed)
    svg = svg.replace("<text class", '<text xml:space="preserve" class')  # or some drop the blanks a text begins with
    return _FONT.sub("", _PARTS.sub("review", _RUN.sub(_NAMED, svg)))


def picture() -> str:
    """The whole of it."""
    os.environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory(prefix="psarecon-picture-") as directory, staged(Path(directory) / "msp") as stage:
        return timeless(asyncio.run(drawn(stage)), stage.command("log", "--format", "json"))


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(), "utf-8")
