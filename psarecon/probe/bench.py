"""Where the calls of an experiment are sent: under the lease, the intent on disk before, the outcome after.

A process killed here leaves a line in doubt, as ``apply`` would: ``resume`` tells by reading what became of the call,
and the next probe of the line puts it back as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from psarecon.domain.model import Call
from psarecon.domain.plan import Change, change_id
from psarecon.domain.plan_file import change_data
from psarecon.domain.ports import State
from psarecon.domain.probing import Probed, Saw
from psarecon.errors import BudgetSpent, PsareconError, Refused, RemoteError, Unreachable
from psarecon.ledger.journal import Event, Journal
from psarecon.ledger.leases import Holder, Lease
from psarecon.protocol import Watch, after_holds, before_holds, described

_T = TypeVar("_T")

#: Seconds a lease must outlast the longest a call can take.
_MARGIN = 5.0


class Stopped(PsareconError):
    """The probe was told to stop; nothing of this experiment is sent any more."""


@dataclass(slots=True)
class LiveBench:
    """Sends for real. ``original`` are the figures of the line before the probe: every intent holds them, so that
    whoever finds one knows what to bring back. ``restoring``: a signal does not keep anything from being put back.
    ``unclear``: when a call was sent (by the watch's clock) that nobody knows the end of."""

    psa: Probed
    tenant: str
    journal: Journal
    lease: Lease
    run: str
    holder: Holder
    watch: Watch
    original: Mapping[str, str]
    experiment: str = ""
    restoring: bool = False
    unclear: float | None = None
    sent: list[Change] = field(default_factory=list)

    def send(self, change: Change) -> Saw:
        """As ``Bench`` says. Raises Stopped, RemoteError (it is not known what became of it), LockHeld, LedgerError."""
        if self.watch.stop() and not self.restoring:
            raise Stopped("told to stop", hint="what was changed is put back")
        self.lease.hold(self.psa.write_seconds + _MARGIN)
        self._append(change, Event.INTENT, self._told(change))
        if not self.lease.outlasts(self.psa.write_seconds):
            self._append(change, Event.FAILED, {"text": "nothing was sent: the lease could end"})
            raise Stopped("this run was held up until its lease could end", hint="run psarecon probe again")
        self.sent.append(change)
        return self._judged(change, *self._attempt(change))

    def look(self, _expected: _T, read: Callable[[], _T]) -> _T:
        """What is there."""
        return read()

    def close(self, change: Change, text: str) -> None:
        """The last row of an experiment: all is as it was. A line that is in doubt, since a call came to something else
        than was asked for, is so no more."""
        call = Call("", "", "")
        same = change_id(change.line, None, None, change.effective_date, call)
        nothing = replace(change, id=same, quantity=None, unit_cost=None, call=call)
        self._append(nothing, Event.ALREADY, {**self._told(nothing), "text": text, "restored": True})
        for entry in self.journal.open_entries(change.line.psa, self.tenant):
            if entry.line == change.line.id:
                told = {"text": text, "by": self.holder.owner, "reason": f"probe: {self.experiment}"}
                self.journal.append(
                    entry.run, Event.SETTLED, entry.change, change.line, self.tenant, entry.effective_date, told
                )

    def _attempt(self, change: Change) -> tuple[object, tuple[str, ...] | None]:
        """The answer's data, and the words of a clear refusal."""
        try:
            return self.psa.attempt(change.call), None
        except Refused as error:
            return None, error.texts or (str(error),)
        except (Unreachable, BudgetSpent) as error:
            self._append(change, Event.FAILED, {"text": f"it never arrived: {error}"})
            raise
        except RemoteError as error:
            self.unclear = self.watch.clock()
            self._append(change, Event.UNKNOWN, {"text": f"sent, and no clear answer came: {error}"})
            raise

    def _judged(self, change: Change, data: object, refused: tuple[str, ...] | None) -> Saw:
        """The line read back, and the outcome on disk: what was seen, whatever was expected."""
        state = self.psa.reread([change]).get(change.id)
        if refused is not None and state is not None and before_holds(change, state):
            self._append(change, Event.FAILED, {"text": "; ".join(refused)})
        elif state is not None and after_holds(change, state):
            self._append(change, Event.VERIFIED, {"text": ""})
        else:
            self._append(change, Event.UNKNOWN, {"text": f"probed: read back {described(state)}"})
        return Saw(refused, state, data)

    def _told(self, change: Change) -> dict[str, object]:
        who = {"owner": self.holder.owner, "host": self.holder.host, "url": self.holder.run_url}
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        decided = {"verdict": "approve", "by": self.holder.owner, "at": at, "reason": f"probe: {self.experiment}"}
        return {
            "change": change_data(change),
            "decision": decided,
            "runner": who,
            "probe": {"experiment": self.experiment, "original": dict(self.original)},
        }

    def _append(self, change: Change, event: Event, detail: Mapping[str, object]) -> None:
        """No baseline moves: what a probe leaves is what was there before it."""
        journal = self.journal.under(self.lease) if event is Event.INTENT else self.journal
        told = {"live": {"quantity": f"{change.live_quantity:f}"}, **detail}
        journal.append(self.run, event, change.id, change.line, self.tenant, change.effective_date, told)


@dataclass(slots=True)
class DryBench:
    """Sends nothing: it keeps the calls that would be sent if the tenant did what is expected."""

    sent: list[Change] = field(default_factory=list)

    def send(self, change: Change) -> Saw:
        """As if it had been carried out."""
        self.sent.append(change)
        return Saw(None, State(change.quantity_after, change.cost_after))

    def look(self, expected: _T, _read: Callable[[], _T]) -> _T:
        """What is expected."""
        return expected

    def lines(self) -> Iterator[str]:
        """Each call in one line."""
        for change in self.sent:
            yield f"{change.call.method} {change.call.path} {change.call.body}"
