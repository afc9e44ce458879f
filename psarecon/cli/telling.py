"""What a command tells the outside: events while it runs (``--json-events``), notifications once it has ended."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psarecon import __version__
from psarecon.errors import UsageError

if TYPE_CHECKING:
    from psarecon.cli.context import Context
    from psarecon.domain.decisions import Sorted
    from psarecon.domain.plan import Change, Plan
    from psarecon.events import Events, ReadStep
    from psarecon.notify.receivers import Ready
    from psarecon.observe import Observation
    from psarecon.protocol import Progress, Result

#: Lines that a message names.
_DEAREST, _TROUBLES = 5, 10
_FINE = ("verified", "already")
#: Exit codes above are those of signals.
_BY_SIGNAL = 128


def add_option(parser: argparse.ArgumentParser) -> None:
    """``--json-events`` for a command."""
    help_text = "write what happens, one JSON object a line, to this file (added to it) or pipe; - is stdout"
    parser.add_argument("--json-events", metavar="FILE", help=help_text)


@dataclass(slots=True)
class Telling:
    """One command's events, and what its end will be told by. ``facts`` go into both."""

    events: Events
    began: float = field(default_factory=time.monotonic)
    facts: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    most: int = _TROUBLES
    more: int = 0
    by: str = ""
    run_url: str = ""
    receivers: list[Ready] = field(default_factory=list)

    @property
    def run(self) -> str:
        """The name of this run: in its events, and in the journal if it writes."""
        return self.events.run

    def begin(self, context: Context) -> None:
        """To be called before anything is done: raises InvalidInput where notifications could not work."""
        if context.settings.notify:
            from psarecon.notify.receivers import ready

            self.receivers = ready(context.settings.notify, context.resolver, context.directory)
        self.by, self.run_url = context.user(), context.run_url()
        self.events.emit("started", version=__version__, by=self.by, run_url=self.run_url, as_of=context.as_of)

    def observed(self, observation: Observation) -> None:
        """A source was read, or could not be."""
        read = len(observation.readings) - len(observation.failed)
        fields = {"source": observation.source, "read": read, "failed": len(observation.failed)}
        for reading in observation.failed:
            named = {"organization": reading.organization, "name": reading.name or "", "metric": reading.metric}
            text = reading.error or ""
            self.events.emit("organization.failed", source=observation.source, **named, text=text)
            who = reading.name or reading.organization
            self.lines.append(_line(client=who, product=reading.metric, outcome="failed", text=text))
        self.facts.setdefault("sources", []).append({**fields, "error": observation.error})
        self.events.emit("source.done", **fields, error=observation.error)

    def reading(self, step: ReadStep) -> None:
        """A PSA's lines are being read, or have been."""
        self.events.reading(step)

    def planned(self, plan: Plan) -> None:
        """The plan is made."""
        from psarecon.events import plan_facts

        self.facts["plan"] = plan_facts(plan)
        if not self.receivers:
            return
        dearest = nsmallest(_DEAREST, plan.changes, key=lambda change: (-change.money.weight, change.id))
        self.lines, self.most = [_line_of(change) for change in dearest], _DEAREST
        self.more = len(plan.changes) - len(dearest)

    def decided(self, plan: Plan, found: Sorted) -> None:
        """What the decisions allow of a plan."""
        from psarecon.events import plan_facts

        self.facts["plan"] = plan_facts(plan)
        left = {"blocked": len(found.blocked), "open": len(found.undecided), "declined": len(found.declined)}
        self.facts |= {"outcomes": {}, "left": left}
        self.events.emit(
            "decided", plan=plan.id, as_of=self.facts["plan"]["as_of"], approved=len(found.approved), **left
        )

    def progress(self, step: Progress) -> None:
        """A stage of a change."""
        self.events.progress(step)

    def came_to(self, results: Sequence[Result]) -> None:
        """What became of the changes."""
        from psarecon.events import outcome_facts

        self.facts["outcomes"] = outcome_facts(results)
        troubles = [one for one in results if one.outcome not in _FINE]
        self.lines, self.more = [_line_of(one.change, outcome=one.outcome.value, text=one.text) for one in troubles], 0

    def settled(self, results: Sequence[Result], *, by_hand: bool) -> None:
        """What became of the changes that were in doubt; what a person settled is in nobody's way any more."""
        from psarecon.protocol import Progress, Stage

        for one in results:
            self.progress(Progress(Stage.DONE, one.change, one.outcome, one.text))
        self.came_to([] if by_hand else results)

    def end(self, code: int, error: str, say: Callable[[str], None]) -> None:
        """The command has ended, by an error where there is one: the last event, then notifications."""
        seconds = round(time.monotonic() - self.began, 3)
        self.events.emit("done", exit_code=code, seconds=seconds, error=error or None, **self.facts)
        if self.events.stream is not None:
            self.events.stream.close()
        if self.receivers and code <= _BY_SIGNAL:  # whoever ended it knows
            for trouble in self._tell(code, error):
                say(trouble)

    def _tell(self, code: int, error: str) -> list[str]:
        from psarecon.notify.message import Ending
        from psarecon.notify.receivers import tell

        ending = Ending(
            self.events.command,
            code,
            error,
            **self.facts,
            by=self.by,
            run=self.run,
            run_url=self.run_url,
            lines=self.lines[: self.most],
            more=self.more + max(0, len(self.lines) - self.most),
        )
        return tell(self.receivers, ending)


def _line_of(change: Change, **more: str) -> dict[str, Any]:
    from psarecon.cli.apply import figures

    named = {"client": change.client, "product": change.product, "change": change.id}
    return _line(**named, figures=figures(change), cost_change=f"{change.money.cost_change:f}", **more)


def _line(**known: str) -> dict[str, Any]:
    empty = dict.fromkeys(("client", "product", "change", "figures", "outcome", "text"), "")
    return {**empty, "cost_change": "0", **known}


def opened(args: argparse.Namespace, say: Callable[[str], None]) -> Telling | None:
    """What the command line asks for; None for a command that tells nobody. Raises UsageError, PsareconError."""
    if not hasattr(args, "json_events"):
        return None
    from psarecon.cli.context import new_run
    from psarecon.events import Events, Stream

    where = args.json_events
    stream = None
    if where == "-":
        stream = Stream(_stdout(), say)
    elif where is not None:
        stream = Stream.opened(Path(where), say)
    return Telling(Events(args.command, new_run(), stream))


def _stdout() -> int:
    try:
        sys.stdout.flush()
        return os.dup(sys.stdout.fileno())
    except (OSError, AttributeError) as error:
        raise UsageError("--json-events -: there is no stdout", hint="name a file") from error


@contextmanager
def apart(args: argparse.Namespace) -> Iterator[None]:
    """Where events have stdout, what stands there otherwise goes to stderr."""
    if getattr(args, "json_events", None) != "-":
        yield
        return
    with redirect_stdout(sys.stderr):
        yield
