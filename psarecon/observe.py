"""Read usage from every source and keep it in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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


def metrics(mapping: ClientMapping, source: str) -> dict[str, set[str]]:
    """The organizations the mapping bills from this source, with every metric it bills of each."""
    found: dict[str, set[str]] = {}
    for binding in mapping.bindings:
        if binding.product.source == source and binding.organization and binding.product.metric:
            found.setdefault(binding.organization, set()).add(binding.product.metric)
    return found


def observe(sources: Mapping[str, Source], mapping: ClientMapping, log: UsageLog, now: datetime) -> list[Observation]:
    """One reading of every source; a source that fails whole leaves a failed reading for each mapped organization.

    Raises LedgerError.
    """
    return [_one(name, source, metrics(mapping, name), log, now) for name, source in sorted(sources.items())]


def _one(name: str, source: Source, organizations: Mapping[str, set[str]], log: UsageLog, now: datetime) -> Observation:
    try:
        readings = tuple(_with_metrics(source.read(organizations.keys(), now), organizations))
        error = None
    except RemoteError as failure:
        error = str(failure)
        readings = tuple(
            _failed(name, organization, metric, now, error)
            for organization, billed in organizations.items()
            for metric in sorted(billed)
        )
    log.add(readings)
    return Observation(name, readings, error)


def _with_metrics(readings: Iterable[Reading], organizations: Mapping[str, set[str]]) -> Iterator[Reading]:
    """A reading without a metric stands for each one the mapping bills of its organization."""
    for reading in readings:
        if reading.metric:
            yield reading
        else:
            yield from (replace(reading, metric=one) for one in sorted(organizations.get(reading.organization, ())))


def _failed(source: str, organization: str, metric: str, now: datetime, error: str) -> Reading:
    return Reading(source, organization, metric, now, None, "the source could not be read", error)
