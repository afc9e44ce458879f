"""What an import writes: clients and lines that are sure, and proposals that a person decides.

Pure data between ``psarecon.adopt``, which finds it, and ``psarecon.config.writing``, which writes it down. Names are
as the vendors have them and must be made harmless before they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from psarecon.domain.model import LineKey, Names


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """An organization of a source, by its id there."""

    source: str
    id: str

    def __str__(self) -> str:
        return f"{self.source}/{self.id}"


@dataclass(frozen=True, slots=True, order=True)
class CompanyKey:
    """A company of a PSA, by the PSA's name in the settings and its id there."""

    psa: str
    id: str

    def __str__(self) -> str:
        return f"{self.psa}/{self.id}"


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to be mapped, with the names the PSA has. ``organization`` None: the client's own of that source."""

    product: str
    line: LineKey
    names: Names
    organization: str | None = None
    non_billable: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineProposal:
    """A line that perhaps bills the organization; ``score`` from 0 to 100, ``why`` in words."""

    score: int
    subject: Subject
    line: NewLine
    why: str


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client to be written into a file of its own. ``organizations`` are ids by source, ``notes`` say how it was
    matched. Without lines and proposals of lines it is kept for its tickets only."""

    name: str
    organizations: Mapping[str, str]
    company: CompanyKey
    company_name: str
    lines: tuple[NewLine, ...] = ()
    proposed: tuple[LineProposal, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientProposal:
    """A client that is perhaps right: comments until somebody accepts it."""

    score: int
    subjects: tuple[Subject, ...]
    client: NewClient
    why: str


@dataclass(frozen=True, slots=True)
class Addition:
    """What comes to a client that has a file already: ``at`` says which one."""

    at: Standing
    organizations: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[NewLine, ...] = ()
    proposed: tuple[LineProposal, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StandingLine:
    """A line of the mapping: what it bills, for which organization, and where."""

    product: str
    organization: str | None
    line: LineKey


@dataclass(frozen=True, slots=True)
class Standing:
    """A client of the mapping as it stands: its file and, in a file that holds a list, its 0-based place there."""

    file: str
    number: int | None
    name: str
    company: CompanyKey
    organizations: Mapping[str, str]
    lines: tuple[StandingLine, ...]


@dataclass(frozen=True, slots=True)
class OpenProposal:
    """A proposal in a client file that nobody decided yet. ``product`` is empty where a whole client is proposed,
    else ``target`` is the PSA's name and the id of the line; it is those of the company otherwise."""

    file: str
    row: int
    score: int
    subjects: tuple[Subject, ...]
    product: str
    target: str


@dataclass(frozen=True, slots=True)
class Draft:
    """All that one import would write: ``proposals`` by the name of their organization, which is that of their file;
    ``settled`` are proposals that stand in files and were decided."""

    clients: tuple[NewClient, ...] = ()
    additions: tuple[Addition, ...] = ()
    proposals: tuple[tuple[str, tuple[ClientProposal, ...]], ...] = ()
    settled: tuple[OpenProposal, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignored:
    """An organization that somebody decided not to bill: ``reason`` says why."""

    subject: Subject
    name: str
    reason: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """The mapping as an import finds it: clients, proposals that are open, and organizations that are ignored."""

    clients: tuple[Standing, ...] = ()
    proposals: tuple[OpenProposal, ...] = ()
    ignored: tuple[Ignored, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """A file of the config directory, as it is (None: not there) and as it will be (None: nothing is left of it)."""

    file: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Edits:
    """All files of one import, and what has to be written by hand: the file, and the rows that belong there."""

    edits: tuple[Edit, ...]
    by_hand: tuple[tuple[str, str], ...] = ()
