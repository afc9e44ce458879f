"""What a mapping leaves out, and what that comes to a month: users nobody bills, lines nobody keeps.

Pure. What is unknown is told as unknown: an organization whose reading failed is neither without users nor gone.
Explained in ``docs/guides/coverage.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from psarecon.domain.adoption import Known, Standing
from psarecon.domain.directory import Offer
from psarecon.domain.model import Binding, LineKey, Observed, Product, QuantityRule, Sample, Usage
from psarecon.domain.money import cents, monthly
from psarecon.domain.rules import wanted_quantity
from psarecon.text import plain

#: A source's name and an organization's id.
Key = tuple[str, str]
_PRICE = Decimal("0.0001")
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    """What is wrong, in the order in which it is told."""

    UNBILLED = "unbilled"
    NO_LINE = "no-line"
    UNUSED = "unused"
    BELOW_COST = "below-cost"
    UNNAMED = "unnamed"
    IGNORED = "ignored"
    UNKNOWN = "unknown"


#: What somebody has to do something about; the others only tell.
OPEN = (Kind.UNBILLED, Kind.NO_LINE, Kind.UNUSED, Kind.BELOW_COST, Kind.UNNAMED)


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is not covered. ``place`` is ``<source>/<organization>`` or ``<psa>/<line>``.

    ``count`` are users or units, ``unit`` is money of one of them a month, ``money`` that of all: not billed, billed
    for nobody, lost, or billed without being kept, by the kind. None where it is not known. ``at`` is the place in the
    mapping, empty where there is none.
    """

    kind: Kind
    client: str
    place: str
    product: str = ""
    count: Decimal | None = None
    unit: Decimal | None = None
    money: Decimal | None = None
    why: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """Users of one organization by one metric; ``users`` None: the reading failed, and ``error`` says why."""

    source: str
    organization: str
    metric: str
    name: str
    users: int | None
    error: str = ""

    @property
    def key(self) -> Key:
        """Whose users these are."""
        return self.source, self.organization


@dataclass(frozen=True, slots=True)
class Price:
    """Money of one unit a month, None where there is nothing to go by, and what it rests on."""

    unit: Decimal | None
    basis: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """The report: every gap in order, and how much was looked at. ``partial``: something could not be read."""

    as_of: datetime
    currency: str
    commit: str | None
    dirty: bool
    tenants: Mapping[str, str]
    gaps: tuple[Gap, ...]
    organizations: int
    lines: int
    partial: bool = False

    def of(self, kind: Kind) -> tuple[Gap, ...]:
        """The gaps of one kind, the dearest first."""
        return tuple(gap for gap in self.gaps if gap.kind is kind)

    @property
    def open(self) -> tuple[Gap, ...]:
        """What somebody has to do something about."""
        return tuple(gap for gap in self.gaps if gap.kind in OPEN)


def money_of(gaps: Iterable[Gap]) -> Decimal:
    """The sum of these gaps a month; what is not known counts as nothing."""
    return sum((gap.money for gap in gaps if gap.money is not None), Decimal("0.00"))


def unnamed(
    bindings: Iterable[Binding],
    offers: Iterable[Offer],
    fits: Callable[[Offer], str | None] = lambda _: None,
) -> dict[LineKey, str]:
    """The offered lines that no binding names and that sell a product, with its name.

    A line sells what mapped lines of the same PSA with the very same name sell (a service, a product's identifier);
    ``fits`` is only heard on products that no line of that PSA is mapped for.
    """
    listed, known = list(offers), list(bindings)
    exact = _products_by_name(known, listed)
    mapped = {str(one.line) for one in known}
    sold = {(one.line.psa, one.product.name) for one in known}
    found = {}
    for one in listed:
        product = exact.get((one.line.psa, one.names.line or ""))
        if product is None and (guess := fits(one)) and (one.line.psa, guess) not in sold:
            product = guess
        if product is not None and str(one.line) not in mapped:
            found[one.line] = product
    return found


def _products_by_name(bindings: Sequence[Binding], offers: Sequence[Offer]) -> dict[tuple[str, str], str]:
    """By PSA and a line's name the product that most mapped lines of that name sell."""
    names = {str(one.line): one.names.line for one in offers}
    sold: dict[tuple[str, str], Counter[str]] = {}
    for one in bindings:
        name = names.get(str(one.line)) or one.names.line
        if name:
            sold.setdefault((one.line.psa, name), Counter())[one.product.name] += 1
    return {key: min(tally, key=lambda product: (-tally[product], product)) for key, tally in sold.items()}


@dataclass(frozen=True)
class View:
    """Everything a report is made of.

    ``gone``: organizations that their source does not list any more. ``sells``: lines that no mapping names, with
    their product. ``companies``: names of companies, by PSA and id.
    """

    bindings: Sequence[Binding]
    known: Known
    products: Mapping[str, Product]
    counts: Sequence[Count]
    gone: frozenset[Key] = frozenset()
    sells: Mapping[LineKey, str] = field(default_factory=dict)
    observed: Mapping[LineKey, Observed] = field(default_factory=dict)
    companies: Mapping[Key, str] = field(default_factory=dict)

    def gaps(self) -> tuple[Gap, ...]:
        """All of them, by kind, the dearest first."""
        found = (
            *self._unbilled(),
            *self._unused(),
            *self._below_cost(),
            *self._unnamed(),
            *self._ignored(),
            *self._unknown(),
        )
        return in_order(found)

    @cached_property
    def _of_metric(self) -> dict[Key, Product]:
        """By source and metric the product that is priced by: the one of most mapped lines."""
        used = Counter(one.product.name for one in self.bindings)
        found: dict[Key, Product] = {}
        for one in sorted(self.products.values(), key=lambda one: (used[one.name], one.name)):
            if one.source is not None and one.metric is not None:
                found[one.source, one.metric] = one
        return found

    @cached_property
    def _prices(self) -> dict[str, Price]:
        return {name: self._price(product) for name, product in self.products.items()}

    def _price(self, product: Product) -> Price:
        """The most usual price of the product's mapped lines, the lower of two; its unit cost where there is none.

        A line that costs the client nothing belongs to a bundle, and says nothing of the price.
        """
        lines = (self.observed.get(one.line) for one in self.bindings if one.product.name == product.name)
        tally = Counter(
            (one.unit_price / one.months).quantize(_PRICE) for one in lines if one is not None and one.unit_price
        )
        if not tally:
            return Price(product.unit_cost, "unit cost" if product.unit_cost is not None else "no price is known")
        usual = min(tally, key=lambda price: (-tally[price], price))
        return Price(usual, f"price of {tally[usual]} of {tally.total()} mapped lines")

    @cached_property
    def _covered(self) -> set[tuple[str, str, str]]:
        """What is billed by a line: source, organization, metric."""
        return {(one.product.source or "", one.organization or "", one.product.metric or "") for one in self.bindings}

    @cached_property
    def _client_of(self) -> dict[Key, Standing]:
        return {key: client for client in self.known.clients for key in client.organizations.items()}

    @cached_property
    def _proposed(self) -> dict[Key, str]:
        """Where a proposal waits for somebody to decide on it, by organization."""
        waiting = ((of, f"{one.file}:{one.row}") for one in self.known.proposals for of in one.subjects)
        return {(of.source, of.id): place for of, place in waiting}

    @cached_property
    def _left_out(self) -> set[Key]:
        return {(one.subject.source, one.subject.id) for one in self.known.ignored}

    def _unbilled(self) -> Iterator[Gap]:
        """Organizations with users and no line; those of clients that have no line at all apart."""
        sold = {source for source, _ in self._of_metric}
        for one in self.counts:
            product = self._of_metric.get((one.source, one.metric))
            known = product is not None or one.source not in sold
            if one.users and known and (*one.key, one.metric) not in self._covered and one.key not in self._left_out:
                yield self._not_billed(one, product)

    def _not_billed(self, one: Count, product: Product | None) -> Gap:
        """What the client's own lines bill that no mapping names is not lost, and told with them."""
        name = product.name if product else ""
        price = self._prices[name] if product else Price(None, f"no product counts {one.metric}")
        beside = self._beside(one.key, name)
        billed = sum((self.observed[line].quantity or Decimal(0) for line in beside), Decimal(0))
        count = Decimal(one.users or 0)
        money = None if price.unit is None else cents(max(Decimal(0), count - billed) * price.unit)
        why = f"{_units(billed)} on {', '.join(map(str, beside))}; {price.basis}" if beside else price.basis
        kind, client, why, at = self._standing(one, why)
        return Gap(kind, client, "/".join(one.key), name, count, price.unit, money, why, at)

    def _beside(self, key: Key, product: str) -> list[LineKey]:
        """Lines of the product that the client's company has and no mapping names."""
        client = self._client_of.get(key)
        return [] if client is None else self._by_company.get((client.company.psa, client.company.id, product), [])

    @cached_property
    def _by_company(self) -> dict[tuple[str, str, str], list[LineKey]]:
        found: dict[tuple[str, str, str], list[LineKey]] = {}
        for line, product in self.sells.items():
            if line in self.observed:
                found.setdefault((line.psa, line.company, product), []).append(line)
        return found

    def _standing(self, one: Count, why: str) -> tuple[Kind, str, str, str]:
        """How the organization stands in the mapping: kind, name, why, place."""
        client, proposed = self._client_of.get(one.key), self._proposed.get(one.key)
        if proposed is not None:
            why = f"a proposal waits; {why}"
        if client is None:
            return Kind.UNBILLED, one.name, why, proposed or ""
        return Kind.UNBILLED if client.lines else Kind.NO_LINE, client.name, why, proposed or client.file

    def _unused(self) -> Iterator[Gap]:
        """Lines that bill users of an organization that is gone or has none, beyond what the terms ask for anyway."""
        users = {(*one.key, one.metric): one.users for one in self.counts}
        for one in self.bindings:
            seen, source = self.observed.get(one.line), one.product.source
            if seen is None or not seen.quantity or source is None or one.organization is None:
                continue
            if (source, one.organization) in self.gone:
                yield _billed(one, seen, seen.quantity, f"the organization is gone from {source}")
            elif users.get((source, one.organization, one.product.metric or "")) == 0:
                more = seen.quantity - _with_nobody(one)
                if more > 0:
                    yield _billed(one, seen, more, "the organization has no users")

    def _below_cost(self) -> Iterator[Gap]:
        for one in self.bindings:
            seen = self.observed.get(one.line)
            if seen is not None:
                cost = seen.unit_cost if one.unit_cost is None else one.unit_cost
                yield from _lost(seen, cost, one.client, one.product.name, str(one.at))
        for line, product in self.sells.items():
            if line in self.observed:
                seen = self.observed[line]
                yield from _lost(seen, seen.unit_cost, self._company(line), product, "")

    def _unnamed(self) -> Iterator[Gap]:
        for line, product in self.sells.items():
            seen = self.observed.get(line)
            if seen is None or seen.quantity is None:
                continue  # not billing on this day
            unit = _a_month(seen.unit_price, seen.months)
            money = monthly(seen.quantity, seen.unit_price, seen.months)
            name, why = self._company(line), f"{seen.names.contract or line.contract}: {seen.names.line or line.id}"
            yield Gap(Kind.UNNAMED, name, str(line), product, seen.quantity, unit, money, why)

    def _company(self, line: LineKey) -> str:
        seen = self.observed.get(line)
        return (seen.names.company if seen else None) or self.companies.get((line.psa, line.company)) or line.company

    def _ignored(self) -> Iterator[Gap]:
        counts = {one.key: one for one in self.counts}
        for ignored in self.known.ignored:
            one = counts.get((ignored.subject.source, ignored.subject.id))
            count = Decimal(one.users) if one is not None and one.users is not None else None
            name = (one.name if one else "") or ignored.name
            yield Gap(Kind.IGNORED, name, str(ignored.subject), count=count, why=ignored.reason)

    def _unknown(self) -> Iterator[Gap]:
        for one in self.counts:
            if one.users is None and one.key not in self.gone:
                name = self._client_of[one.key].name if one.key in self._client_of else one.name
                yield Gap(Kind.UNKNOWN, name, "/".join(one.key), why=one.error)


def in_order(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """By kind, the dearest first; what has no figure comes last."""
    kinds = list(Kind)
    return tuple(
        sorted(
            gaps,
            key=lambda gap: (
                kinds.index(gap.kind), gap.money is None, -(gap.money or 0), -(gap.count or 0), gap.client, gap.place,
            ),
        )
    )  # fmt: skip


def _units(quantity: Decimal) -> str:
    return f"{plain(quantity)} {'unit' if quantity == 1 else 'units'}"


def _a_month(unit: Decimal | None, months: int) -> Decimal | None:
    return None if unit is None else (unit / months).quantize(_PRICE)


def _billed(one: Binding, seen: Observed, count: Decimal, why: str) -> Gap:
    unit, money = _a_month(seen.unit_price, seen.months), monthly(count, seen.unit_price, seen.months)
    return Gap(Kind.UNUSED, one.client, str(one.line), one.product.name, count, unit, money, why, str(one.at))


def _with_nobody(one: Binding) -> Decimal:
    """What the client's terms ask for when there are no users: a minimum, a commitment."""
    if one.product.quantity is QuantityRule.FIXED:
        return Decimal(one.terms.fixed or 0)
    nobody = Sample(0, _NEVER, "")
    return wanted_quantity(one, Usage("", peak=nobody, last=nobody)).quantity


def _lost(seen: Observed, cost: Decimal | None, client: str, product: str, at: str) -> Iterator[Gap]:
    """A line whose price is below its cost, while it bills anything."""
    price = seen.unit_price
    if not seen.quantity or price is None or cost is None or price >= cost:
        return
    less = cost - price
    money = monthly(seen.quantity, less, seen.months)
    unit, why = _a_month(less, seen.months), f"price {price:.2f} below cost {cost:.2f}"
    yield Gap(Kind.BELOW_COST, client, str(seen.line), product, seen.quantity, unit, money, why, at)
