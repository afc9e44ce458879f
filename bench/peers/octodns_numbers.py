"""An octoDNS provider whose records are made of their numbers: what its plan costs without any network.

octoDNS finds it by its name where this folder is on the path. Nothing can be written to it.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from logging import getLogger
from typing import Any

from octodns.provider.base import BaseProvider
from octodns.record import Record

TTL = 300
#: The first address where nothing is to change, and where everything is.
_FIRST = {"same": IPv4Address("10.0.0.0"), "changed": IPv4Address("11.0.0.0")}


def record(number: int, holds: str) -> tuple[str, str]:
    """Name and address of the record with this number."""
    return f"line-{number:06d}", str(_FIRST[holds] + number)


class Numbers(BaseProvider):
    """So many A records in every zone; ``holds`` is ``same`` or ``changed``."""

    SUPPORTS_GEO = False
    SUPPORTS_DYNAMIC = False
    SUPPORTS_ROOT_NS = False
    SUPPORTS = frozenset({"A"})

    def __init__(self, id: str, records: int, holds: str, **more: Any) -> None:  # noqa: A002 - octoDNS's name
        self.log = getLogger(f"Numbers[{id}]")
        super().__init__(id, strict_supports=False, root_ns_warnings=False, **more)
        self._records = records
        self._holds = holds

    def populate(self, zone: Any, target: bool = False, lenient: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002 - octoDNS's signature
        """Put the records into the zone; the zone exists."""
        for number in range(1, self._records + 1):
            name, address = record(number, self._holds)
            data = {"type": "A", "ttl": TTL, "value": address}
            zone.add_record(Record.new(zone, name, data, source=self, lenient=lenient), lenient=lenient)
        return True

    def _apply(self, plan: Any) -> None:
        """Nothing is written in a bench of plans."""
        raise NotImplementedError(str(plan))
