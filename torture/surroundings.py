"""psarecon's own context for a command, with short waits, and with what never differs between runs read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from psarecon.cli.context import Context
from psarecon.config.mapping import LoadedMapping
from psarecon.config.secrets import Resolver
from psarecon.config.settings import AdapterSettings, Settings
from psarecon.domain.ports import Claimant, Psa
from psarecon.ledger.database import Database
from psarecon.psa.autotask import adapter as autotask
from psarecon.psa.connectwise import adapter as connectwise
from torture.faults import SETTLE, WRITE_TIMEOUT
from torture.site import NOW

_BUILD: Mapping[str, Callable[[AdapterSettings, Resolver], Psa]] = {
    "autotask": autotask.build,
    "connectwise": connectwise.build,
}


class _Brisk(AdapterSettings):
    """Settings of a PSA whose writes time out sooner than a setting can say."""

    def duration(self, key: str, default: str) -> timedelta:
        """As in the settings, but for the timeout of a write."""
        return timedelta(seconds=WRITE_TIMEOUT) if key == "write_timeout" else super().duration(key, default)


@dataclass(frozen=True)
class Shared:
    """Settings and mapping of a worker's directory."""

    settings: Settings
    mapping: LoadedMapping

    @classmethod
    def of(cls, directory: Path) -> Shared:
        """Read once; the settle window is what the faults are made for."""
        context = Context(directory, {})
        settings = context.settings
        brisk = replace(settings, apply=replace(settings.apply, settle_window=timedelta(seconds=SETTLE)))
        return cls(brisk, context.mapping)


@dataclass(frozen=True)
class Surroundings(Context):
    """A command's context; ``known`` is the ledger that is open already, if one is."""

    shared: Shared | None = None
    known: Database | None = None

    @cached_property
    def settings(self) -> Settings:
        """As read once."""
        assert self.shared is not None
        return self.shared.settings

    @cached_property
    def mapping(self) -> LoadedMapping:
        """As read once."""
        assert self.shared is not None
        return self.shared.mapping

    @cached_property
    def database(self) -> Database:
        """The open ledger, or one of our own."""
        return self.known or super().database

    def psas_named(self, names: Iterable[str]) -> Mapping[str, Psa]:
        """Adapters as the entry points name them, without looking those up each time."""
        blocks = {name: self.settings.psas[name] for name in sorted(set(names))}
        return self._kept({name: _BUILD[one.type](_brisk(one), self.resolver) for name, one in blocks.items()})

    def claimant(self, name: str) -> Claimant | None:  # noqa: ARG002  # the context's
        """Files know of no second writer."""
        return None


def _brisk(block: AdapterSettings) -> _Brisk:
    return _Brisk(block.name, block.type, block.options, block.section, block.timezone, block.prices)


def surroundings(directory: Path, environ: Mapping[str, str], shared: Shared, known: Database | None) -> Surroundings:
    """A context for one command at the sandbox's time."""
    return Surroundings(directory, environ, NOW, shared=shared, known=known)
