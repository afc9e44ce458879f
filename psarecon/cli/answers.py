"""The interview of ``psarecon init``: settings from flags, usual values and answers; each credential is tried."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from psarecon.cli.asking import Asker
from psarecon.cli.connecting import connected, objection
from psarecon.cli.context import say
from psarecon.config.secrets import Reference, Resolver
from psarecon.config.starting import (
    PRODUCTS,
    REHEARSED,
    USUAL,
    Settings,
    is_secret,
    machine_zone,
    setting_part,
    typed,
)
from psarecon.errors import InvalidInput, PsareconError, UsageError

_NO_REFERENCE = (
    "that is no reference, and was neither kept nor shown: write env:NAME, file:PATH or command:CMD ARGS, and put the "
    "secret where it leads"
)
_WHAT = {"sources": "source", "psas": "PSA"}
_NOT_KEPT = "not kept"
#: A usual value for what has none of the vendor's.
_SITE = "https://na.myconnectwise.net"
_EXAMPLE = "as in 9.00"


class Interview:
    """One run of questions. Raises UsageError, InvalidInput, SecretMissing, RemoteError; writes nothing."""

    def __init__(self, args: argparse.Namespace, directory: Path, asker: Asker, *, shared: bool) -> None:
        """``shared``: several machines will work with the ledger."""
        self._args = args
        self._shared = shared
        self._asker = asker
        self._given = _parsed(args.given)
        for place, text in self._given.items():
            self._refuse(_trouble(place, text), f"--set {place}: ")
        self._resolver = Resolver(args.environ, directory)
        self._url = _url_of(args.sandbox, directory) if args.sandbox else None

    def settings(self) -> Settings:
        """The settings, in the order in which they are asked for."""
        sources = self._blocks("sources", self._args.source)
        psas = self._blocks("psas", self._args.psa)
        found: Settings = {
            "version": 1,
            "ledger": self._ledger(),
            "billing": self._billing(),
            "apply": {**({"settle_window": "1s"} if self._url else {}), "plan_age": "24h"},
            "sources": sources,
            "psas": psas,
            "products": self._products(sources),
        }
        if self._url:
            found["clock"] = self._url
        self._take("apply", found["apply"])
        self._refuse_unused()
        return found

    def _blocks(self, section: str, chosen: list[str] | None) -> dict[str, Settings]:
        known = list(USUAL[section])
        if chosen is None:
            usual = [one for one in known if one != "files"] if self._url else known[:1]
            chosen = self._asker.some(f"Which {_WHAT[section]}s", known, usual)
        for kind in chosen:
            if kind not in known:
                raise UsageError(
                    f"there is no {_WHAT[section]} {kind!r} to begin with", hint=f"there are: {', '.join(known)}"
                )
        return {kind: self._block(section, kind) for kind in dict.fromkeys(chosen)}

    def _block(self, section: str, kind: str) -> Settings:
        """The block, asked for until it can be used, or is to be kept as it is."""
        given: Settings = {key: typed(kind, key, text) for key, text in self._part(f"{section}.{kind}").items()}
        usual = {**self._usual(section, kind), **given}
        while True:
            block = {"type": kind, **self._answers(section, kind, usual, given)}
            if self._usable(section, kind, block):
                return block
            usual, given = block, {}

    def _usual(self, section: str, kind: str) -> Settings:
        usual: Settings = dict(USUAL[section][kind])
        if self._url and kind != "files":
            return {
                "url": self._url,
                **{key: REHEARSED.get(key, value) for key, value in usual.items() if key != "url"},
            }
        return usual

    def _answers(self, section: str, kind: str, usual: Settings, given: Settings) -> Settings:
        found: Settings = {}
        for key in (one for one in usual if one != "type"):
            asked = key not in given and key in USUAL[section][kind] and not (key == "url" and self._url)
            found[key] = self._value(section, kind, key, usual[key]) if asked else usual[key]
        return found

    def _value(self, section: str, kind: str, key: str, usual: Any) -> Any:
        part = setting_part(kind, key)
        says = str(part.get("description", "")).rstrip(".").split(", where")[0]
        secret = is_secret(kind, key)
        question = f"{section}.{kind}.{key}: {says}{', as a reference' if secret else ''}"
        if "enum" in part:
            return self._asker.one(question, part["enum"], usual)
        if key == "url" and usual is None and not self._asker.quiet:
            usual = _SITE
        wrong = _no_reference if secret else lambda text: _form(section, kind, key, text)
        return typed(kind, key, self._asker.text(question, usual, wrong))

    def _usable(self, section: str, kind: str, block: Settings) -> bool:
        """Whether the block may stay: its form is right, and it was reached or is to be kept all the same."""
        wrong = objection(section, kind, block)
        if self._asker.quiet:
            self._refuse(wrong)
        if wrong:
            say(f"  {wrong}")
            return False
        return self._args.no_check or self._reached(section, kind, block)

    def _refuse(self, wrong: str, what: str = "") -> None:
        """``wrong`` never repeats a value: it may be a secret."""
        if wrong:
            raise InvalidInput(what + wrong, hint="docs/reference/settings.md describes every key")

    def _reached(self, section: str, kind: str, block: Settings) -> bool:
        try:
            say(f"{section}.{kind}: {connected(section, kind, block, self._resolver)}")
        except PsareconError as error:
            if self._args.sandbox:
                say(f"is the sandbox served (psarecon sandbox serve {self._args.sandbox}), and its env.sh read here?")
            if self._asker.quiet:
                say(f"{section}.{kind} cannot be reached: nothing was written; --no-check goes on without looking")
                raise
            for line in (*error.told(), *([f"hint: {error.hint}"] if error.hint else [])):
                say(f"  {line}")
            return self._asker.yes("Keep it all the same", usual=False)
        return True

    def _products(self, sources: Mapping[str, Settings]) -> dict[str, Settings]:
        found = {}
        for kind in sources:
            for name, product in PRODUCTS.get(kind, {}).items():
                given = self._part(f"products.{name}")
                cost = given.pop("unit_cost", None) or self._cost(name)
                kept = {} if cost in {_NOT_KEPT, "none"} else {"unit_cost": cost}
                found[name] = {**product, **given, **kept}
        return found

    def _cost(self, product: str) -> str:
        return self._asker.text(f"What one unit of {product} costs you a month, {_EXAMPLE}", _NOT_KEPT, _no_money)

    def _billing(self) -> Settings:
        given = self._part("billing")
        zone = self._args.timezone or given.pop("timezone", None)
        zone = zone or self._asker.text("Time zone of billing months", machine_zone(self._args.environ), _no_zone)
        currency = self._args.currency or given.pop("currency", None)
        return {"timezone": zone, "currency": currency or self._asker.text("Currency", "USD", _no_currency), **given}

    def _ledger(self) -> str:
        given = self._args.ledger or self._given.pop("ledger", None)
        usual = "env:PSARECON_LEDGER_URL" if self._shared else "sqlite:.psarecon/ledger.db"
        question = "Ledger: sqlite:PATH, or a reference to a database's URL that machines share"
        return given or self._asker.text(question, usual, _no_ledger)

    def _part(self, place: str) -> dict[str, str]:
        """The given settings below a place, which are used up with that."""
        below = [key for key in self._given if key.rpartition(".")[0] == place]
        return {key.rpartition(".")[2]: self._given.pop(key) for key in below}

    def _take(self, section: str, block: Settings) -> None:
        block.update(self._part(section))

    def _refuse_unused(self) -> None:
        if self._given:
            hint = (
                "sources.TYPE.KEY, psas.TYPE.KEY, products.NAME.KEY, billing.KEY, apply.KEY, ledger; of what is chosen"
            )
            raise UsageError(f"--set: there is nothing of the name {min(self._given)!r}", hint=hint)


def _parsed(given: list[str]) -> dict[str, str]:
    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key or not value:
            raise UsageError("--set takes KEY=VALUE", hint="for example sources.jumpcloud.api_key=env:JC_KEY")
        found[key] = value
    return found


def _trouble(place: str, text: str) -> str:
    """What is wrong with the form of a given setting of a source or PSA, before anybody is asked anything."""
    section, _, rest = place.partition(".")
    kind, _, key = rest.partition(".")
    return _form(section, kind, key, typed(kind, key, text)) if section in USUAL and key else ""


def _url_of(sandbox: Path, directory: Path) -> str:
    """Where the sandbox says how it is reached, seen from the config directory."""
    path = Path(os.path.relpath(sandbox.absolute() / ".sandbox" / "url", directory.absolute()))
    return f"file:{path.as_posix()}"


def _no_reference(text: str) -> str:
    return "" if Reference.parse(text) is not None else _NO_REFERENCE


def _form(section: str, kind: str, key: str, text: Any) -> str:
    """What is wrong with this one value."""
    place = f"{section}.{kind}.{key}: "
    found = objection(section, kind, {"type": kind, key: text}).split("; ")
    return next((one.removeprefix(place) for one in found if one.startswith(place)), "")


def _no_money(text: str) -> str:
    wrong = _form_of("money", text)
    return "" if text == _NOT_KEPT or not wrong else f"it {wrong}; or Enter, and psarecon keeps no cost"


def _no_zone(text: str) -> str:
    return "" if text in available_timezones() else "write the name of a time zone, such as America/New_York"


def _no_currency(text: str) -> str:
    return (
        "" if len(text) == 3 and text.isascii() and text.isalpha() and text.isupper() else "write three capitals: USD"
    )


def _no_ledger(text: str) -> str:
    known = Reference.parse(text) is not None or text.startswith("sqlite:")
    return "" if known else "write sqlite:PATH, or env:NAME where the URL of a database stands"


def _form_of(definition: str, text: str) -> str:
    """What the schema has against a text, as the end of a sentence."""
    from psarecon.config.schemas import issues_of

    return "; ".join(issue.message.removeprefix("the file ") for issue in issues_of(text, "settings", definition))
