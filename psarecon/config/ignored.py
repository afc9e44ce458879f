"""``import.yaml``: organizations that somebody decided not to bill, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from psarecon.config.catalogue import Catalogue
from psarecon.config.documents import Document, load_document
from psarecon.config.locate import present
from psarecon.config.problems import Issue, Problem, Problems
from psarecon.config.schemas import close_match, issues_of
from psarecon.domain.adoption import Ignored, Subject

#: The file, in the config directory. There need be none.
IMPORT_FILE = "import.yaml"


def ignored(directory: Path) -> tuple[Ignored, ...]:
    """The organizations that are ignored, in the order of the file; none where there is no file. Raises Problems."""
    document = _document(directory)
    if document is None:
        return ()
    problems = _problems(document, None)
    if problems:
        raise Problems(problems)
    return _entries(document)


def ignored_problems(directory: Path, catalogue: Catalogue) -> tuple[tuple[Ignored, ...], list[Problem]]:
    """The entries as far as the file is sound, and all that is wrong with it."""
    document = _document(directory)
    if document is None:
        return (), []
    problems = _problems(document, catalogue)
    return (() if problems else _entries(document)), problems


def _document(directory: Path) -> Document | None:
    path = directory / IMPORT_FILE
    return load_document(path, IMPORT_FILE, directory) if path.exists() or path.is_symlink() else None


def _problems(document: Document, catalogue: Catalogue | None) -> list[Problem]:
    issues: list[Issue] = []
    if document.data is not None:
        issues = issues_of(document.data, "import") or list(_cross_checked(document, catalogue))
    return present(document, issues)


def _cross_checked(document: Document, catalogue: Catalogue | None) -> Iterator[Issue]:
    first: dict[Subject, int] = {}
    for number, one in enumerate(_entries(document)):
        path = ("ignore", number)
        if catalogue is not None and catalogue.known and one.subject.source not in catalogue.sources:
            known = sorted(catalogue.sources)
            hint = close_match(one.subject.source, known) or f"psarecon.yaml has: {', '.join(known) or 'none'}"
            yield Issue((*path, "source"), f"there is no source {one.subject.source!r}", hint)
        row = document.data["ignore"].lines[number]
        if first.setdefault(one.subject, row) != row:
            yield Issue(path, f"{one.subject} is ignored twice, first in line {first[one.subject]}", "keep one of them")


def _entries(document: Document) -> tuple[Ignored, ...]:
    return tuple(
        Ignored(Subject(one["source"], one["organization"]), one.get("name", ""), one["reason"], one.get("by", ""))
        for one in document.data["ignore"]
    )
