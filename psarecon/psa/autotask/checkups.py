"""What Autotask says of the API user's rights, entity by entity. Facts: ``docs/vendors/autotask.md``, "Rights"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from psarecon.domain.health import Check, Checkup, State
from psarecon.psa.autotask.client import AutotaskClient

#: What a plan reads, and the one thing that is written.
READ = ("Companies", "Contracts", "ContractServices", "ContractServiceUnits", "Services")
WRITTEN = "ContractServiceAdjustments"
_NONE, _ALL = 0, 1
_REMEDY = "give the API user's security level this right (Admin > Resources/Users > Security)"


def checkups(client: AutotaskClient) -> Sequence[Checkup]:
    """One for each entity. Asks nobody yet."""
    reads = [Checkup(entity, partial(_look, client, entity, "Query")) for entity in READ]
    return [*reads, Checkup(WRITTEN, partial(_look, client, WRITTEN, "Create"))]


def _look(client: AutotaskClient, entity: str, verb: str) -> Check:
    found = client.information(entity)
    can, what = _can(found, verb), "read" if verb == "Query" else "written"
    if not can:
        return Check(entity, State.FAIL, f"may not be {what}", _REMEDY)
    if found.get(f"userAccessFor{verb}") != _ALL:
        remedy = "a restricted user gets nothing instead of a refusal: look whether every mapped line is there"
        return Check(entity, State.WARN, f"may be {what} in part", remedy)
    return Check(entity, State.OK, f"may be {what}")


def _can(found: Mapping[str, Any], verb: str) -> bool:
    return found.get(f"can{verb}") is True and found.get(f"userAccessFor{verb}") != _NONE
