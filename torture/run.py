"""One run: a fresh world, a plan, decisions, an apply among faults, resume, and a clean plan and apply."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psarecon.cli.planning import make_plan
from psarecon.domain.decisions import Decision, Verdict, decisions_bytes
from psarecon.domain.model import Reading
from psarecon.domain.plan import Plan
from psarecon.domain.plan_file import plan_bytes
from psarecon.ledger.journal import Journal
from psarecon.ledger.leases import Leases
from psarecon.ledger.usage import UsageLog
from psarecon.protocol import Result, Timing, Watch
from psarecon.resume import Resumer
from torture.child import Ended, Fate, applied, away, in_child
from torture.evidence import Evidence, Planned, Row
from torture.faults import SLOW, Fault
from torture.ledgers import Ledger
from torture.scenario import WANTED_COST, Scenario
from torture.site import METRIC, NOW, SOURCE, Site, World, organization
from torture.surroundings import Shared, Surroundings, surroundings

_WRITES = {"autotask": ("POST", "/ServiceAdjustments"), "connectwise": ("PATCH", "/additions/")}
_BY = "the campaign"


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker has: its directory, its sandbox, its ledger, and how to break the protocol, if at all."""

    directory: Path
    site: Site
    ledger: Ledger
    shared: Shared
    sabotage: str | None = None


class Run:
    """One scenario, carried out step by step."""

    def __init__(self, bench: Bench, scenario: Scenario) -> None:
        self._bench = bench
        self._scenario = scenario
        self._found = Evidence()
        self._world: World

    def carry_out(self) -> Evidence:
        """All of it; the evidence is complete when this returns."""
        self._world = self._bench.site.fresh(self._scenario)
        self._bench.ledger.empty()
        self._observe()
        self._plan()
        self._apply()
        self._resume()
        self._converge()
        return self._found

    @contextmanager
    def _context(self) -> Iterator[Surroundings]:
        bench = self._bench
        context = surroundings(bench.directory, self._environ(), bench.shared, bench.ledger.database)
        with context.resources:
            yield context

    def _environ(self) -> dict[str, str]:
        return {**self._world.environ, "PSARECON_LEDGER_URL": self._bench.ledger.admin_url}

    def _observe(self) -> None:
        """Usage of every line, and the truth before anything happens."""
        now = datetime.fromisoformat(NOW)
        wanted = [one.wanted for one in self._scenario.lines]
        rows = [Reading(SOURCE, organization(at), METRIC, now, count, "torture") for at, count in enumerate(wanted)]
        UsageLog(self._bench.ledger.database).add(rows)
        self._found.wanted = {
            line: (str(count), WANTED_COST) for line, count in zip(self._world.lines, wanted, strict=True)
        }

    def _plan(self) -> None:
        """Plan and decisions as files; then somebody else's edits."""
        plan = self._planned()
        verdicts = {line: one.verdict for line, one in zip(self._world.lines, self._scenario.lines, strict=True)}
        self._save(plan, lambda line: verdicts[line])
        approved = {line for line, verdict in verdicts.items() if verdict is Verdict.APPROVE}
        data, truth = json.loads(self._plan_file.read_bytes()), self._bench.site.truth()
        self._found.planned = [_read(change, approved, truth) for change in data["changes"]]
        for edit in self._scenario.edits:
            self._bench.site.ask("POST", "edit", self._edit(edit.line, edit.units))
        self._found.moved = frozenset(self._world.lines[edit.line] for edit in self._scenario.edits)

    def _planned(self) -> Plan:
        with self._context() as context:
            return make_plan(context)

    @property
    def _plan_file(self) -> Path:
        return self._bench.directory / "plan.json"

    @property
    def _decisions_file(self) -> Path:
        return self._bench.directory / "plan.decisions.json"

    def _save(self, plan: Plan, verdict_of: Callable[[str], Verdict | None]) -> None:
        self._plan_file.write_bytes(plan_bytes(plan))
        verdicts = [(change.id, verdict_of(change.line.id)) for change in plan.changes]
        decided = [Decision(change, verdict, _BY, NOW) for change, verdict in verdicts if verdict is not None]
        self._decisions_file.write_bytes(decisions_bytes(decided))

    def _edit(self, position: int, units: int) -> dict[str, Any]:
        """An edit of a line as somebody else would make it, from the figure that the scenario begins with."""
        line = self._world.lines[position]
        if self._scenario.psa == "autotask":
            return {"line": line, "psa": "autotask", "units_change": units}
        return {"addition": line, "quantity": str(self._scenario.lines[position].units + units)}

    def _apply(self) -> None:
        """Apply under the faults, in a process of its own; then wait until the server is done."""
        site, found = self._bench.site, self._found
        found.before = site.truth()
        site.ask("DELETE", "requests")
        for fault in self._scenario.faults:
            site.ask("POST", "faults", self._order(fault))
        meddled = {fault.edits for fault in self._scenario.faults if fault.edits is not None}
        found.meddled = frozenset(self._world.lines[position] for position in meddled)
        ended = self._in_child()
        self._quiet(ended)
        found.code, found.signal, found.said = ended.code, ended.signal, ended.text
        found.applied, found.sends, found.journal = site.truth(), self._sends(), self._journal()

    def _order(self, fault: Fault) -> dict[str, Any]:
        order = dict(fault.order)
        if fault.edits is not None:
            order["edit"] = self._edit(fault.edits, 3)
        return order

    def _in_child(self) -> Ended:
        ledger = self._bench.ledger

        def work() -> dict[str, Any]:
            fate = Fate(self._scenario, ledger.path, ledger.admin_url)
            with self._context() as context:
                watch = Watch(on=fate.on)
                return applied(context, self._plan_file, self._decisions_file, watch, self._bench.sabotage)

        ledger.database.close()  # a child must not inherit a connection
        try:
            return in_child(work)
        finally:
            if away(ledger.path).exists():
                away(ledger.path).rename(ledger.path.parent)

    def _quiet(self, ended: Ended) -> None:
        """Faults off; a server that was held up carries out what it still has."""
        held = any(fault.order["kind"] == "delay" for fault in self._scenario.faults)
        if held or ended.signal:
            time.sleep(SLOW)
        self._bench.site.ask("DELETE", "faults")

    def _sends(self) -> dict[str, list[int | None]]:
        """By line, the answers to the writes that arrived."""
        method, path = _WRITES[self._scenario.psa]
        sends: dict[str, list[int | None]] = {}
        for one in self._bench.site.requests():
            if one["method"] == method and path.lower() in one["path"].lower():
                sends.setdefault(self._line_of(one["path"]), []).append(one["status"])
        return sends

    def _line_of(self, path: str) -> str:
        words = path.strip("/").split("/")
        if self._scenario.psa == "connectwise":
            return words[-1]
        return dict(zip(self._world.contracts, self._world.lines, strict=True))[words[-2]]

    def _journal(self) -> list[Row]:
        entries = Journal(self._bench.ledger.database).entries()
        return [Row(one.run, one.event.value, one.change, one.line) for one in entries]

    def _resume(self) -> None:
        """Settle by reading; what stays in doubt is accepted by a person."""
        found = self._found
        results = self._resumed(lambda resumer: resumer.resume())
        found.named = {result.change.line.id: result.outcome.value for result in results}
        found.resumed, found.resumed_journal = self._bench.site.truth(), self._journal()
        for result in results:
            if result.outcome.value == "unknown":
                change = result.change.id
                self._resumed(lambda resumer, change=change: [resumer.accept(change, _BY, "looked at")])  # type: ignore[misc]

    def _resumed(self, work: Callable[[Resumer], Sequence[Result]]) -> Sequence[Result]:
        with self._context() as context:
            if not Journal(context.database).open_entries():
                return []
            apply = context.settings.apply
            timing = Timing(apply.settle_window.total_seconds(), apply.lease.total_seconds())
            database, holder = context.database, context.holder("resume")
            return work(Resumer(context.psas, Journal(database), Leases(database), holder, timing))

    def _converge(self) -> None:
        """Without faults: plan, approve all, apply; now and then one more plan, which must be empty."""
        found = self._found
        plan = self._planned()
        found.findings = [f"{one.severity.value} {one.code} {one.scope}: {one.text}" for one in plan.findings]
        self._save(plan, lambda _: Verdict.APPROVE)
        with self._context() as context:
            answer = applied(context, self._plan_file, self._decisions_file, Watch(), None)
        found.clean_code, found.clean_said = answer["code"], answer["text"]
        found.final = self._bench.site.truth()
        if self._scenario.plans_again:
            found.left = len(self._planned().changes)


def _read(change: dict[str, Any], approved: set[str], truth: Any) -> Planned:
    """A change of the plan file; a quantity that does not move is the line's own."""
    line = change["line"]["id"]
    quantity, cost = change["quantity"], change["unit_cost"]
    same = truth[line]["quantity"]
    return Planned(
        line,
        change["id"],
        (quantity["before"], quantity["after"]) if quantity else (same, same),
        (cost["before"], cost["after"]) if cost else None,
        line in approved,
    )
