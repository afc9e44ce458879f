"""Writes ``capabilities.yaml``: a block for each tenant, each answer under its question and evidence.

What stands there of other tenants stays as it is; of the same tenant, answers that were not asked for again stay too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from psarecon.config.capabilities import CAPABILITIES_FILE, Capabilities, capabilities_of
from psarecon.config.documents import parse_document
from psarecon.config.quick import quick_check
from psarecon.domain.probing import Answer
from psarecon.errors import InvalidInput
from psarecon.text import clean

_HEAD = """\
# What `psarecon probe` found out about each tenant. Review it, and commit it: psarecon heeds an answer for the tenant
# it is of, and for no other. A setting in psarecon.yaml wins over it.
version: 1
"""
_SECTIONS = ("psas", "sources")
_LONGEST = 300
#: A block as it is written here: a section's name, then names two blanks in.
_BLOCK = re.compile(r"^  (?P<name>[^\s#:][^\s:]*):\n(?P<body>(?:(?: {3,}.*)?\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Learned:
    """What one tenant answered; ``section`` is ``psas`` or ``sources``, ``day`` as in ``2026-11-20``."""

    section: str
    name: str
    tenant: str
    day: str
    tool: str
    answers: Sequence[Answer]


def with_learned(text: str, found: Sequence[Learned]) -> str:
    """The file's text with what was found; ``text`` is empty where there is no file yet.

    Raises InvalidInput: the file cannot be added to.
    """
    document = parse_document(text.encode(), CAPABILITIES_FILE)
    if text and (document.found or not quick_check("capabilities")(document.data)):
        raise InvalidInput(f"{CAPABILITIES_FILE} is not valid", hint="`psarecon check` says where; or move it away")
    known = capabilities_of(document.data)
    blocks = _blocks(text)
    if blocks.keys() != known.keys():
        raise InvalidInput(
            f"{CAPABILITIES_FILE} is not written as probe writes it", hint="move it away and probe again"
        )
    for one in found:
        blocks[one.section, one.name] = "".join(f"{line}\n" for line in _lines(one, known.get((one.section, one.name))))
    return _HEAD + "".join(_section(section, blocks) for section in _SECTIONS)


def _section(section: str, blocks: Mapping[tuple[str, str], str]) -> str:
    mine = {name: block for (of, name), block in sorted(blocks.items()) if of == section}
    return f"{section}:\n{''.join(mine.values())}" if mine else ""


def _blocks(text: str) -> dict[tuple[str, str], str]:
    """Each tenant's block as it stands, by section and name."""
    found = {}
    for part in re.split(r"^(?=(?:psas|sources):\n)", text, flags=re.MULTILINE)[1:]:
        section = part.partition(":")[0]
        for match in _BLOCK.finditer(part):
            found[section, match["name"]] = match[0]
    return found


def _lines(one: Learned, before: Capabilities | None) -> Iterator[str]:
    yield f"  {one.name}:"
    yield f"    tenant: {_quoted(one.tenant)}"
    yield f"    probed: {_quoted(one.day)}"
    yield f"    tool: {_quoted(one.tool)}"
    answered = {answer.key for answer in one.answers if answer.value is not None}
    kept = {} if before is None or before.tenant != one.tenant else before.answers
    left = {key: value for key, value in kept.items() if key not in answered}
    yield "    answers:" if answered or left else "    answers: {}"
    for answer in one.answers:
        yield from _answer_lines(answer)
    for key, value in left.items():
        yield f"      # As found on {before.probed if before else one.day}; not answered since."
        yield f"      {key}: {_quoted(value)}"


def _answer_lines(answer: Answer) -> Iterator[str]:
    unanswered = "" if answer.value is not None else " (not answered)"
    yield f"      # {clean(answer.question, _LONGEST)}{unanswered}"
    for evidence in answer.evidence:
        yield f"      #   {clean(evidence, _LONGEST)}"
    if answer.value is not None:
        yield f"      {answer.key}: {_quoted(answer.value)}"


def _quoted(text: str) -> str:
    return json.dumps(clean(text, _LONGEST))
