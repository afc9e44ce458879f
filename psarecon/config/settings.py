"""``psarecon.yaml``: where usage comes from, where it is billed, what is sold, and what may not happen."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, Literal
from zoneinfo import ZoneInfo

from psarecon.collector import collector_paused
from psarecon.config.capabilities import (
    Capabilities,
    agreement_issues,
    capabilities_of,
    capability_problems,
    read_capabilities,
)
from psarecon.config.documents import Document, load_document
from psarecon.config.locate import masked, present
from psarecon.config.notify_rules import notify_issues
from psarecon.config.problems import Issue, Problem, Problems, in_order
from psarecon.config.quick import quick_check
from psarecon.config.schemas import issues_of
from psarecon.config.secrets import Resolver, Secret
from psarecon.config.settings_rules import harmless, settings_issues, without_echo
from psarecon.domain.guards import Limits
from psarecon.domain.model import Product, QuantityRule, SourceCost, TieredCost
from psarecon.errors import InvalidInput

#: The settings file, in the config directory.
SETTINGS_FILE = "psarecon.yaml"
GuardSettings = Limits
_Known = Mapping[tuple[str, str], Capabilities]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """Read ``90s``, ``5m``, ``36h`` or ``2d``. Raises InvalidInput on anything else."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if match is None:
        message = f"{text!r} is not a duration"
        raise InvalidInput(message, hint="write a duration such as 90s, 5m, 36h or 2d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@dataclass(frozen=True, slots=True)
class Billing:
    """How months and money are counted: the zone whose calendar months are billed, and an ISO currency code."""

    timezone: ZoneInfo
    timezone_name: str
    currency: str
    month: Literal["current", "previous"] = "current"


@dataclass(frozen=True, slots=True)
class ApplySettings:
    """How writing behaves. ``plan_age`` None: a plan of any age may be applied."""

    settle_window: timedelta = timedelta(minutes=5)
    lease: timedelta = timedelta(minutes=10)
    plan_age: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told how commands ended: ``url`` is a reference that is not resolved, ``setting`` how it is called in
    messages (``notify[0].url``), ``template`` a file relative to the config directory."""

    setting: str
    url: str
    when: frozenset[str]
    only_changes: bool = False
    template: str | None = None


@dataclass(frozen=True, slots=True)
class AdapterSettings:
    """One source or PSA as the settings name it; ``section`` is ``sources`` or ``psas``.

    ``options`` are the keys of its block, without ``type``; references are not resolved yet. ``timezone`` is the
    billing zone, ``prices`` says whether a product takes its unit cost from this source. ``capabilities`` is what its
    tenant was found to do; ``price_account`` the one whose prices' unit is known from there alone.
    """

    name: str
    type: str
    options: dict[str, Any] = field(default_factory=dict)
    section: str = ""
    timezone: tzinfo = field(default=UTC, compare=False)
    prices: bool = False
    capabilities: Capabilities | None = field(default=None, compare=False)
    price_account: str | None = None

    def setting(self, key: str) -> str:
        """How an option is called in messages: ``psas.autotask.url``."""
        return ".".join(part for part in (self.section, self.name, key) if part)

    def text(self, key: str, default: str = "") -> str:
        """An option as it is written; a reference stays one (``Resolver.text`` resolves it)."""
        return str(self.options.get(key, default))

    def chosen(self, key: str, default: str, tenant: str) -> str:
        """An option as it is written; else what was found out about ``tenant``; else ``default``."""
        learned = self.capabilities.told(key, tenant) if self.capabilities else None
        return self.text(key, learned or default)

    def secret(self, key: str, resolver: Resolver) -> Secret:
        """The secret an option refers to. Raises SecretMissing."""
        return resolver.secret(self.text(key), self.setting(key))

    def url(self, key: str, default: str, resolver: Resolver) -> str:
        """An address, resolved when it is a reference and checked again. Raises SecretMissing."""
        return resolver.text(self.text(key, default), self.setting(key))

    def duration(self, key: str, default: str) -> timedelta:
        """An option that is a duration. Raises InvalidInput when it is none."""
        return duration(self.text(key, default))


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one config directory.

    ``ledger`` and ``clock`` are not resolved yet. ``digest`` names the content: sha256 over its canonical data,
    in which references stay references, and over that of ``capabilities.yaml`` where there is one.
    """

    directory: FilePath
    ledger: str
    clock: str | None
    billing: Billing
    sources: dict[str, AdapterSettings]
    psas: dict[str, AdapterSettings]
    products: dict[str, Product]
    guards: GuardSettings
    apply: ApplySettings
    digest: str
    notify: tuple[Receiver, ...] = ()


def load_settings(directory: FilePath) -> Settings:
    """Read and check ``psarecon.yaml`` of a config directory. Raises Problems with every error in it."""
    document = read_settings_document(directory)
    problems = settings_problems(document, directory)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise Problems(errors)
    return build_settings(directory, document.data)


def read_settings_document(directory: FilePath) -> Document:
    """The settings file as data, checked no further than its text."""
    with collector_paused():
        return load_document(directory / SETTINGS_FILE, SETTINGS_FILE, directory)


def settings_problems(document: Document, directory: FilePath) -> list[Problem]:
    """All errors and warnings of a settings document and the templates it names, none of which shows a secret."""
    issues: list[Issue] = []
    if document.data is not None:
        valid = quick_check("settings")(document.data)
        issues = [] if valid else issues_of(document.data, "settings")
        issues += [*settings_issues(document.data, issues), *notify_issues(document.data, directory, issues)]
    learned = read_capabilities(directory)
    problems = capability_problems(learned)
    if document.data is not None and not problems:
        issues += agreement_issues(document.data, capabilities_of(learned.data), issues)
    return [*present_settings(document, issues), *problems]


def present_settings(document: Document, issues: list[Issue]) -> list[Problem]:
    """Issues of a settings document with their places, and with everything hidden that could be a secret."""
    document.found = [without_echo(found) for found in document.found]
    return in_order(masked(present(document, issues), document, harmless))


def build_settings(directory: FilePath, data: dict[str, Any]) -> Settings:
    """Settings from data that is valid, with what is known of the tenants."""
    learned = read_capabilities(directory).data
    known = capabilities_of(learned)
    return Settings(
        directory=directory,
        ledger=data.get("ledger", "sqlite:.psarecon/ledger.db"),
        clock=data.get("clock"),
        billing=_billing(data["billing"]),
        sources=_adapters(data, "sources", known),
        psas=_adapters(data, "psas", known),
        products={name: _product(name, block, known) for name, block in data.get("products", {}).items()},
        guards=_guards(data.get("guards", {})),
        apply=_apply(data.get("apply", {})),
        digest=_digest(data if learned is None else [data, learned]),
        notify=tuple(_receiver(number, block) for number, block in enumerate(data.get("notify", []))),
    )


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _receiver(number: int, block: dict[str, Any]) -> Receiver:
    only = block.get("only_changes", False)
    return Receiver(f"notify[{number}].url", block["url"], frozenset(block["when"]), only, block.get("template"))


def _billing(block: dict[str, Any]) -> Billing:
    zone = block["timezone"]
    return Billing(ZoneInfo(zone), zone, block["currency"], block.get("month", "current"))


def _adapters(data: dict[str, Any], section: str, known: _Known) -> dict[str, AdapterSettings]:
    zone = ZoneInfo(data["billing"]["timezone"])
    products = data.get("products", {}).values() if section == "sources" else ()
    asked = [product for product in products if _takes_prices(product)]
    priced = {product.get("source") for product in asked}
    assumed = {product.get("source") for product in asked if "unit" not in product["unit_cost"]}
    return {
        name: AdapterSettings(
            name,
            block["type"],
            _options(block),
            section,
            zone,
            name in priced,
            known.get((section, name)),
            known[section, name].tenant if name in assumed else None,
        )
        for name, block in data.get(section, {}).items()
    }


def _options(block: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key != "type"}


def _takes_prices(product: dict[str, Any]) -> bool:
    cost = product.get("unit_cost")
    return isinstance(cost, dict) and "from" in cost


def _product(name: str, block: dict[str, Any], known: _Known) -> Product:
    cost = block.get("unit_cost")
    learned = known.get(("sources", block.get("source", "")))
    figure, rule = (None, _cost_rule(cost, learned)) if isinstance(cost, dict) else (_decimal(cost), None)
    quantity = QuantityRule(block["quantity"])
    words = tuple(block.get("words", ()))
    return Product(name, quantity, block.get("source"), block.get("metric"), figure, rule, block.get("sku"), words)


def _cost_rule(block: dict[str, Any], learned: Capabilities | None) -> SourceCost | TieredCost:
    if "tiers" in block:
        return TieredCost(tuple((tier["from"], Decimal(tier["cost"])) for tier in block["tiers"]))
    unit = block.get("unit") or (learned.answers["price_unit"] if learned else "")
    scale = Decimal("0.01") if unit == "cents" else Decimal(1)
    return SourceCost(scale, _decimal(block.get("at_most")), block.get("code"))


def _decimal(text: str | int | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _guards(block: dict[str, Any]) -> GuardSettings:
    drop, changes, money = (block.get(key, {}) for key in ("quantity_drop", "changes", "money"))
    return GuardSettings(
        drop_percent=Decimal(drop.get("percent", 20)),
        drop_at_least=drop.get("at_least", 5),
        zero=block.get("quantity_zero", True),
        usage_age=duration(block.get("usage_age", "36h")),
        changes_count=changes.get("count"),
        changes_percent=_decimal(changes.get("percent")),
        money_change=_decimal(money.get("change")),
        money_plan=_decimal(money.get("plan")),
        cost_move_percent=_decimal(block.get("cost_move", {}).get("percent")),
    )


def _apply(block: dict[str, Any]) -> ApplySettings:
    age = block.get("plan_age")
    return ApplySettings(
        settle_window=duration(block.get("settle_window", "5m")),
        lease=duration(block.get("lease", "10m")),
        plan_age=None if age is None else duration(age),
    )
