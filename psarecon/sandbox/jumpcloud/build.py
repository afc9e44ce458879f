"""Building JumpCloud's part of a world by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from psarecon.sandbox.insert import Inserter
from psarecon.sandbox.jumpcloud.integrations import switch_on
from psarecon.sandbox.names import domain


class IntegrationMapping(NamedTuple):
    """What JumpCloud's own PSA integration maps an organization to; without a line, to a company for tickets only."""

    organization: str
    company: int
    line: int | None = None
    non_billable: int = 0


class JumpCloudBuilder(Inserter):
    """Adds organizations, and switches JumpCloud's own PSA integrations on."""

    def add_organization(  # one keyword for each field
        self,
        name: str,
        *,
        users: int,
        suspended: int = 0,
        last_month: int | None = None,
        price_per_user: int | None = None,
        domains: Sequence[str] = (),
        id: str | None = None,  # noqa: A002  # as the vendor names it
    ) -> str:
        """An organization; `users` counts the suspended ones too, `last_month` is last month's highest count.

        `price_per_user`: what its entitlement says, in the whole number JumpCloud has (its unit is not documented).
        `domains`: of its users' addresses, which take them in turn; by default one made from the name.
        """
        position = self.next("organizations", "position")
        key = f"{0x624D9EAE6849CF3B3F930000 + position:024x}" if id is None else id
        mark = users if last_month is None else last_month
        self.world.db.execute(
            "INSERT INTO organizations VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (position, key, name, users, suspended, users, mark, ",".join(domains or [domain(name)])),
        )
        if price_per_user is not None:
            self.world.db.execute("INSERT INTO prices VALUES (?, ?)", (key, price_per_user))
        return key

    def integrate(self, psa: str, mappings: Iterable[IntegrationMapping]) -> str:
        """Switch JumpCloud's own integration with `autotask` or `connectwise` on, and give the integration's id."""
        return switch_on(self.world, psa, mappings)
