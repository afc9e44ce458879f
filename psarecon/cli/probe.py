"""``psarecon probe``: find out by experiment what a test tenant does, and write it down for plans to heed."""

from __future__ import annotations

import argparse
import sys
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_DONE, InvalidInput, UsageError
from psarecon.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psarecon.cli.context import Context
    from psarecon.config.learned import Learned
    from psarecon.domain.model import LineKey
    from psarecon.domain.probing import Answer, Probed
    from psarecon.probe.run import Probe

_HOW = "see docs/guides/probe.md"


def register(commands: Any) -> None:
    """Add the command."""
    text = (
        "Ask a TEST tenant by experiment what its vendor does not document, and write the answers to "
        "capabilities.yaml. Everything written is journalled and put back. Only for a tenant that the settings name as "
        "test_tenant and that is named here again."
    )
    parser = commands.add_parser("probe", help="find out by experiment what a test tenant does", description=text)
    parser.add_argument("--tenant", metavar="TENANT", help="the test tenant, as `psarecon doctor` shows it")
    lines = "the line to experiment on; default: the one on a contract named 'psarecon probe'"
    parser.add_argument("--line", metavar="[CONTRACT/]LINE", help=lines)
    inactive = "a line of an inactive contract, to ask about those too (Autotask)"
    parser.add_argument("--inactive-line", metavar="[CONTRACT/]LINE", help=inactive)
    price = "what one JumpCloud user costs, to learn what JumpCloud's prices are in; only reads"
    parser.add_argument("--jumpcloud-price", metavar="MONEY", type=_price, help=price)
    parser.add_argument("--dry-run", action="store_true", help="print the calls that would be made; send none of them")
    parser.set_defaults(run=run)


def _price(text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal(0)
    if not price.is_finite() or price <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount such as 9.00")
    return price


def run(args: argparse.Namespace) -> int:
    """Exit 0; 6 something stands in the PSA or the probe ended early; 3 the settings name no such test tenant; 64 the
    command line or the person does not; 7 another run holds the lease."""
    from psarecon.cli.context import Context

    if args.tenant is None and args.jumpcloud_price is None:
        raise UsageError("nothing to ask", hint="give --tenant, or --jumpcloud-price")
    if args.tenant is None and (args.line or args.inactive_line):
        raise UsageError("--line needs --tenant", hint=_HOW)
    context = Context.of(args)
    learned, code = _of_sources(context, args), EXIT_DONE
    if args.tenant is not None:
        found, code = _of_psa(context, args)
        learned += found
    if not args.dry_run:
        _write(context, learned)
    return code


def _of_psa(context: Context, args: argparse.Namespace) -> tuple[list[Learned], int]:
    name, psa = _chosen(context, args.tenant)
    line = _line(psa, name, args.line)
    inactive = _parsed(name, args.inactive_line) if args.inactive_line else None
    for one in filter(None, (line, inactive)):
        _refuse_mapped(context, one)
    if args.dry_run:
        _rehearse(context, psa, line, inactive)
        return [], EXIT_DONE
    _ask_to_type(args.tenant)
    probe = _probed(context, psa, line, inactive)
    _tell(probe)
    return [_learned(context, "psas", name, psa.tenant, probe.answers)], probe.exit_code


def _chosen(context: Context, tenant: str) -> tuple[str, Probed]:
    """The PSA whose settings name this test tenant, if its credentials lead there. Raises InvalidInput, UsageError."""
    from psarecon.domain.probing import Probed

    named = {name: block.text("test_tenant") for name, block in context.settings.psas.items()}
    names = [name for name, found in named.items() if found == tenant]
    if not any(named.values()):
        hint = f"name it as psas.NAME.test_tenant; {_HOW}"
        raise InvalidInput("the settings name no test tenant: nothing was sent", hint=hint)
    if len(names) != 1:
        raise UsageError(
            f"--tenant {clean(tenant, 100)} is no test_tenant of the settings: nothing was sent", hint=_HOW
        )
    psa = context.psas_named(names)[names[0]]
    if psa.tenant != tenant:
        text = f"the credentials of {names[0]} lead to {psa.tenant}, not to the test tenant: nothing was sent"
        raise InvalidInput(text, hint="test_tenant must be the tenant as `psarecon doctor` shows it")
    if not isinstance(psa, Probed):
        raise InvalidInput(f"{names[0]} cannot be asked by experiment", hint=_HOW)
    return names[0], psa


def _line(psa: Probed, name: str, named: str | None) -> LineKey:
    """The line that is named, or the only one of contracts that are there for probes."""
    from psarecon.domain.probing import MARK

    if named:
        return _parsed(name, named)
    found = psa.candidates(MARK)
    if len(found) != 1:
        listed = ", ".join(f"{one.contract}/{one.id}" for one in found[:20]) or "none"
        hint = f"make a contract of that name with one line, or name one with --line; there are: {listed}"
        raise UsageError(f"{len(found)} lines are on contracts named {MARK!r}", hint=hint)
    return found[0]


def _parsed(name: str, text: str) -> LineKey:
    from psarecon.domain.model import LineKey

    contract, _, line = text.rpartition("/")
    if not line.isdecimal() or not (contract.isdecimal() or not contract):
        raise UsageError(f"{clean(text, 60)!r} is no line", hint="write LINE or CONTRACT/LINE, by their ids")
    return LineKey(name, "", contract, line)


def _refuse_mapped(context: Context, line: LineKey) -> None:
    """A client's line is not experimented on. Raises InvalidInput."""
    for binding in context.mapping.mapping.bindings:
        if (binding.line.psa, binding.line.id) == (line.psa, line.id):
            text = f"line {line.id} is mapped ({binding.at}): it is a client's, nothing was sent"
            raise InvalidInput(text, hint="name a line that no client is billed by")


def _rehearse(context: Context, psa: Probed, line: LineKey, inactive: LineKey | None) -> None:
    from psarecon.probe.run import rehearse

    for text in rehearse(psa, line, _today(context), inactive):
        print(clean(text, 1000))
    print("and after each experiment, what puts the line back as it was; nothing was sent")


def _ask_to_type(tenant: str) -> None:
    """On a terminal a person types the tenant's name once more. Raises UsageError."""
    if not sys.stdin.isatty():
        return
    print(clean(f"This writes to {tenant}. Type its name to go on: "), end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != tenant:
        raise UsageError("that is not its name: nothing was sent", hint=_HOW)


def _probed(context: Context, psa: Probed, line: LineKey, inactive: LineKey | None) -> Probe:
    from psarecon.cli.apply import stoppable
    from psarecon.cli.context import new_run, say
    from psarecon.ledger.journal import Journal
    from psarecon.ledger.leases import Leases
    from psarecon.probe.run import RUNS, Prober
    from psarecon.protocol import Timing

    apply, name = context.settings.apply, f"{RUNS}{new_run()}"
    timing = Timing(apply.settle_window.total_seconds(), apply.lease.total_seconds())
    say(f"run {name}: probing line {line.id} of {psa.tenant}")
    with stoppable(lambda _progress: None) as watch:
        journal, leases = Journal(context.database), Leases(context.database)
        prober = Prober(psa, journal, leases, name, context.holder(name), timing, watch)
        return prober.probe(line, _today(context), inactive)


def _of_sources(context: Context, args: argparse.Namespace) -> list[Learned]:
    from psarecon.domain.probing import Asked

    if args.jumpcloud_price is None:
        return []
    sources = {name: one for name, one in context.sources.items() if isinstance(one, Asked)}
    if not sources:
        raise UsageError("the settings name no JumpCloud source", hint="leave --jumpcloud-price out")
    found = []
    for name, source in sources.items():
        answers = source.ask(args.jumpcloud_price)
        _tell_answers(answers)
        found.append(_learned(context, "sources", name, source.account(), answers))
    return found


def _learned(context: Context, section: str, name: str, tenant: str, answers: Sequence[Answer]) -> Learned:
    from psarecon import __version__
    from psarecon.config.learned import Learned

    return Learned(section, name, tenant, f"{_today(context)}", f"psarecon {__version__}", answers)


def _tell(probe: Probe) -> None:
    from psarecon.cli.context import say

    _tell_answers(probe.answers)
    if probe.ended:
        say(f"error: the probe ended early: {probe.ended}")
    for text in probe.standing:
        say(f"error: this stands in the PSA: {text}")
    if not probe.standing:
        print("the line is as it was before")


def _tell_answers(answers: Sequence[Answer]) -> None:
    for answer in answers:
        print(clean(f"{answer.key}: {answer.value or 'not answered'}"))
        print(clean(f"    {answer.question}", 300))
        for evidence in answer.evidence:
            print(clean(f"    {evidence}", 500))


def _write(context: Context, learned: Sequence[Learned]) -> None:
    from psarecon.config.capabilities import CAPABILITIES_FILE, read_capabilities
    from psarecon.config.learned import with_learned
    from psarecon.files import write_whole

    told = [one for one in learned if any(answer.value is not None for answer in one.answers)]
    if not told:
        return
    text = with_learned(read_capabilities(context.directory).text, told)
    write_whole(context.directory / CAPABILITIES_FILE, text.encode())
    print(f"written: {CAPABILITIES_FILE}; review it, then commit it")


def _today(context: Context) -> Any:
    return context.now().astimezone(context.settings.billing.timezone).date()
