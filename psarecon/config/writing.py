"""Client files as an import writes them: new ones whole, text added to those that are there, all of it read again.

Nothing reaches the disk before every file, as it would be, has been read by the strict reader and says what it should.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from psarecon.config.bindings import pair_for
from psarecon.config.documents import Document, parse_document
from psarecon.config.ignored import IMPORT_FILE
from psarecon.config.inserting import Insertion, NotInserted
from psarecon.config.mapping import CLIENTS_FOLDER
from psarecon.config.proposals import head_of, without_blocks
from psarecon.config.scalars import plain
from psarecon.config.schemas import issues_of
from psarecon.config.settings import Settings
from psarecon.domain.adoption import (
    Addition,
    ClientProposal,
    Draft,
    Edit,
    Edits,
    Ignored,
    LineProposal,
    NewClient,
    NewLine,
    OpenProposal,
    Subject,
)
from psarecon.errors import PsareconError
from psarecon.text import clean, folded

_WIDTH = 116
_LONGEST_NAME, _LONGEST_NOTE = 10_000, 400
_ID = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
#: Where psarecon's guides let the schemas be written, best first; the first is named where there is none yet.
_SCHEMAS = (".schemas/{}.json", ".schemas/{}.schema.json", "schemas/{}.schema.json", "schemas/{}.json")


def edits_of(draft: Draft, settings: Settings, ignored: Sequence[Ignored] = ()) -> Edits:
    """The files that a draft becomes, and ``import.yaml`` with the new entries; nothing is written yet. A file that
    would not say what it should, because a vendor's id is none that a file can hold, is left for somebody's hand.

    Raises NotInserted where ``import.yaml`` is written in a way that nothing can be added to.
    """
    writer = _Writer(settings)
    writer.settle(draft.settled)
    for addition in draft.additions:
        writer.add(addition)
    for client in draft.clients:
        writer.new(client)
    for name, proposals in draft.proposals:
        writer.propose(name, proposals)
    if ignored:
        writer.ignore(ignored)
    return Edits(tuple(writer.edits[file] for file in sorted(writer.edits)), tuple(writer.by_hand))


def _text(path: Path) -> str | None:
    return path.read_bytes().decode("utf-8") if path.exists() else None


class _Writer:
    """Edits as they grow; a file that is edited twice is edited as it would be by then."""

    def __init__(self, settings: Settings) -> None:
        self.edits: dict[str, Edit] = {}
        self.by_hand: list[tuple[str, str]] = []
        self._settings = settings
        folder = settings.directory / CLIENTS_FOLDER
        self._files = {path.name.lower() for path in folder.iterdir()} if folder.is_dir() else set()

    def settle(self, proposals: Iterable[OpenProposal]) -> None:
        """Take decided proposals out of their files; a file of which nothing is left goes, or is used again."""
        rows: dict[str, set[int]] = {}
        for one in proposals:
            rows.setdefault(one.file, set()).add(one.row)
        for file, heads in rows.items():
            before = self._now(file)
            after = without_blocks(before, heads)
            self.edits[file] = Edit(file, before, after)
            if after is None:
                self._files.discard(file.removeprefix(f"{CLIENTS_FOLDER}/").lower())

    def new(self, client: NewClient) -> None:
        """A file for a client."""
        file, rows = self._free(client.name), self._client(client)
        notes = [row for note in client.notes for row in _comment(note, "# ")]
        text = "\n".join([self._schema(file, "mapping"), *notes, *rows]) + "\n"
        try:
            self._keep(file, None, text, _client_data(client, self._kind(client.company.psa)))
        except NotInserted:
            self.by_hand.append((file, "\n".join(rows)))

    def propose(self, name: str, proposals: Sequence[ClientProposal]) -> None:
        """A file of comments for the candidates of one organization."""
        file = self._free(name)
        blocks = ["\n".join(self._proposal(one)) for one in proposals]
        text = "\n\n".join([self._schema(file, "mapping"), *blocks]) + "\n"
        if all(map(self._is_sound, proposals)) and parse_document(_bytes(text), file).silent:
            self._put(file, None, text)
        else:
            self.by_hand.append((file, "\n\n".join(blocks)))

    def _proposal(self, one: ClientProposal) -> Iterator[str]:
        rows = [row for note in one.client.notes for row in _comment(note, "# ")] + self._client(one.client)
        yield head_of(one.score, one.subjects, "", str(one.client.company))
        yield from _comment(f"{one.why}. {_advice(one.subjects, len(rows))}", "## ")
        yield from (f"# {row}".rstrip() for row in rows)

    def _is_sound(self, one: ClientProposal) -> bool:
        """Whether the client can be read once somebody accepts it, and is right then."""
        document = parse_document(_bytes("\n".join(self._client(one.client))), "")
        expected = _client_data(one.client, self._kind(one.client.company.psa))
        return not document.found and document.data == expected and not issues_of(document.data, "mapping")

    def add(self, addition: Addition) -> None:
        """Text in the file of a client that is there already; where that cannot be, it is for somebody's hand."""
        file = addition.at.file
        before = self._now(file)
        kind = self._kind(addition.at.company.psa)
        try:
            text = self._inserted(before, addition, kind)
            self._keep(file, before, text, _expected(parse_document(before.encode(), file), addition, kind))
        except PsareconError:
            rows = [_organizations(addition.organizations)] if addition.organizations else []
            rows += [row for one in addition.lines for row in _line(one, kind)]
            rows += [row for one in addition.proposed for row in _line_proposal(one, kind)]
            self.by_hand.append((file, "\n".join(rows)))

    def _inserted(self, before: str, addition: Addition, kind: str) -> str:
        path: tuple[str | int, ...] = () if addition.at.number is None else (addition.at.number,)
        insertion = Insertion(before)
        insertion.add_keys((*path, "organizations"), _pairs(addition.organizations), "lines")
        items: list[Sequence[str]] = [_line(one, kind) for one in addition.lines]
        items += [_line_proposal(one, kind) for one in addition.proposed]
        if items:
            notes = [row for note in addition.notes for row in _comment(note, "# ")] if addition.lines else []
            data = [_line_data(one, kind) for one in addition.lines]
            insertion.add_items((*path, "lines"), [notes, *items], data)
        return insertion.result()

    def ignore(self, entries: Sequence[Ignored]) -> None:
        """Entries at the end of ``import.yaml``. Raises PsareconError where they cannot be put there."""
        path = self._settings.directory / IMPORT_FILE
        before = _text(path)
        data = [_ignored_data(one) for one in entries]
        items = [_ignored_rows(one) for one in data]
        if before is None:
            head = [
                self._schema(IMPORT_FILE, "import"),
                "# Organizations that psarecon import leaves alone.",
                "ignore:",
            ]
            text = "\n".join([*head, *(f"  {row}" for rows in items for row in rows)]) + "\n"
            old: list[Any] = []
        else:
            insertion = Insertion(before)
            insertion.add_items(("ignore",), items, data)
            text, old = insertion.result(), parse_document(before.encode(), IMPORT_FILE).data["ignore"]
        self._keep(IMPORT_FILE, before, text, {"ignore": [*old, *data]}, schema="import")

    def _keep(self, file: str, before: str | None, text: str, expected: Any, schema: str = "mapping") -> None:
        document = parse_document(_bytes(text), file)
        if document.found or document.data != expected or issues_of(document.data, schema):
            raise _unsound(file)
        self._put(file, before, text)

    def _put(self, file: str, before: str | None, text: str) -> None:
        first = self.edits[file].before if file in self.edits else before
        self.edits[file] = Edit(file, first, text)

    def _now(self, file: str) -> str:
        if file in self.edits:
            return self.edits[file].after or ""
        return _text(self._settings.directory / file) or ""

    def _kind(self, psa: str) -> str:
        return self._settings.psas[psa].type

    def _client(self, client: NewClient) -> list[str]:
        """A client as rows of YAML, without its notes."""
        kind = self._kind(client.company.psa)
        rows = [
            f"client: {quoted(client.name)}",
            _organizations(client.organizations),
            f"psa: {_word(client.company.psa)}",
            f"company: {_record(client.company.id, client.company_name)}",
            "lines:" if client.lines or client.proposed else "lines: []",
        ]
        items = [_line(one, kind) for one in client.lines] + [_line_proposal(one, kind) for one in client.proposed]
        return rows + [f"  {row}".rstrip() for item in items for row in item]

    def _schema(self, file: str, name: str) -> str:
        up = "../" * file.count("/")
        paths = [one.format(name) for one in _SCHEMAS]
        found = next((one for one in paths if (self._settings.directory / one).is_file()), paths[0])
        return f"# yaml-language-server: $schema={up}{found}"

    def _free(self, name: str) -> str:
        """A file name that nothing has, whatever the case."""
        base, number = slug(name), 1
        found = f"{base}.yaml"
        while found in self._files:
            number += 1
            found = f"{base}-{number}.yaml"
        self._files.add(found)
        return f"{CLIENTS_FOLDER}/{found}"


def _bytes(text: str) -> bytes:
    """The text for the strict reader, which refuses halves of a pair."""
    return text.encode("utf-8", "surrogatepass")


def _unsound(file: str) -> NotInserted:
    return NotInserted(f"{file} would not say what it should: nothing was written", hint="write it by hand")


def _advice(subjects: Iterable[Subject], rows: int) -> str:
    ignored = " ".join(f"--ignore {shlex.quote(clean(str(one), 250))}" for one in subjects)
    accept = f'To accept, take one "# " from each of the {rows} lines below.'
    return f"{accept} To refuse: psarecon import {ignored} --reason TEXT"


def slug(name: str) -> str:
    """A name as a file's: lower-case ASCII letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", folded(name)).strip("-")[:60].strip("-") or "client"


def quoted(text: str) -> str:
    """A text as a YAML string in double quotes; what does not print is escaped."""
    escapes = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(escapes.get(sign) or (sign if sign.isprintable() else _escaped(sign)) for sign in text) + '"'


def _escaped(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


def _word(text: str) -> str:
    """A name of the settings; quoted where YAML would take it for something else."""
    return text if _WORD.fullmatch(text) and plain(text) == text else quoted(text)


def _name(name: str | None) -> str | None:
    """A name that can be asserted; None for one that no file can hold, or that is none."""
    if not name or "\x00" in name or len(name) > _LONGEST_NAME or any("\ud800" <= sign <= "\udfff" for sign in name):
        return None
    return name


def _pairs(ids: Mapping[str, str]) -> list[str]:
    return [f"{_word(source)}: {quoted(id_)}" for source, id_ in ids.items()]


def _organizations(ids: Mapping[str, str]) -> str:
    return f"organizations: {{{', '.join(_pairs(ids))}}}"


def _record(id_: str, name: str | None) -> str:
    given = _name(name)
    return f"{{id: {id_ if _ID.fullmatch(id_) else quoted(id_)}{f', name: {quoted(given)}' if given else ''}}}"


def _record_data(id_: str, name: str | None) -> dict[str, Any]:
    given = _name(name)
    return {"id": int(id_) if _ID.fullmatch(id_) else id_, **({"name": given} if given else {})}


def _line(one: NewLine, kind: str) -> list[str]:
    """A line as rows, of which the first begins with a dash."""
    contract, line = pair_for(kind, {})
    rows = [
        *(row for note in one.notes for row in _comment(note, "# ")),
        f"- product: {_word(one.product)}",
        f"  {contract}: {_record(one.line.contract, one.names.contract)}",
        f"  {line}: {_record(one.line.id, one.names.line)}",
    ]
    if one.organization is not None:
        rows.append(f"  organization: {quoted(one.organization)}")
    if one.non_billable:
        rows.append(f"  non_billable: {one.non_billable}")
    return rows


def _line_data(one: NewLine, kind: str) -> dict[str, Any]:
    contract, line = pair_for(kind, {})
    return {
        "product": one.product,
        contract: _record_data(one.line.contract, one.names.contract),
        line: _record_data(one.line.id, one.names.line),
        **({} if one.organization is None else {"organization": one.organization}),
        **({"non_billable": one.non_billable} if one.non_billable else {}),
    }


def _line_proposal(one: LineProposal, kind: str) -> list[str]:
    """A line in comments, in the place where it would stand."""
    line, rows = one.line.line, _line(one.line, kind)
    head = head_of(one.score, (one.subject,), one.line.product, f"{line.psa}/{line.id}")
    prose = _comment(f"{one.why}. {_advice((one.subject,), len(rows))}", "## ")
    return [head, *prose, *(f"# {row}" for row in rows)]


def _comment(text: str, mark: str) -> Iterator[str]:
    """A text as comments of a readable width."""
    for row in textwrap.wrap(clean(text, _LONGEST_NOTE * 3), _WIDTH, break_long_words=False, break_on_hyphens=False):
        yield mark + row


def _client_data(client: NewClient, kind: str) -> dict[str, Any]:
    """What the strict reader must find in the client's rows."""
    lines = [_line_data(one, kind) for one in client.lines]
    return {
        "client": client.name,
        "organizations": dict(client.organizations),
        "psa": client.company.psa,
        "company": _record_data(client.company.id, client.company_name),
        "lines": lines if lines or not client.proposed else None,
    }


def _expected(document: Document, addition: Addition, kind: str) -> Any:
    """The data of a file with what comes to it."""
    data = document.data
    client = data if addition.at.number is None else data[addition.at.number]
    new = dict(client)
    if addition.organizations:
        new["organizations"] = {**client.get("organizations", {}), **addition.organizations}
    lines = [*(client["lines"] or ()), *(_line_data(one, kind) for one in addition.lines)]
    # `lines: []` with nothing but proposals below it is `lines:`, which is null
    new["lines"] = lines or (None if addition.proposed else client["lines"])
    if addition.at.number is None:
        return new
    return [new if number == addition.at.number else one for number, one in enumerate(data)]


def _ignored_data(one: Ignored) -> dict[str, str]:
    """What of an entry is not empty; texts as one harmless line."""
    name, reason, by = (clean(text, 500).strip() for text in (one.name, one.reason, one.by))
    given = {"name": name, "reason": reason, "by": by}
    head = {"source": one.subject.source, "organization": one.subject.id}
    return head | {key: text for key, text in given.items() if text}


def _ignored_rows(data: dict[str, str]) -> list[str]:
    rows = [f"{key}: {quoted(text)}" for key, text in data.items()]
    return [f"- {rows[0]}", *(f"  {row}" for row in rows[1:])]
