"""The ConnectWise PSA REST API as a dialect of HTTP: codebase, credentials, pages, URLs that stay short.

Every behaviour relied on here is in ``docs/vendors/connectwise.md``, with what is proven and what is not.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import quote

import httpx

from psarecon.answers import Answer
from psarecon.config.secrets import Secret
from psarecon.errors import BadAnswer, NotFound, Throttled, Uncertain
from psarecon.http import Http, Pace, RateBudget, check_base
from psarecon.text import clean

#: The model of the API psarecon was written against; old models are kept for a year after a breaking change.
VERSION = "2026.4"
#: Records of a page; the largest there is.
PAGE = 1000
#: The longest URL the vendor promises to take, host and query together.
MAX_URL = 2000
#: The vendor refuses above about this many a minute; the tenant's other integrations count as well.
PER_MINUTE = 1000
#: The vendor counts when requests arrive, psarecon when it sends: the first of a minute opens a connection and is late.
_MINUTE = 61.0
#: A background job should try 5 to 10 times (docs/vendors/connectwise.md, "Limits").
_ATTEMPTS = 6
_CODEBASE = re.compile(r"v[0-9A-Za-z_.]{1,40}/?")
_CLOUD = re.compile(r"(?P<site>[a-z0-9-]+)(?P<domain>\.(?:myconnectwise\.net|connectwisedev\.com))")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The key pair of an API member, and the id of the integration."""

    public_key: Secret
    private_key: Secret
    client_id: Secret

    def headers(self, company: str, version: str) -> dict[str, str]:
        """As the API wants them; ``company`` is the name one logs in with."""
        pair = f"{company}+{self.public_key.reveal()}:{self.private_key.reveal()}"
        return {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode('ascii')}",
            "clientId": self.client_id.reveal(),
            "Accept": f"application/vnd.connectwise.com+json; version={version}",
        }


@dataclass(frozen=True, slots=True)
class Ways:
    """What the settings say of the connection: requests at once and in a minute, and the API's model."""

    at_once: int = 8
    per_minute: int = PER_MINUTE
    version: str = VERSION


class ConnectWiseClient:
    """One tenant. The codebase is discovered at the first call, and once again when something answers 404."""

    def __init__(self, name: str, url: str, company: str, credentials: Credentials, ways: Ways) -> None:
        self._name = name
        self._site = check_base(url, f"psas.{name}.url")
        self._company = company
        self.at_once = ways.at_once
        self._budget = RateBudget(ways.at_once, Pace(ways.per_minute, _MINUTE))
        self._http = Http(
            "ConnectWise",
            headers=lambda: credentials.headers(company, ways.version),
            budget=self._budget,
            attempts=_ATTEMPTS,
            secrets=lambda: (credentials.public_key.reveal(), credentials.private_key.reveal()),
        )
        self._base: str | None = None
        self._discovering = threading.Lock()

    @property
    def tenant(self) -> str:
        """The API's host and the company one logs in to."""
        return f"{httpx.URL(self._discovered()).host}/{self._company.lower()}"

    def budget_left(self) -> int | None:
        """Requests that may go now without waiting for the minute to pass."""
        return self._budget.left()

    def clock_ahead(self) -> float | None:
        """Seconds the tenant's clock is ahead of ours; None before the first call."""
        return self._http.clock_ahead()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def listing(self, path: str, fields: Sequence[str], conditions: str = "") -> list[Record]:
        """All records of a list, in order of id, page after page. Raises RemoteError."""
        return list(self._pages(path, _query(fields, conditions)))

    def by_ids(self, path: str, fields: Sequence[str], ids: Sequence[int], key: str = "id") -> list[Record]:
        """The records whose ``key`` is one of these ids: as many a request as a URL holds, requests side by side."""
        batches = list(self._batches(path, fields, ids, key))
        with ThreadPoolExecutor(max_workers=self.at_once) as pool:
            found = pool.map(lambda conditions: self.listing(path, fields, conditions), batches)
            return list(chain.from_iterable(found))

    def record(self, path: str) -> Record:
        """One record. Raises NotFound, RemoteError."""
        data = self._read(path).data
        if not isinstance(data, dict):
            raise BadAnswer(f"ConnectWise {path} answered something that is no record", hint="try again later")
        return data

    def last_link(self, path: str) -> str | None:
        """The ``Link`` header of the last page of a short list, paging forward only; None where there is none."""
        found = self._read(f"{path}?pageSize={PAGE}&fields=id&pageId=", forward=True).headers.get("link")
        return None if found is None else str(found)

    def patch(self, path: str, body: str, timeout: float) -> Any:
        """Send a write once; answers the answer's data. It is not believed; reading back decides.

        Throttled (it may be sent again) where the codebase moved away: a 404 of a path that is gone changed nothing.
        """
        base = self._discovered()
        try:
            return self._http.send("PATCH", f"{base}/{path}", body=body, timeout=timeout).data
        except NotFound as error:
            if not self._moved(base):
                raise self._not_there(error) from error
            raise Throttled("the tenant's codebase moved", status=404, texts=error.texts) from error
        except BadAnswer as error:
            raise Uncertain(str(error), hint=error.hint) from error

    def _pages(self, path: str, query: str) -> Iterator[Record]:
        """Forward-only pages: the next one begins behind the last id, whatever the Link header says.

        A short page ends the list; the last page's Link may be there, empty or missing.
        """
        after = 0
        while True:
            answer = self._read(f"{path}?{query}&pageId={after or ''}", forward=True)
            records = _records(answer, path)
            yield from records
            if len(records) < PAGE:
                return
            last = max(_id(record, path) for record in records)
            if last <= after:
                raise BadAnswer(f"ConnectWise {path}: the next page is one already read", hint="try again later")
            after = last

    def _batches(self, path: str, fields: Sequence[str], ids: Sequence[int], key: str) -> Iterator[str]:
        """Conditions that name ids, each as long as fits into a URL."""
        fixed = len(f"{self._discovered()}/{path}?{_query(fields, f'{key} in ()')}&pageId=2147483647")
        batch: list[str] = []
        for text in map(str, ids):
            if batch and fixed + len(",".join(batch)) + 1 + len(text) > MAX_URL:
                yield f"{key} in ({','.join(batch)})"
                batch = []
            batch.append(text)
        if batch:
            yield f"{key} in ({','.join(batch)})"

    def _read(self, path: str, *, forward: bool = False) -> Answer:
        """GET below the codebase; a 404 makes it be looked up again, once, and the read be repeated where it moved."""
        headers = {"pagination-type": "forward-only"} if forward else {}
        base = self._discovered()
        try:
            return self._http.read("GET", f"{base}/{path}", headers=headers)
        except NotFound as error:
            if not self._moved(base):
                raise self._not_there(error) from error
        try:
            return self._http.read("GET", f"{self._discovered()}/{path}", headers=headers)
        except NotFound as error:
            raise self._not_there(error) from error

    def _not_there(self, error: NotFound) -> NotFound:
        """On the vendor's cloud a 404 is also the answer to wrong credentials."""
        text = f"{error}; a cloud tenant also answers so to wrong credentials"
        keys = ", ".join(f"psas.{self._name}.{key}" for key in ("company", "public_key", "private_key", "client_id"))
        return NotFound(text, status=404, texts=error.texts, hint=f"check {keys}, and that the record exists")

    def _discovered(self) -> str:
        with self._discovering:
            if self._base is None:
                self._base = self._discover()
            return self._base

    def _moved(self, base: str) -> bool:
        """Whether the codebase is another than ``base``: known already, or looked up now."""
        with self._discovering:
            if self._base == base:
                self._base = self._discover()
            return self._base != base

    def _discover(self) -> str:
        """Ask for the codebase, without credentials."""
        url = f"{self._site}/login/companyinfo/{quote(self._company, safe='')}"
        data = self._http.read("GET", url, anonymous=True).data
        if data is None:
            hint = f"check psas.{self._name}.company: the name that stands first on the login page"
            raise BadAnswer(f"ConnectWise knows no company {clean(self._company, 60)!r}", hint=hint)
        codebase = data.get("Codebase") if isinstance(data, dict) else None
        if not isinstance(codebase, str) or not _CODEBASE.fullmatch(codebase) or ".." in codebase:
            raise BadAnswer("ConnectWise names no codebase that can be used", hint=f"check psas.{self._name}.url")
        return f"{api_site(self._site)}/{codebase.rstrip('/')}/apis/3.0"


def api_site(site: str) -> str:
    """Where the API answers: on the vendor's cloud beside the site people log in to, elsewhere the same host."""
    url = httpx.URL(site)
    match = _CLOUD.fullmatch(url.host)
    if match is None or match["site"].startswith("api-"):
        return site
    return str(url.copy_with(host=f"api-{url.host}")).rstrip("/")


def _query(fields: Sequence[str], conditions: str) -> str:
    """What every page of a list asks for; commas and parentheses stand as they are, to keep the URL short."""
    said: Mapping[str, str] = {"fields": ",".join(fields), "pageSize": str(PAGE), "conditions": conditions}
    return "&".join(f"{key}={quote(value, safe='(),/')}" for key, value in said.items() if value)


def _records(answer: Answer, path: str) -> list[Record]:
    if not isinstance(answer.data, list) or not all(isinstance(one, dict) for one in answer.data):
        raise BadAnswer(f"ConnectWise {path} answered something that is no list", hint="try again later")
    return answer.data


def _id(record: Record, path: str) -> int:
    found = record.get("id")
    if not isinstance(found, int):
        raise BadAnswer(f"ConnectWise {path} lists a record without an id", hint="try again later")
    return found
