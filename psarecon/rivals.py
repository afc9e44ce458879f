"""Ask the sources who else writes the lines of a plan. A source that will not say holds no plan back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from psarecon.domain.claims import Claims, not_asked
from psarecon.domain.model import Claim, Finding
from psarecon.domain.ports import Claimant
from psarecon.errors import RemoteError, SecretMissing

#: Gives a source by its name, None where its type has no integration of its own. Raises SecretMissing.
Find = Callable[[str], Claimant | None]


def ask(find: Find, sources: Collection[str], psa_types: Mapping[str, str]) -> Claims:
    """What the named sources claim; one that cannot be asked becomes a finding. ``psa_types`` by the PSAs' names."""
    claims: list[Claim] = []
    findings: list[Finding] = []
    for name in sorted(sources):
        try:
            source = find(name)
            claims += source.claims() if source is not None else ()
        except (RemoteError, SecretMissing) as error:
            findings.append(not_asked(name, str(error)))
    return Claims(tuple(claims), psa_types, tuple(findings))
