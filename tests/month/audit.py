"""The month's books, compared line by line: the sandbox's truth, the oracle, the journal, git's history."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from month.nights import PERSON, Month, Write

Entry = dict[str, Any]


def journal(month: Month) -> list[Entry]:
    """The whole journal, as an auditor takes it out; its chain is whole."""
    with month.seat(PERSON) as seat:
        checked = seat.run("log", "--verify", "--format", "json")
        assert (checked.code, json.loads(checked.out)["whole"]) == (0, True)
        return seat.log()


def every_write_is_told(month: Month, entries: Iterable[Entry]) -> None:
    """Intent, then outcome, for each write that was meant and for nothing else: by line, in order, with all figures."""
    told: dict[str, list[Any]] = defaultdict(list)
    meant: dict[str, list[Any]] = defaultdict(list)
    for entry in entries:
        told[entry["line"]].append(_told(entry))
    for write in month.writes:
        meant[write.move.line] += [_meant(write, event) for event in ("intent", "verified")]
    assert told == meant


def _told(entry: Entry) -> tuple[Any, ...]:
    figures = [(int(entry[f"quantity_{when}"]), Decimal(entry[f"unit_cost_{when}"])) for when in ("before", "after")]
    decided = entry["decided_by"], entry["verdict"], entry["reason"]
    commit = entry["mapping_commit"], entry["mapping_dirty"]
    return (
        entry["event"],
        entry["run"],
        entry["effective_date"],
        *figures,
        frozenset(entry["causes"]),
        *decided,
        *commit,
    )


def _meant(write: Write, event: str) -> tuple[Any, ...]:
    move, since = write.move, write.move.since and write.move.since.isoformat()
    decided = write.by, "approve", write.reason
    return event, write.run, since, move.before, move.after, move.causes, *decided, write.commit, False


def the_psas_agree(month: Month, entries: Iterable[Entry]) -> None:
    """What the journal verified, and people's own edits, make of the first figures exactly what the sandbox has now."""
    lines = month.office.lines
    units = Counter({name: line.units for name, line in lines.items()})
    cost = {name: Decimal(line.cost) for name, line in lines.items()}
    units.update(month.by_hand)
    verified = [entry for entry in entries if entry["event"] == "verified"]
    for entry in verified:
        if (entry["effective_date"] or "") <= month.day.isoformat():
            units[entry["line"]] += int(entry["quantity_after"]) - int(entry["quantity_before"])
            cost[entry["line"]] += Decimal(entry["unit_cost_after"]) - Decimal(entry["unit_cost_before"])
    writes = Counter(entry["line"] for entry in verified)
    assert {name: (int(one["quantity"]), Decimal(one["unit_cost"]), one["writes"])
            for name, one in month.office.truth().items()
    } == {name: (units[name], cost[name], writes[name]) for name in lines}  # fmt: skip


def git_agrees(month: Month, entries: Iterable[Entry]) -> None:
    """Main is its first commit and the merges; each row's commit was main's that day and holds the line it names."""
    git = month.repository
    assert git.history() == ["Begin", *month.merged]
    assert {day: git.head(day) for day in month.commits} == month.commits
    days = {one.run: one.day for one in month.writes}
    for entry in entries:
        on = git.git("rev-list", "--first-parent", "main").split()
        assert entry["mapping_commit"] in on
        assert entry["mapping_commit"] == git.head(days[entry["run"]])
        path, _, number = entry["mapping"].partition(":")
        text = git.read(entry["mapping_commit"], path).splitlines()
        assert text[0] == f'client: "{entry["client"]}"'
        assert entry["product"] in "".join(text[int(number) - 1 :][:2])
