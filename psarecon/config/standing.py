"""The mapping as an import finds it: clients with and without lines, open proposals, ignored organizations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psarecon.config.bindings import pair_for
from psarecon.config.documents import Document, Items, load_document
from psarecon.config.ignored import ignored
from psarecon.config.mapping import client_files
from psarecon.config.proposals import proposals_in
from psarecon.config.settings import Settings
from psarecon.domain.adoption import CompanyKey, Known, Standing, StandingLine
from psarecon.domain.model import LineKey


def known(settings: Settings) -> Known:
    """All that a config directory holds whose mapping passed its check. Raises Problems for ``import.yaml``."""
    clients, proposals = [], []
    for path in client_files(settings.directory):
        document = load_document(path, path.relative_to(settings.directory).as_posix(), settings.directory)
        clients += list(standing_in(document, settings))
        proposals += list(proposals_in(document.text, document.file))
    return Known(tuple(clients), tuple(proposals), ignored(settings.directory))


def standing_in(document: Document, settings: Settings) -> Iterator[Standing]:
    """The clients of one file that is valid."""
    data = document.data
    if isinstance(data, Items):
        for number, item in enumerate(data):
            yield _standing(document.file, number, item, settings)
    elif data is not None:
        yield _standing(document.file, None, data, settings)


def _standing(file: str, number: int | None, data: dict[str, Any], settings: Settings) -> Standing:
    company = CompanyKey(data["psa"], str(data["company"]["id"]))
    organizations = data.get("organizations", {})
    lines = tuple(_line(one, company, organizations, settings) for one in data["lines"] or ())
    return Standing(file, number, data["client"], company, organizations, lines)


def _line(data: dict[str, Any], company: CompanyKey, organizations: dict[str, str], settings: Settings) -> StandingLine:
    product = settings.products[data["product"]]
    organization = data.get("organization") or organizations.get(product.source or "")
    contract, line = pair_for(settings.psas[company.psa].type, data)
    key = LineKey(company.psa, company.id, str(data[contract]["id"]), str(data[line]["id"]))
    return StandingLine(product.name, organization, key)
