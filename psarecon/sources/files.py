"""Usage from files: CSV and JSON rows of organization, metric, count and date, for a vendor that has only an export.

A file with one bad row is not used at all, and every organization it may speak of fails with the file and line of what
is wrong. A row stands for its day's first instant in the billing time zone: that is never in the future, so a file can
be read on the day it is about, and it is the same at every reading, so nothing is counted twice. Explained in
``docs/guides/usage-from-files.md``.
"""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from pathlib import Path

from psarecon.config.secrets import Resolver
from psarecon.config.settings import AdapterSettings
from psarecon.domain.health import Check, Checkup, State
from psarecon.domain.model import Reading
from psarecon.sources.rows import Row, UsageFile, read_usage_file
from psarecon.text import clean

#: How many of a file's errors a failed reading names.
_SHOWN = 3


class Files:
    """The files a pattern names, read anew each time. ``zone`` is the billing time zone."""

    def __init__(self, name: str, directory: Path, pattern: str, zone: tzinfo) -> None:
        self._name = name
        self._directory = directory
        self._pattern = pattern
        self._zone = zone

    def read(self, organizations: Collection[str], now: datetime) -> Iterable[Reading]:
        """A sample of every row of every good file, and a failed reading of what a bad or missing one hides.

        An organization that fails gives no sample: its rows are read once all that may be about it is right.
        """
        found = self._files(now.astimezone(self._zone).date())
        good = [row for file in found if not file.errors for row in file.rows]
        failed = dict(self._failures(found, {row.organization for row in good}, organizations))
        return [
            *(self._sample(row) for row in good if row.organization not in failed),
            *(self._failure(organization, why, now) for organization, why in sorted(failed.items())),
        ]

    def checkups(self, now: datetime) -> Sequence[Checkup]:
        """Whether there are files, all of them good."""
        return [Checkup(self._pattern, lambda: self._look_at_files(now.astimezone(self._zone).date()))]

    def _look_at_files(self, today: date) -> Check:
        found = self._files(today)
        bad = [file for file in found if file.errors]
        if bad:
            said = "; ".join(map(_said, bad[:_SHOWN]))
            remedy = "mend them: a file with one bad row is not used at all"
            return Check(self._pattern, State.WARN, f"{len(bad)} of {len(found)} files are bad: {said}", remedy)
        if not found:
            return Check(self._pattern, State.WARN, "there is no such file", "put the vendor's export there")
        return Check(self._pattern, State.OK, f"{len(found)} files, {sum(len(file.rows) for file in found)} rows")

    def close(self) -> None:
        """Nothing is kept open."""

    def _files(self, today: date) -> list[UsageFile]:
        """Every file, in order of name; a second count for the same day makes the later file a bad one."""
        names = sorted(glob.glob(self._pattern, root_dir=self._directory, recursive=True))  # noqa: PTH207  # an absolute pattern is allowed
        paths = [(name, self._directory / name) for name in names]
        found = [read_usage_file(path, name, today) for name, path in paths if path.is_file()]
        seen: dict[tuple[str, str, date], Row] = {}
        for file in found:
            for row in file.rows if not file.errors else ():
                first = seen.setdefault((row.organization, row.metric, row.day), row)
                if first.count != row.count:
                    counts = f"{row.count} on {row.day}, and {first.count} at {first.place}"
                    file.refuse(row.place.line, f"{clean(row.organization, 60)!r} counts {counts}")
        return found

    def _failures(
        self, found: Collection[UsageFile], covered: Collection[str], asked: Collection[str]
    ) -> Iterator[tuple[str, str]]:
        """Organizations asked for that no good file covers, and those a bad file may have more to say of."""
        missing = f"no row of {self._pattern} is about it" if found else f"there is no file {self._pattern}"
        bad = [file for file in found if file.errors]
        for organization in asked:
            about = [file for file in bad if file.may_name(organization)]
            if about or organization not in covered:
                suspects = about or bad
                yield organization, "; ".join(map(_said, suspects)) if suspects else missing

    def _sample(self, row: Row) -> Reading:
        moment = datetime.combine(row.day, time.min, self._zone).astimezone(UTC)
        return Reading(self._name, row.organization, row.metric, moment, row.count, str(row.place), standing=True)

    def _failure(self, organization: str, why: str, now: datetime) -> Reading:
        return Reading(self._name, organization, "", now, None, "the files", why)


def _said(file: UsageFile) -> str:
    shown = "; ".join(file.errors[:_SHOWN])
    more = len(file.errors) - _SHOWN
    return f"{shown}; and {more} more" if more > 0 else shown


def build(settings: AdapterSettings, resolver: Resolver) -> Files:
    """The source from its block in the settings."""
    return Files(settings.name, resolver.directory, settings.text("path"), settings.timezone)
