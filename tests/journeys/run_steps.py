"""What the journeys of a watched run share: an apply of the saved plan by its parts, as the review starts one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from harness import Rehearsal

from psarecon.apply import Applier, Approved
from psarecon.cli.apply import applier
from psarecon.cli.context import Context, new_run
from psarecon.cli.plan import read_plan
from psarecon.domain.decisions import approve_clean, sort_changes
from psarecon.domain.plan import Change, Plan
from psarecon.protocol import Result, Timing, Watch


@dataclass
class Prepared:
    """A plan whose clean changes are approved, and the service that carries them out."""

    plan: Plan
    approved: tuple[Approved, ...]
    service: Applier

    @property
    def changes(self) -> list[Change]:
        """The approved changes."""
        return [change for change, _ in self.approved]

    def start(self, watch: Watch) -> Sequence[Result]:
        """Carry the changes out under the watch."""
        self.service.watch = watch
        return self.service.apply(self.plan, self.approved)


@contextmanager
def prepared(found: Rehearsal, *, lease: float | None = None) -> Iterator[Prepared]:
    """The saved plan, ready to be applied; ``lease`` in seconds instead of what the settings say."""
    with ExitStack() as resources:
        context = Context(found.directory, found.environ, resources=resources)
        plan = read_plan(found.plan_file)
        approved = sort_changes(plan, approve_clean(plan, "a test", "2026-11-20T17:00:00Z")).approved
        service = applier(context, new_run(), Watch(), {change.line.psa for change, _ in approved})
        if lease is not None:
            service.timing = Timing(service.timing.settle, lease)
        yield Prepared(plan, approved, service)


def until(what: Callable[[], bool], seconds: float = 20.0) -> None:
    """Ask again and again until it is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)
