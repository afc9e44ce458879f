from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psarecon.domain.model import Reading, Sample, Usage
from psarecon.domain.periods import Month
from psarecon.ledger.database import Database, samples
from psarecon.ledger.usage import UsageLog

NEW_YORK = ZoneInfo("America/New_York")
NOVEMBER = Month(2026, 11)
OCTOBER = Month(2026, 10)
LATER = datetime(2027, 6, 1, tzinfo=UTC)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _reading(at: str | datetime, count: int | None, organization: str = "org-1", **more: object) -> Reading:
    moment = _at(at) if isinstance(at, str) else at
    error = "503" if count is None else None
    return Reading("jumpcloud", organization, "users", moment, count, "counted", error, **more)  # type: ignore[arg-type]  # the rest by name


def _usage(
    ledger: Database,
    readings: Iterable[Reading],
    month: Month = NOVEMBER,
    zone: ZoneInfo = NEW_YORK,
    until: datetime = LATER,
) -> Usage:
    log = UsageLog(ledger)
    log.add(readings)
    return log.usage("jumpcloud", "users", month, zone, until)["org-1"]


THREE_DAYS = [("2026-11-02T17:00", 40), ("2026-11-03T17:00", 52), ("2026-11-04T17:00", 47)]


def test_the_high_water_mark_is_the_highest_sample_with_its_evidence(ledger: Database) -> None:
    """40, 52, 47: the mark is 52 of the second day; the last is 47."""
    usage = _usage(ledger, [_reading(at, count) for at, count in THREE_DAYS])
    assert usage.peak == Sample(52, _at("2026-11-03T17:00"), "counted")
    assert usage.last == Sample(47, _at("2026-11-04T17:00"), "counted")
    assert usage.daily == (None, 40, 52, 47, *[None] * 26)


def test_of_equal_samples_the_earliest_is_the_evidence(ledger: Database) -> None:
    """From that moment on the month was worth 52."""
    usage = _usage(ledger, [_reading(f"2026-11-0{day}T17:00", count) for day, count in ((2, 40), (3, 52), (4, 52))])
    assert usage.peak == Sample(52, _at("2026-11-03T17:00"), "counted")


def test_readings_written_out_of_order_are_ordered_by_their_time(ledger: Database) -> None:
    """A late import of old samples does not become the newest."""
    usage = _usage(ledger, [_reading(at, count) for at, count in reversed(THREE_DAYS)])
    assert usage.last == usage.latest == Sample(47, _at("2026-11-04T17:00"), "counted")


def test_a_month_starts_anew(ledger: Database) -> None:
    """October's 52 is not November's; the newest sample of any month stays known."""
    usage = _usage(ledger, [_reading("2026-10-30T17:00", 52), _reading("2026-11-01T17:00", 40)])
    assert usage.peak == Sample(40, _at("2026-11-01T17:00"), "counted")
    october = UsageLog(ledger).usage("jumpcloud", "users", OCTOBER, NEW_YORK, LATER)["org-1"]
    assert october.peak == Sample(52, _at("2026-10-30T17:00"), "counted")
    assert october.latest == Sample(40, _at("2026-11-01T17:00"), "counted")


def test_a_month_without_a_sample_has_no_peak_and_no_last(ledger: Database) -> None:
    """Only the newest sample is known, and it is another month's."""
    usage = _usage(ledger, [_reading("2026-10-30T17:00", 52)])
    assert (usage.peak, usage.last, usage.daily) == (None, None, (None,) * 30)
    assert usage.latest == Sample(52, _at("2026-10-30T17:00"), "counted")


@pytest.mark.parametrize(
    ("zone", "last_of_october", "first_of_november"),
    [
        pytest.param("America/New_York", "2026-11-01T03:59:59", "2026-11-01T04:00:00", id="the day the clocks change"),
        pytest.param("Asia/Kolkata", "2026-10-31T18:29:59", "2026-10-31T18:30:00", id="half an hour off"),
        pytest.param("Pacific/Kiritimati", "2026-10-31T09:59:59", "2026-10-31T10:00:00", id="fourteen hours ahead"),
        pytest.param("America/Havana", "2026-11-01T03:59:59", "2026-11-01T04:00:00", id="midnight comes twice"),
    ],
)
def test_a_month_turns_at_local_midnight(
    ledger: Database, zone: str, last_of_october: str, first_of_november: str
) -> None:
    """A second before belongs to the month that ends."""
    readings = [_reading(last_of_october, 52), _reading(first_of_november, 40)]
    november = _usage(ledger, readings, zone=ZoneInfo(zone))
    october = UsageLog(ledger).usage("jumpcloud", "users", OCTOBER, ZoneInfo(zone), LATER)["org-1"]
    assert (october.peak, november.peak) == (
        Sample(52, _at(last_of_october), "counted"),
        Sample(40, _at(first_of_november), "counted"),
    )
    assert (october.daily[30], november.daily[0]) == (52, 40)


def test_a_sample_in_the_hour_that_comes_twice_is_of_that_day(ledger: Database) -> None:
    """01:30 New York before and after the clocks go back: one day, the higher count."""
    usage = _usage(ledger, [_reading("2026-11-01T05:30", 40), _reading("2026-11-01T06:30", 41)])
    assert usage.daily[0] == 41


def test_nothing_taken_after_the_moment_asked_for_is_seen(ledger: Database) -> None:
    """``--as-of`` the evening of the second day: 52 was not known on the first, 47 not yet."""
    readings = [_reading(at, count) for at, count in THREE_DAYS]
    usage = _usage(ledger, readings, until=_at("2026-11-03T17:00"))
    assert (usage.peak, usage.last) == (usage.latest, usage.latest)
    assert usage.latest == Sample(52, _at("2026-11-03T17:00"), "counted")
    assert UsageLog(ledger).usage("jumpcloud", "users", NOVEMBER, NEW_YORK, _at("2026-11-02T16:59")) == {}


def test_a_failed_reading_is_told_and_lowers_nothing(ledger: Database) -> None:
    """The peak stays, and the failure says why there is no newer one."""
    usage = _usage(ledger, [_reading("2026-11-02T17:00", 52), _reading("2026-11-03T17:00", None)])
    assert (usage.failure, usage.peak) == ("503", Sample(52, _at("2026-11-02T17:00"), "counted"))
    assert usage.latest == usage.peak


def test_a_good_reading_ends_a_failure(ledger: Database) -> None:
    """Only the newest reading counts."""
    usage = _usage(ledger, [_reading("2026-11-02T17:00", None), _reading("2026-11-03T17:00", 52)])
    assert usage.failure is None


def test_an_organization_that_was_never_read_well_has_only_its_failure(ledger: Database) -> None:
    """There is no figure to rest on."""
    usage = _usage(ledger, [_reading("2026-11-02T17:00", None)])
    assert (usage.failure, usage.latest, usage.peak) == ("503", None, None)


def test_zero_after_more_tells_how_many_there_were(ledger: Database) -> None:
    """Also when the zeros go on: the last count above zero is remembered."""
    readings = [_reading(f"2026-11-0{day}T17:00", count) for day, count in ((2, 52), (3, 0), (4, 0))]
    usage = _usage(ledger, readings)
    assert (usage.latest and usage.latest.count, usage.before_latest) == (0, 52)


def test_zero_from_the_first_is_a_count_like_another(ledger: Database) -> None:
    """Nobody was lost."""
    usage = _usage(ledger, [_reading("2026-11-02T17:00", 0)])
    assert (usage.peak, usage.before_latest) == (Sample(0, _at("2026-11-02T17:00"), "counted"), None)


def test_the_vendors_mark_of_a_month_is_what_it_said_in_the_month_after(ledger: Database) -> None:
    """The newest such word; what was said of September is not of October."""
    readings = [
        _reading("2026-10-30T17:00", 52, last_month_mark=99),
        _reading("2026-11-01T17:00", 40, last_month_mark=55),
        _reading("2026-11-02T17:00", 40, last_month_mark=56),
        _reading("2026-12-02T17:00", 40, last_month_mark=41),
    ]
    assert _usage(ledger, readings, OCTOBER).vendor_mark == 56
    assert UsageLog(ledger).usage("jumpcloud", "users", NOVEMBER, NEW_YORK, LATER)["org-1"].vendor_mark == 41


def test_the_cross_check_is_the_one_of_the_newest_good_reading(ledger: Database) -> None:
    """Two figures of one moment."""
    readings = [_reading("2026-11-02T17:00", 52, cross_check=52), _reading("2026-11-03T17:00", 47, cross_check=46)]
    assert _usage(ledger, readings).latest_cross_check == 46


def test_sources_metrics_and_organizations_do_not_mix(ledger: Database) -> None:
    """The same id elsewhere is another organization."""
    moment = _at("2026-11-02T17:00")
    log = UsageLog(ledger)
    log.add(
        Reading(source, organization, metric, moment, count, "counted")
        for source, organization, metric, count in (
            ("jumpcloud", "org-1", "users", 40),
            ("lastpass", "org-1", "users", 50),
            ("jumpcloud", "org-1", "seats", 60),
            ("jumpcloud", "org-2", "users", 70),
        )
    )
    found = log.usage("jumpcloud", "users", NOVEMBER, NEW_YORK, LATER)
    assert {name: usage.peak and usage.peak.count for name, usage in found.items()} == {"org-1": 40, "org-2": 70}


def test_readings_are_kept_all_or_none(ledger: Database) -> None:
    """One that cannot be kept takes the others with it, and says so."""
    wrong = _reading("2026-11-02T17:00", 52, organization="org-2", name=["not a text"])
    with pytest.raises(Exception, match="failed"):
        UsageLog(ledger).add([_reading("2026-11-02T17:00", 40), wrong])
    assert UsageLog(ledger).usage("jumpcloud", "users", NOVEMBER, NEW_YORK, LATER) == {}
    assert UsageLog(ledger).add([]) == 0


counts = st.lists(st.tuples(st.integers(0, 80 * 24 * 60), st.integers(0, 500)), min_size=1, max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(counts, st.sampled_from(["America/New_York", "Asia/Kolkata", "Pacific/Auckland"]))
def test_the_mark_is_the_highest_count_of_the_local_month(
    ledger: Database, taken: list[tuple[int, int]], name: str
) -> None:
    """Against a plain loop over the same samples, each in a source of its own."""
    zone, start = ZoneInfo(name), datetime(2026, 10, 1, tzinfo=UTC)
    source = f"source-{uuid.uuid4()}"
    moments = [(start + timedelta(minutes=minutes), count) for minutes, count in taken]
    log = UsageLog(ledger)
    log.add(Reading(source, "org-1", "users", moment, count, "counted") for moment, count in moments)
    wanted = [count for moment, count in moments if moment.astimezone(zone).strftime("%Y-%m") == "2026-11"]
    usage = log.usage(source, "users", NOVEMBER, zone, LATER)["org-1"]
    assert (usage.peak and usage.peak.count) == max(wanted, default=None)
    assert max((count for count in usage.daily if count is not None), default=None) == max(wanted, default=None)


#: Waits for a line on stdin, so that two begin at once; then adds the same standing rows of a year, one by one.
_ADD_A_YEAR = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from psarecon.domain.model import Reading
from psarecon.ledger.database import open_database
from psarecon.ledger.usage import UsageLog
log = UsageLog(open_database(sys.argv[1], Path()))
print("ready", flush=True)
sys.stdin.readline()
days = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(60)]
print(sum(log.add([Reading("files", "org", "seats", day, 5, "file", standing=True)]) for day in days))
"""


def test_two_who_take_in_the_same_file_at_once_keep_its_rows_once(ledger: Database, ledger_url: str) -> None:
    """Sixty rows, each of them new to one of the two."""
    pipe, command = subprocess.PIPE, [sys.executable, "-c", _ADD_A_YEAR, ledger_url]
    children = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    assert sum(int(child.communicate("go\n")[0]) for child in children) == 60
    with ledger.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(samples)).scalar_one() == 60
