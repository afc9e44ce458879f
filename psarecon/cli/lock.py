"""``psarecon lock``: who may write to a PSA tenant now, and how to take that from somebody."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_DONE, EXIT_LOCKED, PsareconError, UsageError
from psarecon.text import clean

if TYPE_CHECKING:
    from psarecon.ledger.leases import Held


def register(commands: Any) -> None:
    """Add the command with its parts."""
    parser = commands.add_parser("lock", help="who is writing to a PSA tenant now")
    parts = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = parts.add_parser("list", help="every lease: who, where, which run, since and until when")
    listing.add_argument("--format", choices=("text", "json"), default="text")
    listing.set_defaults(run=list_all)
    show = parts.add_parser("show", help="one tenant's lease; exit 7 when a run holds it")
    steal = parts.add_parser("steal", help="end a lease: its run stops before its next write")
    for part, run in ((show, show_one), (steal, steal_one)):
        part.add_argument("tenant", metavar="TENANT", help="as `lock list` writes it (its beginning is enough)")
        part.set_defaults(run=run)
    show.add_argument("--format", choices=("text", "json"), default="text")
    steal.add_argument("--reason", required=True, help="why; the journal keeps it")
    steal.add_argument("--force", action="store_true", help="even though its process is seen to run on this machine")


def list_all(args: argparse.Namespace) -> int:
    """Exit 0."""
    found = _held(args)
    if args.format == "json":
        print(json.dumps([_data(one) for one in found], indent=2))
        return EXIT_DONE
    for one in found:
        print(_line(one))
    if not found:
        print("no lease is held")
    return EXIT_DONE


def show_one(args: argparse.Namespace) -> int:
    """Exit 0 when a run could take the tenant's lease now, 7 when one holds it."""
    found = _chosen(_held(args), args.tenant)
    if args.format == "json":
        print(json.dumps(_data(found) if found else None, indent=2))
    else:
        print("\n".join(_lines(found)) if found else clean(f"nobody holds {args.tenant}"))
    return EXIT_LOCKED if found and _state(found) == "held" else EXIT_DONE


def steal_one(args: argparse.Namespace) -> int:
    """Exit 0 when the lease was ended, 7 when its holder is seen to run, 1 when there was none."""
    from psarecon.cli.context import Context
    from psarecon.ledger.leases import Leases

    if not args.reason.strip():
        raise UsageError("--reason is empty", hint="say why that run may not go on")
    context = Context.of(args)
    leases = Leases(context.database)
    found = _chosen(leases.held(), args.tenant)
    thief = context.holder("lock steal")
    stolen = leases.steal(found.tenant, thief, args.reason, force=args.force) if found else None
    if stolen is None:
        raise PsareconError(f"nobody holds {args.tenant}", hint="`psarecon lock list` names the leases there are")
    print(clean(f"ended: {stolen.told()}"))
    print("that run stops before its next write; then `psarecon resume` settles what it had in flight")
    return EXIT_DONE


def _held(args: argparse.Namespace) -> list[Held]:
    from psarecon.cli.context import Context
    from psarecon.ledger.leases import Leases

    return Leases(Context.of(args).database).held()


def _chosen(found: list[Held], beginning: str) -> Held | None:
    """The lease of the tenant that is so called, or begins so. Raises UsageError when several do."""
    if not beginning:
        raise UsageError("the tenant is empty", hint="see `psarecon lock list`")
    exact = [one for one in found if one.tenant == beginning]
    chosen = exact or [one for one in found if one.tenant.startswith(beginning)]
    if len(chosen) > 1:
        raise UsageError(f"{len(chosen)} tenants begin with {beginning}", hint="see `psarecon lock list`")
    return chosen[0] if chosen else None


def _state(one: Held) -> str:
    """One word: whether the next run here may take it."""
    if one.ran_out:
        return "ran-out"
    return "killed" if one.gone else "held"


def _line(one: Held) -> str:
    who = one.holder
    ages = f"renewed {one.at - one.heartbeat_at:.0f} s ago, {max(0.0, one.expires_at - one.at):.0f} s left"
    return clean(f"{_state(one):7}  {one.tenant}  {who.owner} on {who.host}  {who.run}  {ages}  {who.run_url}".rstrip())


def _lines(one: Held) -> list[str]:
    said = {
        "ran-out": "its time is over; the next run takes it",
        "killed": "its process was killed; the next run on this machine takes it",
        "held": "its process runs on this machine" if one.runs else "until its time is over",
    }
    rows = {
        "tenant": one.tenant,
        "state": f"{_state(one)}: {said[_state(one)]}",
        "owner": one.holder.owner,
        "host": one.holder.host,
        "run": one.holder.run,
        "page": one.holder.run_url or "-",
        "since": _time(one.acquired_at),
        "renewed": f"{_time(one.heartbeat_at)}, {one.at - one.heartbeat_at:.0f} s ago",
        "expires": f"{_time(one.expires_at)}, {max(0.0, one.expires_at - one.at):.0f} s left",
    }
    return [clean(f"{name:8} {value}") for name, value in rows.items()]


def _time(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _data(one: Held) -> dict[str, Any]:
    return {
        "tenant": one.tenant,
        "state": _state(one),
        "owner": one.holder.owner,
        "host": one.holder.host,
        "run": one.holder.run,
        "run_url": one.holder.run_url,
        "since": _time(one.acquired_at),
        "heartbeat": _time(one.heartbeat_at),
        "expires": _time(one.expires_at),
        "seconds_left": max(0.0, round(one.expires_at - one.at, 3)),
        "runs_here": one.runs,
    }
