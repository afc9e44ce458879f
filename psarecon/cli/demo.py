"""``psarecon demo``: the main job end to end against the embedded sandbox, command by command."""

from __future__ import annotations

import argparse
import re
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from psarecon.errors import EXIT_DONE, EXIT_ERROR, PsareconError

_FIRST_DAY = date(2026, 11, 16)
_DAYS = 5
_VARIABLE = re.compile(r"export ([A-Z_]+)=(.*)")


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("demo", help="rehearse the main job in a sandbox, start to finish")
    parser.add_argument(
        "--dir", type=Path, metavar="DIR", help="keep the demo's directory here (default: a temporary one)"
    )
    parser.add_argument("--clients", type=int, default=12, metavar="N")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0 when the PSA ends as planned and a second plan is empty."""
    if args.dir is not None:
        return _rehearse(args.dir, args.clients)
    with tempfile.TemporaryDirectory(prefix="psarecon-demo-") as directory:
        return _rehearse(Path(directory), args.clients)


def _rehearse(directory: Path, clients: int) -> int:
    try:
        from psarecon.sandbox.serve import running
    except ImportError as error:
        raise PsareconError("the sandbox is not installed", hint='pip install "psarecon[sandbox]"') from error
    _told(f"A sandbox of {clients} clients in {directory}, real HTTP: JumpCloud, LastPass, Autotask, ConnectWise.")
    made = _psarecon(
        ["sandbox", "init", str(directory), "--clients", str(clients), "--today", _FIRST_DAY.isoformat()], {}
    )
    if made != EXIT_DONE:
        return made
    with running(directory) as url:
        return _play(_Stage(directory, url, variables(directory / "env.sh")))


class _Stage:
    """The sandbox, and psarecon on its config directory."""

    def __init__(self, directory: Path, url: str, environ: Mapping[str, str]) -> None:
        from psarecon.http import Http

        self.directory = directory
        self._url = url
        self._environ = environ
        self._http = Http("sandbox")

    def command(self, *words: str) -> int:
        """Run one command, showing it as it would be typed."""
        return _psarecon(["-C", str(self.directory), *words], self._environ)

    def move_to(self, day: date) -> None:
        """Let the sandbox's clock run to ``day``; users join and leave on the way."""
        self._http.send("POST", f"{self._url}/_sandbox/clock", body=f'{{"today": "{day.isoformat()}"}}')

    def truth(self) -> dict[str, dict[str, Any]]:
        """The sandbox's own word on every line, by id."""
        world = self._http.read("GET", f"{self._url}/_sandbox/world").data
        return {line["id"]: line for line in world["lines"]}


def _play(stage: _Stage) -> int:
    plan = str(stage.directory / "plan.json")
    _told("1. Is the mapping valid?")
    codes = [stage.command("check")]
    _told(f"2. Usage is read on {_DAYS} days; the highest count of the month is what is billed.")
    codes += [_observe_on(stage, _FIRST_DAY + timedelta(days=number)) for number in range(_DAYS)]
    _told("3. The plan: what would change in the PSAs, why, and what it is worth. Nothing is written.")
    codes.append(stage.command("plan", "-o", plan))
    _told("4. Apply what has no finding: each line is read again, written once, and read back.")
    codes.append(stage.command("apply", plan, "--approve-clean"))
    _told("5. What was done, and who decided it.")
    codes.append(stage.command("log", "-n", "6"))
    _told("6. A second plan has nothing to do.")
    codes.append(stage.command("plan", "--exit-code"))
    return _verdict(stage, plan, codes)


def _observe_on(stage: _Stage, day: date) -> int:
    stage.move_to(day)
    return stage.command("observe")


def _verdict(stage: _Stage, plan: str, codes: Sequence[int]) -> int:
    """The sandbox's truth against the plan: every line at its after value, written once."""
    from psarecon.cli.plan import read_plan

    truth, changes = stage.truth(), read_plan(Path(plan)).changes
    wrong = [one.id for one in changes if truth[one.line.id]["quantity"] != str(one.quantity_after)]
    twice = [one.id for one in changes if truth[one.line.id]["writes"] != 1]
    if any(codes) or wrong or twice:
        _told(f"The demo failed: exit codes {list(codes)}, not as planned {wrong}, not written once {twice}.")
        return EXIT_ERROR
    _told(f"Verified: all {len(changes)} changed lines are as planned in the sandbox, each written exactly once.")
    _told("Next: `psarecon sandbox init DIR`, `psarecon sandbox serve DIR` in another terminal, `. DIR/env.sh`,")
    print("      then `psarecon -C DIR observe`, and try `show plan.json --change ID` or edit DIR/clients/*.yaml.")
    return EXIT_DONE


def _psarecon(words: list[str], environ: Mapping[str, str]) -> int:
    from psarecon.cli.main import main

    print(f"$ psarecon {shlex.join(words)}", flush=True)
    return main(words, environ)


def _told(text: str) -> None:
    print(f"\n{text}", flush=True)


def variables(path: Path) -> dict[str, str]:
    """The sandbox's credentials, as the shell would export them."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = (_VARIABLE.fullmatch(line.strip()) for line in lines)
    return {match[1]: shlex.split(match[2])[0] for match in found if match}
