"""The write protocol broken on purpose, one rule at a time: a checker that finds nothing here is worth nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from psarecon.apply import Applier, Approved, _Lines, _Pending, _Sending
from psarecon.domain.decisions import Decision
from psarecon.domain.plan import Change, Plan
from psarecon.domain.ports import State
from psarecon.errors import RemoteError
from psarecon.ledger.journal import Event
from psarecon.protocol import Progress, Result, Stage


class BlindRetry(_Lines):
    """Sends again when it does not know what became of the call."""

    def _send(self, change: Change, decision: Decision, following: Sequence[Change]) -> _Sending:
        at = self._watch.clock()
        try:
            self._psa.write(change.call)
        except RemoteError:
            return super()._send(change, decision, following)
        return _Sending(at)


class SkipReread(_Lines):
    """Takes the line to be as the plan saw it."""

    def _reread(self, change: Change) -> State | None:
        self._watch.on(Progress(Stage.REREAD, change))
        return State(change.live_quantity, change.unit_cost.before if change.unit_cost else None)


class JournalAfter(_Lines):
    """Writes the intent down once the call was sent."""

    def _write(self, change: Change, decision: Decision, following: Sequence[Change]) -> None:
        self._lease.hold(self._psa.write_seconds)
        for stage in (Stage.LEASED, Stage.INTENT):
            self._watch.on(Progress(stage, change))
        sending = self._send(change, decision, following)
        self._watch.on(Progress(Stage.SENT, change))
        self._append(change, Event.INTENT, self._told(change, decision))
        if sending.never_arrived:
            self._record(change, Event.FAILED, f"it never arrived: {sending.never_arrived}")
        elif not self._settled(change, self._read_back(change, following), sending):
            self._pending.append(_Pending(change, sending))


class TrustTheAnswer(_Lines):
    """Takes a 200 for the proof that the line is as wanted."""

    def _read_back(self, change: Change, following: Sequence[Change] = ()) -> State | None:
        super()._read_back(change, following)
        return State(change.quantity_after, change.unit_cost.after if change.unit_cost else None)


SABOTAGES: Mapping[str, type[_Lines]] = {
    "blind-retry": BlindRetry,
    "skip-reread": SkipReread,
    "journal-after": JournalAfter,
    "trust-answer": TrustTheAnswer,
}


class Saboteur(Applier):
    """An applier whose lines are carried out by one of ``SABOTAGES``."""

    lines: type[_Lines]

    def _psa(self, name: str, plan: Plan, approved: Sequence[Approved]) -> list[Result]:
        psa = self.psas[name]
        lease = self.leases.take(psa.tenant, self.holder, self.timing.lease)
        try:
            return self.lines(self, plan, psa, psa.tenant, lease).carry_out(approved)
        finally:
            lease.release()


def applier_class(sabotage: str | None) -> Callable[..., Applier]:
    """The applier of psarecon, or one that breaks the protocol."""
    if sabotage is None:
        return Applier
    return type(sabotage, (Saboteur,), {"lines": SABOTAGES[sabotage]})
