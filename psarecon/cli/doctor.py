"""``psarecon doctor``: look at everything psarecon needs, and say what to do where something is not as it should be."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from psarecon.errors import EXIT_DONE, EXIT_ERROR, EXIT_INVALID, InvalidInput
from psarecon.text import clean

if TYPE_CHECKING:
    from psarecon.cli.context import Context
    from psarecon.doctor.run import Group
    from psarecon.domain.health import Check
    from psarecon.domain.model import Binding
    from psarecon.domain.ports import Psa, Source

_T = TypeVar("_T")
_PIN = "PSARECON_SETTINGS_DIGEST"


def register(commands: Any) -> None:
    """Add the command."""
    text = (
        "Look at settings, references, git, sources, PSAs, clocks, the ledger, leases, doubts, usage: one line each, "
        "with a remedy. Nothing is written but the ledger, which is made or brought up to date if need be."
    )
    parser = commands.add_parser("doctor", help="look at everything that psarecon needs", description=text)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0; 1 when a check failed; 3 when the settings are not valid."""
    from psarecon.cli.context import Context
    from psarecon.doctor.run import examine
    from psarecon.domain.health import Check, State

    context = Context.of(args)
    invalid = False
    try:
        groups = _groups(context)
    except InvalidInput as error:
        invalid = True
        said = Check("settings", State.FAIL, error.told()[0].removeprefix("error: "), error.hint)
        groups = [[_found(said)], *_around(context)]
    found = examine(groups)
    _print(found, args.format)
    if invalid:
        return EXIT_INVALID
    return EXIT_ERROR if any(check.state is State.FAIL for check in found) else EXIT_DONE


def _groups(context: Context) -> list[Group]:
    """Raises InvalidInput: the settings are not valid, or not those that the pipeline pinned."""
    from psarecon.doctor.place import mapping_check, reference_checkups, settings_check
    from psarecon.domain.health import Checkup

    settings = context.settings
    references = list(reference_checkups(settings, context.resolver))
    return [
        [_found(settings_check(settings, bool(context.environ.get(_PIN))))],
        [Checkup("mapping", lambda: mapping_check(context.directory))],
        *_around(context),
        *([one] for one in references),
        *_ledger(context),
        *(_source(context, name) for name in settings.sources),
        *(_psa(context, name) for name in settings.psas),
        [_rivals(context)],
    ]


def _around(context: Context) -> list[Group]:
    from psarecon.doctor.place import git_check, versions_check
    from psarecon.domain.health import Checkup

    return [[Checkup("git", lambda: git_check(context.directory))], [Checkup("versions", versions_check)]]


def _found(check: Check) -> Any:
    from psarecon.domain.health import Checkup

    return Checkup(check.name, lambda: check)


def _ledger(context: Context) -> list[Group]:
    """The ledger, then usage, all on one thread's turn: the ledger is opened once."""
    from psarecon.doctor.ledger import ledger_checkups, usage_checkups

    settings = context.settings
    products = settings.products.values()
    billed = sorted({(one.source, one.metric) for one in products if one.source and one.metric})
    usage = usage_checkups(lambda: context.database, billed, settings.guards.usage_age, context.now)
    return [[*ledger_checkups(lambda: context.database), *usage]]


def _source(context: Context, name: str) -> Group:
    from psarecon.doctor.remote import source_checkups

    def mapped() -> set[str]:
        mine = [one for one in _bindings(context) if one.product.source == name]
        return {one.organization for one in mine if one.organization}

    def build() -> Source:
        from psarecon.wiring import sources

        only = replace(context.settings, sources={name: context.settings.sources[name]})
        found = sources(only, context.resolver)[name]
        context.resources.callback(found.close)
        return found

    return list(source_checkups(name, _once(build), mapped(), context.now))


def _psa(context: Context, name: str) -> Group:
    from psarecon.doctor.place import capabilities_check
    from psarecon.doctor.remote import psa_checkups

    def build() -> Psa:
        return context.psas_named([name])[name]

    block = context.settings.psas[name]
    mine = [one for one in _bindings(context) if one.line.psa == name]
    return list(
        psa_checkups(
            name,
            _once(build),
            mine,
            context.now,
            context.settings.billing.timezone,
            lambda tenant: capabilities_check(block, tenant),
        )
    )


def _rivals(context: Context) -> Any:
    from psarecon.doctor.remote import rivals_check
    from psarecon.domain.health import Checkup
    from psarecon.rivals import ask

    types = {name: block.type for name, block in context.settings.psas.items()}
    bindings = _bindings(context)
    sources = {one.product.source for one in bindings if one.product.source}
    return Checkup("second writer", lambda: rivals_check(ask(context.claimant, sources, types), bindings))


def _bindings(context: Context) -> Sequence[Binding]:
    """None where the mapping is not valid, which is told apart."""
    try:
        return context.mapping.mapping.bindings
    except InvalidInput:
        return ()


def _once(build: Callable[[], _T]) -> Callable[[], _T]:
    return cache(build)


def _print(found: Sequence[Check], form: str) -> None:
    if form == "json":
        rows = [{"name": one.name, "state": one.state.value, "text": one.text, "remedy": one.remedy} for one in found]
        print(json.dumps(rows, indent=2))
        return
    for one in found:
        print(clean(f"{one.state.value:5} {one.name}: {one.text}", 1000))
        if one.remedy:
            print(clean(f"      → {one.remedy}", 1000))
    counts = [f"{sum(one.state is state for one in found)} {state.value}" for state in type(found[0].state)]
    print(", ".join(counts))
