"""What a snapshot holds of a PSA can read and nothing else; and a run of ours that writes meanwhile is no drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from threading import Event

import pytest
from unit.domain.make import LINE, NOVEMBER, NOW, TODAY, binding, observed, period, plan_of

from psarecon.domain import model
from psarecon.domain.drift import DriftReport
from psarecon.domain.model import Baseline, Call, LineKey, Observed, QuantityRule, Remark, Terms
from psarecon.domain.periods import Month, SameDate
from psarecon.domain.ports import Draft, KnowsCosts, PsaReader
from psarecon.drift import find_drift
from psarecon.ledger.database import open_database
from psarecon.ledger.journal import Journal
from psarecon.ledger.usage import UsageLog
from psarecon.snapshot import Ledger, Moment, Observer, read_only

LEFT = Baseline(Decimal(14), Decimal("9.00"), 14, "rule", Decimal("9.00"), NOVEMBER[0], "run-1")
BILLED = binding(QuantityRule.FIXED, Terms(fixed=14))
WHEN = Moment(NOW, UTC, Month(2026, 11))


class Writer:
    """A whole PSA: it answers ``units``, one after the other, and would write if it was asked."""

    tenant = "tenant"
    same_date = SameDate.ADDS
    allow_proration = False
    write_seconds = 1.0

    def __init__(self, *units: int) -> None:
        self.units = list(units)
        self.closed = False

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:
        """The next answer."""
        assert (list(lines), day, following) == ([LINE], TODAY, False)
        return {LINE: observed(period(quantity=self.units.pop(0)))}

    def call_for(self, draft: Draft) -> Call:
        """Any call."""
        return Call("POST", draft.line.id, "{}")

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def reread(self) -> None:
        """Part of a write."""

    def write(self, call: Call) -> None:
        """Nobody may."""
        raise AssertionError(call)


class Costly(Writer):
    """One that has something to say about costs."""

    def cost_remarks(self, lines: Sequence[LineKey]) -> Mapping[LineKey, Sequence[Remark]]:
        """Nothing about any."""
        return dict.fromkeys(lines, ())


@pytest.mark.parametrize("psa", [Writer(10), Costly(10)])
def test_what_only_reads_has_nothing_to_write_with(psa: Writer) -> None:
    """The reading half of the port and no more; what it can say of costs only where it can."""
    half = read_only(psa)
    port = {name for name in vars(PsaReader) if not name.startswith("_")}
    costs = {"cost_remarks"} if isinstance(psa, Costly) else set()
    assert {name for name in dir(half) if not name.startswith("_")} == port | costs
    assert isinstance(half, KnowsCosts) is isinstance(psa, Costly)
    assert (half.tenant, half.same_date, half.allow_proration) == ("tenant", SameDate.ADDS, False)
    half.close()
    assert psa.closed


def found(psa: Writer, path: Path, baseline: Baseline | None = LEFT) -> DriftReport:
    """The drift of one line, fourteen of which were left."""
    database = open_database(f"sqlite:{path / 'ledger.db'}", path)
    journal = Journal(database)
    snapshot = Observer({"autotask": psa}, lambda: Ledger(UsageLog(database), journal)).look([BILLED], WHEN)
    snapshot.sides["autotask"].baselines = {} if baseline is None else {LINE.id: baseline}
    try:
        return find_drift(model.Mapping((BILLED,)), snapshot, plan_of(), journal)
    finally:
        database.close()


def test_an_observer_hands_out_what_only_reads(tmp_path: Path) -> None:
    """Whatever it was given: no plan and no drift can write."""
    database = open_database(f"sqlite:{tmp_path / 'ledger.db'}", tmp_path)
    ledger = Ledger(UsageLog(database), Journal(database))
    side = Observer({"autotask": Costly(10)}, lambda: ledger).look([BILLED], WHEN).sides["autotask"]
    database.close()
    assert not [name for name in ("write", "reread", "diagnose", "write_seconds") if hasattr(side.psa, name)]


def test_the_ledger_is_opened_while_a_psa_still_says_who_it_is(tmp_path: Path) -> None:
    """Who waited for the other would wait for ever: the PSA answers only once the ledger is there."""
    database, opened = open_database(f"sqlite:{tmp_path / 'ledger.db'}", tmp_path), Event()

    class Slow(Writer):
        @property
        def tenant(self) -> str:  # type: ignore[override] # a port's tenant is a property
            return "asked meanwhile" if opened.wait(10) else "asked first"

    def ledger() -> Ledger:
        opened.set()
        return Ledger(UsageLog(database), Journal(database))

    side = Observer({"autotask": Slow(10)}, ledger).look([BILLED], WHEN).sides["autotask"]
    database.close()
    assert side.tenant == "asked meanwhile"


def test_a_run_of_ours_that_writes_meanwhile_is_no_drift(tmp_path: Path) -> None:
    """Ten were read, then fourteen written and kept in the ledger: a second look at the line settles it."""
    psa = Writer(10, 14)
    assert (found(psa, tmp_path).drifts, psa.units) == ((), [])


def test_what_drifted_is_looked_at_twice_and_the_rest_once(tmp_path: Path) -> None:
    """One read more, of the odd lines alone."""
    psa = Writer(20, 20, 99)
    assert ([one.found.quantity for one in found(psa, tmp_path).drifts], psa.units) == ([Decimal(20)], [99])
    quiet = Writer(14, 99)
    assert (found(quiet, tmp_path).compared, quiet.units) == (1, [99])
    unwritten = Writer(20, 99)
    assert (found(unwritten, tmp_path, None).unwritten, unwritten.units) == (1, [99])
