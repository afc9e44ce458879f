"""A PSA whose lines are records of a JSON file, changed at once by absolute figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from psarecon.config.secrets import Resolver
from psarecon.config.settings import AdapterSettings
from psarecon.domain.model import Call, LineKey, Names, Observed
from psarecon.domain.periods import SameDate
from psarecon.domain.plan import Change
from psarecon.domain.ports import Diagnosis, Draft, State
from psarecon.errors import NotFound

Record = dict[str, Any]


class Pricebook:
    """The file, read and written whole."""

    same_date = SameDate.ADDS
    allow_proration = False
    write_seconds = 5.0

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def tenant(self) -> str:
        """The book's own name."""
        return str(self._read()["name"])

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:
        """Each line that stands in the book."""
        del day, following
        book: Record = self._read()["lines"]
        return {line: _observed(line, book[line.id]) for line in lines if line.id in book}

    def call_for(self, draft: Draft) -> Call:
        """Which figures of which line become what."""
        pairs = {"quantity": draft.quantity, "cost": draft.unit_cost}
        body = {name: f"{pair.after:f}" for name, pair in pairs.items() if pair is not None}
        return Call("PUT", f"lines/{draft.line.id}", json.dumps(body))

    def reread(self, changes: Sequence[Change]) -> Mapping[str, State]:
        """The lines as they stand now."""
        book: Record = self._read()["lines"]
        return {
            change.id: State(Decimal(book[change.line.id]["quantity"]), Decimal(book[change.line.id]["cost"]))
            for change in changes
            if change.line.id in book
        }

    def write(self, call: Call) -> None:
        """Change the line. Raises NotFound where there is none."""
        book = self._read()
        line = call.path.removeprefix("lines/")
        if line not in book["lines"]:
            raise NotFound(f"the book has no line {line}", status=404)
        book["lines"][line].update(json.loads(call.body))
        self._path.write_text(json.dumps(book), "utf-8")

    def diagnose(self, change: Change, state: State | None, texts: Sequence[str]) -> Diagnosis | None:
        """Nothing that a setting could put right."""
        del change, state, texts
        return None

    def close(self) -> None:
        """Nothing is kept open."""

    def _read(self) -> Record:
        book: Record = json.loads(self._path.read_text("utf-8"))
        return book


def _observed(line: LineKey, record: Record) -> Observed:
    return Observed(
        line=line,
        names=Names(record["company"], record["contract"], record["name"]),
        quantity=Decimal(record["quantity"]),
        unit_cost=Decimal(record["cost"]),
        unit_price=Decimal(record["price"]),
    )


def build(settings: AdapterSettings, resolver: Resolver) -> Pricebook:
    """The adapter from its block in the settings."""
    return Pricebook(resolver.directory / settings.text("path"))
