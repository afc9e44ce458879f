"""From settings to adapters and the ledger: loads only what the settings name.

Adapters are found by entry points, so that an outside package adds one without a change here:
``psarecon.psa`` and ``psarecon.sources``, each a ``build(settings, resolver)`` named by its ``type``; a source that
also knows of a second writer is named in ``psarecon.claims`` as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from psarecon.config.secrets import Resolver
from psarecon.config.settings import AdapterSettings, Settings
from psarecon.domain.ports import Claimant, Psa, Source
from psarecon.errors import InvalidInput

if TYPE_CHECKING:
    from psarecon.ledger.database import Database


def sources(settings: Settings, resolver: Resolver) -> Mapping[str, Source]:
    """Every source of the settings, by name. Raises InvalidInput, SecretMissing."""
    return {name: _build("psarecon.sources", block, resolver) for name, block in settings.sources.items()}


def claimant(settings: Settings, resolver: Resolver, name: str) -> Claimant | None:
    """The source, if its type can tell which lines its vendor's own PSA integration keeps. Raises SecretMissing."""
    block = settings.sources[name]
    if block.type not in _offered("psarecon.claims"):
        return None
    built: Claimant = _build("psarecon.claims", block, resolver)
    return built


def psas(settings: Settings, resolver: Resolver, names: Iterable[str]) -> Mapping[str, Psa]:
    """The named PSAs. Raises InvalidInput (not in the settings), SecretMissing."""
    return {name: _build("psarecon.psa", _block(settings, name), resolver) for name in sorted(set(names))}


def _block(settings: Settings, name: str) -> AdapterSettings:
    if name not in settings.psas:
        raise InvalidInput(f"the settings have no PSA {name!r}", hint="add it under psas, or make the plan again")
    return settings.psas[name]


def _build(group: str, block: AdapterSettings, resolver: Resolver) -> Any:
    offered = _offered(group)
    if block.type not in offered:
        known = ", ".join(sorted(offered))
        raise InvalidInput(f"{block.name}: no adapter of type {block.type!r} is installed", hint=f"installed: {known}")
    return offered[block.type].load()(block, resolver)


@cache
def _offered(group: str) -> Mapping[str, EntryPoint]:
    """What is installed of a kind, by type; every package's list is read for it, so once is enough."""
    return {one.name: one for one in reversed(tuple(entry_points(group=group)))}


def ledger(settings: Settings, resolver: Resolver) -> Database:
    """The ledger, made or migrated if need be. Raises LedgerError, SecretMissing."""
    from psarecon.ledger.database import open_database  # loads SQLAlchemy: only where it is used

    return open_database(resolver.text(settings.ledger, "ledger"), settings.directory)
