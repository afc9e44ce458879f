"""Agreements and additions as ConnectWise PSA tells them, read leniently, and what there is to say about them.

Numbers are JSON doubles, dates calendar days written as midnight UTC, unset fields absent, null or empty. Facts:
``docs/vendors/connectwise.md``.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from psarecon.domain.model import Remark, Severity, Touched
from psarecon.errors import BadAnswer
from psarecon.text import clean

Record = dict[str, Any]

#: Months of a billing cycle, by its name in lower case: the cycles a tenant is set up with.
CYCLES = {
    "monthly": 1,
    "bi-monthly": 2,
    "every 2 months": 2,
    "quarterly": 3,
    "semi-annual": 6,
    "semi-annually": 6,
    "semi annual": 6,
    "yearly": 12,
    "annual": 12,
    "annually": 12,
    "2 years": 24,
    "biennial": 24,
    "3 years": 36,
}

#: Moments up to this year are no moments of a PSA.
_UNSET = 1970


def day_of(record: Record, field: str) -> date | None:
    """The calendar day of a date, never converted to another zone; None where it is not set."""
    text = record.get(field)
    if not isinstance(text, str) or not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise BadAnswer(f"ConnectWise gives {clean(text, 40)!r} as {field}", hint="try again later") from None


def number(record: Record, field: str) -> Decimal | None:
    """A figure without the zeros a double is shown with (``2.00`` is 2); None where it is not set."""
    value = record.get(field)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    figure = Decimal(value)
    return Decimal(int(figure)) if figure == figure.to_integral_value() else figure.normalize()


def money(record: Record, field: str) -> Decimal | None:
    """An amount with at least two decimals, however the server writes it."""
    figure = number(record, field)
    if figure is None:
        return None
    places = -int(figure.as_tuple().exponent)
    return figure.quantize(Decimal("0.01")) if places < 2 else figure


def sub(record: Record, field: str, key: str) -> Any:
    """A part of a reference such as ``product.identifier``; None where there is none."""
    part = record.get(field)
    return part.get(key) if isinstance(part, dict) else None


def touched(record: Record) -> Touched | None:
    """Who changed the record last and when; None where it does not tell. What cannot be read is not told: it is
    for the reviewer alone, and no plan fails for it."""
    by, at = sub(record, "_info", "updatedBy"), sub(record, "_info", "lastUpdated")
    member = by if isinstance(by, str) and by else None
    moment = _instant(at) if isinstance(at, str) else None
    return Touched(member, moment) if member or moment else None


def _instant(text: str) -> datetime | None:
    """To the second, in UTC; so is what bears no zone. The year 1 is how unset moments are written."""
    try:
        moment = datetime.fromisoformat(text).replace(microsecond=0)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > _UNSET else None


@dataclass(frozen=True, slots=True)
class Invoices:
    """How the tenant bills: ``in_arrears`` an invoice is for the cycle before it, else for the one it begins.

    Which of the two an agreement does is not to be read anywhere: it is a setting.
    """

    in_arrears: bool = False

    def cover(self, recap: Record, day: date, months: int) -> date | None:
        """The next invoice's day, if it shows that the period of ``day`` is invoiced already; else None."""
        following = day_of(recap, "nextInvoiceDate")
        if following is None:
            last = day_of(recap, "lastInvoiceDate")
            return last if last and not self.in_arrears and _month(last) >= _month(day) else None
        ahead = months if self.in_arrears else 0
        return following if following > _last_day(day, ahead) else None


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _last_day(day: date, months: int) -> date:
    """The last day of the calendar month ``months`` after the one of ``day``."""
    year, month = divmod(_month(day) + months, 12)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def over(agreement: Record, day: date) -> bool:
    """Whether an agreement has ended by ``day``, or is cancelled then."""
    return any(remark.severity is Severity.BLOCK for remark in _status_remarks(agreement, day))


def cancelled(addition: Record, day: date) -> bool:
    """Whether an addition is cancelled on ``day`` already."""
    since = day_of(addition, "cancelledDate")
    return since is not None and since <= day


def agreement_remarks(agreement: Record, recap: Record, day: date, invoices: Invoices) -> Iterator[Remark]:
    """What the agreement says about its lines. ``recap`` adds the dates of its last and next invoice."""
    yield from _status_remarks(agreement, day)
    parent = sub(agreement, "parentAgreement", "id")
    if parent is not None:
        text = f"its agreement is a child: it is invoiced through agreement {parent}"
        yield Remark("child-agreement", Severity.LOOK, text)
    name = str(sub(agreement, "billingCycle", "name") or "")
    if name.lower() not in CYCLES:
        text = f"the billing cycle {clean(name, 60)!r} is not known: money a month is told as if it were monthly"
        yield Remark("billing-cycle", Severity.INFO, text)
    covered = invoices.cover(
        {**agreement, **{key: value for key, value in recap.items() if value}}, day, CYCLES.get(name.lower(), 1)
    )
    if covered is not None:
        text = f"by its invoice dates ({covered}) the period of {day} is invoiced already: later invoices change only"
        yield Remark("already-invoiced", Severity.LOOK, text)


def _status_remarks(agreement: Record, day: date) -> Iterator[Remark]:
    """Cancelled and ended by the dates, which rule; by the status where dates say nothing."""
    status = str(agreement.get("agreementStatus") or "")
    since, ends = day_of(agreement, "dateCancelled"), day_of(agreement, "endDate")
    starts = day_of(agreement, "startDate")
    if (agreement.get("cancelledFlag") is True or since) and (since is None or since <= day):
        yield Remark("agreement-cancelled", Severity.BLOCK, f"its agreement is cancelled (since {since or '?'})")
    elif ends and ends < day and agreement.get("noEndingDateFlag") is not True:
        yield Remark("agreement-expired", Severity.BLOCK, f"its agreement ended on {ends}")
    elif status in {"Cancelled", "Expired"}:
        yield Remark("agreement-cancelled", Severity.BLOCK, f"its agreement is {status.lower()}")
    elif (starts and starts > day) or status == "Inactive":
        yield Remark("agreement-inactive", Severity.LOOK, f"its agreement is not active (it starts on {starts or '?'})")
    elif since:
        yield Remark("agreement-ends", Severity.INFO, f"its agreement is cancelled as of {since}")


def addition_remarks(addition: Record, day: date, own_tags: frozenset[str]) -> Iterator[Remark]:
    """What the addition itself says against touching it."""
    ends, begins = day_of(addition, "cancelledDate"), day_of(addition, "effectiveDate")
    if cancelled(addition, day):
        yield Remark("addition-cancelled", Severity.BLOCK, f"the addition was cancelled on {ends}")
    elif ends:
        yield Remark("addition-ends", Severity.INFO, f"the addition is cancelled as of {ends}")
    if begins and begins > day:
        yield Remark("addition-not-effective", Severity.LOOK, f"the addition takes effect on {begins} only")
    yield from _billing_remarks(addition)
    tag = str(addition.get("serialNumber") or "").strip()
    if tag and tag.lower() not in own_tags:
        text = f"its serial number {clean(tag, 60)!r} looks like the tag of another tool that keeps this addition"
        yield Remark("foreign-tag", Severity.LOOK, text)


def _billing_remarks(addition: Record) -> Iterator[Remark]:
    billed = addition.get("billCustomer")
    if billed == "DoNotBill":
        yield Remark("do-not-bill", Severity.LOOK, "the addition is set to Do Not Bill: no invoice will show it")
    elif billed == "NoCharge":
        yield Remark("no-charge", Severity.INFO, "the addition is set to No Charge")
    free = number(addition, "lessIncluded")
    if free is not None and free > 0:
        text = f"{free:f} units are included free of charge: the invoice counts the quantity less these"
        yield Remark("less-included", Severity.INFO, text)
