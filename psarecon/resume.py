"""Settle what a killed or unlucky run left in doubt: by reading, never by sending again.

``after`` is verified; ``before`` means it was never applied, once the intent is older than the time a server may
still work on it; anything else stays in doubt until a person says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from psarecon.domain.plan import Change
from psarecon.domain.plan_file import read_change
from psarecon.domain.ports import Psa, State
from psarecon.errors import RemoteError, UsageError
from psarecon.ledger.journal import Entry, Event, Journal
from psarecon.ledger.leases import Holder, Leases
from psarecon.protocol import Outcome, Result, Timing, Watch, after_holds, baseline_of, before_holds, described


@dataclass(slots=True)
class Resumer:
    """Reads the lines in doubt. ``waits``: stay until young intents are old enough to be told."""

    psas: Mapping[str, Psa]
    journal: Journal
    leases: Leases
    holder: Holder
    timing: Timing = field(default_factory=Timing)
    watch: Watch = field(default_factory=Watch)
    waits: bool = True

    def resume(self) -> list[Result]:
        """Settle every line in doubt of the given PSAs. Raises LockHeld, RemoteError, LedgerError."""
        return list(self._each_tenant(self._settle_entry))

    def accept(self, change_id: str, by: str, reason: str) -> Result:
        """Let a person settle a change in doubt: what the PSA says now is accepted, whoever wrote it."""
        found = [entry for entry in self.journal.open_entries() if entry.change == change_id]
        if not found:
            raise UsageError(f"no change {change_id} is in doubt", hint="see `psarecon resume` or `psarecon log`")

        def settle(psa: Psa, entry: Entry, change: Change) -> Result:
            state = psa.reread([change]).get(change.id)
            text = f"accepted by {by} as {described(state)}: {reason}"
            self._append(entry, change, Event.SETTLED, text, by=by, reason=reason)
            return Result(change, Outcome.VERIFIED if state and after_holds(change, state) else Outcome.UNKNOWN, text)

        return next(iter(self._each_tenant(settle, change_id)))

    def _each_tenant(
        self, settle: Callable[[Psa, Entry, Change], Result], change_id: str | None = None
    ) -> Iterable[Result]:
        for name, psa in sorted(self.psas.items()):
            if not self.journal.open_entries(name):
                continue
            lease = self.leases.take(psa.tenant, self.holder, self.timing.lease)
            try:
                for entry in self.journal.open_entries(name, psa.tenant):
                    if change_id in (None, entry.change):
                        lease.hold(0)
                        yield settle(psa, entry, self._change(entry))
            finally:
                lease.release()

    def _change(self, entry: Entry) -> Change:
        intent = entry if entry.event is Event.INTENT else self.journal.intent_of(entry)
        return read_change(intent.detail["change"])

    def _settle_entry(self, psa: Psa, entry: Entry, change: Change) -> Result:
        while not self.watch.stop():
            left = entry.at + self.timing.settle - self.journal.clock()
            state = self._read(psa, change)
            decided = self._decide(entry, change, state, left)
            if decided is not None:
                return decided
            if not self.waits:
                text = f"too young to tell: {left:.0f} s to go; run `psarecon resume` again"
                return Result(change, Outcome.UNKNOWN, text)
            self.watch.pause(max(0.05, min(left, 5.0)))
        return Result(change, Outcome.UNKNOWN, "told to stop before it was settled: run `psarecon resume` again")

    def _read(self, psa: Psa, change: Change) -> State | None:
        try:
            return psa.reread([change]).get(change.id)
        except RemoteError:
            return None

    def _decide(self, entry: Entry, change: Change, state: State | None, left: float) -> Result | None:
        """The result, journalled where it settles the line; None: wait and read again."""
        if state is not None and after_holds(change, state):
            return self._settled(entry, change, Event.VERIFIED, "found applied")
        if (state is None or before_holds(change, state)) and left > 0:
            return None
        if state is not None and before_holds(change, state):
            return self._settled(entry, change, Event.FAILED, "found not applied")
        text = (
            f"still in doubt: {described(state)}; once you know why, `psarecon resume --accept {change.id} --reason …`"
        )
        return Result(change, Outcome.UNKNOWN, text)

    def _settled(self, entry: Entry, change: Change, event: Event, text: str) -> Result:
        self._append(entry, change, event, text)
        return Result(change, Outcome(event.value), text)

    def _append(self, entry: Entry, change: Change, event: Event, text: str, **told: str) -> None:
        self.journal.append(
            entry.run,
            event,
            change.id,
            change.line,
            entry.tenant,
            change.effective_date,
            {"text": text, "live": {"quantity": f"{change.live_quantity:f}"}, **told},
            baseline_of(change, entry.run) if event is Event.VERIFIED else None,
        )
