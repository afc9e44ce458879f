"""LastPass as a source, by its older Enterprise API: one company a key, ``getuserdata`` page after page.

Everything is answered with 200 and ``text/xml``: success is JSON all the same, a refused key is XML, other errors
stand inside the JSON. So nothing but the body is believed. Facts: ``docs/vendors/lastpass.md``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from psarecon.answers import RawAnswer, understood
from psarecon.config.secrets import Resolver, Secret
from psarecon.config.settings import AdapterSettings
from psarecon.domain.health import Check, Checkup, State
from psarecon.domain.model import Reading
from psarecon.errors import BadAnswer, Refused, RemoteError, Unauthorized
from psarecon.http import Http, RateBudget, check_base, judge
from psarecon.text import clean

DEFAULT_URL = "https://lastpass.com"
METRIC = "seats"
#: The page size seen to work in recorded traffic.
_PAGE = 200
_AT_ONCE = 4
#: An account number of more digits is hidden where a server repeats it.
_SHORT = 5
_XML = re.compile(rb"""<lastpass[^>]*\brc=["']([^"']{0,200})""")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """The key of one company: its account number and provisioning hash."""

    cid: Secret
    provhash: Secret


def enterprise_judge(answer: RawAnswer) -> RemoteError | None:
    """Errors by what the body says, since the status is 200 for all of them."""
    refused = _XML.search(answer.body[:2000]) if answer.body.lstrip().startswith(b"<") else None
    if refused is not None:
        said = clean(answer.hidden(refused[1].decode("utf-8", "replace")), 100)
        text = f"{answer.where} refused the key: {said}"
        return Unauthorized(text, status=answer.status, texts=(said,), hint="check cid and provhash")
    if answer.status == 200 and answer.texts():
        said = "; ".join(answer.texts())
        return Refused(f"{answer.where} answered with an error: {said}", status=answer.status, texts=answer.texts())
    return judge(answer)


class LastPassEnterprise:
    """Several companies, each by its own key, under the organization id the mapping uses."""

    def __init__(self, name: str, url: str, accounts: Mapping[str, Account], *, count_invited: bool) -> None:
        self._name = name
        self._url = f"{check_base(url, f'sources.{name}.url')}/enterpriseapi.php"
        self._accounts = accounts
        self._count_invited = count_invited
        self._http = Http("LastPass", judge=enterprise_judge, budget=RateBudget(_AT_ONCE), secrets=self._revealed)

    def _revealed(self) -> Iterator[str]:
        """What a body of ours may have told the server. Numbers that short could be anything's are no secret."""
        for account in self._accounts.values():
            yield account.provhash.reveal()
            if len(account.cid.reveal()) > _SHORT:
                yield account.cid.reveal()

    def read(self, organizations: Collection[str], now: datetime) -> Iterable[Reading]:
        """A reading of every company that has a key, and a failed one of each other that is asked for."""
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            return list(pool.map(lambda one: self._reading(one, now), sorted({*self._accounts, *organizations})))

    def clock_ahead(self) -> float | None:
        """Seconds the vendor's clock is ahead of ours."""
        return self._http.clock_ahead()

    def checkups(self, now: datetime) -> Sequence[Checkup]:
        """Whether each account's key is taken: a reading of it, which is kept nowhere."""
        return [Checkup(name, partial(self._look_at, name, now)) for name in sorted(self._accounts)]

    def _look_at(self, organization: str, now: datetime) -> Check:
        found = self._reading(organization, now)
        if found.error is not None:
            return Check(organization, State.FAIL, found.error, "check this account's cid and provhash")
        return Check(organization, State.OK, f"{found.count} seats")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _reading(self, organization: str, now: datetime) -> Reading:
        count, error = None, None
        try:
            with understood("LastPass"):
                count = self._seats(organization)
        except RemoteError as failure:
            error = str(failure)
        how = f"getuserdata, not disabled{' or invited' if self._count_invited else ''}"
        return Reading(self._name, organization, METRIC, now, count, how, error)

    def _seats(self, organization: str) -> int:
        """Users who are not disabled, and by setting those who were invited. Raises RemoteError."""
        account = self._accounts.get(organization)
        if account is None:
            raise BadAnswer(f"there is no key for it under sources.{self._name}.accounts")
        users: Record = {}
        invited: set[str] = set()
        total = None
        page = 0
        while total is None or len(users) < total:
            data = self._page(account, page)
            total = _number(data.get("total"))
            fresh = _users(data, total)
            if len(users) < total and not fresh.keys() - users.keys():
                raise BadAnswer(f"LastPass lists {len(users)} of {total} users", hint="try again later")
            users |= fresh
            invited |= {str(one) for one in data.get("invited") or ()}
            page += 1
        seats = sum(not _yes(user.get("disabled")) for user in users.values())
        return seats + (len(invited) if self._count_invited else 0)

    def _page(self, account: Account, page: int) -> Record:
        cid = account.cid.reveal()
        body = {
            "cid": int(cid) if cid.isascii() and cid.isdigit() else cid,
            "provhash": account.provhash.reveal(),
            "cmd": "getuserdata",
            "data": {"pagesize": _PAGE, "pageindex": page},
        }
        data = self._http.read("POST", self._url, body=json.dumps(body)).data
        if not isinstance(data, dict):
            raise BadAnswer("LastPass answered something that is no list of users", hint="try again later")
        return data


def _users(data: Record, total: int) -> Record:
    """Users by id. An empty list stands for no users, but only where the total says so too."""
    users = data.get("Users")
    if isinstance(users, dict) and all(isinstance(user, dict) for user in users.values()):
        return users
    if users == [] and total == 0:
        return {}
    raise BadAnswer(f"LastPass says {total} users and lists none", hint="nothing is counted from half an answer")


def _number(value: Any) -> int:
    """A count that comes as a number or as text. Raises BadAnswer where there is none."""
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise BadAnswer("LastPass answered without the total of users", hint="try again later")
    return int(text)


def _yes(value: Any) -> bool:
    """A flag that comes as true, 1 or "1". Raises BadAnswer where it is none of these: it decides a bill."""
    known = {"true": True, "1": True, "false": False, "0": False}
    if str(value).lower() not in known:
        raise BadAnswer("LastPass lists a user without telling whether it is disabled", hint="the API may have changed")
    return known[str(value).lower()]


def build(settings: AdapterSettings, resolver: Resolver) -> LastPassEnterprise:
    """The source from its block in the settings. Raises SecretMissing."""
    accounts = {
        organization: Account(*(_secret(settings, resolver, organization, block, key) for key in ("cid", "provhash")))
        for organization, block in settings.options["accounts"].items()
    }
    invited = bool(settings.options.get("count_invited", False))
    url = settings.url("url", DEFAULT_URL, resolver)
    return LastPassEnterprise(settings.name, url, accounts, count_invited=invited)


def _secret(
    settings: AdapterSettings, resolver: Resolver, organization: str, block: Mapping[str, str], key: str
) -> Secret:
    return resolver.secret(block[key], settings.setting(f"accounts.{organization}.{key}"))
