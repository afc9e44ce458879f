"""The one call that changes a line in Autotask, as text: what is approved is what is sent."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal

from psarecon.domain.model import Call, LineKey

_STEP = re.compile(r'"unitChange": (-?[0-9]{1,12})\b')
_PRICE = re.compile(r'"adjustedUnitPrice": (-?[0-9]{1,12}(?:\.[0-9]{1,12})?)}$')


def adjustment(line: LineKey, effective: date, step: int, cost: Decimal | None, price: Decimal | None = None) -> Call:
    """A change of a line from a day on: by ``step`` units, to ``cost`` and ``price`` of one unit."""
    body = {
        "contractID": int(line.contract),
        "contractServiceID": int(line.id),
        "effectiveDate": effective.isoformat(),
        "unitChange": step,
    }
    text = json.dumps(body)
    for name, amount in (("adjustedUnitCost", cost), ("adjustedUnitPrice", price)):
        if amount is not None:
            text = f'{text[:-1]}, "{name}": {amount:f}}}'
    return Call("POST", f"Contracts/{body['contractID']}/ServiceAdjustments", text)


def step_of(call: Call) -> int:
    """The units a call adds; 0 where it does not tell."""
    found = _STEP.search(call.body)
    return int(found[1]) if found else 0


def price_of(call: Call) -> Decimal | None:
    """The price a call sends along; None where it sends none."""
    found = _PRICE.search(call.body)
    return Decimal(found[1]) if found else None
