"""What the drift journeys share: the same clients in either PSA, a hand in it, and what ``drift`` says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import Data, observed_plan
from journeys.connectwise_steps import CwClient, connectwise

PSAS = ("autotask", "connectwise")
#: The last key of a mapped line of the first client's file, behind which more can be written.
LAST_KEY = {"autotask": 'name: "JumpCloud Platform"}', "connectwise": 'name: "JC-PLATFORM"}'}


@contextmanager
def clients_in(psa: str, directory: Path, *users: int) -> Iterator[Rehearsal]:
    """A client for each of ``users``, with ten units each, in the one or the other PSA."""
    names = ("Acme Corp", "Bolt", "Crane", "Dune")[: len(users)]
    if psa == "autotask":
        with rehearsal(directory, *(Client(name, users=count) for name, count in zip(names, users, strict=True))) as it:
            yield it
    else:
        with connectwise(
            directory, *(CwClient(name, users=count) for name, count in zip(names, users, strict=True))
        ) as it:
            yield it


def psa_of(place: Rehearsal) -> str:
    """Where the first line is billed."""
    found: str = place.truth()["psa"]
    return found


def applied(place: Rehearsal) -> Data:
    """Observe, plan and write all of it; the plan."""
    plan = observed_plan(place)
    assert place.apply().code == 0
    return plan


def by_hand(place: Rehearsal, number: int = 0, quantity: int | None = None, unit_cost: str | None = None) -> None:
    """Somebody sets a line's figures in the PSA."""
    line = place.lines[number]
    if quantity is not None and psa_of(place) == "autotask":
        place.edit(line=line, units_change=quantity - int(place.truth(line)["quantity"]))
    elif quantity is not None:
        place.edit(line=line, quantity=str(quantity))
    if unit_cost is not None:
        place.edit(line=line, unit_cost=unit_cost)


def accept(place: Rehearsal, text: str) -> None:
    """Write an acceptance of drift into the first client's line."""
    last = LAST_KEY[psa_of(place)]
    place.mapping(last, f"{last}\n    accept_drift: {{{text}}}")


def drift(place: Rehearsal, code: int, *words: str) -> Data:
    """``drift`` as data, which must exit so."""
    ran = place.run("drift", "--format", "json", *words)
    assert ran.code == code, ran.err or ran.out
    found: Data = json.loads(ran.out)
    return found


def counts(found: Data) -> dict[str, int]:
    """What ``drift`` counted, but what it counted nothing of."""
    return {name: count for name, count in found["totals"].items() if isinstance(count, int) and count}


def pair(before: str, after: str) -> dict[str, str]:
    """Before and after, as data."""
    return {"before": before, "after": after}
