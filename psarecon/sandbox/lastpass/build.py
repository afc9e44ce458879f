"""Building LastPass's part of a world by hand."""

from __future__ import annotations

from collections.abc import Sequence

from psarecon.sandbox.insert import Inserter
from psarecon.sandbox.names import domain

FIRST = {"lp_companies": 18_273}
TYPES = ("managed", "managed-msp")
STATUSES = ("active", "suspended")
ADDONS = ("mfa", "sso")


class LastPassBuilder(Inserter):
    """Adds managed companies."""

    def add_lastpass_company(  # noqa: PLR0913  # one keyword for each field
        self,
        name: str,
        *,
        users: int,
        disabled: int = 0,
        invited: int = 0,
        expired: int = 0,
        staged: int = 0,
        addons: Sequence[str] = (),
        parent: str | None = None,
        type: str = "managed",  # noqa: A002  # as the vendor names it
        status: str = "active",
        last_month: int | None = None,
        domains: Sequence[str] = (),
        id: str | None = None,  # noqa: A002  # as above
    ) -> str:
        """A managed company and its id as text; `users` are the enrolled ones, the others come on top.

        `parent`: the company above, by default the MSP's own; `type` managed-msp is one that may have companies
        below. `last_month` is last month's highest number of enrolled users. `domains`: of the users' addresses,
        which take them in turn; by default one made from the name.
        """
        above = self.world.need("lastpass_company") if parent is None else parent
        return str(self.insert(
            "lp_companies", None if id is None else int(id), name=name, parent_id=int(above), type=type,
            status=status, license_limit=0, addons=",".join(addons), users=users, disabled=disabled, invited=invited,
            expired=expired, staged=staged, mark=users, last_mark=users if last_month is None else last_month,
            domains=",".join(domains or [domain(name)]),
        ))  # fmt: skip
