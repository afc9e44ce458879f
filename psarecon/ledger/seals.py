"""What a row of the journal is sealed with, and the words it is searched by. Pure: no database.

A row's digest is a sha256 over the digest of the row before it and all of this row, so that a row that was changed,
removed, added or moved no longer fits between its neighbours (``psarecon.ledger.chain``).
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Any

from psarecon.domain.plan import canonical

#: Stands where the first row looks for the digest of the row before it.
GENESIS = "0" * 64
#: The columns by which a row is searched for what its change was about.
KEYS = ("client_key", "month", "by_key")
_TOLD = ("id", "at", "run", "event", "change", "psa", "tenant", "line", "effective_date", "detail")
#: Every column of the journal but the digest: what a digest is taken of.
SEALED = (*_TOLD, *KEYS)
#: By column: what a row is searched by.
Keys = dict[str, str | None]
#: Signs of a name that it can be found by: an index of a database takes no names of any length.
_FOUND_BY = 100


def seal(previous: str, row: Mapping[str, Any]) -> str:
    """The digest (64 hexadecimal digits) of a row as the database holds it, after the row of digest ``previous``.

    ``row`` has every column of ``SEALED``; ``at`` enters as the shortest decimal that is that very float.
    """
    data = {name: row[name] for name in SEALED}
    data["at"] = repr(float(row["at"]))
    return hashlib.sha256(previous.encode("utf-8") + b"\n" + canonical(data)).hexdigest()


def folded(name: str) -> str:
    """A name to search by: upper and lower case alike, one way of writing each sign, its first hundred signs."""
    return unicodedata.normalize("NFKC", name).casefold()[:_FOUND_BY]


def keys_of(detail: Any) -> Keys:
    """What a row is searched by, as far as its own detail (JSON data) tells: the change's client, the billing month of
    its usage, and who decided it: on the change, on a doubt, on a lease."""
    change = _part(detail, "change")
    by = _text(_part(detail, "decision"), "by") or _text(detail, "by")
    client = _text(change, "client")
    return {
        "client_key": None if client is None else folded(client),
        "month": _text(_part(change, "usage"), "month"),
        "by_key": None if by is None else folded(by),
    }


def or_else(keys: Keys, before: Mapping[str, Any]) -> Keys:
    """The keys, where there are none those of an earlier row about the same change: an outcome names no client."""
    return {name: before[name] if key is None else key for name, key in keys.items()}


def _part(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, Mapping) else None


def _text(data: Any, name: str) -> str | None:
    found = _part(data, name)
    return found if isinstance(found, str) else None
