"""JumpCloud's own PSA integrations: a second writer that sets quantity and cost of the lines it maps every day.

Facts: ``docs/concepts/second-writer.md``. Reading them takes the scope ``providers``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from psarecon.domain.model import Claim
from psarecon.errors import BadAnswer
from psarecon.sources.jumpcloud.client import JumpCloudClient, Record, id_of

#: What a mapping calls contract and line, by the type of its PSA; other types keep no line psarecon could keep.
_WORDS = {"autotask": ("contract", "service"), "connectwise": ("agreement", "addition")}
_BY = "JumpCloud's own PSA integration"
_REMEDY = "remove the mapping in JumpCloud's multi-tenant portal (Integrations), or this line here"


def claims(client: JumpCloudClient) -> Iterator[Claim]:
    """Every line the provider's integrations map. Raises RemoteError."""
    provider = quote(client.provider_id(), safe="", errors="replace")
    path = f"/api/v2/providers/{provider}/integrations"
    for integration in client.pages(path, {"sort": "type"}, envelope="records", key=_integration_id):
        kind = str(integration.get("type")).lower()
        if kind in _WORDS:
            yield from _mapped(client, kind, _integration_id(integration))


def _mapped(client: JumpCloudClient, kind: str, integration: str) -> Iterator[Claim]:
    contract, line = _WORDS[kind]
    path = f"/api/v2/integrations/{kind}/{quote(integration, safe='')}/mappings"
    for record in client.pages(path, {}, envelope="records", key=_organization_id):
        mapped = _part_id(record, line)
        # Without a line the organization is mapped for tickets only.
        if mapped:
            yield Claim(kind, _part_id(record, "company"), _part_id(record, contract), mapped, _BY, _REMEDY)


def _integration_id(record: Record) -> str:
    found = record.get("integrationId")
    if not isinstance(found, str) or not found:
        raise BadAnswer("JumpCloud lists an integration without an id", hint="try again later")
    return found


def _organization_id(record: Record) -> str:
    """There is one mapping an organization."""
    part = record.get("organization")
    return id_of(part if isinstance(part, dict) else {})


def _part_id(record: Record, name: str) -> str:
    """An id of the PSA, a text even where it is a number there; empty where the part is absent or null."""
    part: Any = record.get(name)
    found = part.get("id") if isinstance(part, dict) else None
    return str(found) if isinstance(found, (str, int)) else ""
