"""Which billing periods of an agreement are invoiced, and when the next invoice is due."""

from __future__ import annotations

from datetime import date, timedelta

from psarecon.sandbox.autotask.periods import index_at, period

CYCLES = {"Monthly": 1, "Quarterly": 3, "Semi-Annual": 6, "Annual": 12}
"""Months of a billing cycle by its name. unproven: names are a tenant's own; these are the usual ones."""


def invoices(bill_start: str, cycle: str, through: str | None) -> tuple[str | None, str]:
    """(date of the last invoice or None, date of the next one) when all periods up to a day are invoiced.

    A period that the day falls into counts as invoiced. unproven: an invoice bears the first day of its period.
    """
    if through is None or through < bill_start:
        return None, bill_start
    last = period(bill_start, CYCLES[cycle], index_at(bill_start, CYCLES[cycle], through))
    return last.start, (date.fromisoformat(last.end) + timedelta(days=1)).isoformat()
