"""The Autotask REST API as a dialect of HTTP: zone, credentials, errors, queries and their pages.

Every behaviour relied on here is in ``docs/vendors/autotask.md``, with what is proven and what is not.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

import httpx

from psarecon.answers import Answer, RawAnswer
from psarecon.config.secrets import Secret
from psarecon.errors import BadAnswer, NotFound, Refused, RemoteError, Throttled, Uncertain
from psarecon.http import Http, RateBudget, check_base, judge, same_origin
from psarecon.text import clean

_T = TypeVar("_T")

#: The only version used. VersionInformation also lists V2.0, which answers 404 (docs/vendors/autotask.md, "Versions").
VERSION = "V1.0"
#: Records of a page and values of one ``in`` list (docs/vendors/autotask.md, "Queries").
BATCH = 500
#: The percentage of the tenant's hourly requests psarecon stops at: they are shared by all its integrations.
_SHARE = 95
_THREAD_LIMIT = ("thread threshold", "itgenatr005")


def autotask_judge(answer: RawAnswer) -> RemoteError | None:
    """Errors by Autotask's habits: 500 with ``errors`` is a final refusal, without it an outage; the thread limit
    may come with any status."""
    texts = answer.texts()
    said = "; ".join(texts)
    if answer.status >= 400 and any(mark in said.lower() for mark in _THREAD_LIMIT):
        return Throttled(f"{answer.where}: {said}", status=answer.status, texts=texts, wait=answer.wait() or 1.0)
    if answer.status >= 500 and texts:
        return Refused(f"{answer.where} was refused ({answer.status}): {said}", status=answer.status, texts=texts)
    return judge(answer)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The three headers of an API user."""

    username: Secret
    secret: Secret
    integration_code: Secret

    def headers(self) -> dict[str, str]:
        """As the API wants them."""
        return {
            "UserName": self.username.reveal(),
            "Secret": self.secret.reveal(),
            "ApiIntegrationCode": self.integration_code.reveal(),
        }


class AutotaskClient:
    """One tenant. The zone is discovered at the first call and once again when a route is gone."""

    def __init__(self, url: str, credentials: Credentials, *, at_once: int = 2) -> None:
        self._start = check_base(url, "psas.autotask.url")
        self._credentials = credentials
        self._budget = RateBudget(at_once)
        self._http = Http("Autotask", headers=credentials.headers, budget=self._budget, judge=autotask_judge)
        self._zone: dict[str, Any] | None = None
        self._discovering = threading.Lock()

    def connect(self) -> None:
        """Discover the zone, and have bad credentials refused once, not by every thread. Raises RemoteError."""
        self._discovered()

    @property
    def tenant(self) -> str:
        """Zone host and the tenant's own number."""
        zone = self._discovered()
        return f"{httpx.URL(zone['base']).host}/{zone['ci']}"

    def budget_left(self) -> int | None:
        """Of the tenant's requests an hour, the share psarecon stops at; None before the first call."""
        return self._budget.left()

    def clock_ahead(self) -> float | None:
        """Seconds the tenant's clock is ahead of ours; None before the first call."""
        return self._http.clock_ahead()

    def information(self, entity: str) -> dict[str, Any]:
        """What the API user may do with the entity (docs/vendors/autotask.md, "Rights"). Raises RemoteError."""
        path = f"{entity}/entityInformation"
        answer = self._at_zone(lambda base: self._http.read("GET", f"{base}/{path}", bucket=entity))
        found = answer.data.get("info") if isinstance(answer.data, dict) else None
        if not isinstance(found, dict):
            raise BadAnswer(f"Autotask {entity}: what may be done with it is missing", hint="try again later")
        return found

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def query(self, entity: str, fields: Sequence[str], conditions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """All records of the entity that meet the conditions, in order of id, page after page.

        Raises RemoteError; BadAnswer when a page leads to another host or to a page already read.
        """
        body = json.dumps({"MaxRecords": BATCH, "IncludeFields": list(fields), "filter": list(conditions)})
        return self._at_zone(lambda base: list(self._pages(base, entity, body)))

    def among(
        self,
        entity: str,
        fields: Sequence[str],
        key: str,
        values: Sequence[int],
        more: Sequence[dict[str, Any]] = (),
    ) -> list[dict[str, Any]]:
        """All records whose ``key`` is among ``values``: batches side by side, within the limit of the entity."""

        def batch(part: Sequence[int]) -> list[dict[str, Any]]:
            return self.query(entity, fields, [{"op": "in", "field": key, "value": list(part)}, *more])

        parts = [values[start : start + BATCH] for start in range(0, len(values), BATCH)]
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(chain.from_iterable(pool.map(batch, parts)))

    def _pages(self, base: str, entity: str, body: str) -> Iterator[dict[str, Any]]:
        """A query begun by POST is continued by POST with the same body: a GET would answer 405."""
        url, seen = f"{base}/{entity}/query", set[str]()
        while url:
            if url in seen:
                raise BadAnswer(f"Autotask {entity}: the next page is one already read", hint="try again later")
            seen.add(url)
            answer = self._http.read("POST", url, body=body, bucket=entity)
            items, following = _page(answer, entity)
            yield from items
            url = same_origin(following, base, f"Autotask {entity}") if following else ""

    def fields(self, entity: str) -> list[dict[str, Any]]:
        """The entity's field descriptions, with their picklists."""
        path = f"{entity}/entityInformation/fields"
        answer = self._at_zone(lambda base: self._http.read("GET", f"{base}/{path}", bucket=entity))
        found = answer.data.get("fields") if isinstance(answer.data, dict) else None
        if not isinstance(found, list):
            raise BadAnswer(f"Autotask {entity}: the field list is missing", hint="try again later")
        return found

    def labels(self, entity: str, field: str) -> dict[int, str]:
        """The tenant's own words for the numbers of a picklist; there, the numbers are texts."""
        found = (one for one in self.fields(entity) if str(one.get("name", "")).lower() == field.lower())
        values = chain.from_iterable(one.get("picklistValues") or () for one in found)
        return {int(value["value"]): str(value.get("label", "")) for value in values}

    def post(self, path: str, body: str, timeout: float) -> Answer:
        """Send a write once. An answer that is no JSON leaves open what happened: Uncertain."""
        try:
            return self._http.send("POST", f"{self._base()}/{path}", body=body, bucket="writes", timeout=timeout)
        except BadAnswer as error:
            raise Uncertain(str(error), hint=error.hint) from error

    def _base(self) -> str:
        base: str = self._discovered()["base"]
        return base

    def _discovered(self) -> dict[str, Any]:
        with self._discovering:
            if self._zone is None:
                self._zone = self._discover()
                self._read_threshold(self._zone["base"])
            return self._zone

    def _discover(self) -> dict[str, Any]:
        """Ask for the zone without credentials; it must be Autotask's, or where the settings point."""
        user = self._credentials.username.reveal()
        url = f"{self._start}/ATServicesRest/{VERSION}/ZoneInformation"
        answer = self._http.read("GET", url, params={"user": user}, bucket="ZoneInformation", anonymous=True)
        zone = answer.data if isinstance(answer.data, dict) else {}
        base = str(zone.get("url") or "").rstrip("/")
        if not _trusted_zone(base, self._start):
            hint = "check psas.autotask.url; no credential was sent there"
            raise BadAnswer(f"Autotask's zone discovery names {_host(base)!r}, which is not Autotask's", hint=hint)
        return {"base": f"{base}/{VERSION}", "ci": clean(str(zone.get("ci")), 40)}

    def _at_zone(self, read: Callable[[str], _T]) -> _T:
        """What ``read`` answers at the zone's base; at the new one when the route is gone because the zone moved."""
        base = self._base()
        try:
            return read(base)
        except NotFound:
            moved = self._base_after(base)
            if moved == base:
                raise
        return read(moved)

    def _base_after(self, gone: str) -> str:
        """The zone's base now: asked for anew by the first thread that finds ``gone`` gone, shared by the others."""
        with self._discovering:
            if self._zone is None or self._zone["base"] == gone:
                self._zone = self._discover()
            base: str = self._zone["base"]
            return base

    def _read_threshold(self, base: str) -> None:
        """Begin our budget where the tenant's hourly count stands (docs/vendors/autotask.md, "Limits")."""
        answer = self._http.read("GET", f"{base}/ThresholdInformation", bucket="ThresholdInformation")
        data = answer.data if isinstance(answer.data, dict) else {}
        limit, count = data.get("externalRequestThreshold"), data.get("currentTimeframeRequestCount")
        if isinstance(limit, int) and isinstance(count, int):
            self._budget.allow(count, limit * _SHARE // 100)


def _trusted_zone(base: str, start: str) -> bool:
    try:
        zone, configured = httpx.URL(base), httpx.URL(start)
    except httpx.InvalidURL:
        return False
    if zone.userinfo or zone.query or zone.fragment:
        return False
    if (zone.scheme, zone.host, zone.port) == (configured.scheme, configured.host, configured.port):
        return True
    return zone.scheme == "https" and zone.host.endswith(".autotask.net")


def _host(base: str) -> str:
    """The host of an address as it may be told."""
    try:
        return clean(httpx.URL(base).host, 100)
    except httpx.InvalidURL:
        return "no address"


def _page(answer: Answer, entity: str) -> tuple[list[dict[str, Any]], str | None]:
    data = answer.data if isinstance(answer.data, dict) else {}
    items, details = data.get("items"), data.get("pageDetails")
    if not isinstance(items, list) or not isinstance(details, dict) or not all(isinstance(one, dict) for one in items):
        raise BadAnswer(f"Autotask {entity}: a page without items", hint="try again later")
    return items, details.get("nextPageUrl") or None
