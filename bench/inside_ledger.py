"""What ``bench/ledger.py`` runs in processes of their own, each printing a JSON object of figures.

python bench/inside_ledger.py journal URL CHANGES
python bench/inside_ledger.py fill|read|size URL ORGANIZATIONS DAYS

``journal`` does for each change what ``apply`` does: the lease held, the intent, the outcome with its baseline; three
commits on disk. ``fill`` keeps a year of samples, a reading a day: the last month of them as ``observe`` does, the days
before by statements that copy the first one. ``read`` gives the usage of the newest month, as a plan asks for it.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from psarecon.domain.model import Baseline, LineKey, Reading
from psarecon.domain.periods import Month
from psarecon.ledger.database import Database, open_database, samples
from psarecon.ledger.journal import Event, Journal
from psarecon.ledger.leases import Holder, Leases
from psarecon.ledger.usage import UsageLog

_TENANT = "webservices.example.com/12345"
_DAY = date(2026, 11, 1)
#: As large as the intent of a usual change.
_INTENT = {"change": {"what": "x" * 1800}, "decision": {"by": "dana"}}
_SOURCE, _METRIC, _HOW = "jumpcloud", "users", "systemusers totalCount"
#: The newest reading: a month of thirty days ends with it.
_NEWEST = datetime(2026, 11, 30, 17, tzinfo=UTC)
_MONTH = 30


def journal(database: Database, changes: int) -> dict[str, float]:
    """Milliseconds of a change; seconds to read which lines are in doubt, with what was left of each."""
    kept, began = Journal(database), time.perf_counter()
    lease = Leases(database).take(_TENANT, Holder("bench", "here", "run"), 600)
    for number in range(changes):
        line, change = LineKey("autotask", "1", "2", str(number)), f"{number:012x}"
        lease.hold(65)
        kept.under(lease).append("run", Event.INTENT, change, line, _TENANT, _DAY, _INTENT)
        left = Baseline(Decimal(14), Decimal("9.00"), 14, "rule", Decimal("9.00"), _DAY, "run")
        kept.append("run", Event.VERIFIED, change, line, _TENANT, _DAY, {"text": ""}, left)
    lease.release()
    written = time.perf_counter()
    assert kept.doubts("autotask", _TENANT) == {}
    assert len(kept.baselines("autotask", _TENANT)) == changes
    return {"each": (written - began) / changes * 1000, "read": time.perf_counter() - written}


def fill(database: Database, organizations: int, days: int) -> dict[str, float]:
    """Seconds and processor seconds of a day's readings, as the median of the last month's."""
    log, first = UsageLog(database), _NEWEST - timedelta(days=days - 1)
    log.add(_readings(organizations, first))
    for ago in range(days - 2, _MONTH - 1, -1):
        _copy(database, organizations, _NEWEST - timedelta(days=ago))
    took = [_added(log, organizations, ago) for ago in range(min(_MONTH, days - 1) - 1, -1, -1)]
    wall, cpu = zip(*took, strict=True)
    return {"wall": statistics.median(wall), "cpu": statistics.median(cpu)}


def _readings(organizations: int, moment: datetime) -> Iterator[Reading]:
    for number in range(organizations):
        count = 5 + (number + moment.day) % 90
        yield Reading(_SOURCE, f"{number:024x}", _METRIC, moment, count, _HOW, name=f"Client {number:05d}")


def _added(log: UsageLog, organizations: int, ago: int) -> tuple[float, float]:
    began, spent = time.perf_counter(), time.process_time()
    log.add(_readings(organizations, _NEWEST - timedelta(days=ago)))
    return time.perf_counter() - began, time.process_time() - spent


def _copy(database: Database, organizations: int, to: datetime) -> None:
    """The first day's rows are the first of the table: by their ids they are found without a search."""
    names = [column.name for column in samples.columns if column.name not in {"id", "taken_at"}]
    copied = (sa.literal(_text(to)), *(samples.c[name] for name in names))
    found = sa.select(*copied).where(samples.c.id <= organizations).order_by(samples.c.id)
    with database.writing() as connection:
        connection.execute(sa.insert(samples).from_select(["taken_at", *names], found))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read(database: Database, organizations: int, days: int) -> dict[str, float]:
    """Seconds, processor seconds and peak MiB of one month's usage of every organization."""
    began, spent = time.perf_counter(), time.process_time()
    found = UsageLog(database).usage(_SOURCE, _METRIC, Month(2026, 11), ZoneInfo("America/New_York"), _NEWEST)
    assert len(found) == organizations
    assert all(one.daily.count(None) == max(0, _MONTH - days) for one in found.values())
    wall, cpu = time.perf_counter() - began, time.process_time() - spent
    return {"wall": wall, "cpu": cpu, "peak": _peak()}


def _peak() -> float:
    """Of this process alone, as Linux counts it; what getrusage says also knows whoever started it."""
    status = Path("/proc/self/status").read_text("ascii")
    found = re.search(r"^VmHWM:\s+(\d+)", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def size(database: Database, organizations: int, days: int) -> dict[str, float]:
    """MiB on disk of the whole ledger."""
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(samples)) == organizations * days
        if connection.dialect.name == "sqlite":
            pages = (connection.scalar(sa.text(f"PRAGMA {name}")) for name in ("page_count", "page_size"))
            found = int(next(pages)) * int(next(pages))
        else:
            found = int(connection.scalar(sa.text("SELECT pg_database_size(current_database())")))
    return {"mebibytes": found / 2**20}


def main() -> None:
    """Do one of them."""
    what, url, *counts = sys.argv[1:]
    acts: dict[str, Callable[..., dict[str, float]]] = {"journal": journal, "fill": fill, "read": read, "size": size}
    with closing(open_database(url, Path())) as database:
        print(json.dumps(acts[what](database, *map(int, counts))))


if __name__ == "__main__":
    main()
