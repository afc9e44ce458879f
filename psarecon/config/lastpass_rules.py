"""What LastPass's own billing integration demands of a mapping, kept here as well: it is how LastPass bills its MSPs.

One LastPass company for one PSA company, one agreement or contract a company, one LastPass product on it. Facts:
``docs/vendors/lastpass.md``, "Rules of a mapping".
"""

from __future__ import annotations

from collections.abc import Iterator

from psarecon.config.catalogue import Catalogue
from psarecon.config.problems import Issue, Path
from psarecon.domain.model import Binding, Place

_TYPES = {"lastpass", "lastpass-enterprise"}
Company = tuple[str, str]


class LastPassRules:
    """Every LastPass line so far, so that the second of a pair can name the first."""

    def __init__(self, catalogue: Catalogue) -> None:
        #: The sources whose lines are meant.
        self.sources = {name for name, kind in catalogue.sources.items() if kind in _TYPES}
        self._company_of: dict[str, tuple[Company, Place]] = {}
        self._organization_of: dict[Company, tuple[str, Place]] = {}
        self._contract_of: dict[Company, tuple[str, Place]] = {}

    def issues(self, binding: Binding, path: Path, contract_word: str) -> Iterator[Issue]:
        """What this line breaks. ``path`` leads to its product, ``contract_word`` is what its PSA calls a contract."""
        organization, line = binding.organization, binding.line
        if binding.product.source not in self.sources or organization is None:
            return
        company, at = (line.psa, line.company), binding.at
        billed, first = self._company_of.setdefault(organization, (company, at))
        if billed != company:
            text = f"the LastPass company {organization!r} is billed to company {billed[1]} already, at {first}"
            yield Issue(path, text, "one LastPass company belongs to one company of the PSA")
        known, first = self._organization_of.setdefault(company, (organization, at))
        if known != organization:
            text = f"company {line.company} is billed for the LastPass company {known!r} already, at {first}"
            yield Issue(path, text, "one company of the PSA belongs to one LastPass company")
        contract, first = self._contract_of.setdefault(company, (line.contract, at))
        if contract != line.contract:
            text = f"company {line.company} has LastPass on {contract_word} {contract} already, at {first}"
            yield Issue(path, text, f"keep LastPass on one {contract_word} of a company")
