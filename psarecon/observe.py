"""Read usage from every source and keep it in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psarecon.domain.model import Mapping as ClientMapping
from psarecon.domain.model import Reading
from psarecon.domain.ports import Source
from psarecon.errors import RemoteError
from psarecon.ledger.usage import UsageLog


@dataclass(frozen=True, slots=True)
class Observation:
    """What one source gave: its readings, or why there are none."""

    source: str
    readings: tuple[Reading, ...]
    error: str | None = None

    @property
    def failed(self) -> tuple[Reading, ...]:
        """Readings without a count."""
        return tuple(reading for reading in self.readings if reading.count is None)


def wanted(mapping: ClientMapping, source: str) -> dict[str, str]:
    """The organizations the mapping bills from this source, with the metric of each."""
    return {
        binding.organization: binding.product.metric
        for binding in mapping.bindings
        if binding.product.source == source and binding.organization and binding.product.metric
    }


def observe(sources: Mapping[str, Source], mapping: ClientMapping, log: UsageLog, now: datetime) -> list[Observation]:
    """One reading of every source; a source that fails whole leaves a failed reading for each mapped organization.

    Raises LedgerError.
    """
    return [_one(name, source, wanted(mapping, name), log, now) for name, source in sorted(sources.items())]


def _one(name: str, source: Source, organizations: Mapping[str, str], log: UsageLog, now: datetime) -> Observation:
    try:
        readings = tuple(source.read(organizations.keys(), now))
        error = None
    except RemoteError as failure:
        error = str(failure)
        readings = tuple(
            _failed(name, organization, metric, now, error) for organization, metric in organizations.items()
        )
    log.add(readings)
    return Observation(name, readings, error)


def _failed(source: str, organization: str, metric: str, now: datetime, error: str) -> Reading:
    return Reading(source, organization, metric, now, None, "the source could not be read", error)
