"""Drift that somebody decided to live with: figures of a line that are left alone until a day, as long as the PSA
holds exactly these.

The way to accept stands in the mapping (``accept_drift``), as the way past a guard does: with a reason, and an end. A
figure that it does not name goes on as usual. Explained in ``docs/concepts/drift.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from psarecon.domain.diff import Difference
from psarecon.domain.model import Acceptance, Baseline, Binding, Finding, Observed, Remark, Severity, Steps
from psarecon.domain.money import same_cost
from psarecon.domain.periods import NeedsFollowing, Slot
from psarecon.domain.standing import Figures
from psarecon.text import plain, unit_money


@dataclass(frozen=True, slots=True)
class Kept:
    """Which figures of a line are left alone."""

    quantity: bool = False
    unit_cost: bool = False

    def asked(self, binding: Binding, observed: Observed, steps: Steps) -> tuple[Binding, Steps]:
        """What is still asked of the line: a quantity that is kept is the one that is there."""
        if self.unit_cost:
            binding = replace(binding, unit_cost=None)
        if self.quantity:
            now = observed.periods[0].quantity if observed.periods else observed.quantity
            assert now is not None
            steps = replace(steps, quantity=now, steps=(*steps.steps, ("accepted", f"{now}")))
        return binding, steps

    def of(self, answer: Difference | Remark | NeedsFollowing | None) -> Difference | Remark | NeedsFollowing | None:
        """The difference; none where it would move a quantity that is kept, in whichever period."""
        moves = isinstance(answer, Difference) and answer.quantity is not None
        return None if self.quantity and moves else answer

    def as_left(self, baseline: Baseline | None, slot: Slot) -> Baseline | None:
        """The baseline as if the last write had left what is kept: it is no cause of a change of the other figure."""
        if baseline is not None and self.quantity:
            baseline = replace(baseline, quantity=slot.quantity)
        if baseline is not None and self.unit_cost:
            baseline = replace(baseline, unit_cost=slot.unit_cost, wanted_cost=None)
        return baseline


def kept(binding: Binding, found: Figures | None, today: date) -> Kept:
    """What the binding's acceptance leaves alone of a line that holds ``found``; nothing where it does not count."""
    accepted = binding.accepted
    if accepted is None or _over(accepted, found, today):
        return Kept()
    return Kept(accepted.quantity is not None, accepted.unit_cost is not None)


def acceptance_finding(binding: Binding, found: Figures | None, steps: Steps, today: date) -> Finding:
    """That the binding's acceptance holds, and what would be asked without it; or why it does not count."""
    accepted, scope = binding.accepted, binding.line.scope
    assert accepted is not None
    why = _over(accepted, found, today)
    if why:
        text = f"{_figures(accepted)}: {why}; accept_drift at {binding.at} does not count"
        return Finding("acceptance-over", Severity.LOOK, scope, text)
    asked = told(Figures(steps.quantity, binding.unit_cost))
    text = f"{_figures(accepted)}: accepted until {accepted.until}, and mapping and usage ask for {asked}"
    return Finding("drift-accepted", Severity.INFO, scope, f"{text}; {accepted.reason}")


def _over(accepted: Acceptance, found: Figures | None, today: date) -> str:
    """Why the acceptance does not count; empty where it does."""
    if today > accepted.until:
        return f"accepted until {accepted.until}, which is past"
    if found is None:
        return "accepted, and the PSA does not show what it holds"
    units = accepted.quantity in (None, found.quantity)
    if units and (accepted.unit_cost is None or same_cost(found.unit_cost, accepted.unit_cost)):
        return ""
    return f"accepted, and the PSA holds {told(found, unknown='at an unknown cost')}"


def _figures(accepted: Acceptance) -> str:
    units = None if accepted.quantity is None else f"quantity {plain(accepted.quantity)}"
    cost = None if accepted.unit_cost is None else f"unit cost {unit_money(accepted.unit_cost)}"
    return " and ".join(part for part in (units, cost) if part)


def told(figures: Figures, unknown: str = "") -> str:
    """``14 at 9.00``; without a cost that is not known, or not kept."""
    cost: Decimal | None = figures.unit_cost
    return f"{plain(figures.quantity)} {unknown if cost is None else f'at {unit_money(cost)}'}".rstrip()
