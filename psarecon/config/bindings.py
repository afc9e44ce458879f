"""One line of a client file as a binding, and what can be wrong with it by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from sys import intern
from typing import Any

from psarecon.config.catalogue import Catalogue
from psarecon.config.problems import Issue, Path
from psarecon.config.schemas import close_match
from psarecon.domain.model import (
    NO_TERMS,
    Acceptance,
    Allowance,
    Binding,
    LineKey,
    Names,
    Place,
    Product,
    QuantityRule,
    Terms,
)
from psarecon.records import record

#: The guards the mapping may let pass by name.
ALLOWABLE_GUARDS = (
    "quantity-drop",
    "quantity-zero",
    "usage-zero",
    "usage-stale",
    "usage-failed",
    "change-money",
    "cost-move",
)

#: What the users of a PSA call the contract and the line.
_PAIRS = {"autotask": ("contract", "service"), "connectwise": ("agreement", "addition")}
_TERMS = frozenset({"fixed", "non_billable", "multiple_of", "committed", "minimum", "maximum"})


@record
class Head:
    """What a client file says of the client as a whole; ``kind`` is the type of its PSA, None when unknown."""

    client: str
    psa: str
    kind: str | None
    company: str
    company_name: str | None
    organizations: dict[str, str]
    allow: tuple[Allowance, ...]


def head_of(data: dict[str, Any], catalogue: Catalogue) -> Head:
    """The head of a client whose data is valid."""
    company = data["company"]
    return Head(
        client=data["client"],
        psa=intern(data["psa"]),
        kind=catalogue.psas.get(data["psa"]),
        company=str(company["id"]),
        company_name=company.get("name"),
        organizations=data.get("organizations", {}),
        allow=allowances(data),
    )


def head_issues(data: dict[str, Any], path: Path, catalogue: Catalogue) -> Iterator[Issue]:
    """Names of the client's head that lead nowhere."""
    if not catalogue.known:
        return
    if data["psa"] not in catalogue.psas:
        yield Issue((*path, "psa"), *_unknown("PSA", data["psa"], list(catalogue.psas)))
    for source in data.get("organizations", {}):
        if source not in catalogue.sources:
            text, hint = _unknown("source", source, sorted(catalogue.sources))
            yield Issue((*path, "organizations", source), text, hint, at="key")


def _unknown(what: str, name: str, known: list[str]) -> tuple[str, str]:
    hint = close_match(name, known) or f"psarecon.yaml has: {', '.join(known) or 'none'}"
    return f"there is no {what} {name!r}", hint


def pair_for(kind: str | None, line: dict[str, Any]) -> tuple[str, str]:
    """The keys of contract and line in a line: by the type of the PSA, or else whichever the line uses."""
    if kind in _PAIRS:
        return _PAIRS[kind]
    return _PAIRS["connectwise"] if "addition" in line else _PAIRS["autotask"]


def product_of(line: dict[str, Any], path: Path, catalogue: Catalogue, issues: list[Issue]) -> Product | None:
    """The line's product. None where it has none that can be used; an unknown name joins ``issues``."""
    name = line["product"]
    if catalogue.known and name not in catalogue.products:
        issues.append(Issue((*path, "product"), *_unknown("product", name, list(catalogue.products))))
    return catalogue.products.get(name)


def line_issues(
    head: Head, line: dict[str, Any], pair: tuple[str, str], path: Path, product: Product | None
) -> Iterator[Issue]:
    """What is wrong with the line by itself. ``pair`` are its keys of contract and line, ``path`` leads to it."""
    if product is not None and product.source in head.organizations and line.keys() == {"product", *pair}:
        return  # nothing that the rules below speak of
    yield from _pair_issues(head, line, pair, path)
    if product is not None:
        yield from _quantity_issues(line, path, product)
        yield from _organization_issues(head, line, path, product)
    if not _TERMS.isdisjoint(line):
        yield from _term_issues(line, path)


def _pair_issues(head: Head, line: dict[str, Any], right: tuple[str, str], path: Path) -> Iterator[Issue]:
    for keys in _PAIRS.values():
        if keys == right:
            continue
        for key in keys:
            if key in line:
                why = (
                    f"the PSA {head.psa!r} is of type {head.kind}" if head.kind else f"the line has {right[1]} already"
                )
                hint = f"write {right[keys.index(key)]}"
                yield Issue((*path, key), f"{key} is not used here: {why}", hint, at="key")


def _quantity_issues(line: dict[str, Any], path: Path, product: Product) -> Iterator[Issue]:
    if product.quantity is QuantityRule.FIXED:
        if "fixed" not in line:
            text = f"the product {product.name!r} has a fixed quantity, so the line needs fixed"
            yield Issue(path, text, "add fixed: NUMBER")
    elif "fixed" in line:
        text = f"fixed is not used here: the product {product.name!r} is billed by usage"
        yield Issue((*path, "fixed"), text, "remove it, or use a product with quantity: fixed", at="key")


def _organization_issues(head: Head, line: dict[str, Any], path: Path, product: Product) -> Iterator[Issue]:
    if product.source is None:
        if "organization" in line:
            text = f"organization is not used here: the product {product.name!r} has a fixed quantity"
            yield Issue((*path, "organization"), text, "remove it", at="key")
    elif "organization" not in line and product.source not in head.organizations:
        text = f"the client has no organization of source {product.source!r}, which product {product.name!r} needs"
        yield Issue((*path, "product"), text, f'add {product.source}: "ID" under organizations')


def _term_issues(line: dict[str, Any], path: Path) -> Iterator[Issue]:
    most, step = line.get("maximum"), line.get("multiple_of", 1)
    for key in ("minimum", "committed"):
        if most is not None and line.get(key, 0) > most:
            yield Issue((*path, "maximum"), f"maximum ({most}) is below {key} ({line[key]})")
    for key in ("minimum", "maximum", "committed"):
        if line.get(key, 0) % step:
            low = line[key] // step * step
            hint = f"write {low} or {low + step}"
            yield Issue((*path, key), f"{key} ({line[key]}) is not a multiple of multiple_of ({step})", hint)


def allowance_issues(data: dict[str, Any], path: Path, today: date) -> Iterator[Issue]:
    """Days that are none, and allowances that have ended. ``data`` is a client or a line."""
    for number, item in enumerate(data.get("allow", ())):
        where = (*path, "allow", number, "until")
        until = _day(item["until"])
        if until is None:
            yield Issue(where, f"until is not a day of the calendar: {item['until']}")
        elif until < today:
            text = f"this allowance for {item['guard']} ended on {until} and no longer counts"
            yield Issue(where, text, "remove it, or decide on a later day", severity="warning")


def acceptance_issues(line: dict[str, Any], path: Path, today: date) -> Iterator[Issue]:
    """What is wrong with the day until which drift is accepted. ``path`` leads to the line."""
    given = line["accept_drift"]["until"]
    where, until = (*path, "accept_drift", "until"), _day(given)
    if until is None:
        yield Issue(where, f"until is not a day of the calendar: {given}")
    elif until < today:
        text = f"drift was accepted until {until}, which no longer counts"
        yield Issue(where, text, "remove accept_drift, or decide on a later day", severity="warning")


def _acceptance(given: dict[str, Any]) -> Acceptance | None:
    """An acceptance of drift; one whose day is none is left out, it has an issue of its own."""
    until = _day(given["until"])
    if until is None:
        return None
    quantity, cost = (None if key not in given else Decimal(given[key]) for key in ("quantity", "unit_cost"))
    return Acceptance(quantity, cost, given["reason"], until)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def allowances(data: dict[str, Any]) -> tuple[Allowance, ...]:
    """The allowances of a client or a line; one whose day is none is left out, it has an issue of its own."""
    if "allow" not in data:
        return ()
    days = [(item, _day(item["until"])) for item in data["allow"]]
    return tuple(Allowance(item["guard"], item["reason"], day) for item, day in days if day is not None)


def binding_of(head: Head, line: dict[str, Any], pair: tuple[str, str], product: Product, place: Place) -> Binding:
    """The binding of a line without errors; ``pair`` as of ``line_issues``."""
    contract, service = line[pair[0]], line[pair[1]]
    cost = line.get("unit_cost")
    return Binding(
        client=head.client,
        product=product,
        organization=line.get("organization") or head.organizations.get(product.source or ""),
        line=LineKey(head.psa, head.company, str(contract["id"]), str(service["id"])),
        names=Names(head.company_name, _shared(contract.get("name")), _shared(service.get("name"))),
        terms=_terms(line),
        unit_cost=product.unit_cost if cost is None else Decimal(cost),
        allow=(*allowances(line), *head.allow) if "allow" in line else head.allow,
        at=place,
        accepted=_acceptance(line["accept_drift"]) if "accept_drift" in line else None,
    )


def _shared(name: str | None) -> str | None:
    """The name of a contract or a service, which many clients have: one text for all of them."""
    return None if name is None else intern(name)


def _terms(line: dict[str, Any]) -> Terms:
    if _TERMS.isdisjoint(line):
        return NO_TERMS
    return Terms(**{key: line[key] for key in _TERMS & line.keys()})
