"""What the mapping leaves out: looks at every organization of the sources and every line of the PSAs. Reads only.

A source or PSA that cannot be read hides only what it alone knows: that is told as unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from psarecon.domain import model
from psarecon.domain.adoption import Known
from psarecon.domain.coverage import Count, Coverage, Gap, Key, Kind, View, in_order, unnamed
from psarecon.domain.directory import Company, Offer
from psarecon.domain.model import Binding, LineKey, Observed, Product, Reading
from psarecon.domain.ports import Directory, ListsOrganizations, PsaReader, Source
from psarecon.errors import BadAnswer, RemoteError

T = TypeVar("T")


def _fits_nothing(_: Offer) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the configuration says: the mapping, its clients and what is ignored, products by name.

    ``fits`` names the product that a line sells by its words, where no mapped line of the same name tells.
    """

    mapping: model.Mapping
    known: Known
    products: Mapping[str, Product]
    currency: str
    fits: Callable[[Offer], str | None] = _fits_nothing


def cover(
    asked: Asked, sources: Mapping[str, Source], psas: Mapping[str, PsaReader], now: datetime, day: date
) -> Coverage:
    """The report as of ``now``; ``day`` is the one whose figures the PSAs are asked for."""
    return _Survey(asked, now, day).report(sources, psas)


class _Survey:
    """One look at everything, part after part; what fails is kept, and the rest goes on."""

    def __init__(self, asked: Asked, now: datetime, day: date) -> None:
        self._asked = asked
        self._now = now
        self._day = day
        self._failed: list[Gap] = []
        self._notes: list[Gap] = []
        self._gone: set[Key] = set()
        self._companies: dict[Key, str] = {}
        self._sells: dict[LineKey, str] = {}
        self._observed: dict[LineKey, Observed] = {}
        self._tenants: dict[str, str] = {}

    def report(self, sources: Mapping[str, Source], psas: Mapping[str, PsaReader]) -> Coverage:
        """All of it."""
        counts = [one for name, source in sorted(sources.items()) for one in self._counts(name, source)]
        for name, psa in sorted(psas.items()):
            self._lines(name, psa)
        gaps = self._view(counts).gaps()
        mapping = self._asked.mapping
        return Coverage(
            as_of=self._now,
            currency=self._asked.currency,
            commit=mapping.commit,
            dirty=mapping.dirty,
            tenants=self._tenants,
            gaps=in_order((*gaps, *self._failed, *self._notes)),
            organizations=len({one.key for one in counts} - self._gone),
            lines=len(mapping.bindings),
            partial=bool(self._failed) or any(one.users is None and one.key not in self._gone for one in counts),
        )

    def _view(self, counts: Sequence[Count]) -> View:
        return View(
            bindings=self._asked.mapping.bindings,
            known=self._asked.known,
            products=self._asked.products,
            counts=counts,
            gone=frozenset(self._gone),
            sells=self._sells,
            observed=self._observed,
            companies=self._companies,
        )

    def _tried(self, place: str, read: Callable[[], T], hidden: str) -> T | None:
        """What ``read`` gives. None where it fails: then the report says what is not known."""
        try:
            return read()
        except RemoteError as error:
            self._failed.append(Gap(Kind.UNKNOWN, "", place, why=f"{hidden}: {error}"))
            return None

    def _counts(self, name: str, source: Source) -> list[Count]:
        metrics = self._metrics(name)
        found = self._tried(name, lambda: self._read(name, source, metrics), "none of its users are known")
        return [] if found is None else list(_latest(_split(found, metrics)))

    def _read(self, name: str, source: Source, mapped: Collection[str]) -> list[Reading]:
        readings = list(source.read(mapped, self._now))
        if isinstance(source, ListsOrganizations):
            listed = {one.id for one in source.organizations()}
            if mapped and not listed:
                raise BadAnswer("it lists no organization at all", hint="try again later")
            self._gone |= {(name, one) for one in mapped if one not in listed}
        return readings

    def _metrics(self, source: str) -> dict[str, set[str]]:
        """The organizations that the mapping names of a source, with every metric it bills of each."""
        clients = self._asked.known.clients
        found: dict[str, set[str]] = {
            one.organizations[source]: set() for one in clients if source in one.organizations
        }
        for binding in self._asked.mapping.bindings:
            if binding.product.source == source and binding.organization and binding.product.metric:
                found.setdefault(binding.organization, set()).add(binding.product.metric)
        return found

    def _lines(self, name: str, psa: PsaReader) -> None:
        """What the PSA has beside the mapping, and the figures of all lines that are of interest."""
        mine = [one for one in self._asked.mapping.bindings if one.line.psa == name]
        beside = self._tried(name, lambda: self._beside(name, psa, mine), "lines that no mapping names are not known")
        self._sells |= beside or {}
        wanted = list(dict.fromkeys([*(one.line for one in mine), *(beside or ())]))
        self._observed |= (
            self._tried(name, lambda: self._figures(name, psa, wanted), "none of its lines are known") or {}
        )

    def _beside(self, name: str, psa: PsaReader, mine: Sequence[Binding]) -> dict[LineKey, str]:
        if not isinstance(psa, Directory):
            text = "its adapter lists no companies: lines that no mapping names are not known"
            self._notes.append(Gap(Kind.UNKNOWN, "", name, why=text))
            return {}
        listed: Sequence[Company] = psa.companies()
        self._companies |= {(name, one.id): one.name for one in listed}
        offers = psa.offers([one.id for one in listed if one.active], self._day)
        return unnamed(mine, offers, self._asked.fits)

    def _figures(self, name: str, psa: PsaReader, lines: Sequence[LineKey]) -> Mapping[LineKey, Observed]:
        self._tenants[name] = psa.tenant
        return psa.observe(lines, self._day) if lines else {}


def _split(readings: Iterable[Reading], metrics: Mapping[str, set[str]]) -> Iterator[tuple[str, Reading]]:
    """Each reading with its metric; one without stands for every metric the mapping bills of its organization."""
    for reading in readings:
        for metric in [reading.metric] if reading.metric else sorted(metrics.get(reading.organization, ())) or [""]:
            yield metric, reading


def _latest(readings: Iterable[tuple[str, Reading]]) -> Iterator[Count]:
    """Of each organization and metric the newest reading: rows of a file carry their own days."""
    newest: dict[tuple[str, str], Reading] = {}
    for metric, reading in readings:
        known = newest.get((reading.organization, metric))
        if known is None or known.taken_at <= reading.taken_at:
            newest[reading.organization, metric] = reading
    for (organization, metric), one in newest.items():
        yield Count(one.source, organization, metric, one.name or "", one.count, one.error or "")
