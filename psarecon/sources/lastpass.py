"""LastPass as a source, by its REST API for MSPs: the seats of every managed company.

A seat is a user whose status consumes a license. There is no total in any answer: every user is paged through. Facts,
with what nobody outside the vendor has seen: ``docs/vendors/lastpass.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any
from urllib.parse import quote

from psarecon.answers import understood
from psarecon.config.secrets import Resolver, Secret
from psarecon.config.settings import AdapterSettings
from psarecon.domain.addresses import by_frequency
from psarecon.domain.directory import Organization
from psarecon.domain.health import Check, Checkup, State
from psarecon.domain.model import Reading
from psarecon.errors import BadAnswer, RemoteError
from psarecon.http import Http, RateBudget, check_base
from psarecon.sources.asking import side_by_side
from psarecon.text import clean, whole

DEFAULT_URL = "https://api.lastpass.com"
METRIC = "seats"
_BASE = "/business/v1"
_PAGE = 500
_REPORTS = "/managed-companies-reports"
_REPORT_PAGE = 50
#: No limits are published; this many at once is our choice.
_AT_ONCE = 4

#: Which users hold a license, by the documented values of ``accountStatus``. UNPROVEN: that ``enrolled`` alone does;
#: it follows the vendor's words on licenses, which do not name these values.
_CONSUMED = {"enrolled"}
_INVITED = {"pending-invitation"}
_FREE = {"expired-invitation", "staged", "disabled", "awaiting-approval"}

#: Names of fields nobody outside the vendor has seen in an answer. UNPROVEN: all; the first that is there counts.
_COMPANY = {
    "id": ("id", "companyId"),
    "name": ("name", "companyName"),
    "parent": ("parentId", "parentCompanyId"),
    "addons": ("addons", "addOns"),
}
_USER = {"id": ("id", "userId"), "status": ("accountStatus", "status")}
_REPORT = {"company": ("companyId", "id"), "seats": ("licensesUsed", "billableUsers", "userCount", "seats")}

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Company:
    """A managed company: ``parent`` is the company above it where the list tells."""

    id: str
    name: str | None
    parent: str | None
    sku: str | None


@dataclass(frozen=True, slots=True)
class Ways:
    """What the settings say: whose children are listed, whether invited users count, whether reports are asked."""

    parent: str | None = None
    count_invited: bool = False
    reports: bool = False


class LastPass:
    """One MSP account."""

    def __init__(self, name: str, url: str, key: Secret, ways: Ways) -> None:
        self._name = name
        self._base = check_base(url, f"sources.{name}.url") + _BASE
        self._ways = ways
        self._counted = _CONSUMED | (_INVITED if ways.count_invited else set())
        self._http = Http(
            "LastPass", headers=lambda: {"Authorization": f"api-key {key.reveal()}"}, budget=RateBudget(_AT_ONCE)
        )

    def read(self, organizations: Collection[str], now: datetime) -> Iterable[Reading]:
        """A reading of every company directly below the account, and of each one asked for.

        A company below another listed one is a grandchild: it is read only when the mapping bills it.
        """
        listed = self._companies()
        children = {one.id for one in listed.values() if one.parent not in listed}
        seats = self._reported(now.date()) if self._ways.reports else {}
        wanted = [listed.get(one, _Company(one, None, None, None)) for one in sorted({*children, *organizations})]
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            return list(pool.map(lambda one: self._reading(one, one.id in listed, now, seats.get(one.id)), wanted))

    def organizations(self) -> Sequence[Organization]:
        """Every managed company, also those below another one. Raises RemoteError."""
        return [Organization(self._name, one.id, one.name) for one in self._companies().values()]

    def domains(self, organizations: Collection[str]) -> Mapping[str, Sequence[str]]:
        """By the first page of each company's users, of any status. Raises RemoteError when nobody could be asked."""
        return side_by_side(self._domains, organizations, _AT_ONCE)

    def _domains(self, company: str) -> tuple[str, ...]:
        with understood("LastPass"):
            users = islice(self._pages(_users_of(company), {}, _PAGE), _PAGE)
            return by_frequency(str(user.get("email")) for user in users)

    def clock_ahead(self) -> float | None:
        """Seconds the vendor's clock is ahead of ours."""
        return self._http.clock_ahead()

    def checkups(self, now: datetime) -> Sequence[Checkup]:
        """Whether there is a billing cycle for today, where the settings ask for billing reports."""
        return [Checkup("billing cycles", lambda: self._look_at_cycles(now.date()))] if self._ways.reports else []

    def _look_at_cycles(self, day: date) -> Check:
        with understood("LastPass"):
            cycle = self._cycle(f"{_REPORTS}/billing-cycles", day)
        if cycle is None:
            remedy = "counts are not held against reports until there is one; or leave cross_check out"
            return Check("billing cycles", State.WARN, "none of the latest holds today", remedy)
        return Check("billing cycles", State.OK, f"{cycle[0]} to {cycle[1]}")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _companies(self) -> dict[str, _Company]:
        """The managed companies by id, each once however often the list names it. Raises RemoteError."""
        params = {"sort": "name:asc"}
        if self._ways.parent:
            params["parent-id"] = self._ways.parent
        with understood("LastPass"):
            found = (_company(record) for record in self._pages("/managed-companies", params, _PAGE))
            return {one.id: one for one in found}

    def _pages(self, path: str, params: Mapping[str, str], size: int) -> Iterator[Record]:
        """Every item of a list. A page's token that was there before would go round for ever: BadAnswer."""
        seen: set[str] = set()
        token: str | None = None
        while True:
            asked = {**params, "max-results": size, **({"page-token": token} if token else {})}
            data = self._http.read("GET", self._base + path, params=asked).data
            items = data.get("items") if isinstance(data, dict) else None
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise BadAnswer(f"LastPass {path} answered without items", hint="try again later")
            yield from items
            token = data.get("nextPageToken")
            if not token:
                return
            if not isinstance(token, str) or token in seen:
                text = f"LastPass {path}: the token of the next page was there before"
                raise BadAnswer(text, hint="nothing is counted from half a list; try again later")
            seen.add(token)

    def _reading(self, company: _Company, listed: bool, now: datetime, reported: int | None) -> Reading:  # noqa: FBT001  # a fact of the company
        count, error = None, None
        try:
            if not listed:
                raise BadAnswer("the account does not list this company among its managed companies")
            with understood("LastPass"):
                count = self._seats(company.id)
        except RemoteError as failure:
            error = str(failure)
        return Reading(
            source=self._name,
            organization=company.id,
            metric=METRIC,
            taken_at=now,
            count=count,
            how=f"users {' or '.join(sorted(self._counted))}",
            error=error,
            name=company.name,
            cross_check=reported,
            sku=company.sku,
        )

    def _seats(self, company: str) -> int:
        """Users who hold a license. Raises BadAnswer for a status that is neither counted nor known to be free."""
        statuses: dict[str, str] = {}
        for user in self._pages(_users_of(company), {}, _PAGE):
            statuses[_needed(user, _USER["id"], "user")] = _needed(user, _USER["status"], "user")
        counts = Counter(statuses.values())
        unknown = counts.keys() - _CONSUMED - _INVITED - _FREE
        if unknown:
            names = ", ".join(clean(name, 40) for name in sorted(unknown))
            raise BadAnswer(f"LastPass company {company} has users of unknown status: {names}")
        return sum(number for status, number in counts.items() if status in self._counted)

    def _reported(self, day: date) -> Mapping[str, int]:
        """The seats of the billing report of the cycle under way; nothing where there is none.

        UNPROVEN: the fields of a row, and whether it is a peak or the present count. It only cross-checks.
        """
        try:
            with understood("LastPass"):
                cycle = self._cycle(f"{_REPORTS}/billing-cycles", day)
                if cycle is None:
                    return {}
                params = {"start-date": cycle[0], "end-date": cycle[1], "license-type": "msp-managed-company"}
                rows = list(self._pages(f"{_REPORTS}/billing-reports", params, _REPORT_PAGE))
        except RemoteError:
            return {}
        found = ((_first(row, _REPORT["company"]), whole(_first(row, _REPORT["seats"]))) for row in rows)
        return {str(company): seats for company, seats in found if company is not None and seats is not None}

    def _cycle(self, path: str, day: date) -> tuple[str, str] | None:
        """First and last day of the billing cycle that holds ``day``; None where none of the latest does."""
        data = self._http.read("GET", self._base + path, params={"number-of-cycles": 2}).data
        for cycle in data if isinstance(data, list) else ():
            first, last = str(cycle.get("startDate"))[:10], str(cycle.get("endDate"))[:10]
            if first <= day.isoformat() <= last:
                return first, last
        return None


def _users_of(company: str) -> str:
    return f"/managed-companies/{quote(company, safe='', errors='replace')}/users"


def _company(record: Record) -> _Company:
    name, parent = _first(record, _COMPANY["name"]), _first(record, _COMPANY["parent"])
    return _Company(
        _needed(record, _COMPANY["id"], "company"),
        name if isinstance(name, str) else None,
        None if parent is None else str(parent),
        sku_of(_first(record, _COMPANY["addons"])),
    )


def sku_of(addons: Any) -> str | None:
    """What LastPass sells a company, by its add-ons: ``lastpass``, with ``-mfa`` and ``-sso``. None: not told."""
    if not isinstance(addons, list):
        return None
    held = {str(addon.get("name") if isinstance(addon, dict) else addon).lower() for addon in addons}
    unknown = held - {"mfa", "sso"}
    return None if unknown else "-".join(["lastpass", *sorted(held)])


def _first(record: Record, names: Iterable[str]) -> Any:
    return next((record[name] for name in names if record.get(name) is not None), None)


def _needed(record: Record, names: Iterable[str], what: str) -> str:
    """An id or a status as text. Raises BadAnswer where it is missing."""
    found = _first(record, names)
    if isinstance(found, bool) or not isinstance(found, (str, int)) or found == "":
        raise BadAnswer(f"LastPass lists a {what} without {' or '.join(names)}", hint="the API may have changed")
    return str(found)


def build(settings: AdapterSettings, resolver: Resolver) -> LastPass:
    """The source from its block in the settings. Raises SecretMissing."""
    ways = Ways(
        parent=settings.text("parent_id") or None,
        count_invited=bool(settings.options.get("count_invited", False)),
        reports=settings.text("cross_check") == "billing-reports",
    )
    return LastPass(
        settings.name, settings.url("url", DEFAULT_URL, resolver), settings.secret("api_key", resolver), ways
    )
