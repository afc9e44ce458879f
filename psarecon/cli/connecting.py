"""Whether a source or PSA can be reached with what the settings say of it: cheap reads, nothing written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psarecon.config.problems import Issue
from psarecon.config.schemas import issues_of
from psarecon.config.settings import build_settings
from psarecon.config.settings_rules import settings_issues
from psarecon.domain.ports import Directory, ListsOrganizations
from psarecon.errors import InvalidInput

if TYPE_CHECKING:
    from psarecon.config.secrets import Resolver
    from psarecon.domain.ports import Psa, Source

_BILLING = {"timezone": "UTC", "currency": "USD"}
Block = Mapping[str, Any]


def objection(section: str, name: str, block: Block) -> str:
    """What is wrong with the form of a block, in words that repeat no value of it; empty where nothing is."""
    data = _alone(section, name, block)
    refused = issues_of(data, "settings")
    found = [one for one in (*refused, *settings_issues(data, refused)) if one.severity == "error"]
    return "; ".join(_worded(found))


def _worded(issues: list[Issue]) -> Iterator[str]:
    for one in issues:
        place = ".".join(str(step) for step in one.path if step != "")
        yield f"{place}: {one.message}"


def _alone(section: str, name: str, block: Block) -> dict[str, Any]:
    """Settings of this block and nothing else."""
    return {"version": 1, "billing": _BILLING, section: {name: dict(block)}}


def connected(section: str, name: str, block: Block, resolver: Resolver) -> str:
    """What answers there, in words: the tenant and its companies, the organizations of a source.

    Raises InvalidInput (the block's form), SecretMissing, RemoteError.
    """
    from psarecon import wiring

    wrong = objection(section, name, block)
    if wrong:
        raise InvalidInput(wrong, hint="docs/reference/settings.md describes every key")
    settings = build_settings(resolver.directory, _alone(section, name, block))
    if section == "sources":
        with closing(wiring.sources(settings, resolver)[name]) as source:
            return _source(source)
    with closing(wiring.psas(settings, resolver, [name])[name]) as psa:
        return _psa(psa)


def _source(source: Source) -> str:
    """How many organizations there are: from their list where the source has one, else from a reading."""
    if isinstance(source, ListsOrganizations):
        return _counted(len(source.organizations()), "organization", "organizations")
    found = list(source.read((), datetime.now(UTC)))
    return _counted(len({one.organization for one in found}), "organization", "organizations")


def _psa(psa: Psa) -> str:
    """The tenant alone may be told to anybody; companies only to who may log in."""
    tenant = psa.tenant
    if isinstance(psa, Directory):
        return f"{tenant}, {_counted(len(psa.companies()), 'company', 'companies')}"
    return tenant


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
