"""Seats told by a text file: a line ``organization count`` each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path

from psarecon.config.secrets import Resolver
from psarecon.config.settings import AdapterSettings
from psarecon.domain.model import Reading
from psarecon.errors import Unreachable


class Headcount:
    """The file, read anew each time."""

    def __init__(self, name: str, path: Path) -> None:
        self._name = name
        self._path = path

    def read(self, organizations: Collection[str], now: datetime) -> Iterable[Reading]:
        """A reading of each organization asked for; failed where the file has none. Raises Unreachable without it."""
        try:
            lines = self._path.read_text("utf-8").splitlines()
        except OSError as error:
            raise Unreachable(f"{self._path.name} cannot be read", hint="write it") from error
        counts = dict(line.split() for line in lines if line.strip())
        return [self._reading(organization, counts.get(organization), now) for organization in sorted(organizations)]

    def _reading(self, organization: str, count: str | None, now: datetime) -> Reading:
        if count is None or not count.isdigit():
            return Reading(self._name, organization, "seats", now, None, "headcount", "the file has no count of it")
        return Reading(self._name, organization, "seats", now, int(count), "headcount")

    def close(self) -> None:
        """Nothing is kept open."""


def build(settings: AdapterSettings, resolver: Resolver) -> Headcount:
    """The source from its block in the settings."""
    return Headcount(settings.name, resolver.directory / settings.text("path"))
