"""Apprise, kept on a short lead: no word to a log, no redirect, no unchecked certificate, no files, no pictures.

The only module that imports it, and only once somebody is to be told something.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
from typing import Any

from psarecon.config.notify_rules import INSTALL
from psarecon.config.secrets import Reference
from psarecon.config.settings import Receiver
from psarecon.errors import InvalidInput

_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[?::1\]?")
_SECOND = re.compile(r"[\s,]\w+://")
_STATUS = re.compile(r"error=(\d{3})\b")
_ADVICE = "see docs/reference/notifications.md"


class _Heard(logging.Handler):
    """Apprise says why a message was not delivered only in its log, beside parts of addresses; of that only the HTTP
    status is kept, by thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.statuses: dict[int | None, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the status, drop the rest."""
        found = _STATUS.search(record.getMessage())
        if found:
            self.statuses[record.thread] = found[1]


_HEARD = _Heard()


def _library() -> Any:
    """Apprise, imported and silenced. Raises InvalidInput when the extra is not installed."""
    try:
        import apprise
    except ImportError as error:
        raise InvalidInput("notifications need Apprise, which is not installed", hint=INSTALL) from error
    for name in ("apprise", "requests", "urllib3"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.WARNING)
        logger.handlers = [_HEARD]
    return apprise


def opened(receiver: Receiver, url: str) -> Any:
    """An Apprise object that sends to one address. Raises InvalidInput, which shows nothing of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its libraries, loaded on the way, think of this Python
        apprise = _library()
        asset, plugin = _plugin(apprise, url)
    trouble = "is no address that Apprise knows" if plugin is None else _trouble(plugin)
    if _SECOND.search(url):
        trouble = "is more than one address: name each in a block of its own"
    if trouble:
        message = f"{receiver.setting}: what {Reference.parse(receiver.url)} leads to {trouble}"
        raise InvalidInput(message, hint=_ADVICE)
    sender = apprise.Apprise(asset=asset)
    sender.add(plugin)
    return sender


def _plugin(apprise: Any, url: str) -> tuple[Any, Any]:
    """What it may do, and the one address; None for what is no address."""
    asset = apprise.AppriseAsset(
        app_id="psarecon",
        app_desc="psarecon",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        http_redirects=False,
        storage_mode="memory",
        pgp_autogen=False,
        pem_autogen=False,
        interpret_emojis=False,
    )
    return asset, apprise.Apprise.instantiate(url.strip(), asset=asset)


def _trouble(plugin: Any) -> str:
    """What an address asks for that no address may."""
    if not plugin.verify_certificate:
        return "switches the check of certificates off (verify=no)"
    if plugin.redirects:
        return "follows redirects (redirect=yes), which may lead a credential elsewhere"
    plain = getattr(plugin, "protocol", None) and plugin.secure_protocol and not plugin.secure
    if plain and not _LOOPBACK.fullmatch(plugin.host or ""):
        return f"is not encrypted: write {_first(plugin.secure_protocol)}:// (plain is for this machine only)"
    return ""


def _first(names: Any) -> str:
    return names if isinstance(names, str) else str(names[0])


def send(sender: Any, title: str, text: str, kind: str) -> str:
    """Send one message. Answers why it was not delivered, empty when it was; whatever goes wrong, never raises."""
    _HEARD.statuses.pop(threading.get_ident(), None)
    try:
        delivered = sender.notify(body=text, title=title, notify_type=kind, body_format="text")
    except Exception as error:  # noqa: BLE001 - the message of a library's error may hold the address
        return f"failed with {type(error).__name__}"
    status = _HEARD.statuses.pop(threading.get_ident(), "")
    return "" if delivered else f"was refused ({status})" if status else "was not delivered"
