"""Settings and mapping checked in one go: every error of every file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from psarecon.config.catalogue import Catalogue
from psarecon.config.documents import Document
from psarecon.config.mapping import Gathered, gather
from psarecon.config.problems import Problem, in_order
from psarecon.config.settings import build_settings, read_settings_document, settings_problems


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found: errors, warnings and proposals in file and line order, and how much it looked at.

    ``proposals`` are those of an import that stand in the files, ``stale`` how many of them were overtaken.
    """

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    clients: int
    lines: int
    proposals: tuple[Problem, ...] = ()
    stale: int = 0


def check(directory: Path, *, today: date | None = None) -> CheckResult:
    """Check a config directory. Never raises for what its files hold. ``today`` as in ``load_mapping``."""
    settings = read_settings_document(directory)
    problems = settings_problems(settings, directory)
    gathered = _gathered(directory, settings, problems, today)
    ordered = in_order([*problems, *gathered.problems])
    return CheckResult(
        errors=tuple(problem for problem in ordered if problem.severity == "error"),
        warnings=tuple(problem for problem in ordered if problem.severity == "warning"),
        clients=gathered.clients,
        lines=len(gathered.bindings),
        proposals=tuple(gathered.proposals),
        stale=gathered.stale,
    )


def _gathered(directory: Path, settings: Document, problems: list[Problem], today: date | None) -> Gathered:
    if any(problem.severity == "error" for problem in problems):
        catalogue = Catalogue.guessed(settings.data)
    else:
        catalogue = Catalogue.of(build_settings(directory, settings.data))
    return gather(directory, catalogue, today or _today(settings), settings)


def _today(settings: Document) -> date:
    """The day in the billing time zone, in UTC while there is none that can be used."""
    try:
        return datetime.now(ZoneInfo(settings.data["billing"]["timezone"])).date()
    except (TypeError, KeyError, ValueError, ZoneInfoNotFoundError, OSError):
        return datetime.now(UTC).date()
