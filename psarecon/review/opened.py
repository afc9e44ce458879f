"""A saved plan opened for review: a short row for every change, the whole change only when somebody looks at it.

A plan of 100,000 changes is 150 MB of JSON; a reviewer waits for the first screen, not for objects nobody sees.
The file is refused unless its bytes are the ones its id stands for; a change's own id is checked when it is looked
at, and all of them again before anything is written (``psarecon.domain.plan_file.load_plan``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from sys import intern
from typing import Any, BinaryIO, TypeVar

import msgspec

from psarecon.collector import collector_paused
from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan import Change
from psarecon.domain.plan_file import FIGURE, load_change, read_totals, refused
from psarecon.files import open_whole
from psarecon.review.cut import Cut

Read = TypeVar("Read")

GRAVITY = {Severity.BLOCK: 0, Severity.LOOK: 1, Severity.INFO: 2, None: 2}
_NOTHING = Decimal(0)


@dataclass(slots=True, eq=False)
class Row:
    """One change in short. ``start`` and ``length`` (bytes) are its place in the file; ``line`` reads ``psa/id``; money
    is per month; ``since`` is a date or "at once".

    ``severity`` is the gravest finding that is BLOCK or LOOK, ``codes`` the codes of all findings about it.
    """

    start: int
    length: int
    id: str
    line: str
    psa: str
    client: str
    product: str
    contract: str
    organization: str | None
    moves: bool
    before: Decimal
    after: Decimal
    cost_before: Decimal | None
    cost_after: Decimal | None
    cost_change: Decimal
    revenue_change: Decimal
    since: str
    causes: tuple[str, ...]
    severity: Severity | None = None
    codes: tuple[str, ...] = ()

    @property
    def scopes(self) -> tuple[str, str, str, str]:
        """As ``psarecon.domain.plan.Change.scopes``."""
        return ("plan", f"change:{self.id}", f"line:{self.line}", f"organization:{self.organization}")

    @property
    def weight(self) -> Decimal:
        """The larger of the two movements of money, as in ``psarecon.domain.money.Money``."""
        return max(abs(self.cost_change), abs(self.revenue_change))

    @property
    def movement(self) -> Decimal:
        """The movement of money the weight is of, with its sign."""
        larger = abs(self.revenue_change) > abs(self.cost_change)
        return self.revenue_change if larger else self.cost_change

    @property
    def clean(self) -> bool:
        """Whether no finding asks for a person."""
        return self.severity is None


@dataclass(frozen=True, slots=True)
class Head:
    """What a plan says of itself; ``totals`` as in ``psarecon.domain.plan.totals_data``."""

    id: str
    as_of: datetime
    month: str
    tool_version: str
    commit: str | None
    dirty: bool
    currency: str
    tenants: dict[str, str]
    totals: dict[str, Any]


class Opened:
    """A plan under review: ``head``, ``rows`` in the order of review (riskiest, then dearest), and its findings."""

    def __init__(self, head: Head, rows: list[Row], findings: tuple[Finding, ...], file: BinaryIO) -> None:
        self.head = head
        self.rows = rows
        self.findings = findings
        self._file = file
        self._by_scope = by_scope(findings)

    def change(self, row: Row) -> Change:
        """The whole change; any thread may ask.

        Raises PlanRefused if it is not, or no longer, the one its id stands for.
        """
        change = load_change(os.pread(self._file.fileno(), row.length, row.start), row.client)
        if change.id != row.id:
            raise refused(row.client, "the plan file was changed while it was open")
        return change

    def findings_of(self, change: Change) -> list[Finding]:
        """What was found about a change, the gravest first."""
        found = [finding for scope in change.scopes for finding in self._by_scope.get(scope, ())]
        return sorted(found, key=lambda finding: GRAVITY[finding.severity])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def by_scope(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The findings by what they are about."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.scope, []).append(finding)
    return found


def open_plan(path: Path) -> Opened:
    """Open a plan file; it stays open until ``close``. Raises PlanRefused, InvalidInput."""
    file = open_whole(path)
    try:
        with collector_paused():
            return _opened(file, str(path))
    except (msgspec.MsgspecError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        file.close()
        raise refused(str(path), "it does not have the form of a plan") from error
    except BaseException:
        file.close()
        raise


def _opened(file: BinaryIO, name: str) -> Opened:
    maker = _Maker()
    cut = Cut(file)
    for start, piece in cut.pieces():
        maker.take(start, piece)
    if not cut.sealed():
        raise refused(name, "it is not a psarecon plan, or was changed after psarecon wrote it")
    rest = _forgiving(cut.rest, _Rest)
    findings = tuple(Finding(one.code, Severity(one.severity), one.scope, one.text) for one in rest.findings)
    return Opened(_head(rest), _in_order(maker.rows, findings), findings, file)


def _split_forgiving(text: str) -> Iterator[tuple[_Change, int]]:
    """As ``_Maker._split``, by way of Python's own reader."""
    decode, at = json.JSONDecoder().raw_decode, 0
    while at < len(text):
        data, end = decode(text, at)
        yield msgspec.convert(data, _Change), end - at
        at = end + 1


def _forgiving(content: bytes, type_: type[Read]) -> Read:
    """By way of Python's own reader, which takes half a surrogate pair in a stranger's name; msgspec's refuses it."""
    return msgspec.convert(json.loads(content), type_)


def _head(rest: _Rest) -> Head:
    return Head(
        id=rest.id,
        as_of=datetime.fromisoformat(rest.as_of).astimezone(UTC),
        month=rest.month,
        tool_version=rest.tool_version,
        commit=rest.mapping.commit,
        dirty=rest.mapping.dirty,
        currency=rest.currency,
        tenants=rest.tenants,
        totals=read_totals(rest.totals),
    )


def _in_order(rows: list[Row], findings: Iterable[Finding]) -> list[Row]:
    """The rows in the order of review, as ``psarecon.report.plan_text.by_risk`` has it; a plan is ordered by line."""
    scopes = by_scope(findings)
    for row in rows if scopes else ():
        found = [finding for scope in row.scopes for finding in scopes.get(scope, ())]
        if not found:
            continue
        row.codes = tuple(finding.code for finding in found)
        severities = {finding.severity for finding in found}
        row.severity = next((one for one in (Severity.BLOCK, Severity.LOOK) if one in severities), None)
    rows.sort(key=lambda row: row.weight, reverse=True)
    rows.sort(key=lambda row: GRAVITY[row.severity])
    return rows


class _Mapping(msgspec.Struct):
    commit: str | None
    dirty: bool


class _Found(msgspec.Struct, gc=False):
    code: str
    severity: str
    scope: str
    text: str


class _Rest(msgspec.Struct):
    """A plan file without its changes."""

    id: str
    as_of: str
    month: str
    tool_version: str
    mapping: _Mapping
    currency: str
    tenants: dict[str, str]
    totals: dict[str, Any]
    findings: list[_Found]


class _Line(msgspec.Struct, gc=False):
    psa: str
    id: str


class _Names(msgspec.Struct, gc=False):
    contract: str


class _Pair(msgspec.Struct, gc=False):
    before: str
    after: str


class Monthly(msgspec.Struct, gc=False):
    """A month's money before and after, decimal text; None where the PSA does not tell."""

    before: str | None
    after: str | None


class Amounts(msgspec.Struct, gc=False):
    """What a change does to a month's cost and revenue."""

    monthly_cost: Monthly
    monthly_revenue: Monthly


class _Live(msgspec.Struct, gc=False):
    quantity: str
    unit_cost: str | None


class _Change(msgspec.Struct, gc=False):
    """What a row needs of a change; the rest is skipped over."""

    id: str
    line: _Line
    names: _Names
    client: str
    product: str
    organization: str | None
    quantity: _Pair | None
    unit_cost: _Pair | None
    live: _Live
    effective_date: str | None
    causes: tuple[str, ...]
    money: Amounts


class _Figures(dict[str, Decimal]):
    """Each figure once: most plans hold few different ones."""

    def __missing__(self, text: str) -> Decimal:
        if FIGURE.fullmatch(text) is None:
            raise ValueError(text)
        found = self[text] = Decimal(text)
        return found


class _Maker:
    """Makes rows; shares what many rows have in common."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._figures = _Figures()
        self._causes: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._changes = msgspec.json.Decoder(list[msgspec.Raw]).decode
        self._change = msgspec.json.Decoder(_Change).decode

    def take(self, start: int, piece: bytes) -> None:
        """Rows of the changes in ``piece``, separated by commas, the first at ``start`` in the file."""
        for one, length in self._split(piece):
            self.rows.append(self._row(one, start, length))
            start += length + 1

    def _split(self, piece: bytes) -> Iterable[tuple[_Change, int]]:
        """Each change with its length in bytes."""
        try:
            raws = self._changes(b"[%b]" % piece)
            return [(self._change(raw), len(memoryview(raw))) for raw in raws]
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            return list(_split_forgiving(piece.decode("ascii")))

    def _row(self, one: _Change, start: int, length: int) -> Row:
        figure, pair, cost = self._figures, one.quantity, one.unit_cost
        live_cost = None if one.live.unit_cost is None else figure[one.live.unit_cost]
        return Row(
            start=start,
            length=length,
            id=one.id,
            line=f"{one.line.psa}/{one.line.id}",
            psa=intern(one.line.psa),
            client=one.client,
            product=intern(one.product),
            contract=intern(one.names.contract),
            organization=one.organization,
            moves=pair is not None,
            before=figure[pair.before if pair else one.live.quantity],
            after=figure[pair.after if pair else one.live.quantity],
            cost_before=figure[cost.before] if cost else live_cost,
            cost_after=figure[cost.after] if cost else live_cost,
            cost_change=self._moved(one.money.monthly_cost),
            revenue_change=self._moved(one.money.monthly_revenue),
            since=intern(one.effective_date or "at once"),
            causes=self._causes.setdefault(one.causes, one.causes),
        )

    def _moved(self, amount: Monthly) -> Decimal:
        if amount.before is None or amount.after is None:
            return _NOTHING
        return self._figures[f"{self._figures[amount.after] - self._figures[amount.before]:f}"]
