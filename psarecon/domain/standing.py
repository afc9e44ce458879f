"""What a line holds from the day on that a write of ours reached: the figures that drift and acceptances look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from psarecon.domain.model import Baseline, Observed
from psarecon.domain.periods import NeedsFollowing


@dataclass(frozen=True, slots=True)
class Figures:
    """Units, and what one of them costs; ``unit_cost`` None: hidden, or not kept."""

    quantity: Decimal
    unit_cost: Decimal | None


def standing(observed: Observed, baseline: Baseline | None, day: date) -> Figures | NeedsFollowing | None:
    """What the line holds on ``day``, or from the date of the last write on where that lies ahead.

    None where the PSA shows no figures from that date on. The line must be billing.
    """
    assert observed.quantity is not None
    if observed.periods is None:
        return Figures(observed.quantity, observed.unit_cost)
    since = (baseline.effective_date if baseline else None) or day
    for period in observed.periods:
        if period.first <= max(since, day) <= period.last:
            measured = max(period.first, day)
            cost = observed.unit_cost if period.unit_cost is None else period.unit_cost
            return Figures(period.quantity, cost) if since <= measured else None
    return None if observed.following else NeedsFollowing()
