"""Plans of a config directory: from settings, mapping, ledger and PSAs, at the context's time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from psarecon.collector import collector_paused, only_new
from psarecon.errors import InvalidInput, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from psarecon.cli.context import Context
    from psarecon.config.settings import Settings
    from psarecon.domain.comparison import Comparison
    from psarecon.domain.drift import DriftReport
    from psarecon.domain.model import Binding, LineKey, Observed
    from psarecon.domain.plan import Plan
    from psarecon.domain.ports import Psa
    from psarecon.events import ReadStep
    from psarecon.reconcile import Policy, Reconciler
    from psarecon.snapshot import Ledger, Moment, Snapshot

_MONTH_HINT = "write a month that has begun, such as 2026-10"


def make_plan(context: Context, month: str | None = None, told: Callable[[ReadStep], None] | None = None) -> Plan:
    """The plan of a config directory at the context's time; ``told`` hears which PSA is being read."""
    from psarecon.domain.written import with_id

    return with_id(draft_plan(context, month, told))


def draft_plan(context: Context, month: str | None = None, told: Callable[[ReadStep], None] | None = None) -> Plan:
    """The same without its id: for ``saved``."""
    with collector_paused(kept=True):
        mapping = context.mapping.mapping
        snapshot = look(context, mapping.bindings, month, told)
        return reconciler(context.settings).draft(mapping, snapshot)


def saved(plan: Plan, path: Path) -> Plan:
    """The plan, on disk, with its id. Raises PsareconError that names the file."""
    from psarecon.domain.written import PlanPieces
    from psarecon.files import write_whole

    pieces = PlanPieces(plan)
    write_whole(path, pieces)
    return pieces.plan


def compared(
    context: Context, base: str, month: str | None = None, told: Callable[[ReadStep], None] | None = None
) -> Comparison:
    """The plan, and that of the mapping as it was at the git ref ``base``, both of the same figures.

    Lines of PSAs that the settings no longer name are not looked at. Raises InvalidInput.
    """
    from dataclasses import replace

    from psarecon.config.earlier import mapping_at
    from psarecon.domain.comparison import compare

    mapping, earlier = context.mapping.mapping, mapping_at(context.directory, base)
    known = tuple(one for one in earlier.mapping.bindings if one.line.psa in context.settings.psas)
    before = replace(earlier.mapping, bindings=known)
    snapshot = look(context, (*mapping.bindings, *before.bindings), month, told)
    plan = reconciler(context.settings).plan(mapping, snapshot)
    without = reconciler(earlier.settings or context.settings).plan(before, snapshot)
    return compare(base, earlier.commit, without, plan)


def taken_back(context: Context, run: str, told: Callable[[ReadStep], None] | None = None) -> Plan:
    """The plan that takes a run back; ``told`` as of ``make_plan``.

    Raises InvalidInput: no such run, or it wrote to another tenant.
    """
    from psarecon.ledger.journal import Journal
    from psarecon.rollback import bindings_of, rollback, written_by

    mapping = context.mapping.mapping
    written = written_by(Journal(context.database), run)
    bindings = bindings_of(written, mapping)
    if gone := {one.line.psa for one in bindings} - context.settings.psas.keys():
        hint = "use the settings that the run used"
        raise InvalidInput(f"the run wrote to {', '.join(sorted(gone))}, which the settings do not name", hint=hint)
    snapshot = look(context, bindings, told=told)
    return rollback(written, mapping, snapshot, policy_of(context.settings))


def drifted(context: Context, told: Callable[[ReadStep], None] | None = None) -> DriftReport:
    """What drifted, at the context's time; ``told`` as of ``make_plan``."""
    from psarecon.drift import find_drift
    from psarecon.ledger.journal import Journal

    mapping = context.mapping.mapping
    snapshot = look(context, mapping.bindings, told=told)
    plan = reconciler(context.settings).plan(mapping, snapshot)
    return find_drift(mapping, snapshot, plan, Journal(context.database))


def reconciler(settings: Settings) -> Reconciler:
    """What makes plans by these settings' policy."""
    from psarecon.reconcile import Reconciler

    return Reconciler(policy_of(settings))


def policy_of(settings: Settings) -> Policy:
    """What the settings say of a plan."""
    from psarecon.reconcile import Policy

    return Policy(settings.guards, settings.billing.currency, settings.digest)


def look(
    context: Context,
    bindings: Iterable[Binding],
    month: str | None = None,
    told: Callable[[ReadStep], None] | None = None,
) -> Snapshot:
    """What these bindings need, as it is at the context's time."""
    from psarecon.rivals import ask
    from psarecon.snapshot import Observer

    listed = list(bindings)
    sources = {binding.product.source for binding in listed if binding.product.source}
    types = {name: block.type for name, block in context.settings.psas.items()}
    observer = Observer(
        _telling(context.psas, told) if told else context.psas,
        lambda: _ledger(context),
        lambda: ask(context.claimant, sources, types),
    )
    with only_new():
        return observer.look(listed, _moment(context, month))


def _ledger(context: Context) -> Ledger:
    from psarecon.ledger.journal import Journal
    from psarecon.ledger.usage import UsageLog
    from psarecon.snapshot import Ledger

    return Ledger(UsageLog(context.database), Journal(context.database))


def _telling(psas: Mapping[str, Psa], told: Callable[[ReadStep], None]) -> Mapping[str, Any]:
    return {name: _Telling(name, psa, told) for name, psa in psas.items()}


class _Telling:
    """A PSA that says when it is read."""

    def __init__(self, name: str, psa: Psa, told: Callable[[ReadStep], None]) -> None:
        self._name = name
        self._psa = psa
        self._told = told

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:
        from psarecon.events import ReadStep

        self._told(ReadStep(self._name, len(lines)))
        found = self._psa.observe(lines, day, following=following)
        self._told(ReadStep(self._name, len(lines), len(found)))
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._psa, name)


def _moment(context: Context, month: str | None) -> Moment:
    """When to plan, and for which month. Raises UsageError for a month that no ledger can know of."""
    from psarecon.domain.periods import Month
    from psarecon.snapshot import moment

    if month is not None and month < "2000":
        raise UsageError(f"--month: {month!r} is before any ledger", hint=_MONTH_HINT)
    billing = context.settings.billing
    try:
        asked = Month.parse(month) if month is not None else None
        return moment(context.now(), billing.timezone, billing.month, asked)
    except ValueError as error:
        raise UsageError(f"--month: {error}", hint=_MONTH_HINT) from error
