"""A second writer: lines that somebody else's integration keeps as well. Two that write one line bill nobody right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from psarecon.domain.model import Binding, Claim, Finding, LineKey, Severity


@dataclass(frozen=True)
class Claims:
    """What other integrations claim, by PSAs' names and types, and what is to be said about the asking."""

    claims: tuple[Claim, ...] = ()
    psa_types: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @cached_property
    def _by_line(self) -> dict[tuple[str, str], list[Claim]]:
        found: dict[tuple[str, str], list[Claim]] = {}
        for claim in self.claims:
            found.setdefault((claim.psa_type, claim.line), []).append(claim)
        return found

    def finding(self, binding: Binding) -> Finding | None:
        """The BLOCK on a line that is claimed; None for one that is ours alone.

        A PSA's line ids are its own, so one alone tells; of two tenants of one type, the ids above it tell which.
        """
        if not self.claims:
            return None
        line = binding.line
        kind = self.psa_types.get(line.psa, "")
        alone = list(self.psa_types.values()).count(kind) == 1
        for claim in self._by_line.get((kind, line.id), ()):
            if alone or _same(claim, line):
                text = f"{claim.by} keeps this line too and would overwrite it: {claim.remedy}"
                return Finding("second-writer", Severity.BLOCK, line.scope, text)
        return None


def _same(claim: Claim, line: LineKey) -> bool:
    return claim.contract in ("", line.contract) and claim.company in ("", line.company)


def not_asked(source: str, why: str) -> Finding:
    """A source that could not be asked: no reason to hold a plan back, but worth knowing."""
    text = f"whether its own PSA integration keeps mapped lines is not known: {why}"
    return Finding("second-writer-unknown", Severity.INFO, f"source:{source}", text)
