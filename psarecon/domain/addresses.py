"""Domains, taken from what people type as a web site and from users' addresses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

#: Scheme, user and password come before a host; a port, a path or another address behind it.
_HOST = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:/+)?(?:[^/@\s]*@)?(?P<host>[^\s/:?#,;@]+)", re.IGNORECASE)
#: The longest a domain can be.
_LONGEST = 253


def web_domain(text: str) -> str:
    """The host of a web site's address in lower case, without ``www.``; empty where there is none."""
    found = _HOST.match(text)
    return _domain(found["host"].lower().removeprefix("www.")) if found else ""


def mail_domain(address: str) -> str:
    """The domain of an address in lower case; empty where there is none."""
    _, at, domain = address.rpartition("@")
    return _domain(domain.strip().lower()) if at else ""


def by_frequency(addresses: Iterable[str]) -> tuple[str, ...]:
    """The domains of some addresses, the most frequent first, of equals in order of their letters."""
    counts = Counter(filter(None, map(mail_domain, addresses)))
    return tuple(sorted(counts, key=lambda domain: (-counts[domain], domain)))


def _domain(host: str) -> str:
    """The host if it can be a domain: something with a dot in it and nothing else between."""
    host = host.rstrip(".")
    whole = "." in host and len(host) <= _LONGEST and not any(sign.isspace() or sign in "/\\" for sign in host)
    return host if whole else ""
