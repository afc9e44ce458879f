"""JumpCloud's two APIs: lists that are read whole, answers that are checked. Facts: ``docs/vendors/jumpcloud.md``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from psarecon.config.secrets import Secret
from psarecon.errors import BadAnswer
from psarecon.http import Http, RateBudget, check_base
from psarecon.text import whole

#: More organizations at once trip JumpCloud's own limits (docs/vendors/jumpcloud.md, "Limits").
AT_ONCE = 8
#: Records of a page; the largest there is.
PAGE = 100

Record = dict[str, Any]


class JumpCloudClient:
    """One administrator's key. ``provider`` None: asked for by the key."""

    def __init__(self, name: str, url: str, key: Secret, provider: str | None) -> None:
        self._name = name
        self._base = check_base(url, f"sources.{name}.url")
        self._provider = provider
        self._http = Http("JumpCloud", headers=lambda: {"x-api-key": key.reveal()}, budget=RateBudget(AT_ONCE))

    def clock_ahead(self) -> float | None:
        """Seconds the vendor's clock is ahead of ours; None before the first call."""
        return self._http.clock_ahead()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def provider_id(self) -> str:
        """The provider whose organizations are read. Raises BadAnswer when the key belongs to none."""
        if self._provider is None:
            data = self.get("/api/users/getSelf", {"fields": "provider"})
            provider = data.get("provider") if isinstance(data, dict) else None
            if not isinstance(provider, str) or not provider:
                hint = f"use the key of a provider's administrator, or set sources.{self._name}.provider_id"
                raise BadAnswer("JumpCloud names no provider for this key", hint=hint)
            self._provider = provider
        return self._provider

    def get(self, path: str, params: Mapping[str, Any] | None = None, organization: str | None = None) -> Any:
        """One answer's data. ``organization`` goes into ``x-org-id``, which lists of the provider refuse."""
        headers = {"x-org-id": organization} if organization else {}
        return self._http.read("GET", self._base + path, params=params, headers=headers).data

    def pages(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        envelope: str = "results",
        key: Callable[[Record], str] | None = None,
    ) -> Iterator[Record]:
        """Every record of a list, once, told apart by ``key`` (default: its id).

        Raises BadAnswer when fewer come than the list says there are.
        """
        identity = key or id_of
        seen: set[str] = set()
        total = None
        while total is None or len(seen) < total:
            data = self.get(path, {**params, "limit": PAGE, "skip": len(seen)})
            records, total = list_of(data, path, envelope)
            fresh = [record for record in records if identity(record) not in seen]
            if not fresh and len(seen) < total:
                hint = "nothing is read from a short list; try again later"
                raise BadAnswer(f"JumpCloud {path} lists {len(seen)} of {total} organizations", hint=hint)
            seen.update(map(identity, fresh))
            yield from fresh


def list_of(data: Any, path: str, envelope: str = "results") -> tuple[list[Record], int]:
    """The records of a page and the number of all; each list has its own envelope. Raises BadAnswer."""
    found = data if isinstance(data, dict) else {}
    records, total = found.get(envelope), whole(found.get("totalCount"))
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records) or total is None:
        raise BadAnswer(f"JumpCloud {path} answered without {envelope} and totalCount", hint="try again later")
    return records, total


def id_of(record: Record) -> str:
    """v2 says ``id``, v1 ``_id``; the undocumented list says both."""
    found = record.get("id") or record.get("_id")
    if not isinstance(found, str) or not found.isascii() or not found.isprintable():
        raise BadAnswer("JumpCloud lists an organization without an id", hint="try again later")
    return found
