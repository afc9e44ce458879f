"""The words of psarecon as types: what the mapping asks for, what usage says, what the PSA says.

Pure data. Ids are opaque strings (a PSA's integers are written out); counts and money are ``Decimal``;
days are dates of the PSA, instants are aware datetimes in UTC.
"""

from __future__ import annotations

from dataclasses import field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from psarecon.records import ordered_record, record


class Severity(StrEnum):
    """How strongly a finding speaks: BLOCK cannot be approved, LOOK needs a named decision, INFO only tells."""

    BLOCK = "BLOCK"
    LOOK = "LOOK"
    INFO = "INFO"


class QuantityRule(StrEnum):
    """How the usage of a month becomes a quantity."""

    HIGH_WATER_MARK = "high-water-mark"
    CURRENT = "current"
    FIXED = "fixed"


@ordered_record
class LineKey:
    """Identity of one recurring billable row: the PSA's name in the settings, then the PSA's ids."""

    psa: str
    company: str
    contract: str
    id: str

    def __str__(self) -> str:
        return f"{self.psa}/{self.id}"

    @property
    def scope(self) -> str:
        """How findings name this line."""
        return f"line:{self}"


@record
class Names:
    """The names beside the ids: asserted by the mapping (None: not asserted) or as the PSA has them."""

    company: str | None = None
    contract: str | None = None
    line: str | None = None


@record
class Place:
    """Where in the mapping something stands: file as given relative to the config directory, 1-based line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@record
class SourceCost:
    """A unit cost the source tells: its figure times ``scale``, never above ``at_most``.

    ``code`` names one of several of the source's products; None: it must have exactly one.
    """

    scale: Decimal
    at_most: Decimal | None = None
    code: str | None = None


@record
class TieredCost:
    """A unit cost by volume: (from so many seats on, cost), rising from 1; the product's seats of all lines count."""

    tiers: tuple[tuple[int, Decimal], ...]


@record
class Product:
    """What is resold: its source and metric (None for a fixed quantity), its rule, its unit cost (None: not kept).

    ``cost_rule`` stands where the cost is not a figure of the settings; ``sku`` is what the source must say it sells;
    ``words`` are those by which the PSA's lines of it are known, empty where the settings give none.
    """

    name: str
    quantity: QuantityRule
    source: str | None = None
    metric: str | None = None
    unit_cost: Decimal | None = None
    cost_rule: SourceCost | TieredCost | None = None
    sku: str | None = None
    words: tuple[str, ...] = ()


@record
class Terms:
    """The client's terms on one line, applied in the order of ``docs/concepts/quantity-rules.md``. Seats."""

    fixed: int | None = None
    non_billable: int = 0
    multiple_of: int = 1
    committed: int = 0
    minimum: int = 0
    maximum: int | None = None


#: A line without terms of its own, as nearly all are.
NO_TERMS = Terms()


@record
class Allowance:
    """A named exception to one guard on one line: why, and the last day it holds."""

    guard: str
    reason: str
    until: date


@record
class Acceptance:
    """Figures of a line that are left alone while the PSA holds exactly these: why, and the last day it holds.

    A figure that is None is not accepted; one of them is given.
    """

    quantity: Decimal | None
    unit_cost: Decimal | None
    reason: str
    until: date


@record
class Binding:
    """One line of the mapping: organization + product -> line, with the client's terms.

    ``unit_cost`` is the line's own or else the product's; None means psarecon does not keep the cost, or that the
    product's ``cost_rule`` has yet to tell it (``psarecon.domain.costs``).
    """

    client: str
    product: Product
    organization: str | None
    line: LineKey
    names: Names
    terms: Terms
    unit_cost: Decimal | None
    allow: tuple[Allowance, ...]
    at: Place
    accepted: Acceptance | None = None


@record
class Mapping:
    """All bindings, and the commit they were read at (None: not in git; ``dirty``: files differ from it)."""

    bindings: tuple[Binding, ...]
    commit: str | None = None
    dirty: bool = False


@record
class Reading:
    """One answer of a source about one organization: a count, or why there is none.

    ``cross_check`` is the vendor's other figure for the same moment, ``last_month_mark`` the vendor's own
    high-water mark of the month before the reading's; None where the vendor does not tell. ``sku`` is what the
    vendor sells the organization, ``prices`` its unit price of each of the vendor's products, in the vendor's unit.
    ``standing``: a row of the source's own, with its own moment, that every reading gives again; where it gives
    another count for that moment, the later word counts.
    """

    source: str
    organization: str
    metric: str
    taken_at: datetime
    count: int | None
    how: str
    error: str | None = None
    name: str | None = None
    cross_check: int | None = None
    last_month_mark: int | None = None
    sku: str | None = None
    prices: tuple[tuple[str, Decimal], ...] = ()
    standing: bool = False


@record
class Sample:
    """One good usage reading: how many, when, how it was read."""

    count: int
    taken_at: datetime
    how: str


@record
class Usage:
    """What the ledger knows of one organization and metric in one billing month.

    ``daily`` holds the highest count of each day of the month in order, None for a day without a sample.
    ``latest`` is the newest sample of any month; ``failure`` says why the newest reading gave no count. ``sku`` and
    ``prices`` are those of the latest sample.
    """

    month: str
    peak: Sample | None = None
    last: Sample | None = None
    daily: tuple[int | None, ...] = ()
    latest: Sample | None = None
    latest_cross_check: int | None = None
    before_latest: int | None = None
    failure: str | None = None
    vendor_mark: int | None = None
    sku: str | None = None
    prices: tuple[tuple[str, Decimal], ...] = ()


@record
class Claim:
    """A line that somebody else's integration says it keeps: the type of its PSA and the PSA's ids.

    ``by`` names the integration, ``remedy`` where it is switched off. An empty id is not compared.
    """

    psa_type: str
    company: str
    contract: str
    line: str
    by: str
    remedy: str


@record
class Remark:
    """What an adapter has to say about a line it read; becomes a finding."""

    code: str
    severity: Severity
    text: str


@record
class Period:
    """One billing period of a line, both days included.

    ``quantity`` is the units in force on the day the plan measures; ``opening`` the same without what an adjustment
    dated to the first day brought (None: nothing came before it, or it was not read); ``split`` says somebody changed
    units inside the period.
    ``unit_cost`` is what the PSA says one unit costs in this period, None where it does not tell.
    """

    first: date
    last: date
    quantity: Decimal
    unit_cost: Decimal | None
    posted: bool
    split: bool = False
    opening: Decimal | None = None

    def straddles(self) -> bool:
        """Whether the period reaches into more than one billing month."""
        return (self.first.year, self.first.month) != (self.last.year, self.last.month)


@record
class Touched:
    """Who changed something last and when, as far as the PSA tells: at least one of the two, to the second."""

    by: str | None
    at: datetime | None


@record
class Observed:
    """What the PSA says of a line now.

    ``line`` carries the ids as the PSA has them. ``quantity`` None: the line is not billing on the day read.
    ``unit_cost`` None: hidden from the API user, which is not zero. ``periods`` is None for a PSA that takes
    changes at once; else the period that holds the day first, later ones only when ``following`` were read.
    ``months`` is how many months one unit price covers. ``touched`` is None for a PSA that does not keep it.
    """

    line: LineKey
    names: Names
    quantity: Decimal | None
    unit_cost: Decimal | None
    unit_price: Decimal | None
    periods: tuple[Period, ...] | None = None
    following: bool = False
    months: int = 1
    remarks: tuple[Remark, ...] = ()
    touched: Touched | None = None


@record
class Baseline:
    """The last verified write of a line: what it left in the PSA and what it rested on."""

    quantity: Decimal
    unit_cost: Decimal | None
    usage: int | None
    rule: str
    wanted_cost: Decimal | None
    effective_date: date | None
    run: str


@record
class Doubt:
    """A line no plan may touch yet: why, and what a person does about it.

    ``lifted_by`` is what the tenant's ``same_date`` must be set to for plans to touch the line again; empty:
    only a read or a person settles it.
    """

    change: str
    run: str
    text: str
    lifted_by: str = ""


@record
class Finding:
    """What a guard or a check says. ``scope`` is ``plan``, ``line:<psa>/<id>``, ``change:<id>``,
    ``organization:<source>/<id>``, or ``source:<name>``, which stops no change."""

    code: str
    severity: Severity
    scope: str
    text: str


@record
class Call:
    """The literal request a change will send: what is approved is what is sent. ``body`` is the exact text."""

    method: str
    path: str
    body: str


@record
class Evidence:
    """A sample a change rests on: the figure, when it was read, how, and what it stands for."""

    role: str
    count: int
    taken_at: datetime
    how: str


@record
class Steps:
    """A quantity with the way to it: each step as (what, figure), and the samples it rests on."""

    quantity: Decimal
    usage: int | None
    steps: tuple[tuple[str, str], ...]
    evidence: tuple[Evidence, ...] = field(default=())
