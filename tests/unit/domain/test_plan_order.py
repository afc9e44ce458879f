"""The same mapping in any order, the same usage, the same PSA: the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from unit.domain.make import NOW, binding, observed, period

from psarecon.domain.guards import Limits
from psarecon.domain.model import Call, LineKey, Observed, Reading
from psarecon.domain.model import Mapping as ClientMapping
from psarecon.domain.periods import Month, SameDate
from psarecon.domain.plan_file import plan_bytes
from psarecon.domain.ports import Draft
from psarecon.ledger.database import Database, open_database
from psarecon.ledger.journal import Journal
from psarecon.ledger.usage import UsageLog
from psarecon.reconcile import Policy, Reconciler
from psarecon.snapshot import Ledger, Moment, Observer

LINES = [LineKey("autotask", str(170 + number), str(29 + number), str(8001 + number)) for number in range(4)]
BINDINGS = [
    binding(line=line, client=f"Client {number}", organization=f"org-{number}") for number, line in enumerate(LINES)
]
WHEN = Moment(NOW, ZoneInfo("America/New_York"), Month(2026, 11))


class Shelf:
    """A PSA that knows the four lines: ten units each, in November."""

    tenant = "shelf"
    same_date = SameDate.ADDS
    allow_proration = False

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:
        """In the order asked for."""
        assert day == date(2026, 11, 20)
        return {line: replace(observed(period()), line=line, following=following) for line in lines}

    def call_for(self, draft: Draft) -> Call:
        """Something literal."""
        return Call("POST", f"lines/{draft.line.id}", "{}")

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A ledger in which the organizations have 12, 13, 14 and 15 users."""
    ledger = open_database("sqlite:ledger.db", tmp_path)
    UsageLog(ledger).add(
        Reading("jumpcloud", f"org-{number}", "users", NOW, 12 + number, "counted") for number in range(4)
    )
    yield ledger
    ledger.close()


def test_the_order_of_the_mapping_does_not_move_a_byte_of_the_plan(database: Database) -> None:
    """All twenty-four orders of four lines."""
    policy = Policy(Limits(), "USD", "digest")
    ledger = Ledger(UsageLog(database), Journal(database))
    observer, reconciler = Observer({"autotask": Shelf()}, lambda: ledger), Reconciler(policy)
    plans = [reconciler.plan(ClientMapping(order), observer.look(order, WHEN)) for order in permutations(BINDINGS)]
    assert len({plan_bytes(plan) for plan in plans}) == 1
    assert [(one.line, one.quantity and one.quantity.after) for one in plans[0].changes] == [
        (line, Decimal(12 + number)) for number, line in enumerate(LINES)
    ]
