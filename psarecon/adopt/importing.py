"""One import: what is there is read and matched in the order of trust; what comes out is an ``Adoption``, to be decided
and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from psarecon.adopt.adoption import Adoption, companies_to_ask
from psarecon.adopt.companies import chosen
from psarecon.adopt.lines import Wanted
from psarecon.adopt.matching import Left, Matches, discovered, one_each, subjects_of, to_match
from psarecon.adopt.model import Candidates, subject_of
from psarecon.adopt.reading import Say, companies_of, mapped_by, offers_of, organizations_of, with_domains
from psarecon.adopt.table import Table, from_table
from psarecon.adopt.vendor import Taken, taken_over
from psarecon.domain.adoption import CompanyKey, Known, Subject
from psarecon.domain.directory import Company, Mapped, Organization
from psarecon.domain.ports import Source

#: Names less alike than this, from 0 to 100, are not told.
LEAST = 70


@dataclass(frozen=True, slots=True)
class Wish:
    """What an import is asked for. ``wanted`` is the product of each source, ``others`` every product of the settings,
    ``product_sources`` the source of each, ``psa_types`` the name of the PSA to use by its type. ``reopen``: what the
    files propose already is matched again, to be decided."""

    wanted: Mapping[str, Wanted]
    others: Sequence[Wanted]
    product_sources: Mapping[str, str | None]
    psa_types: Mapping[str, str]
    company_types: Sequence[str] = ()
    vendor: bool = True
    discovery: bool = True
    tables: Sequence[Table] = ()
    least: int = LEAST
    reopen: bool = False


@dataclass(slots=True)
class Import:
    """What is read from, what the mapping holds, and what is asked for; ``say`` hears what could not be read, ``step``
    how far it is."""

    sources: Mapping[str, Source]
    psas: Mapping[str, object]
    known: Known
    wish: Wish
    say: Say
    step: Say = lambda _: None
    _every: list[Organization] = field(default_factory=list)
    _companies: Mapping[CompanyKey, Company] = field(default_factory=dict)
    _open: list[Organization] = field(default_factory=list)
    _matches: Matches = field(default_factory=Matches)
    _notes: dict[Subject, str] = field(default_factory=dict)

    def adoption(self, now: datetime, day: date) -> Adoption:
        """Read what there is, ``now``, and match it; lines are those that bill on ``day`` or later.

        Raises RemoteError, InvalidInput.
        """
        for name, source in sorted(self.sources.items()):
            self.step(f"{name}: reading organizations")
            self._every += organizations_of(name, source, now)
        self.step(f"{', '.join(sorted(self.psas))}: reading companies")
        self._companies = companies_of(self.psas, self.say)
        mapped = subjects_of(self.known, self.wish.product_sources)
        self._open, left = to_match(self._every, self.known, mapped, reopen=self.wish.reopen)
        self._matches.left += left
        for table in self.wish.tables:
            self._take(from_table(table, self._rest(), self._every, self._companies, self.wish.least))
        for name in sorted(self.sources) if self.wish.vendor else ():
            self._take_over(name)
        self.step(f"looking for {len(self._rest())} organizations")
        self._discover()
        found = self._matches.found = one_each(self._matches.found, self.known.clients)
        self.step("reading the lines of the companies found")
        offers = offers_of(self.psas, companies_to_ask(found), day)
        return Adoption(self._matches, self.known, offers, self.wish.wanted, self.wish.others)

    def _rest(self) -> list[Organization]:
        """Organizations that nothing was found of yet."""
        found = {one.subject for one in self._matches.found}
        return [one for one in self._open if subject_of(one) not in found]

    def _take(self, taken: Taken) -> None:
        self._matches.found += taken.matched
        self._matches.left += [Left(one, "gone", why) for one, why in taken.gone]
        self._notes |= taken.notes

    def _take_over(self, name: str) -> None:
        """What the vendor of a source maps already, of the organizations that nobody decided."""
        rest = {one.id: one for one in self._rest() if one.source == name}
        mapped = [one for one in mapped_by(name, self.sources[name], self.say) if self._is_news(name, one, rest)]
        self._take(taken_over(name, mapped, rest, self._companies, self.wish.psa_types))

    def _is_news(self, source: str, one: Mapped, rest: Mapping[str, Organization]) -> bool:
        """Whether the organization is still to be matched, or is none of those that the source lists."""
        listed = any(
            organization.id == one.organization for organization in self._every if organization.source == source
        )
        ignored = any(entry.subject == Subject(source, one.organization) for entry in self.known.ignored)
        return one.organization in rest or not (listed or ignored)

    def _discover(self) -> None:
        """Look for what is left, or say of it that nobody looked."""
        rest = self._rest()
        if not self.wish.discovery:
            self._matches.left += [
                Left(one, "none", self._notes.get(subject_of(one), "not looked for")) for one in rest
            ]
            return
        rest = with_domains(rest, self.sources, self.say)
        asked = {subject_of(one): one for one in rest}
        every = [asked.get(subject_of(one), one) for one in self._every]
        eligible = chosen(self._companies.values(), self.wish.company_types)
        found = discovered(rest, every, eligible, self.known, self._matches.found, self.wish.least)
        self._matches.found += [_noted(one, self._notes.get(one.subject, "")) for one in found]


def _noted(one: Candidates, note: str) -> Candidates:
    """Somebody named a company that cannot be used: a reason to doubt any other one."""
    return replace(one, sure=False, why=f"{note}; {one.why}" if one.why else note) if note else one
