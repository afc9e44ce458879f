"""Carry out approved changes: the only caller of a PSA's write.

For each line, in this order: the lease still runs long enough; the line is read again and must be as the plan saw
it; the intent is on disk; the call is sent once; the line is read back; the outcome is on disk and the baseline
moves. A process killed anywhere leaves in doubt the line in flight, and those whose answers were lost and that still
waited to be judged; ``resume`` settles them by reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from psarecon.domain.decisions import Decision
from psarecon.domain.plan import Change, Plan
from psarecon.domain.plan_file import change_data
from psarecon.domain.ports import Diagnosis, KnowsBudget, Psa, State
from psarecon.errors import (
    BudgetSpent,
    LedgerError,
    LockHeld,
    PlanRefused,
    PsareconError,
    Refused,
    RemoteError,
    Throttled,
    Unreachable,
)
from psarecon.ledger.journal import Event, Journal
from psarecon.ledger.leases import Holder, Lease, Leases
from psarecon.protocol import (
    Outcome,
    Progress,
    Result,
    Stage,
    Timing,
    Watch,
    after_holds,
    baseline_of,
    before_holds,
    described,
)

#: How often a call that a limit refused is sent again.
_SENDINGS = 3
#: Seconds a lease must outlast the longest a call can take.
_MARGIN = 5.0
#: The longest between two renewals of the lease while somebody is asked whether to go on.
_HEARTBEAT = 5.0

Approved = tuple[Change, Decision]


@dataclass(slots=True)
class _Sending:
    """What is known of a call after it was sent: when it last was, by the watch's clock; a clear refusal's texts, or
    that nobody knows."""

    at: float
    refused: tuple[str, ...] | None = None
    uncertain: str = ""
    never_arrived: str = ""


@dataclass(slots=True)
class _Pending:
    """A call whose outcome the read-back did not tell yet."""

    change: Change
    sending: _Sending


@dataclass(slots=True)
class Applier:
    """One run of ``apply``: ``run`` names it in the journal."""

    psas: Mapping[str, Psa]
    journal: Journal
    leases: Leases
    run: str
    holder: Holder
    timing: Timing = field(default_factory=Timing)
    watch: Watch = field(default_factory=Watch)

    def apply(self, plan: Plan, approved: Sequence[Approved]) -> list[Result]:
        """Carry out the approved changes, PSA by PSA, one write at a time.

        Raises LockHeld, LedgerError, PlanRefused (made for another tenant), RemoteError (a PSA out of reach) as long
        as no PSA was begun with; afterwards the lines of a PSA that cannot be begun with are skipped.
        """
        results: list[Result] = []
        for name in sorted({change.line.psa for change, _ in approved}):
            mine = [one for one in approved if one[0].line.psa == name]
            try:
                results += self._psa(name, plan, mine)
            except PsareconError as error:
                if not results:
                    raise
                results += [self._skipped(change, _why(error)) for change, _ in mine]
        return results

    def _skipped(self, change: Change, why: str) -> Result:
        self.watch.on(Progress(Stage.DONE, change, Outcome.SKIPPED, why))
        return Result(change, Outcome.SKIPPED, why)

    def budget_left(self) -> Mapping[str, int]:
        """By PSA: the calls psarecon still allows itself there; only where that is known. Asked from any thread."""
        known = {name: psa.budget_left() for name, psa in self.psas.items() if isinstance(psa, KnowsBudget)}
        return {name: left for name, left in known.items() if left is not None}

    def _psa(self, name: str, plan: Plan, approved: Sequence[Approved]) -> list[Result]:
        psa = self.psas[name]
        tenant = psa.tenant
        if tenant != plan.tenants.get(name):
            message = f"the plan was made for {plan.tenants.get(name)}, the credentials of {name} lead to {tenant}"
            raise PlanRefused(message, hint="make the plan again with these settings")
        lease = self.leases.take(tenant, self.holder, self.timing.lease)
        try:
            return _Lines(self, plan, psa, tenant, lease).carry_out(approved)
        finally:
            lease.release()


class _Lines:
    """The lines of one tenant under its lease."""

    def __init__(self, applier: Applier, plan: Plan, psa: Psa, tenant: str, lease: Lease) -> None:
        self._applier = applier
        self._origin = _origin(plan, applier.holder)
        self._psa = psa
        self._tenant = tenant
        self._lease = lease
        self._watch = applier.watch
        self._pending: list[_Pending] = []
        self._results: list[Result] = []
        self._seen: Mapping[str, State] = {}

    def carry_out(self, approved: Sequence[Approved]) -> list[Result]:
        """Each line in turn, then those whose outcome was not clear at once."""
        doubts = self._applier.journal.doubts(approved[0][0].line.psa, self._tenant)
        lifted = self._psa.same_date.value
        for position, (change, decision) in enumerate(approved):
            doubt = doubts.get(change.line.id)
            try:
                if self._told_to_stop():
                    self._skip(approved[position:], "the run was told to stop")
                    break
                if doubt is not None and doubt.lifted_by != lifted:
                    self._skip([(change, decision)], f"held back since run {doubt.run}: {doubt.text}")
                    continue
                self._line(change, decision, [one for one, _ in approved[position + 1 : position + 2]])
            except (BudgetSpent, LockHeld, LedgerError) as error:
                self._skip(approved[len(self._results) + len(self._pending) :], _why(error))
                break
        self._settle_pending()
        return self._results

    def _told_to_stop(self) -> bool:
        """Whether to stop. As long as somebody is still to say so the lease is kept; what was read before is too old.

        Raises LockHeld when the lease was lost meanwhile.
        """
        while self._watch.paused() and not self._watch.stop():
            self._seen = {}
            self._watch.pause(min(_HEARTBEAT, self._lease.seconds / 4))
            self._lease.hold(0)
        return self._watch.stop()

    def _skip(self, approved: Sequence[Approved], why: str) -> None:
        for change, _ in approved:
            self._finish(change, Outcome.SKIPPED, why)

    def _line(self, change: Change, decision: Decision, following: Sequence[Change]) -> None:
        """Steps 1 to 6 for one line; ``following`` is read along with the read-back, to save a request."""
        try:
            state = self._reread(change)
        except RemoteError as error:
            self._finish(change, Outcome.FAILED, f"nothing was sent: {error}")
            if isinstance(error, BudgetSpent):
                raise
            return
        if state is None or not before_holds(change, state):
            self._not_as_planned(change, decision, state)
            return
        self._write(change, decision, following)

    def _reread(self, change: Change) -> State | None:
        if change.id not in self._seen:
            self._seen = self._psa.reread([change])
        self._watch.on(Progress(Stage.REREAD, change))
        return self._seen.get(change.id)

    def _not_as_planned(self, change: Change, decision: Decision, state: State | None) -> None:
        if state is not None and after_holds(change, state):
            self._record(change, Event.ALREADY, "it already was as planned; nothing was sent", decision=decision)
            return
        planned = f"{change.live_quantity}" + (f" at {change.unit_cost.before}" if change.unit_cost else "")
        wanted = f"{change.quantity_after}" + (f" at {change.unit_cost.after}" if change.unit_cost else "")
        text = f"the line moved: planned from {planned}, now {described(state)}, wanted {wanted}; nothing was sent"
        self._record(change, Event.CONFLICT, text, decision=decision)

    def _write(self, change: Change, decision: Decision, following: Sequence[Change]) -> None:
        self._lease.hold(self._psa.write_seconds + _MARGIN)
        self._watch.on(Progress(Stage.LEASED, change))
        self._intend(change, decision)
        if not self._lease.outlasts(self._psa.write_seconds):
            self._record(change, Event.FAILED, "nothing was sent: this run was held up until its lease could end")
            return
        sending = self._send(change, decision, following)
        self._watch.on(Progress(Stage.SENT, change))
        if sending.never_arrived:
            self._record(change, Event.FAILED, f"it never arrived: {sending.never_arrived}")
            return
        state = self._read_back(change, following)
        self._watch.on(Progress(Stage.READ_BACK, change))
        if not self._settled(change, state, sending):
            self._pending.append(_Pending(change, sending))
            self._watch.on(Progress(Stage.WAITING, change, text=_unclear(state, sending)))

    def _intend(self, change: Change, decision: Decision) -> None:
        self._append(change, Event.INTENT, self._told(change, decision))
        self._watch.on(Progress(Stage.INTENT, change))

    def _send(self, change: Change, decision: Decision, following: Sequence[Change]) -> _Sending:
        """Send once; again only after a limit refused it and the line is seen to be unchanged."""
        for attempt in range(1, _SENDINGS + 1):
            at = self._watch.clock()
            try:
                self._psa.write(change.call)
                return _Sending(at)
            except Throttled as error:
                if attempt == _SENDINGS or not self._may_send_again(change, decision, error, following):
                    return _Sending(at, refused=error.texts or (str(error),))
            except Refused as error:
                return _Sending(at, refused=error.texts or (str(error),))
            except (Unreachable, BudgetSpent) as error:
                return _Sending(at, never_arrived=str(error))
            except RemoteError as error:
                return _Sending(at, uncertain=str(error))
        raise AssertionError

    def _may_send_again(
        self, change: Change, decision: Decision, error: Throttled, following: Sequence[Change]
    ) -> bool:
        """Waits as long as was asked for. The intent is written anew: how long a server may work on a call counts
        from the last time it was sent, also for who finds it after this run was killed."""
        self._watch.pause(error.wait)
        if self._watch.stop():
            return False
        state = self._read_back(change, following)
        if state is None or not before_holds(change, state):
            return False
        try:
            self._lease.hold(self._psa.write_seconds + _MARGIN)
            self._intend(change, decision)
        except (LockHeld, LedgerError):  # then it stays refused, and the next line meets the same error
            return False
        return self._lease.outlasts(self._psa.write_seconds)

    def _read_back(self, change: Change, following: Sequence[Change] = ()) -> State | None:
        """The line after a write, and the next line before its own; None when it could not be read."""
        try:
            self._seen = self._psa.reread([change, *following])
        except RemoteError:
            self._seen = {}
        return self._seen.get(change.id)

    def _settled(self, change: Change, state: State | None, sending: _Sending) -> bool:
        """Journal the outcome if what was read tells it; ``before`` proves something only after a clear refusal."""
        if state is not None and after_holds(change, state):
            self._record(change, Event.VERIFIED, "")
        elif state is not None and before_holds(change, state) and sending.refused is not None:
            self._record(change, Event.FAILED, "; ".join(sending.refused), state, texts=sending.refused)
        elif state is None or before_holds(change, state):
            return False
        else:
            wanted = described(State(change.quantity_after, change.unit_cost.after if change.unit_cost else None))
            text = f"read back {described(state)}, neither what was nor {wanted}: a person decides"
            self._record(change, Event.UNKNOWN, text, state)
        return True

    def _settle_pending(self) -> None:
        for pending in self._pending:
            with suppress(LedgerError):  # it is told in the line's outcome
                self._wait_for(pending)

    def _wait_for(self, pending: _Pending) -> None:
        """Read until the server can no longer be working on the call; then ``before`` means it was not applied."""
        change, sending = pending.change, pending.sending
        while not self._watch.stop() and self._still_ours():
            left = sending.at + self._applier.timing.settle - self._watch.clock()
            state = self._read_back(change)
            if state is not None and not before_holds(change, state):
                self._settled(change, state, sending)
                return
            if left <= 0:
                self._out_of_time(change, state, sending)
                return
            self._watch.pause(min(left, 5.0))
        self._finish(change, Outcome.UNKNOWN, "stopped before its outcome was known: run `psarecon resume`")

    def _still_ours(self) -> bool:
        try:
            self._lease.hold(0)
        except (LockHeld, LedgerError):
            return False
        return True

    def _out_of_time(self, change: Change, state: State | None, sending: _Sending) -> None:
        if state is None:
            self._record(change, Event.UNKNOWN, f"sent, and the line cannot be read since: {sending.uncertain}")
        elif sending.uncertain:
            self._record(change, Event.FAILED, f"it was not applied: {sending.uncertain}", state)
        else:
            text = "the server accepted it and nothing changed: a person decides"
            self._record(change, Event.UNKNOWN, text, state)

    def _record(
        self,
        change: Change,
        event: Event,
        text: str,
        state: State | None = None,
        *,
        texts: Sequence[str] = (),
        decision: Decision | None = None,
    ) -> None:
        """The outcome on disk, with the baseline where the line now is as wanted.

        Raises LedgerError once the line is told to be in doubt: what its outcome is, its next run could not know.
        """
        detail: dict[str, object] = {"text": text, "live": {"quantity": f"{change.live_quantity:f}"}}
        if decision is not None:
            detail |= self._told(change, decision)
        if event in (Event.UNKNOWN, Event.FAILED):
            diagnosis = self._diagnose(change, state if event is Event.UNKNOWN else None, texts)
            if diagnosis is not None:
                text = f"{text}; {diagnosis.text}" if text else diagnosis.text
                detail |= {"code": diagnosis.code, "text": text, "lifted_by": diagnosis.lifted_by}
        try:
            self._append(change, event, detail)
        except LedgerError as error:
            known = f"{event.value}, {text}" if text else event.value
            self._finish(change, Outcome.UNKNOWN, f"{known}; {error}: run `psarecon resume`")
            raise
        self._finish(change, Outcome(event.value), text)

    def _told(self, change: Change, decision: Decision) -> dict[str, object]:
        return {"change": change_data(change), "decision": _said(decision), **self._origin}

    def _diagnose(self, change: Change, state: State | None, texts: Sequence[str]) -> Diagnosis | None:
        try:
            return self._psa.diagnose(change, state, texts)
        except RemoteError:
            return None

    def _append(self, change: Change, event: Event, detail: Mapping[str, object]) -> None:
        moved = event in (Event.VERIFIED, Event.ALREADY)
        journal = self._applier.journal
        (journal.under(self._lease) if event is Event.INTENT else journal).append(
            self._applier.run,
            event,
            change.id,
            change.line,
            self._tenant,
            change.effective_date,
            detail,
            baseline_of(change, self._applier.run) if moved else None,
        )

    def _finish(self, change: Change, outcome: Outcome, text: str) -> None:
        self._results.append(Result(change, outcome, text))
        self._watch.on(Progress(Stage.DONE, change, outcome, text))


def _why(error: PsareconError) -> str:
    return f"{error}; {error.hint}" if error.hint else str(error)


def _unclear(state: State | None, sending: _Sending) -> str:
    """Why it is not known yet what became of a call."""
    said = sending.uncertain or "; ".join(sending.refused or ()) or "the server accepted it"
    return f"{said}; the line cannot be read" if state is None else f"{said}; the line is as before so far"


def _said(decision: Decision) -> dict[str, str]:
    return {"verdict": decision.verdict.value, "by": decision.by, "at": decision.at, "reason": decision.reason}


def _origin(plan: Plan, holder: Holder) -> dict[str, object]:
    """What the journal keeps of where a change came from, and of who runs where."""
    said = {"id": plan.id, "commit": plan.commit, "dirty": plan.dirty, "currency": plan.currency}
    return {"plan": said, "runner": {"owner": holder.owner, "host": holder.host, "url": holder.run_url}}
