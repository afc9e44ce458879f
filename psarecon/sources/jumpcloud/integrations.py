"""JumpCloud's own PSA integrations: a second writer that sets quantity and cost of the lines it maps every day.

What they map is also where a mapping of one's own begins. Facts: ``docs/concepts/second-writer.md`` and
``docs/vendors/jumpcloud.md``. Reading them takes the scope ``providers``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from psarecon.domain.directory import Mapped
from psarecon.domain.model import Claim
from psarecon.errors import BadAnswer
from psarecon.sources.jumpcloud.client import JumpCloudClient, Record, id_of
from psarecon.text import whole

#: What a mapping calls contract and line, by the type of its PSA; other types keep no line psarecon could keep.
_WORDS = {"autotask": ("contract", "service"), "connectwise": ("agreement", "addition")}
_BY = "JumpCloud's own PSA integration"
_REMEDY = "remove the mapping in JumpCloud's multi-tenant portal (Integrations), or this line here"


def mapped(client: JumpCloudClient) -> Iterator[Mapped]:
    """Every mapping of the provider's integrations, those for tickets only too. Raises RemoteError."""
    provider = quote(client.provider_id(), safe="", errors="replace")
    path = f"/api/v2/providers/{provider}/integrations"
    for integration in client.pages(path, {"sort": "type"}, envelope="records", key=_integration_id):
        kind = str(integration.get("type")).lower()
        if kind in _WORDS:
            yield from _of(client, kind, _integration_id(integration))


def claim(mapping: Mapped) -> Claim | None:
    """The line the mapping keeps; None for one that is for tickets only."""
    if not mapping.line:
        return None
    return Claim(mapping.psa_type, mapping.company, mapping.contract, mapping.line, _BY, _REMEDY)


def _of(client: JumpCloudClient, kind: str, integration: str) -> Iterator[Mapped]:
    contract, line = _WORDS[kind]
    path = f"/api/v2/integrations/{kind}/{quote(integration, safe='')}/mappings"
    for record in client.pages(path, {}, envelope="records", key=_organization_id):
        yield Mapped(
            psa_type=kind,
            organization=_organization_id(record),
            organization_name=_part(record, "organization", "name"),
            company=_part(record, "company", "id"),
            company_name=_part(record, "company", "name"),
            contract=_part(record, contract, "id"),
            contract_name=_part(record, contract, "name"),
            line=_part(record, line, "id"),
            line_name=_part(record, line, "name"),
            non_billable=whole(_inner(record, line).get("nonBillableUsers")) or 0,
            synced=f"{_word(record, 'lastSyncStatus')} {_word(record, 'lastSyncDateTime')}".strip(),
        )


def _integration_id(record: Record) -> str:
    found = record.get("integrationId")
    if not isinstance(found, str) or not found:
        raise BadAnswer("JumpCloud lists an integration without an id", hint="try again later")
    return found


def _organization_id(record: Record) -> str:
    """There is one mapping an organization."""
    return id_of(_inner(record, "organization"))


def _part(record: Record, name: str, key: str) -> str:
    """An id or name of a part."""
    return _word(_inner(record, name), key)


def _inner(record: Record, name: str) -> Record:
    """A part of the mapping; empty where it is absent or null."""
    part = record.get(name)
    return part if isinstance(part, dict) else {}


def _word(record: Record, key: str) -> str:
    """A text as any database can keep it, also of what is a number there; empty where it is absent or null."""
    found: Any = record.get(key)
    told = isinstance(found, (str, int)) and not isinstance(found, bool)
    return str(found).encode("utf-8", "replace").decode() if told else ""
