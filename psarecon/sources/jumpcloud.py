"""JumpCloud as a source: the users of each organization of a provider (MSP).

The count is the documented one, ``totalCount`` of the organization's own user list; suspended users count, since
JumpCloud bills them. The provider-wide list with ``systemUsersCount`` and ``highWaterMarkLastMonth`` is
undocumented: it only cross-checks. Facts: ``docs/vendors/jumpcloud.md``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from psarecon.config.secrets import Resolver, Secret
from psarecon.config.settings import AdapterSettings
from psarecon.domain.model import Reading
from psarecon.errors import BadAnswer, PsareconError, RemoteError
from psarecon.http import Http, RateBudget, check_base

DEFAULT_URL = "https://console.jumpcloud.com"
METRIC = "users"
_PAGE = 100
#: More organizations at once trip JumpCloud's own limits (docs/vendors/jumpcloud.md, "Limits").
_AT_ONCE = 8
_COUNTED = "systemusers totalCount"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Listed:
    """An organization as the provider lists it, with the vendor's own figures where it tells them."""

    id: str
    name: str | None
    users: int | None = None
    last_month_mark: int | None = None


class JumpCloud:
    """One provider. ``provider`` None: asked for by the key."""

    def __init__(self, name: str, url: str, key: Secret, provider: str | None) -> None:
        self._name = name
        self._base = check_base(url, f"sources.{name}.url")
        self._provider = provider
        headers = {"x-api-key": key}
        self._http = Http(
            "JumpCloud", headers=lambda: {k: v.reveal() for k, v in headers.items()}, budget=RateBudget(_AT_ONCE)
        )

    def read(self, organizations: Collection[str], now: datetime) -> Iterable[Reading]:
        """A reading of every organization the provider lists, and of those asked for but not listed."""
        listed = {one.id: one for one in self._listing()}
        figures = self._figures()
        wanted = [_with_figures(listed.get(one), figures.get(one), one) for one in sorted({*listed, *organizations})]
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            return list(pool.map(lambda one: self._reading(one, now, listed=one.id in listed), wanted))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _listing(self) -> Iterator[_Listed]:
        """The provider's organizations. Raises BadAnswer when fewer come than the list says there are."""
        path = f"/api/v2/providers/{quote(self._provider_id(), safe='', errors='replace')}/organizations"
        for record in self._pages(path, {"sort": "_id"}):
            yield _Listed(_id(record), _text(record.get("name")))

    def _provider_id(self) -> str:
        if self._provider is None:
            answer = self._http.read("GET", f"{self._base}/api/users/getSelf", params={"fields": "provider"})
            provider = answer.data.get("provider") if isinstance(answer.data, dict) else None
            if not isinstance(provider, str) or not provider:
                hint = f"use the key of a provider's administrator, or set sources.{self._name}.provider_id"
                raise BadAnswer("JumpCloud names no provider for this key", hint=hint)
            self._provider = provider
        return self._provider

    def _figures(self) -> Mapping[str, _Listed]:
        """The vendor's own counts, by organization; nothing where this undocumented list is not to be had."""
        names = ("id", "displayName", "systemUsersCount", "highWaterMarkLastMonth")
        fields = {f"fields[{number}]": name for number, name in enumerate(names)}
        try:
            records = list(self._pages("/api/organizations", {"sort": "_id", **fields}))
        except RemoteError:
            return {}
        return {_id(record): _figure(record) for record in records}

    def _pages(self, path: str, params: Mapping[str, str]) -> Iterator[Record]:
        """Every record of a list, in a fixed order: without ``sort`` rows repeat or go missing between pages."""
        seen: set[str] = set()
        total = None
        while total is None or len(seen) < total:
            answer = self._http.read("GET", self._base + path, params={**params, "limit": _PAGE, "skip": len(seen)})
            records, total = _list_of(answer.data, path)
            fresh = [record for record in records if _id(record) not in seen]
            if not fresh and len(seen) < total:
                hint = "no organization is read from a short list; try again later"
                raise BadAnswer(f"JumpCloud {path} lists {len(seen)} of {total} organizations", hint=hint)
            seen.update(map(_id, fresh))
            yield from fresh

    def _reading(self, one: _Listed, now: datetime, *, listed: bool) -> Reading:
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
        )

    def _count(self, organization: str) -> int:
        """Users of the organization, of any state: one request that asks for a single user and the total."""
        headers = {"x-org-id": organization}
        params = {"limit": 1, "skip": 0, "fields": "_id"}
        answer = self._http.read("GET", f"{self._base}/api/systemusers", params=params, headers=headers)
        records, total = _list_of(answer.data, "/api/systemusers")
        if bool(records) != bool(total):
            raise BadAnswer(f"JumpCloud says {total} users and lists {len(records)}", hint="try again later")
        return total


def _list_of(data: Any, path: str) -> tuple[list[Record], int]:
    found = data if isinstance(data, dict) else {}
    records, total = found.get("results"), _whole(found.get("totalCount"))
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records) or total is None:
        raise BadAnswer(f"JumpCloud {path} answered without results and totalCount", hint="try again later")
    return records, total


def _id(record: Record) -> str:
    """v2 says ``id``, v1 ``_id``; the undocumented list says both."""
    found = record.get("id") or record.get("_id")
    if not isinstance(found, str) or not found.isascii() or not found.isprintable():
        raise BadAnswer("JumpCloud lists an organization without an id", hint="try again later")
    return found


def _figure(record: Record) -> _Listed:
    return _Listed(
        _id(record), None, _whole(record.get("systemUsersCount")), _whole(record.get("highWaterMarkLastMonth"))
    )


def _text(value: Any) -> str | None:
    """A name as any database can keep it: half a character of two is replaced."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    """A count, if it is one; no provider has two thousand million users, and no database column."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def _with_figures(listed: _Listed | None, figures: _Listed | None, organization: str) -> _Listed:
    name = listed.name if listed else None
    if figures is None:
        return _Listed(organization, name)
    return _Listed(organization, name, figures.users, figures.last_month_mark)


def build(settings: AdapterSettings, resolver: Resolver) -> JumpCloud:
    """The source from its block in the settings. Raises SecretMissing."""
    url = resolver.text(settings.text("url", DEFAULT_URL), f"sources.{settings.name}.url")
    provider = settings.text("provider_id", "") or None
    return JumpCloud(settings.name, url, settings.secret("api_key", resolver), provider)
