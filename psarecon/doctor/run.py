"""Looks at everything, side by side, whatever fails: nobody waits for long, and nothing is left out unsaid."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from psarecon.domain.health import Check, Checkup, State
from psarecon.errors import PsareconError
from psarecon.patience import PATIENCE

#: Seconds after which no call is sent any more and none is waited for.
SECONDS = 25.0

#: What is looked at one after the other. Where the first of them fails, the others are not looked at.
Group = Sequence[Checkup]


def examine(groups: Sequence[Group], seconds: float = SECONDS) -> list[Check]:
    """What was found, in the order of the groups."""
    with PATIENCE.within(seconds), ThreadPoolExecutor(max_workers=max(1, len(groups))) as pool:
        found = list(pool.map(_group, groups))
    return [check for checks in found for check in checks]


def _group(group: Group) -> list[Check]:
    found: list[Check] = []
    for checkup in group:
        if found and found[0].state is State.FAIL:
            found.append(Check(checkup.name, State.WARN, f"not looked at: see {found[0].name}"))
        else:
            found.append(look(checkup))
    return found


def look(checkup: Checkup) -> Check:
    """A check that cannot be made has failed: the error is what was found."""
    try:
        return checkup.look()
    except PsareconError as error:
        return Check(checkup.name, State.FAIL, str(error), error.hint)
    except Exception as error:  # noqa: BLE001 - an adapter of any package; no message, it may hold a credential
        return Check(checkup.name, State.FAIL, f"unexpected {type(error).__name__}", "tell whoever wrote the adapter")
