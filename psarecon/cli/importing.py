"""``psarecon import``: the mapping made from what is there, for a person to read and commit."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_CHANGES, EXIT_DONE, InvalidInput, PsareconError, UsageError

if TYPE_CHECKING:
    from psarecon.adopt.adoption import Adoption
    from psarecon.adopt.importing import Wish
    from psarecon.adopt.outcome import Outcome
    from psarecon.adopt.table import Table
    from psarecon.cli.context import Context
    from psarecon.config.settings import Settings
    from psarecon.domain.adoption import Known

Say = Callable[[str], None]
_WAYS = ("jumpcloud", "csv", "discovery")
_MOST_BYTES = 16 * 1024 * 1024


def register(commands: Any) -> None:
    """Add the command."""
    text = (
        "write client files for the organizations that the mapping does not have yet: from JumpCloud's own mapping, "
        "from a CSV, or by comparing names, domains and ids with the companies of the PSAs; what is not sure becomes "
        "a proposal in comments; nothing is written to any vendor"
    )
    parser = commands.add_parser("import", help="make the mapping from what is there", description=text)
    ways = "jumpcloud, csv FILE or discovery; may be repeated (default: jumpcloud, then discovery)"
    parser.add_argument("--from", dest="ways", action="append", nargs="+", metavar="WAY", help=ways)
    _add_scope(parser)
    parser.add_argument("--minimum-score", type=_score, metavar="N", help="names less alike are not proposed (70)")
    parser.add_argument("--interactive", action="store_true", help="decide on a screen what is in doubt, then write")
    keys = "with --interactive: other keys and theme (default: ~/.config/psarecon)"
    parser.add_argument("--keys", type=Path, metavar="FILE", help=keys)
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be written")
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    parser.add_argument("--exit-code", action="store_true", help="exit 2 when proposals are left to decide")
    parser.add_argument("--as-of", metavar="TIME", help="look at lines as of this moment (2026-11-20T17:00:00Z)")
    ignore = "leave an organization alone from now on: an entry in import.yaml"
    parser.add_argument("--ignore", action="append", metavar="SOURCE/ORGANIZATION", help=ignore)
    parser.add_argument("--reason", metavar="TEXT", help="why it is ignored")
    parser.add_argument("--by", metavar="NAME", help="who decided it (default: you)")
    parser.set_defaults(run=run)


def _add_scope(parser: argparse.ArgumentParser) -> None:
    several = "; may be repeated"
    parser.add_argument("--source", action="append", metavar="NAME", help=f"only organizations of this source{several}")
    parser.add_argument("--psa", action="append", metavar="NAME", help=f"only companies of this PSA{several}")
    product = f"what a source's organizations are billed, where it has several products{several}"
    parser.add_argument("--product", action="append", metavar="NAME", help=product)
    types = f"only companies of this type (default: no prospects, vendors and the like){several}"
    parser.add_argument("--company-type", action="append", metavar="WORD", help=types)
    column = f"a column of the CSV by its heading, such as organization=Kunde{several}"
    parser.add_argument("--column", action="append", metavar="WHAT=HEADING", help=column)


def _score(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Exit 0; with --exit-code 2 when proposals are left; 3 where the mapping does not pass its check."""
    from psarecon.cli.context import Context

    context = Context.of(args)
    if args.ignore:
        return _ignore(args, context)
    if args.reason or (args.by and not args.interactive):
        raise UsageError("--reason and --by go with --ignore")
    if args.interactive:
        return _interactive(args, context)
    return _reported(_imported(args, context), args)


def _interactive(args: argparse.Namespace, context: Context) -> int:
    from psarecon.cli.adopting import interactive

    if args.dry_run:
        raise UsageError("--dry-run writes nothing", hint="leave it out: --interactive asks before it writes")
    code, outcome = interactive(args, context)
    return code if outcome is None else _reported(outcome, args)


def _reported(outcome: Outcome, args: argparse.Namespace) -> int:
    _print(outcome, args.format)
    return EXIT_CHANGES if args.exit_code and outcome.undecided else EXIT_DONE


def _imported(args: argparse.Namespace, context: Context) -> Outcome:
    from psarecon.adopt.outcome import Outcome
    from psarecon.adopt.saving import save
    from psarecon.cli.context import say
    from psarecon.config.writing import edits_of

    notes: list[str] = []

    def tell(text: str) -> None:
        notes.append(text)
        say(text)

    adoption = adoption_of(args, context, tell)
    edits = edits_of(adoption.draft(), context.settings)
    if not args.dry_run:
        save(context.directory, edits.edits)
    files = tuple(edit.file for edit in edits.edits)
    return Outcome(tuple(adoption.results()), files, edits.by_hand, tuple(notes), written=not args.dry_run)


def adoption_of(args: argparse.Namespace, context: Context, tell: Say, step: Say = lambda _: None) -> Adoption:
    """What is there, matched, before anything is written; ``tell`` hears what could not be read, ``step`` how far it
    is. With --interactive also what is proposed in the files.

    Raises InvalidInput where settings or mapping are not valid, RemoteError, UsageError.
    """
    from psarecon.adopt.importing import Import

    wish, known = _wish(args, context, tell), _known(context)
    sources = {name: source for name, source in context.sources.items() if name in wish.wanted}
    psas = context.psas_named(_named(args.psa, context.settings.psas, "PSA"))
    now = context.now()
    day = now.astimezone(context.settings.billing.timezone).date()
    return Import(sources, psas, known, wish, tell, step).adoption(now, day)


def _known(context: Context) -> Known:
    """The mapping as it stands, once it has passed its check."""
    from psarecon.config.standing import known

    _ = context.mapping.mapping  # raises every problem of every file: nothing is written beside a mapping with errors
    return known(context.settings)


def _wish(args: argparse.Namespace, context: Context, tell: Any) -> Wish:
    from psarecon.adopt.importing import LEAST, Wish
    from psarecon.adopt.lines import Wanted

    settings, ways = context.settings, _ways(args.ways)
    every = {
        name: Wanted.of(one, settings.sources[one.source].type if one.source else "")
        for name, one in settings.products.items()
    }
    products = _products(args, settings, tell)
    if args.column and not any(way == "csv" for way, _ in ways):
        raise UsageError("--column goes with --from csv FILE")
    return Wish(
        wanted={source: every[product] for source, product in products.items()},
        others=tuple(every.values()),
        product_sources={name: one.source for name, one in settings.products.items()},
        psa_types=_psa_types(args, settings, tell),
        company_types=tuple(args.company_type or ()),
        vendor=any(way == "jumpcloud" for way, _ in ways),
        discovery=any(way == "discovery" for way, _ in ways),
        tables=tuple(
            table for way, file in ways if way == "csv" for table in _tables(args, Path(file), list(products), tell)
        ),
        least=args.minimum_score or LEAST,
        reopen=args.interactive,
    )


def _ways(given: Sequence[Sequence[str]] | None) -> list[tuple[str, str]]:
    found = []
    for words in given or (("jumpcloud",), ("discovery",)):
        way, rest = words[0], words[1:]
        if way not in _WAYS or len(rest) != (way == "csv"):
            raise UsageError(f"--from {' '.join(words)}: not a way", hint="write jumpcloud, csv FILE or discovery")
        found.append((way, rest[0] if rest else ""))
    return found


def _named(given: Sequence[str] | None, known: Any, what: str) -> list[str]:
    for name in given or ():
        if name not in known:
            raise UsageError(f"the settings have no {what} {name!r}", hint=f"there are: {', '.join(known)}")
    return list(given or known)


def _products(args: argparse.Namespace, settings: Settings, tell: Any) -> dict[str, str]:
    """The product of each source. Raises UsageError where somebody has to say which."""
    chosen = _named(args.product, settings.products, "product") if args.product else []
    found = {}
    for source in _named(args.source, settings.sources, "source"):
        every = [name for name, one in settings.products.items() if one.source == source]
        wanted = [name for name in every if name in chosen] or every
        if len(wanted) > 1:
            hint = "name one of them: --product NAME, and perhaps --source NAME"
            raise UsageError(f"source {source!r} has several products: {', '.join(wanted)}", hint=hint)
        if wanted:
            found[source] = wanted[0]
        else:
            tell(f"{source}: no product of the settings is of this source, so nothing of it is imported")
    return found


def _psa_types(args: argparse.Namespace, settings: Settings, tell: Any) -> dict[str, str]:
    """The PSA that a vendor means by a type; none where there are several, which is said."""
    found: dict[str, list[str]] = {}
    for name in _named(args.psa, settings.psas, "PSA"):
        found.setdefault(settings.psas[name].type, []).append(name)
    for kind, names in found.items():
        if len(names) > 1:
            tell(f"{' and '.join(names)} are both of type {kind}: a vendor's own mapping is read with --psa NAME only")
    return {kind: names[0] for kind, names in found.items() if len(names) == 1}


def _tables(args: argparse.Namespace, path: Path, sources: Sequence[str], tell: Any) -> Iterator[Table]:
    """The CSV as one table a source that a heading names, or of the only source."""
    from psarecon.adopt.table import read_table, sources_in
    from psarecon.files import read_whole

    raw, columns = read_whole(path), dict(_columns(args.column))
    named = sources_in(raw, sources) or list(sources)
    if len(named) > 1 and len(sources_in(raw, sources)) == 0:
        raise UsageError("which source are the table's organizations of?", hint="name it: --source NAME")
    for source in named:
        table = read_table(raw, path.name, source, [one for one in sources if one != source], columns)
        known = ", ".join(f"{role} from {heading!r}" for role, heading in table.columns.items())
        unused = f"; not used: {', '.join(table.unused)}" if table.unused else ""
        tell(f"{path.name}, {source}: {known}{unused}")
        yield table


def _columns(given: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    for one in given or ():
        role, equals, heading = one.partition("=")
        if not equals or not heading:
            raise UsageError(f"--column {one!r} names no heading", hint="write --column organization=HEADING")
        yield role.strip(), heading.strip()


def _ignore(args: argparse.Namespace, context: Context) -> int:
    """Entries of import.yaml. Raises UsageError, InvalidInput."""
    from psarecon.adopt.saving import save
    from psarecon.cli.context import say
    from psarecon.config.ignored import IMPORT_FILE, ignored
    from psarecon.config.writing import edits_of
    from psarecon.domain.adoption import Draft, Ignored, Subject

    if not (args.reason or "").strip():
        raise UsageError("--ignore needs a reason", hint="add --reason TEXT")
    known = {one.subject for one in ignored(context.directory)}
    entries = []
    for word in dict.fromkeys(args.ignore):
        source, slash, organization = word.partition("/")
        if not slash or not organization or source not in context.settings.sources:
            hint = f"write SOURCE/ORGANIZATION; sources are: {', '.join(context.settings.sources)}"
            raise UsageError(f"--ignore {word!r} names no organization", hint=hint)
        if Subject(source, organization) in known:
            say(f"{word} is ignored already")
        else:
            entries.append(Ignored(Subject(source, organization), "", args.reason, args.by or context.user()))
    if entries:
        try:
            save(context.directory, edits_of(Draft(), context.settings, entries).edits)
        except PsareconError as error:
            raise InvalidInput(f"{IMPORT_FILE}: {error}", hint=error.hint) from error
        say(f"{IMPORT_FILE}: {len(entries)} {'entry' if len(entries) == 1 else 'entries'} added")
    return EXIT_DONE


def _print(outcome: Outcome, form: str) -> None:
    if form != "text" and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # a file, whatever the terminal speaks
    for line in _lines(outcome, form):
        print(line)


def _lines(outcome: Outcome, form: str) -> Iterator[str]:
    if form == "json":
        from psarecon.report.import_data import import_data

        yield json.dumps(import_data(outcome), indent=2)
    elif form == "markdown":
        from psarecon.report.import_markdown import import_markdown

        yield import_markdown(outcome).rstrip("\n")
    else:
        from psarecon.report.import_text import import_text

        yield from import_text(outcome)
