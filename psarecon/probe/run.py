"""A probe of one line: experiment after experiment, each put back as it was before the next one begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from psarecon.domain.model import LineKey
from psarecon.domain.plan import Change
from psarecon.domain.plan_file import read_change
from psarecon.domain.probing import Answer, Experiment, Probed, Probing
from psarecon.errors import EXIT_DONE, EXIT_PARTIAL, InvalidInput, PsareconError, RemoteError
from psarecon.ledger.journal import Entry, Event, Journal
from psarecon.ledger.leases import Holder, Leases
from psarecon.ledger.search import Wanted
from psarecon.probe.bench import DryBench, LiveBench, Stopped
from psarecon.protocol import Timing, Watch

#: How the runs of probes are called in the journal.
RUNS = "probe-"


@dataclass(slots=True)
class Probe:
    """What a probe came to: answers, what could not be put back, why it ended early."""

    answers: list[Answer] = field(default_factory=list)
    standing: list[str] = field(default_factory=list)
    ended: str = ""

    @property
    def exit_code(self) -> int:
        """6 where something stands or the probe ended early."""
        return EXIT_PARTIAL if self.standing or self.ended else EXIT_DONE


@dataclass(slots=True)
class Prober:
    """One probe of one line of ``psa``; ``run`` names it in the journal."""

    psa: Probed
    journal: Journal
    leases: Leases
    run: str
    holder: Holder
    timing: Timing
    watch: Watch

    def probe(self, line: LineKey, day: date, inactive: LineKey | None = None) -> Probe:
        """All experiments, once what an earlier probe left on the line is put back.

        Raises LockHeld, LedgerError, RemoteError (nothing was sent), InvalidInput (a line that cannot be used).
        """
        lease = self.leases.take(self.psa.tenant, self.holder, self.timing.lease)
        try:
            left = unfinished(self.journal, line.psa, self.psa.tenant)
            self._refuse(line, left)
            bench = LiveBench(
                self.psa, self.psa.tenant, self.journal, lease, self.run, self.holder, self.watch, original={}
            )
            probing = self.psa.probing(line, day, inactive)
            found = Probe()
            if left is not None and not self._mended(bench, probing, left, found):
                return found
            bench.original = probing.original()
            self._carry_out(bench, probing, found)
            return found
        finally:
            lease.release()

    def _refuse(self, line: LineKey, left: Left | None) -> None:
        """Raises InvalidInput: something else has to be settled first."""
        if left is not None and left.line != line.id:
            text = f"a probe of line {left.change.line.contract}/{left.line} (run {left.run}) did not end"
            raise InvalidInput(text, hint=f"probe that line first: --line {left.change.line.contract}/{left.line}")
        doubt = self.journal.doubts(line.psa, self.psa.tenant).get(line.id)
        if doubt is not None and (left is None or doubt.run != left.run):
            raise InvalidInput(f"line {line.id} is in doubt since run {doubt.run}", hint="run `psarecon resume` first")

    def _mended(self, bench: LiveBench, probing: Probing, left: Left, found: Probe) -> bool:
        """Whether what an earlier probe left is put back, and told so in the journal."""
        bench.original, bench.experiment = left.original, "what an earlier probe left"
        bench.unclear = self.watch.clock() - (self.journal.clock() - left.at)
        self._put_back(bench, probing, left.change, found)
        return not found.standing and not found.ended

    def _carry_out(self, bench: LiveBench, probing: Probing, found: Probe) -> None:
        for experiment in probing.experiments():
            if found.ended or found.standing or self.watch.stop():
                found.ended = found.ended or ("" if found.standing else "told to stop")
                return
            self._one(bench, probing, experiment, found)

    def _one(self, bench: LiveBench, probing: Probing, experiment: Experiment, found: Probe) -> None:
        bench.experiment, bench.restoring = experiment.name, False
        before = len(bench.sent)
        try:
            found.answers += experiment.ask(bench)
        except (RemoteError, Stopped) as error:
            found.ended = f"{experiment.name}: {error}"
        if len(bench.sent) > before:
            self._put_back(bench, probing, bench.sent[before], found)

    def _put_back(self, bench: LiveBench, probing: Probing, change: Change, found: Probe) -> None:
        """Bring the figures back and read that they are; else tell what stands."""
        bench.restoring = True
        try:
            self._wait(bench)
            probing.restore(bench, bench.original)
            found.standing = list(probing.standing(bench.original))
        except PsareconError as error:
            found.ended = found.ended or f"{bench.experiment}: {error}"
            found.standing = [f"not known: {error}; before it was {_figures(bench.original)}"]
        if not found.standing:
            bench.close(change, f"all is as it was before: {bench.experiment}")

    def _wait(self, bench: LiveBench) -> None:
        """Until no server can still be working on a call whose end nobody knows. Raises Stopped."""
        while bench.unclear is not None and (left := bench.unclear + self.timing.settle - self.watch.clock()) > 0:
            if self.watch.stop():
                raise Stopped("stopped before it was known what became of a call", hint="run psarecon probe again")
            bench.lease.hold(0)
            self.watch.pause(min(left, 5.0))
        bench.unclear = None


def _figures(original: Mapping[str, str]) -> str:
    return "; ".join(f"{place}: {figures}" for place, figures in original.items())


def rehearse(psa: Probed, line: LineKey, day: date, inactive: LineKey | None = None) -> list[str]:
    """The calls a probe would send if the tenant did what is expected of it. Raises RemoteError, InvalidInput."""
    bench = DryBench()
    for experiment in psa.probing(line, day, inactive).experiments():
        experiment.ask(bench)
    return list(bench.lines())


@dataclass(frozen=True, slots=True)
class Left:
    """What a probe that did not end left behind: the line's figures before it, a change of it, and when it was sent
    (by the ledger's clock)."""

    run: str
    psa: str
    tenant: str
    line: str
    at: float
    original: Mapping[str, str]
    change: Change


def unfinished(journal: Journal, psa: str, tenant: str) -> Left | None:
    """The last probe of the tenant that did not put back what it changed. Raises LedgerError."""
    return next((one for one in reversed(unended(journal)) if (one.psa, one.tenant) == (psa, tenant)), None)


def unended(journal: Journal) -> list[Left]:
    """By line, the last probe where it did not put back what it changed; the latest last. Raises LedgerError."""
    last: dict[tuple[str, str, str], Entry] = {}
    for entry in journal.search(Wanted(run=RUNS)):
        if entry.event in (Event.INTENT, Event.ALREADY) and "probe" in entry.detail:
            last[entry.psa, entry.tenant, entry.line] = entry
    left = [entry for entry in last.values() if not entry.detail.get("restored")]
    return [_left(entry) for entry in sorted(left, key=lambda entry: entry.id)]


def _left(entry: Entry) -> Left:
    original, change = entry.detail["probe"]["original"], read_change(entry.detail["change"])
    return Left(entry.run, entry.psa, entry.tenant, entry.line, entry.at, original, change)
