"""What is to be looked at in a PSA and in a source, by their ports alone. Nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime, tzinfo

from psarecon.doctor.run import look
from psarecon.domain.claims import Claims
from psarecon.domain.health import Check, Checkup, Examinable, KnowsClock, State, clock_check
from psarecon.domain.model import Binding
from psarecon.domain.ports import KnowsBudget, ListsOrganizations, Psa, Source

#: Mapped lines that are read to see whether they and their costs are shown; organizations that are named.
_LINES, _NAMED = 20, 5
#: Fewer calls than this are too few for a plan of any size.
_FEW_CALLS = 200


def psa_checkups(
    name: str,
    build: Callable[[], Psa],
    bindings: Sequence[Binding],
    now: Callable[[], datetime],
    zone: tzinfo,
    capabilities: Callable[[str], Check],
) -> Iterator[Checkup]:
    """Of one PSA; ``build`` gives the same adapter each time."""
    yield Checkup(f"psas.{name}", lambda: Check(f"psas.{name}", State.OK, f"tenant {build().tenant}"))
    yield Checkup(f"psas.{name} capabilities", lambda: capabilities(build().tenant))
    yield from _own(f"psas.{name}", build, now)
    yield Checkup(
        f"psas.{name} lines",
        lambda: _lines_check(f"psas.{name} lines", build(), bindings, now().astimezone(zone).date()),
    )
    yield Checkup(f"psas.{name} budget", lambda: _budget_check(f"psas.{name} budget", build()))
    yield Checkup(f"psas.{name} clock", lambda: _clock(f"psas.{name} clock", build()))


def _own(name: str, build: Callable[[], object], now: Callable[[], datetime]) -> Iterator[Checkup]:
    """What the adapter wants looked at. It is asked for that only once it is known to be there."""
    yield Checkup(f"{name} rights", lambda: _worst(f"{name} rights", build(), now()))


def _worst(name: str, adapter: object, now: datetime) -> Check:
    """All of the adapter's own checks as one: its words one after the other, the gravest state, its remedy."""
    if not isinstance(adapter, Examinable):
        return Check(name, State.OK, "the adapter does not tell")
    found = [look(checkup) for checkup in adapter.checkups(now)]
    grave = max(found, key=lambda check: list(State).index(check.state), default=None)
    text = "; ".join(f"{check.name}: {check.text}" for check in found) or "nothing to look at"
    return Check(name, grave.state if grave else State.OK, text, grave.remedy if grave else "")


def _lines_check(name: str, psa: Psa, bindings: Sequence[Binding], day: date) -> Check:
    lines = [binding.line for binding in bindings[:_LINES]]
    if not lines:
        return Check(name, State.WARN, "no line is mapped here", "map a client, or remove the PSA")
    seen = psa.observe(lines, day)
    text = f"{len(seen)} of {len(lines)} mapped lines looked at are there"
    if len(seen) < len(lines):
        missing = ", ".join(str(line) for line in lines if line not in seen)
        remedy = "look whether they were deleted, or are hidden from the API user"
        return Check(name, State.WARN, f"{text}; not: {missing}", remedy)
    hidden = [line for line, one in seen.items() if one.unit_cost is None]
    if hidden:
        remedy = "let the API user see costs, or keep none: without them no unit cost is compared"
        return Check(name, State.WARN, f"{text}; the unit cost of {len(hidden)} is hidden", remedy)
    return Check(name, State.OK, f"{text}, with their unit costs")


def _budget_check(name: str, psa: Psa) -> Check:
    left = psa.budget_left() if isinstance(psa, KnowsBudget) else None
    if left is None:
        return Check(name, State.OK, "no limit is known")
    if left < _FEW_CALLS:
        return Check(name, State.WARN, f"{left} calls are left", "wait an hour, or look which integration uses them up")
    return Check(name, State.OK, f"{left} calls are left")


def _clock(name: str, adapter: object) -> Check:
    return clock_check(name, adapter.clock_ahead() if isinstance(adapter, KnowsClock) else None)


def source_checkups(
    name: str, build: Callable[[], Source], mapped: Collection[str], now: Callable[[], datetime]
) -> Iterator[Checkup]:
    """Of one source; ``mapped`` are the organizations that the mapping names there."""
    yield Checkup(f"sources.{name}", lambda: _organizations_check(f"sources.{name}", build(), mapped))
    yield from _own(f"sources.{name}", build, now)
    yield Checkup(f"sources.{name} clock", lambda: _clock(f"sources.{name} clock", build()))


def _organizations_check(name: str, source: Source, mapped: Collection[str]) -> Check:
    if not isinstance(source, ListsOrganizations):
        return Check(name, State.OK, "it lists no organizations: `psarecon observe` tells which can be read")
    listed = {one.id for one in source.organizations()}
    gone = sorted(set(mapped) - listed)
    text = f"{len(listed)} organizations, {len(set(mapped) & listed)} of them mapped"
    if gone:
        named = ", ".join(gone[:_NAMED])
        remedy = "look whether they were moved or deleted, and mend the mapping"
        return Check(name, State.WARN, f"{text}; {len(gone)} mapped ones are not listed: {named}", remedy)
    return Check(name, State.OK, text)


def rivals_check(claims: Claims, bindings: Sequence[Binding]) -> Check:
    """Whether somebody else's integration keeps mapped lines."""
    found = [finding for finding in map(claims.finding, bindings) if finding is not None]
    if found:
        text = f"{len(found)} mapped lines are kept by somebody else; the first, {found[0].scope}: {found[0].text}"
        return Check("second writer", State.WARN, text, "remove them there or here: plans hold these lines back")
    if claims.findings:
        remedy = "give the key the right to read integrations, or make sure that none writes"
        return Check("second writer", State.WARN, "; ".join(one.text for one in claims.findings), remedy)
    return Check("second writer", State.OK, "no integration that could be asked keeps a mapped line")
