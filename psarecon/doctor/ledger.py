"""What is to be looked at in the ledger: itself, who holds a lease, what is in doubt, how old usage is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from psarecon.domain.health import Check, Checkup, State
from psarecon.ledger.database import Database
from psarecon.ledger.health import last_read, vitals
from psarecon.ledger.journal import Journal
from psarecon.ledger.leases import Held, Leases
from psarecon.probe.run import unended

_SHOWN = 3


def ledger_checkups(open_ledger: Callable[[], Database]) -> Sequence[Checkup]:
    """The ledger as far as it concerns no source."""
    return (
        Checkup("ledger", lambda: _vitals_check(open_ledger())),
        Checkup("leases", lambda: _leases_check(Leases(open_ledger()).held())),
        Checkup("doubts", lambda: _doubts_check(Journal(open_ledger()))),
        Checkup("probes", lambda: _probes_check(Journal(open_ledger()))),
    )


def _vitals_check(database: Database) -> Check:
    found = vitals(database)
    text = f"{database.name}: version {found.version}, {found.size / 2**20:.1f} MiB, {found.rows} rows of the journal"
    if found.sealed:
        return Check("ledger", State.OK, f"{text}; the newest is sealed to the one before")
    return Check("ledger", State.FAIL, f"{text}; the newest was changed", "`psarecon log --verify` says where")


def _leases_check(found: Sequence[Held]) -> Check:
    """A run that is under way is as it should be; one that left its lease behind has to be settled."""
    dead = [one for one in found if one.ran_out or one.gone]
    told = "; ".join(_held(one) for one in found) or "nobody writes now"
    if dead:
        return Check("leases", State.WARN, told, "`psarecon resume` settles what that run left; the next run takes it")
    return Check("leases", State.OK, told)


def _held(one: Held) -> str:
    state = "ran out" if one.ran_out else "its process is gone" if one.gone else "alive" if one.runs else "elsewhere"
    return f"{one.told()}; since {datetime.fromtimestamp(one.acquired_at, UTC):%Y-%m-%d %H:%M:%S}Z, {state}"


def _doubts_check(journal: Journal) -> Check:
    found = journal.open_entries()
    if not found:
        return Check("doubts", State.OK, "no line is in doubt")
    named = ", ".join(f"{one.psa}/{one.line} (run {one.run})" for one in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return Check("doubts", State.WARN, f"{len(found)} lines are in doubt: {named}{more}", "run `psarecon resume`")


def _probes_check(journal: Journal) -> Check:
    left = unended(journal)
    if not left:
        return Check("probes", State.OK, "none left anything behind")
    one = left[-1]
    figures = "; ".join(f"{place}: {told}" for place, told in one.original.items())
    text = f"run {one.run} did not put line {one.change.line.contract}/{one.line} back; before it: {figures}"
    remedy = f"`psarecon probe --tenant … --line {one.change.line.contract}/{one.line}` puts it back first"
    return Check("probes", State.WARN, text, remedy)


def usage_checkups(
    open_ledger: Callable[[], Database],
    wanted: Sequence[tuple[str, str]],
    oldest: timedelta,
    now: Callable[[], datetime],
) -> Iterator[Checkup]:
    """How old the newest good sample is of each source and metric that products bill."""
    for source, metric in wanted:
        name = f"usage {source}/{metric}"

        def look(name: str = name, key: tuple[str, str] = (source, metric)) -> Check:
            return _usage_check(name, last_read(open_ledger(), [key])[key], oldest, now())

        yield Checkup(name, look)


def _usage_check(name: str, last: datetime | None, oldest: timedelta, now: datetime) -> Check:
    if last is None:
        return Check(name, State.WARN, "never read", "run `psarecon observe`")
    text = f"last read {last:%Y-%m-%d %H:%M}Z"
    if now - last > oldest:
        return Check(name, State.WARN, f"{text}, longer ago than guards.usage_age allows", "run `psarecon observe`")
    return Check(name, State.OK, text)
