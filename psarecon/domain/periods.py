"""Billing months, billing periods, and the day a change takes effect.

A billing month is a calendar month in the billing time zone. A billing period is the PSA's: on Autotask it
steps from the contract's start date (``docs/vendors/autotask.md``, "Periods"). A change is dated to the first
day of a period that is not posted, so that the PSA never prorates it.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum

from psarecon.domain.model import Observed, Period, Remark, Severity
from psarecon.records import record


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, written ``2026-11``."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read ``YYYY-MM``. Raises ValueError on anything else."""
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
            message = f"{text!r} is not a month; write it as 2026-11"
            raise ValueError(message)
        return cls(int(text[:4]), int(text[5:]))

    @classmethod
    def of(cls, day: date) -> Month:
        """The month that holds ``day``."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, self.number, 1)

    @property
    def days(self) -> int:
        """How many days the month has."""
        return calendar.monthrange(self.year, self.number)[1]

    @property
    def last(self) -> date:
        """The last day."""
        return date(self.year, self.number, self.days)

    def previous(self) -> Month:
        """The month before."""
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    def next(self) -> Month:
        """The month after."""
        return Month(self.year + (self.number == 12), self.number % 12 + 1)

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """The first instant of the month and the first after it, in UTC: local midnights, whatever the clocks do."""
        start = datetime.combine(self.first, datetime.min.time(), tzinfo=zone)
        end = datetime.combine(self.next().first, datetime.min.time(), tzinfo=zone)
        return start.astimezone(UTC), end.astimezone(UTC)


class SameDate(StrEnum):
    """What a tenant does with a second adjustment of one service on one date (``docs/vendors/autotask.md``)."""

    ADDS = "adds"
    REPLACES = "replaces"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Dating:
    """The rules for dating a change of one line.

    ``taken`` are the effective dates already written by us, ``ahead`` is the furthest of them that is still to come;
    ``closing`` says the plan closes an earlier month, which must never spill into a later period; ``today`` is the
    day of the plan. ``undoes`` is the date of a write that is taken back: what it raised need not wait to be lowered.
    """

    today: date
    closing: bool = False
    same_date: SameDate = SameDate.ADDS
    allow_proration: bool = False
    taken: frozenset[date] = frozenset()
    ahead: date | None = None
    undoes: date | None = None

    @property
    def unhindered(self) -> bool:
        """Whether nothing that we wrote before bears on the date."""
        return self.ahead is None and not self.taken


@record
class Slot:
    """Where a change of a line lands: the effective date (None: at once), and what is in force there now."""

    effective_date: date | None
    quantity: Decimal
    unit_cost: Decimal | None
    period: Period | None = None
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class NeedsFollowing:
    """The choice depends on the periods after the current one, which have not been read yet."""


def choose_slot(observed: Observed, wanted: Decimal, dating: Dating) -> Slot | Remark | NeedsFollowing:
    """The slot in which ``wanted`` units of the line take effect, or the remark that says why there is none.

    The current period unless it is posted; a decrease never touches a period under way that straddles two
    billing months, it waits for the next; a date the tenant refuses a second time is passed over.
    """
    assert observed.quantity is not None
    if observed.periods is None:
        return Slot(None, observed.quantity, observed.unit_cost, remarks=_at_once(dating))
    if dating.closing:
        return _closing_slot(observed.periods[0], wanted)
    return _open_slot(observed, wanted, dating)


def _at_once(dating: Dating) -> tuple[Remark, ...]:
    """A PSA without dates cannot close a month: what is written counts from now on."""
    if not dating.closing:
        return ()
    text = "the PSA takes changes at once: an earlier month's figure would count from now on, until the next plan"
    return (Remark("closed-at-once", Severity.LOOK, text),)


def _closing_slot(period: Period, wanted: Decimal) -> Slot | Remark:
    if period.posted:
        return Remark(
            "month-posted",
            Severity.BLOCK,
            f"the period {period.first} to {period.last} is already posted; "
            "bill the difference by hand, or use billing.month: previous",
        )
    if wanted < period.quantity and period.straddles():
        return Remark(
            "decrease-waits",
            Severity.INFO,
            f"the period {period.first} to {period.last} reaches into another month: its quantity is not lowered",
        )
    return _slot(period, (_later_periods_move(),))


def _later_periods_move() -> Remark:
    text = "an adjustment of an earlier period moves the later ones too; the current month's next plan sets them right"
    return Remark("later-periods-move", Severity.INFO, text)


def _open_slot(observed: Observed, wanted: Decimal, dating: Dating) -> Slot | Remark | NeedsFollowing:
    remarks: list[Remark] = []
    for period in observed.periods or ():
        reason = _passed_over(period, wanted, dating)
        if reason is None:
            return _slot(period, (*remarks, *_split_remark(period)))
        prorated = _prorated_slot(period, reason, dating)
        if prorated is not None:
            return prorated
        remarks.append(reason)
    if not observed.following:
        return NeedsFollowing()
    return Remark(
        "no-open-period", Severity.BLOCK, f"{remarks[-1].text}, and no later period exists: the contract ends"
    )


def _slot(period: Period, remarks: tuple[Remark, ...] = ()) -> Slot:
    return Slot(period.first, period.quantity, period.unit_cost, period, remarks)


def _passed_over(period: Period, wanted: Decimal, dating: Dating) -> Remark | None:
    """Why this period cannot take the change, or None when it can."""
    if period.posted:
        return Remark("period-posted", Severity.INFO, f"the period {period.first} to {period.last} is already posted")
    # Only the period under way: on a contract from a 15th every later one straddles too, and is the next to wait for.
    waits = period.straddles() and period.first <= dating.today and period.first != dating.undoes
    if wanted < period.quantity and waits:
        text = f"the decrease waits: the period {period.first} to {period.last} straddles two billing months"
        return Remark("decrease-waits", Severity.INFO, text)
    if dating.same_date is SameDate.REFUSED and period.first in dating.taken:
        text = f"{period.first} already holds an adjustment and the tenant refuses a second one on the same date"
        return Remark("date-taken", Severity.LOOK, text)
    return None


def _prorated_slot(period: Period, reason: Remark, dating: Dating) -> Slot | None:
    """A date inside the period, prorated by the PSA: only by explicit setting, where the first day is taken."""
    usable = dating.allow_proration and period.first < dating.today <= period.last and dating.today not in dating.taken
    if reason.code != "date-taken" or not usable:
        return None
    text = f"dated {dating.today}, inside the period, by allow_proration: the PSA will prorate it"
    remark = Remark("prorated", Severity.LOOK, text)
    return Slot(dating.today, period.quantity, period.unit_cost, period, (remark,))


def _split_remark(period: Period) -> tuple[Remark, ...]:
    if not period.split:
        return ()
    text = (
        f"somebody changed the units inside the period {period.first} to {period.last}; "
        "a change dated to its first day moves all its parts"
    )
    return (Remark("period-split", Severity.LOOK, text),)
