"""Whether ConnectWise lets the API member read what a plan reads. What it may write is not known until it does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from psarecon.domain.health import Check, Checkup, State
from psarecon.psa.connectwise.client import ConnectWiseClient

#: What a plan reads, with what it is for; the second half is done without where it is refused.
_NEEDED = ("company/companies", "finance/agreements")
_USEFUL = ("procurement/catalog",)


def checkups(client: ConnectWiseClient) -> Sequence[Checkup]:
    """One for each list, and one for writing. Asks nobody yet."""
    lists = [Checkup(path, partial(_look, client, path)) for path in (*_NEEDED, *_USEFUL)]
    return [*lists, Checkup("additions", _writing)]


def _look(client: ConnectWiseClient, path: str) -> Check:
    """The count of a list: the cheapest thing that needs the right to read it."""
    count = client.record(f"{path}/count").get("count")
    if not count:
        remedy = "look whether the role may see all of them (Inquire: All)"
        return Check(path, State.WARN, "may be read, and none is shown", remedy)
    return Check(path, State.OK, f"{count} may be read")


def _writing() -> Check:
    """No call tells it without writing."""
    return Check("additions", State.OK, "whether they may be written is not known until the first write")
