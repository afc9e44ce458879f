"""A mapping that somebody kept in a table: a CSV of whatever columns, recognised by their headings."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz, process

from psarecon.adopt.companies import Companies, Peers, candidates, chosen
from psarecon.adopt.model import Asked, Candidate, Candidates, Way, told
from psarecon.adopt.vendor import Taken
from psarecon.domain.adoption import CompanyKey, Subject
from psarecon.domain.directory import Company, Organization
from psarecon.errors import InvalidInput, UsageError
from psarecon.text import folded

#: What a column can hold, and the headings it goes by. Words such as the source's or the PSA's own may come with them.
ROLES: Mapping[str, tuple[str, ...]] = {
    "organization": ("organization id", "organisation id", "org id", "tenant id", "source id", "client org id"),
    "organization name": ("organization", "organisation", "org", "organization name", "org name", "tenant"),
    "company": ("company id", "customer id", "account id", "client id", "company number", "customer number"),
    "company name": ("company", "customer", "account", "client", "company name", "customer name", "client name",
                     "account name", "kunde", "firma"),
    "contract": ("contract id", "agreement id", "contract number"),
    "contract name": ("contract", "agreement", "contract name", "agreement name"),
    "line": ("service id", "contract service id", "addition id", "line id"),
    "line name": ("service", "addition", "line", "contract service", "service name", "addition name"),
    "non billable": ("non billable", "non billable users", "nonbillable", "free seats", "not billed"),
}  # fmt: skip
#: Words of a heading that say whose figure it is, not what it is.
_WHOSE = frozenset(
    "jumpcloud jc lastpass lp autotask at connectwise cw psa manage datto microsoft".split()  # noqa: SIM905 - read as words
)
_HEADING = 88
_MOST_BYTES = 16 * 1024 * 1024
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table by role, with its 1-based line in the file."""

    line: int
    cells: Mapping[str, str]

    def of(self, role: str) -> str:
        """The cell of a role; empty where there is none."""
        return self.cells.get(role, "")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of organizations of one source: ``columns`` says which heading was taken for what."""

    name: str
    source: str
    columns: Mapping[str, str]
    unused: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)


def read_table(
    raw: bytes, name: str, source: str, others: Sequence[str] = (), columns: Mapping[str, str] | None = None
) -> Table:
    """The table in a file's bytes: UTF-8 or Windows-1252; commas, semicolons or tabs. Headings that name one of the
    ``others``, which are sources too, are passed over. ``columns`` are headings by role that somebody gave.

    Raises InvalidInput, and UsageError for a role or heading there is none of.
    """
    if len(raw) > _MOST_BYTES:
        raise InvalidInput(f"{name} is larger than {_MOST_BYTES // 2**20} MiB", hint="split it")
    text = _decoded(raw)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        headings = [cell.strip() for cell in next(reader, [])]
        places = _places(headings, others, columns or {})
        rows = [Row(reader.line_num, _cells(places, cells)) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise InvalidInput(f"{name}:{reader.line_num}: {error}", hint="save it as CSV again") from error
    _check(name, places, headings)
    unused = tuple(one for number, one in enumerate(headings) if one and number not in places.values())
    return Table(name, source, {role: headings[place] for role, place in places.items()}, unused, tuple(rows))


def sources_in(raw: bytes, sources: Iterable[str]) -> list[str]:
    """The sources that a heading of the table names. Raises nothing: a table that is none names none."""
    text = _decoded(raw[:_MOST_BYTES])
    head = next(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)), [])
    words = {word for heading in head for word in folded(heading).split()}
    return [name for name in sources if set(folded(name).split()) & words]


def _check(name: str, places: Mapping[str, int], headings: Sequence[str]) -> None:
    for role in ("organization", "company"):
        if role not in places and f"{role} name" not in places:
            text = f"{name}: no column was recognised as the {role}: {', '.join(headings) or 'it is empty'}"
            raise InvalidInput(text, hint=f"name it: --column {role}=HEADING")


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    """What parts the cells of the first row."""
    head = text.split("\n", 1)[0]
    try:
        return csv.Sniffer().sniff(head, ",;\t").delimiter
    except csv.Error:
        return max(",;\t", key=head.count)


def _cells(places: Mapping[str, int], cells: Sequence[str]) -> Mapping[str, str]:
    return {role: cells[place].strip() for role, place in places.items() if place < len(cells)}


def _places(headings: Sequence[str], others: Sequence[str], given: Mapping[str, str]) -> dict[str, int]:
    """The column of each role: as given, by a heading of its own, then by the nearest."""
    places = {role.replace("_", " "): _place(headings, role, heading) for role, heading in given.items()}
    strange = {word for name in others for word in folded(name).split()}
    for exact in (True, False):
        for number, heading in enumerate(headings):
            if number in places.values() or strange & set(folded(heading).split()):
                continue
            role = _role(heading, exact=exact)
            if role:
                places.setdefault(role, number)
    return places


def _place(headings: Sequence[str], role: str, heading: str) -> int:
    if role.replace("_", " ") not in ROLES:
        known = ", ".join(one.replace(" ", "_") for one in ROLES)
        raise UsageError(f"--column: there is nothing called {role!r}", hint=f"there are: {known}")
    found = [number for number, one in enumerate(headings) if one.casefold() == heading.strip().casefold()]
    if not found:
        raise UsageError(f"--column: the table has no heading {heading!r}", hint=f"it has: {', '.join(headings)}")
    return found[0]


def _role(heading: str, *, exact: bool) -> str:
    """What a heading stands for, empty when that is not clear."""
    words = [word for word in folded(heading).split() if word not in _WHOSE]
    plain, known = " ".join(words), {word: role for role, every in ROLES.items() for word in every}
    if exact or not plain:
        return known.get(plain, "")
    hit = process.extractOne(plain, list(known), scorer=fuzz.token_sort_ratio, score_cutoff=_HEADING)
    return known[hit[0]] if hit else ""


def from_table(
    table: Table,
    rest: Iterable[Organization],
    listed: Sequence[Organization],
    companies: Mapping[CompanyKey, Company],
    least: int,
) -> Taken:
    """What the rows say of the organizations that are left, ``rest``; ``listed`` are all of the source. A row that
    names something which does not exist is told; one whose names are only alike is in doubt."""
    search = _Search(table, rest, listed, companies, least)
    found = Taken()
    for row in table.rows:
        search.take(row, found)
    counts = Counter(match.subject for match in found.matched)
    found.matched = [one for one in found.matched if counts[one.subject] == 1]
    found.notes |= {subject: f"{table.name} has {count} rows for it" for subject, count in counts.items() if count > 1}
    return found


class _Search:
    """Cells as organizations and companies."""

    def __init__(
        self,
        table: Table,
        rest: Iterable[Organization],
        listed: Sequence[Organization],
        companies: Mapping[CompanyKey, Company],
        least: int,
    ) -> None:
        self._table, self._least, self._companies = table, least, companies
        self._rest = {one.id: one for one in rest if one.source == table.source}
        self._listed = {one.id: one for one in listed if one.source == table.source}
        self._pool, self._peers = Companies(chosen(companies.values())), Peers(listed)

    def take(self, row: Row, found: Taken) -> None:
        """Add what becomes of the row."""
        organization, why = self._organization(row)
        if organization is None:
            shown = Organization(self._table.source, row.of("organization") or "?", row.of("organization name") or None)
            found.gone.append((shown, f"{self._table.name}:{row.line}: {why}"))
        elif organization.id in self._rest:
            self._match(row, organization, found)

    def _organization(self, row: Row) -> tuple[Organization | None, str]:
        id_, name = row.of("organization"), row.of("organization name")
        if id_:
            return self._listed.get(id_), f"{self._table.source} has no organization {id_!r}"
        if name in self._listed:
            return self._listed[name], ""
        same = [one for one in self._listed.values() if folded(one.name or "") == folded(name)] if name else []
        if len(same) == 1:
            return same[0], ""
        return None, f"{self._table.source} has {len(same) or 'no'} organizations called {told(name)}"

    def _match(self, row: Row, organization: Organization, found: Taken) -> None:
        ids, names = row.of("company"), row.of("company name")
        exact = self._exact(ids or names, by_id=bool(ids))
        if not exact and names and ids:
            found.notes[Subject(organization.source, organization.id)] = (
                f"{self._where(row)} names company {ids!r}, which is not there"
            )
        elif len(exact) == 1 and exact[0].active:
            candidate = Candidate(exact[0], 100, (self._where(row),), _asked(row))
            found.matched.append(Candidates(organization, Way.TABLE, True, (candidate,)))
        elif exact:
            why = f"{self._where(row)} names a company that {'is not active' if len(exact) == 1 else 'is there twice'}"
            found.notes[Subject(organization.source, organization.id)] = why
        else:
            self._alike(row, organization, names or ids, found)

    def _exact(self, cell: str, *, by_id: bool) -> list[Company]:
        """Companies with this id, or else with this very name or number."""
        with_id = [one for key, one in self._companies.items() if key.id == cell]
        if by_id or with_id:
            return with_id
        plain = folded(cell)
        return [one for one in self._companies.values() if one.active and folded(one.name) == plain] if plain else []

    def _alike(self, row: Row, organization: Organization, name: str, found: Taken) -> None:
        named = replace(organization, id="", name=name, domains=())
        near = candidates(named, self._pool, self._peers, self._least)
        note = f"{self._where(row)} names the company {told(name)}"
        if near.found:
            kept = tuple(
                replace(one, asked=_asked(row), reasons=(self._where(row), *one.reasons)) for one in near.found
            )
            found.matched.append(
                Candidates(organization, Way.TABLE, False, kept, f"{note}, which no company is called")
            )
        else:
            found.notes[Subject(organization.source, organization.id)] = f"{note}, which no company is called"

    def _where(self, row: Row) -> str:
        return f"{self._table.name}:{row.line}"


def _asked(row: Row) -> Asked | None:
    free = row.of("non billable")
    count = int(free) if free.isascii() and free.isdigit() and len(free) <= _MOST_DIGITS else 0
    if not row.of("line") and not count:
        return None
    return Asked(row.of("contract"), row.of("contract name"), row.of("line"), row.of("line name"), count)
