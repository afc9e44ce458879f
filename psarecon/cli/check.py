"""``psarecon check``: tells whether settings and mapping are valid."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from psarecon.errors import EXIT_DONE, EXIT_INVALID

if TYPE_CHECKING:
    from psarecon.config.check import CheckResult
    from psarecon.config.problems import Problem
    from psarecon.report.placed import Placed

#: Variables by which pipelines say where the repository is, to which the paths of annotations are relative.
_TOPS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY")


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "check settings and mapping: every error of every file at once; nothing is asked of any vendor"
    parser = commands.add_parser("check", help="check settings and mapping", description=text)
    forms = ("text", "json", "github", "gitlab", "sarif", "junit")
    parser.add_argument("--format", choices=forms, default="text", help="how problems are written")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what is wrong, or how much is valid. The exit code is 3 when there is an error."""
    from psarecon.collector import collector_paused
    from psarecon.config.check import check

    with collector_paused(kept=True):
        result = check(args.directory)
    problems = (*result.errors, *result.warnings, *result.proposals)
    if args.format == "text":
        _print_text(result)
    elif args.format == "json":
        print(json.dumps([problem.as_data() for problem in problems], indent=2))
    else:
        top = _top(args.environ)
        for line in _annotations(args.format, [_placed(problem, args.directory, top) for problem in problems]):
            print(line)
    return EXIT_INVALID if result.errors else EXIT_DONE


def _annotations(form: str, problems: list[Placed]) -> Iterator[str]:
    from psarecon.report.annotations import github, gitlab, sarif
    from psarecon.report.junit import junit_problems

    if form == "github":
        yield from github(problems)
    else:
        yield {"gitlab": gitlab, "sarif": sarif, "junit": junit_problems}[form](problems).rstrip("\n")


def _top(environ: Mapping[str, str]) -> Path:
    """The top of the repository, as far as the pipeline says; else the folder the command was called in."""
    return Path(next((environ[name] for name in _TOPS if environ.get(name)), "."))


def _placed(problem: Problem, directory: Path, top: Path) -> Placed:
    from psarecon.report.placed import Placed

    file = Path(os.path.relpath((directory / problem.file).absolute(), top.absolute()))
    data = problem.as_data()
    message, suggestion = str(data["message"]), str(data["suggestion"])
    return Placed(file.as_posix(), problem.line, problem.column, problem.severity, message, suggestion)


def _print_text(result: CheckResult) -> None:
    for problem in (*result.errors, *result.warnings, *result.proposals):
        print(problem.render(), file=sys.stderr)
    if result.errors:
        print(_count(len(result.errors), "error"), file=sys.stderr)
    else:
        print(f"{_count(result.clients, 'client')}, {_count(result.lines, 'line')}: valid{_proposed(result)}")


def _proposed(result: CheckResult) -> str:
    open_ = len(result.proposals) - result.stale
    parts = [_count(open_, "open proposal")] if open_ else []
    parts += [_count(result.stale, "stale proposal")] if result.stale else []
    return f"; {', '.join(parts)}" if parts else ""


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
