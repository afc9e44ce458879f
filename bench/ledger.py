"""How long the ledger takes for a run of many changes, on SQLite and on PostgreSQL.

For each change what ``apply`` does: the lease held, the intent, the outcome with its baseline; three commits on disk.

Usage: python bench/ledger.py [CHANGES]
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from postgres import serving

from psarecon.domain.model import Baseline, LineKey
from psarecon.ledger.database import open_database
from psarecon.ledger.journal import Event, Journal
from psarecon.ledger.leases import Holder, Leases

CHANGES = 10_000
_TENANT = "webservices.example.com/12345"
_DAY = date(2026, 11, 1)
#: As large as the intent of a usual change.
_INTENT = {"change": {"what": "x" * 1800}, "decision": {"by": "dana"}}


def journaled(url: str, changes: int) -> tuple[float, float]:
    """Seconds to journal so many changes, and then to read which lines are in doubt, with what was left of each."""
    with closing(open_database(url, Path())) as database:
        journal, began = Journal(database), time.perf_counter()
        lease = Leases(database).take(_TENANT, Holder("bench", "here", "run"), 600)
        for number in range(changes):
            line, change = LineKey("autotask", "1", "2", str(number)), f"{number:012x}"
            lease.hold(65)
            journal.under(lease).append("run", Event.INTENT, change, line, _TENANT, _DAY, _INTENT)
            left = Baseline(Decimal(14), Decimal("9.00"), 14, "rule", Decimal("9.00"), _DAY, "run")
            journal.append("run", Event.VERIFIED, change, line, _TENANT, _DAY, {"text": ""}, left)
        lease.release()
        written = time.perf_counter()
        assert journal.doubts("autotask", _TENANT) == {}
        assert len(journal.baselines("autotask", _TENANT)) == changes
        return written - began, time.perf_counter() - written


def main(changes: int) -> None:
    """Print a row for each kind of database."""
    place = Path(".psarecon")  # on this disk, and out of git's sight
    place.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=place.resolve()) as folder,
        serving(fsync="on") as server,
        server.database() as database,
    ):
        for kind, url in (("SQLite", f"sqlite:{folder}/ledger.db"), ("PostgreSQL", database)):
            writing, reading = journaled(url, changes)
            each = f"{writing / changes * 1000:.2f} ms each"
            print(f"{kind:10}  {changes} changes journaled in {writing:.1f} s ({each}), read in {reading:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CHANGES)
