"""Building ConnectWise's part of a world by hand."""

from __future__ import annotations

import re
from datetime import date

from psarecon.sandbox import money
from psarecon.sandbox.autotask.periods import add_months
from psarecon.sandbox.connectwise.entities import TYPES
from psarecon.sandbox.connectwise.invoices import invoices
from psarecon.sandbox.insert import Inserter
from psarecon.sandbox.world import noon, stamp

FIRST = {"cw_companies": 250_001, "cw_products": 752, "cw_agreements": 500_871, "cw_additions": 3_000_589}
"""Ids begin where Autotask's never come, so that an id alone tells of which PSA a line is."""


class ConnectWiseBuilder(Inserter):
    """Adds companies, products, agreements and additions; every method gives the id. Amounts are text: "9.00"."""

    def add_cw_company(  # one keyword for each field
        self,
        name: str,
        *,
        identifier: str | None = None,
        deleted: bool = False,
        type: str = "Customer",  # noqa: A002  # as the vendor names it
        active: bool = True,
        website: str | None = None,
        id: int | None = None,  # noqa: A002  # as above
    ) -> int:
        """A company of one of the `TYPES`; without an identifier it gets one from its name."""
        known = identifier or re.sub(r"\W+", "", name)[:25] or "Company"
        return self.insert("cw_companies", id, identifier=known, name=name, deleted=deleted,
                           type=TYPES.index(type) + 1, active=active, website=website)  # fmt: skip

    def add_product(  # one keyword for each field
        self,
        identifier: str,
        *,
        description: str | None = None,
        unit_cost: str = "9.00",
        unit_price: str = "15.00",
        auto_update_unit_cost: bool = False,
        auto_update_unit_price: bool = False,
        id: int | None = None,  # noqa: A002  # as above
    ) -> int:
        """A catalog item."""
        return self.insert(
            "cw_products", id, identifier=identifier, description=description or identifier,
            unit_cost=money.parse(unit_cost), unit_price=money.parse(unit_price),
            auto_cost=auto_update_unit_cost, auto_price=auto_update_unit_price,
        )  # fmt: skip

    def add_agreement(  # noqa: PLR0913  # as above
        self,
        company: int,
        *,
        name: str = "Managed services",
        start: date | None = None,
        end: date | None = None,
        bill_start: date | None = None,
        billing_cycle: str = "Monthly",
        invoiced_through: date | None = None,
        parent: int | None = None,
        prorate: bool = False,
        cancelled: date | None = None,
        id: int | None = None,  # noqa: A002  # as above
    ) -> int:
        """An agreement; without a start it runs from a 1st two years ago, without an end for ever.

        `invoiced_through`: the billing periods up to the one with this day are invoiced; by default, all before the
        one that is running. `cancelled`: the day from which it is.
        """
        today = self.world.today
        begins = start or add_months(today.replace(day=1), -24)
        billed = (bill_start or begins).isoformat()
        through = invoiced_through or date.fromordinal(
            date.fromisoformat(invoices(billed, billing_cycle, today.isoformat())[0] or billed).toordinal() - 1
        )
        last, following = invoices(billed, billing_cycle, through.isoformat())
        return self.insert(
            "cw_agreements", id, company_id=company, name=name, parent_id=parent, billing_cycle=billing_cycle,
            start=begins.isoformat(), end=end and end.isoformat(), cancelled=cancelled and cancelled.isoformat(),
            bill_start=billed, invoiced_through=through.isoformat(), last_invoice=last, next_invoice=following,
            prorate=prorate, updated=self._then(),
        )  # fmt: skip

    def add_addition(  # noqa: PLR0913  # as above
        self,
        agreement: int,
        product: int,
        *,
        quantity: str | int,
        unit_cost: str = "9.00",
        unit_price: str = "15.00",
        less_included: str | int = 0,
        bill_customer: str = "Billable",
        effective: date | None = None,
        cancelled: date | None = None,
        serial_number: str | None = None,
        id: int | None = None,  # noqa: A002  # as above
    ) -> int:
        """An addition of an agreement; it is effective from the agreement's first day unless a day is given."""
        begins = self.world.one("SELECT start FROM cw_agreements WHERE id = ?", agreement)
        return self.insert(
            "cw_additions", id, agreement_id=agreement, product_id=product, quantity=money.parse(quantity),
            less_included=money.parse(less_included), unit_cost=money.parse(unit_cost),
            unit_price=money.parse(unit_price), bill_customer=bill_customer,
            effective=effective.isoformat() if effective else begins and begins[0],
            cancelled=cancelled and cancelled.isoformat(), serial_number=serial_number,
            sequence=10_000, updated=self._then(), updated_by="Template1",
        )  # fmt: skip

    def _then(self) -> str:
        """When the world was built: before anything happens in it."""
        return stamp(noon(self.world.today.replace(day=1)))
