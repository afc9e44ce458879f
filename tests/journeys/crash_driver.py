"""A program that applies a plan and kills itself on the way, for ``test_apply_crashes.py``.

It reads one order a line, ``{"plan": FILE, "stage": STAGE, "nth": N}``, forks, and lets the child apply every clean
change of the plan with psarecon's own parts until STAGE comes for the N-th time: there the child sends itself
SIGKILL, so that no handler, no ``finally`` and no buffer gets a chance. For each order one line tells how the child
ended: the number of the signal, or 0 when it lived. Forking saves the start of the interpreter, four times over.

Usage: python crash_driver.py CONFIG_DIRECTORY, with the credentials in the environment.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from psarecon.apply import Applier
from psarecon.cli.context import Context, new_run
from psarecon.cli.plan import read_plan
from psarecon.domain.decisions import approve_clean, sort_changes
from psarecon.ledger.journal import Journal
from psarecon.ledger.leases import Leases
from psarecon.protocol import Progress, Stage, Timing, Watch


class Killer:
    """Counts one stage and ends the process at its ``nth`` time."""

    def __init__(self, stage: Stage, nth: int) -> None:
        self._stage = stage
        self._left = nth

    def on(self, progress: Progress) -> None:
        """Called at every stage of every change."""
        self._left -= progress.stage is self._stage
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def apply_until_killed(directory: Path, plan_file: Path, killer: Killer) -> None:
    """Apply the clean changes of the plan under the killer's eyes."""
    context = Context(directory, os.environ)
    plan = read_plan(plan_file)
    approved = sort_changes(plan, approve_clean(plan, "crash driver", "2026-11-20T17:00:00Z")).approved
    settings, run = context.settings, new_run()
    applier = Applier(
        psas=context.psas,
        journal=Journal(context.database),
        leases=Leases(context.database),
        run=run,
        holder=context.holder(run),
        timing=Timing(settings.apply.settle_window.total_seconds(), settings.apply.lease.total_seconds()),
        watch=Watch(on=killer.on),
    )
    applier.apply(plan, approved)


def carry_out(directory: Path, order: dict[str, Any]) -> int:
    """The number of the signal that ended the child; 0 when nothing did."""
    child = os.fork()
    if child == 0:
        apply_until_killed(directory, Path(order["plan"]), Killer(Stage(order["stage"]), order["nth"]))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def main() -> None:
    """Order after order until stdin ends."""
    for line in sys.stdin:
        print(carry_out(Path(sys.argv[1]), json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
