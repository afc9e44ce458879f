"""Domains of e-mail addresses that say whose user it is."""

from __future__ import annotations

from collections.abc import Iterable

#: Where anybody can have an address: such a domain tells nothing of an organization.
FREE_MAIL = frozenset(
    {
        "aol.com", "bigpond.com", "btinternet.com", "comcast.net", "fastmail.com", "free.fr", "gmail.com", "gmx.at",
        "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.co.uk", "hotmail.com", "hotmail.de",
        "hotmail.fr", "icloud.com", "laposte.net", "libero.it", "live.com", "live.co.uk", "mac.com", "mail.com",
        "mail.ru", "me.com", "msn.com", "orange.fr", "outlook.com", "outlook.de", "outlook.fr", "pm.me", "posteo.de",
        "proton.me", "protonmail.com", "qq.com", "rocketmail.com", "sbcglobal.net", "t-online.de", "verizon.net",
        "web.de", "yahoo.co.uk", "yahoo.com", "yahoo.de", "yahoo.fr", "yandex.com", "yandex.ru", "ymail.com",
        "zoho.com",
    }
)  # fmt: skip
#: What a vendor gives every tenant below its own name.
_TENANTS = (".onmicrosoft.com",)


def own_domain(domains: Iterable[str]) -> str:
    """The first domain (the most frequent one) that is not of a free mail service; empty where there is none."""
    lower = (domain.strip().lower().rstrip(".") for domain in domains)
    return next((one for one in lower if one and one not in FREE_MAIL and not one.endswith(_TENANTS)), "")
