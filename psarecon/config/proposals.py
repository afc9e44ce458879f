"""Proposals of an import: comments in client files that somebody accepts, ignores, or has overtaken.

The first line of each is read by ``check`` and by the next import; nothing else of it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator

from psarecon.config.problems import Problem
from psarecon.domain.adoption import OpenProposal, Subject

_MARK = "## proposal "
_REFERENCE = r'(?:[\w.@:+-]+/[^\s"/]+|"(?:[^"\\]|\\.)+")'
_HEAD = re.compile(
    rf"^[ \t]*## proposal (\d{{1,3}}): ((?:{_REFERENCE} )+)(?:\+ ([A-Za-z0-9][\w.-]*) )?= ({_REFERENCE})[ \t]*\r?$",
    re.MULTILINE | re.ASCII,
)
_BARE = re.compile(r'[\w.@:+-]+/[^\s"/]+', re.ASCII)


def head_of(score: int, subjects: Iterable[Subject], product: str, target: str) -> str:
    """The first line of a proposal, without indentation: ``## proposal 91: jumpcloud/624d = autotask/174``."""
    named = " ".join(_written(str(one)) for one in subjects)
    return f"{_MARK}{score}: {named} {f'+ {product} ' if product else ''}= {_written(target)}"


def _written(reference: str) -> str:
    return reference if _BARE.fullmatch(reference) and reference.isprintable() else json.dumps(reference)


def proposals_in(text: str, file: str) -> Iterator[OpenProposal]:
    """The proposals in a file's text, from the top."""
    if _MARK not in text:
        return
    row = at = 0
    for found in _HEAD.finditer(text):
        row, at = row + text.count("\n", at, found.start()), found.start()
        subjects = tuple(_subject(one) for one in re.findall(_REFERENCE, found[2]))
        yield OpenProposal(file, row, int(found[1]), subjects, found[3] or "", _read(found[4]))


def _read(reference: str) -> str:
    try:
        return str(json.loads(reference)) if reference.startswith('"') else reference
    except ValueError:
        return reference


def _subject(reference: str) -> Subject:
    source, _, organization = _read(reference).partition("/")
    return Subject(source, organization)


def without_blocks(text: str, heads: Collection[int]) -> str | None:
    """The text without the proposals that begin in these 0-based rows: each ends before the next one, an empty row or
    a row that is no comment. None where nothing but comments of the first row is left."""
    kept, inside = [], False
    for number, row in enumerate(text.split("\n")):
        if _HEAD.match(row) or not row.strip().startswith("#"):
            inside = number in heads
        if not inside:
            kept.append(row)
    left = [row for row in kept if row.strip() and not row.startswith("# yaml-language-server:")]
    return "\n".join(kept) if left else None


def proposal_problems(
    proposals: Iterable[OpenProposal],
    mapped: Collection[tuple[str, str]],
    billed: Collection[tuple[str, str]],
    ignored: Collection[Subject],
) -> tuple[list[Problem], int]:
    """What ``check`` says of each, and how many are stale: overtaken by the mapping.

    ``mapped`` are organizations (source, id) that the mapping has, ``billed`` those that it bills (product, id).
    """
    found, stale = [], 0
    for one in proposals:
        why = _overtaken(one, mapped, billed, ignored)
        stale += bool(why)
        found.append(_stale(one, why) if why else _open(one))
    return found, stale


def _stale(one: OpenProposal, why: str) -> Problem:
    text = f"this proposal for {' and '.join(map(str, one.subjects))} is stale: {why}"
    return Problem(one.file, one.row + 1, 1, text, suggestion="remove it", severity="info")


def _open(one: OpenProposal) -> Problem:
    text = f"open proposal ({one.score}): {' and '.join(map(str, one.subjects))}, perhaps {one.target}"
    return Problem(one.file, one.row + 1, 1, text, severity="info")


def _overtaken(
    one: OpenProposal,
    mapped: Collection[tuple[str, str]],
    billed: Collection[tuple[str, str]],
    ignored: Collection[Subject],
) -> str:
    for subject in one.subjects:
        if subject in ignored:
            return f"{subject} is ignored"
        if one.product and (one.product, subject.id) in billed:
            return f"{subject} is billed for {one.product} already"
        if not one.product and (subject.source, subject.id) in mapped:
            return f"{subject} is mapped already"
    return ""
