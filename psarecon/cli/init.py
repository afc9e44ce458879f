"""``psarecon init``: a configuration to begin with, from questions or from flags; what is there already stays."""

from __future__ import annotations

import argparse
import difflib
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from psarecon.errors import EXIT_DONE, UsageError
from psarecon.text import clean

_PIPELINES = ("github", "gitlab", "azure", "none")


def register(commands: Any) -> None:
    """Add the command."""
    text = (
        "write a configuration to begin with: settings with comments, a folder for clients, schemas for editors, a "
        "pipeline. Asks for what no flag says. A file that is there already is never changed."
    )
    parser = commands.add_parser("init", help="write a configuration to begin with", description=text)
    parser.add_argument("where", nargs="?", type=Path, metavar="DIR", help="where to (default: the config directory)")
    _add_answers(parser)
    parser.add_argument("--sandbox", type=Path, metavar="DIR", help="rehearse against the sandbox in this directory")
    parser.add_argument("--no-check", action="store_true", help="look up no reference and ask no vendor")
    parser.add_argument("--non-interactive", action="store_true", help="ask nothing: flags and usual answers")
    parser.add_argument(
        "--diff", action="store_true", help="show how files that are there differ from what init writes"
    )
    parser.set_defaults(run=run)


def _add_answers(parser: Any) -> None:
    parser.add_argument(
        "--source", action="append", metavar="TYPE", help="where usage comes from: jumpcloud, lastpass, files"
    )
    parser.add_argument("--psa", action="append", metavar="TYPE", help="where it is billed: autotask, connectwise")
    parser.add_argument("--timezone", metavar="NAME", help="of billing months (default: the machine's)")
    parser.add_argument("--currency", metavar="CODE", help="of all money (default: USD)")
    parser.add_argument("--ledger", metavar="URL", help="sqlite:PATH or a reference to a database's URL")
    parser.add_argument("--pipeline", choices=_PIPELINES, help="which recipe to add (default: none)")
    text = "a setting, as sources.jumpcloud.api_key=env:JC_KEY; may be repeated. Never a secret, only its reference"
    parser.add_argument("--set", dest="given", action="append", default=[], metavar="KEY=VALUE", help=text)


def run(args: argparse.Namespace) -> int:
    """Exit 0 when all files are there; nothing is written when a question is not answered or a check fails."""
    directory: Path = args.where or args.directory
    made = not directory.exists()
    directory.mkdir(parents=True, exist_ok=True)  # references are relative to it
    try:
        return _begin(args, directory)
    finally:
        if made:
            with suppress(OSError):
                directory.rmdir()  # as long as it is empty


def _begin(args: argparse.Namespace, directory: Path) -> int:
    from psarecon.config.settings import SETTINGS_FILE
    from psarecon.config.starting import files, pipeline_of

    there = (directory / SETTINGS_FILE).exists()
    if there:
        _refuse_answers(args)
        pipeline, data = args.pipeline or pipeline_of(directory), _standing(directory)
        contents = files(data, pipeline)
    else:
        pipeline, data, text = _asked(args, directory)
        contents = {SETTINGS_FILE: text, **files(data, pipeline)}
    for line in _written(directory, contents, [SETTINGS_FILE] if there else [], differences=args.diff):
        print(line)
    for line in _next(directory, data, args.environ, pipeline):
        print(line)
    return EXIT_DONE


def _asked(args: argparse.Namespace, directory: Path) -> tuple[str, dict[str, Any], str]:
    """The pipeline, the settings as data, and their file, read as psarecon will read it."""
    from psarecon.cli.answers import Interview
    from psarecon.cli.asking import Asker
    from psarecon.config.starting import settings_text

    asker = Asker(args.non_interactive)
    pipeline = args.pipeline or asker.one("A pipeline for", _PIPELINES, "none")
    data = Interview(args, directory, asker, shared=pipeline != "none").settings()
    text = settings_text(data)
    _verify(directory, text)
    return pipeline, data, text


def _standing(directory: Path) -> dict[str, Any]:
    """The settings that are there. Raises Problems where they are not valid."""
    from psarecon.config.settings import load_settings, read_settings_document

    load_settings(directory)
    found: dict[str, Any] = read_settings_document(directory).data
    return found


def _refuse_answers(args: argparse.Namespace) -> None:
    """Settings that are there are not changed, so no answer about them can be heeded."""
    answers = (args.source, args.psa, args.timezone, args.currency, args.ledger, args.given, args.sandbox)
    if any(answers):
        raise UsageError("psarecon.yaml is there already and is not changed", hint="edit it, and leave these flags out")


def _verify(directory: Path, text: str) -> None:
    """What is about to be written, read as psarecon will read it. Raises Problems."""
    from psarecon.config.documents import parse_document
    from psarecon.config.problems import Problems
    from psarecon.config.settings import SETTINGS_FILE, settings_problems

    problems = settings_problems(parse_document(text.encode(), SETTINGS_FILE), directory)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise Problems(errors)


def _written(directory: Path, contents: Mapping[str, str], kept: list[str], *, differences: bool) -> Iterator[str]:
    """Write what is missing; a line on every file: ``+`` written, ``=`` there, ``~`` there and other."""
    there = {name: _text_of(directory / name) for name in contents}
    yield from (f"= {name}  there already, not changed" for name in kept)
    for name, text in contents.items():
        found = there[name]
        if found is None:
            _write(directory / name, text)
            yield f"+ {name}  written"
        elif found == text:
            yield f"= {name}  there already, the same"
        else:
            yield f"~ {name}  there already and other, not changed{'' if differences else ' (--diff shows how)'}"
            yield from _difference(name, found, text) if differences else ()


def _write(path: Path, text: str) -> None:
    from psarecon.files import write_new

    write_new(path, text.encode())
    mask = os.umask(0o077)  # there is no way to ask for it
    os.umask(mask)
    path.chmod(0o666 & ~mask)  # nothing in it is secret, and colleagues share the folder


def _text_of(path: Path) -> str | None:
    """The file's text, None where nothing has that name."""
    if not os.path.lexists(path):
        return None
    from psarecon.files import read_whole

    return read_whole(path).decode("utf-8", "replace")


def _difference(name: str, there: str, text: str) -> Iterator[str]:
    lines = difflib.unified_diff(there.splitlines(), text.splitlines(), name, f"{name} as init writes it", lineterm="")
    return (f"  {clean(line)}" for line in lines)


def _next(directory: Path, data: dict[str, Any], environ: Mapping[str, str], pipeline: str) -> Iterator[str]:
    """The commands that come now, in order."""
    from psarecon.config.starting import variables

    yield ""
    yield "Next:"
    if directory != Path():
        yield f"  cd {clean(shlex.quote(str(directory)))}"
    yield from (f"  export {name}=…" for name in variables(data) if not environ.get(name))
    if not _in_git(directory):
        yield "  git init && git add . && git commit -m 'Begin with psarecon'"
    yield "  psarecon import --dry-run         # what the mapping could be; nothing is written"
    yield "  psarecon import                   # clients/, to be read and committed"
    yield "  psarecon check                    # is it valid?"
    yield "  psarecon observe                  # read usage"
    yield "  psarecon coverage                 # what nobody bills"
    yield "  psarecon plan -o plan.json        # what would change; nothing is written"
    yield "  psarecon review plan.json         # decide on it"
    if pipeline != "none":
        yield "The pipeline needs secrets and a shared ledger: docs/guides/pipelines.md"


def _in_git(directory: Path) -> bool:
    whole = directory.resolve()
    return any((folder / ".git").exists() for folder in (whole, *whole.parents))
