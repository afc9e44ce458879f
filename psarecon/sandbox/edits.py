"""Changes that somebody else makes in the vendors' systems, behind psarecon's back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from psarecon.sandbox.autotask import edits as autotask
from psarecon.sandbox.connectwise import edits as connectwise
from psarecon.sandbox.context import Context
from psarecon.sandbox.jumpcloud import edits as jumpcloud
from psarecon.sandbox.lastpass import edits as lastpass

Edit = Callable[[Context, str, Mapping[str, Any]], None]
_PSAS, _SOURCES = ("autotask", "connectwise"), ("jumpcloud", "lastpass")
# The words of ConnectWise for what other PSAs call otherwise.
_OWN_WORDS = {"addition": "line", "agreement": "contract", "product": "service"}
_SYSTEMS = {"line": ("psa", _PSAS), "contract": ("psa", _PSAS), "company": ("psa", _PSAS), "service": ("psa", _PSAS),
            "organization": ("source", _SOURCES), "integration": ("source", ("jumpcloud",))}  # fmt: skip
_EDITS: dict[tuple[str, str], tuple[Edit, frozenset[str]]] = {
    **{("autotask", word): found for word, found in autotask.EDITS.items()},
    **{("connectwise", word): found for word, found in connectwise.EDITS.items()},
    **{("jumpcloud", word): found for word, found in jumpcloud.EDITS.items()},
    **{("lastpass", word): found for word, found in lastpass.EDITS.items()},
}
_TABLES = {
    ("autotask", "line"): "contract_services", ("connectwise", "line"): "cw_additions",
    ("autotask", "contract"): "contracts", ("connectwise", "contract"): "cw_agreements",
    ("autotask", "company"): "companies", ("connectwise", "company"): "cw_companies",
    ("autotask", "service"): "services", ("connectwise", "service"): "cw_products",
    ("jumpcloud", "organization"): "organizations", ("lastpass", "organization"): "lp_companies",
}  # fmt: skip


class _Target(NamedTuple):
    """What is edited: the word the body uses, the neutral word, the record's id and the system."""

    word: str
    neutral: str
    key: str
    system: str


def edit(context: Context, body: Any) -> None:
    """Carry out one edit; raises `ValueError` naming the key that is wrong, and then changes nothing."""
    if not isinstance(body, dict):
        raise ValueError("an edit is an object")  # noqa: TRY004  # ValueError is what callers report as a 400
    target = _target(context, body)
    carry_out, allowed = _EDITS[target.system, target.neutral]
    option = _SYSTEMS[target.neutral][0]
    unknown = sorted(set(body) - allowed - {target.word, option})
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r} for a {target.word} of {option} {target.system}")
    if not set(body) & allowed:
        raise ValueError(f"say what changes: {', '.join(sorted(allowed))}")
    with context.world.change():
        carry_out(context, target.key, body)


def _target(context: Context, body: Mapping[str, Any]) -> _Target:
    words = sorted(set(body) & {*_SYSTEMS, *_OWN_WORDS})
    if len(words) != 1:
        raise ValueError(f"name exactly one of {', '.join([*_SYSTEMS, *_OWN_WORDS])}")
    neutral, key = _OWN_WORDS.get(words[0], words[0]), str(body[words[0]])
    option, systems = _SYSTEMS[neutral]
    if words[0] in _OWN_WORDS:
        systems = ("connectwise",)
    given = body.get(option)
    if given is not None and given not in systems:
        raise ValueError(f"{option} must be {' or '.join(systems)}")
    return _Target(words[0], neutral, key, given or _owner(context, neutral, key, option, systems))


def _owner(context: Context, neutral: str, key: str, option: str, systems: tuple[str, ...]) -> str:
    """The system that has a record with this id; the first one when none has."""
    if len(systems) == 1:
        return systems[0]
    tables = [(system, _TABLES[system, neutral]) for system in systems]
    owners = [system for system, table in tables
              if context.world.one(f"SELECT 1 FROM {table} WHERE id = ?", key) is not None]  # noqa: S608  # only our own names are put in  # fmt: skip
    if len(owners) > 1:
        raise ValueError(f"say {option}: {' and '.join(owners)} both have a {neutral} {key}")
    return owners[0] if owners else systems[0]
