"""JumpCloud as a source: the users of each organization of a provider (MSP).

The count is the documented one, ``totalCount`` of the organization's own user list; suspended users count, since
JumpCloud bills them. The provider-wide list with ``systemUsersCount`` and ``highWaterMarkLastMonth`` is
undocumented: it only cross-checks. Prices are read only where a product takes its cost from here. Facts:
``docs/vendors/jumpcloud.md``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from psarecon.config.secrets import Resolver
from psarecon.config.settings import AdapterSettings
from psarecon.domain.addresses import by_frequency
from psarecon.domain.directory import Mapped, Organization
from psarecon.domain.health import Check, Checkup, State
from psarecon.domain.model import Claim, Reading
from psarecon.domain.probing import Answer
from psarecon.errors import BadAnswer, PsareconError, Refused, RemoteError
from psarecon.sources.asking import side_by_side
from psarecon.sources.jumpcloud import integrations, probing
from psarecon.sources.jumpcloud.client import AT_ONCE, PAGE, JumpCloudClient, Record, id_of, list_of
from psarecon.text import whole

DEFAULT_URL = "https://console.jumpcloud.com"
METRIC = "users"
_COUNTED = "systemusers totalCount"


@dataclass(frozen=True, slots=True)
class _Listed:
    """An organization as the provider lists it, with the vendor's own figures where it tells them."""

    id: str
    name: str | None
    users: int | None = None
    last_month_mark: int | None = None


class JumpCloud:
    """One provider. ``prices``: also read what each organization asked for costs, where this is provider
    ``only_of`` (None: any)."""

    def __init__(self, name: str, client: JumpCloudClient, *, prices: bool = False, only_of: str | None = None) -> None:
        self._name = name
        self._client = client
        self._prices = prices
        self._only_of = only_of

    def read(self, organizations: Collection[str], now: datetime) -> Iterable[Reading]:
        """A reading of every organization the provider lists, and of those asked for but not listed."""
        listed = {one.id: one for one in self._listing()}
        figures = self._figures()
        wanted = [_with_figures(listed.get(one), figures.get(one), one) for one in sorted({*listed, *organizations})]
        known = self._prices and self._only_of in (None, self._client.provider_id())
        priced = frozenset(organizations) if known else frozenset()
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            return list(pool.map(lambda one: self._reading(one, now, one.id in listed, one.id in priced), wanted))

    def organizations(self) -> Sequence[Organization]:
        """Every organization of the provider, a request for each hundred. Raises RemoteError."""
        return [Organization(self._name, one.id, one.name) for one in self._listing()]

    def clock_ahead(self) -> float | None:
        """Seconds the vendor's clock is ahead of ours."""
        return self._client.clock_ahead()

    def checkups(self, _now: datetime) -> Sequence[Checkup]:
        """Whether the key may read the provider's integrations."""
        return [Checkup("scope providers", self._look_at_scope)]

    def _look_at_scope(self) -> Check:
        try:
            found = len(self.claims())
        except Refused as error:
            text = f"the key may not read integrations: {error}"
            return Check("scope providers", State.WARN, text, "use an administrator's key with the scope providers")
        return Check("scope providers", State.OK, f"{found} lines are mapped by JumpCloud's own PSA integrations")

    def account(self) -> str:
        """The provider's id. Raises RemoteError."""
        return self._client.provider_id()

    def ask(self, price: Decimal | None) -> Sequence[Answer]:
        """What ``probe`` asks: the unit of prices, and whether the undocumented figures come. Raises RemoteError."""
        listed = [one.id for one in self._listing()]
        told = [one for one in self._figures().values() if one.users is not None and one.last_month_mark is not None]
        unit = probing.price_unit(price, listed[: probing.MOST], self._price_list)
        return [unit, probing.figures(len(listed), len(told))]

    def claims(self) -> Sequence[Claim]:
        """Every line JumpCloud's own PSA integrations map: what a plan must not touch. Raises RemoteError."""
        found = map(integrations.claim, integrations.mapped(self._client))
        return [claim for claim in found if claim is not None]

    def mapped(self) -> Sequence[Mapped]:
        """Every mapping of JumpCloud's own PSA integrations. Raises RemoteError, Refused without the scope."""
        return list(integrations.mapped(self._client))

    def domains(self, organizations: Collection[str]) -> Mapping[str, Sequence[str]]:
        """By the first hundred users of each organization: one request each, side by side.

        Raises RemoteError when nobody could be asked.
        """
        return side_by_side(self._domains, organizations, AT_ONCE)

    def _domains(self, organization: str) -> tuple[str, ...]:
        params = {"limit": PAGE, "skip": 0, "fields": "email", "sort": "_id"}
        records, _ = list_of(self._client.get("/api/systemusers", params, organization), "/api/systemusers")
        return by_frequency(str(record.get("email")) for record in records)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _listing(self) -> Iterator[_Listed]:
        """The provider's organizations. Raises BadAnswer when fewer come than the list says there are."""
        path = f"/api/v2/providers/{quote(self._client.provider_id(), safe='', errors='replace')}/organizations"
        for record in self._client.pages(path, {"sort": "_id"}):
            yield _Listed(id_of(record), _text(record.get("name")))

    def _figures(self) -> Mapping[str, _Listed]:
        """The vendor's own counts, by organization; nothing where this undocumented list is not to be had."""
        names = ("id", "displayName", "systemUsersCount", "highWaterMarkLastMonth")
        fields = {f"fields[{number}]": name for number, name in enumerate(names)}
        try:
            records = list(self._client.pages("/api/organizations", {"sort": "_id", **fields}))
        except RemoteError:
            return {}
        return {id_of(record): _figure(record) for record in records}

    def _reading(self, one: _Listed, now: datetime, listed: bool, priced: bool) -> Reading:  # noqa: FBT001  # two yes-or-no facts of one organization
        count, error = None, None
        try:
            count = self._count(one.id)
        except PsareconError as failure:
            error = str(failure)
        if not listed and error is None:
            count, error = None, "the provider does not list this organization"
        return Reading(
            source=self._name,
            organization=one.id,
            metric=METRIC,
            taken_at=now,
            count=count,
            how=_COUNTED,
            error=error,
            name=one.name,
            cross_check=one.users,
            last_month_mark=one.last_month_mark,
            prices=self._price_list(one.id) if priced and error is None else (),
        )

    def _count(self, organization: str) -> int:
        """Users of the organization, of any state: one request that asks for a single user and the total."""
        data = self._client.get("/api/systemusers", {"limit": 1, "skip": 0, "fields": "_id"}, organization)
        records, total = list_of(data, "/api/systemusers")
        if bool(records) != bool(total):
            raise BadAnswer(f"JumpCloud says {total} users and lists {len(records)}", hint="try again later")
        return total

    def _price_list(self, organization: str) -> tuple[tuple[str, Decimal], ...]:
        """The price of a user of each product the organization is entitled to, in a unit nobody documents.

        None where the organization's record is not to be had: usage is worth more than a price.
        """
        try:
            data = self._client.get(f"/api/organizations/{quote(organization, safe='')}")
        except RemoteError:
            return ()
        entitlement = data.get("entitlement") if isinstance(data, dict) else None
        products = entitlement.get("entitlementProducts") if isinstance(entitlement, dict) else None
        return tuple(sorted(_prices(products if isinstance(products, list) else [])))


def _prices(products: Iterable[Any]) -> Iterator[tuple[str, Decimal]]:
    for product in products:
        found = product if isinstance(product, dict) else {}
        code, price = found.get("productCode"), found.get("pricePerUser")
        if isinstance(code, str) and isinstance(price, (int, Decimal)) and not isinstance(price, bool):
            yield code, Decimal(price)


def _figure(record: Record) -> _Listed:
    return _Listed(
        id_of(record), None, whole(record.get("systemUsersCount")), whole(record.get("highWaterMarkLastMonth"))
    )


def _text(value: Any) -> str | None:
    """A name as any database can keep it: half a character of two is replaced."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _with_figures(listed: _Listed | None, figures: _Listed | None, organization: str) -> _Listed:
    name = listed.name if listed else None
    if figures is None:
        return _Listed(organization, name)
    return _Listed(organization, name, figures.users, figures.last_month_mark)


def build(settings: AdapterSettings, resolver: Resolver) -> JumpCloud:
    """The source from its block in the settings. Raises SecretMissing."""
    url = settings.url("url", DEFAULT_URL, resolver)
    provider = settings.text("provider_id", "") or None
    client = JumpCloudClient(settings.name, url, settings.secret("api_key", resolver), provider)
    return JumpCloud(settings.name, client, prices=settings.prices, only_of=settings.price_account)
