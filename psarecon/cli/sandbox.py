"""`psarecon sandbox`: a rehearsal with emulated vendors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse has no public name for it

_WRONG_USAGE = 64
_FAILED = 1


def register(commands: Commands) -> None:
    """Add `sandbox init` and `sandbox serve`."""
    parser = commands.add_parser("sandbox", help="rehearse with emulated vendors on this machine")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _register_init(actions)
    serve = actions.add_parser("serve", help="serve the emulated vendors on 127.0.0.1 until interrupted")
    serve.add_argument("sandbox_directory", type=Path, metavar="DIR", help="a directory made by `sandbox init`")
    serve.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    serve.set_defaults(run=partial(_installed, _serve))


def _register_init(actions: Commands) -> None:
    init = actions.add_parser("init", help="write an emulated MSP and the config repository that maps it")
    init.add_argument(
        "sandbox_directory", type=Path, metavar="DIR", help="a directory without psarecon.yaml, unless --world-only"
    )
    init.add_argument("--clients", type=int, default=None, metavar="N",
                      help="how many clients (default 12; with --onboarding 300)")  # fmt: skip
    init.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, another world (default 1)")
    init.add_argument("--today", type=date.fromisoformat, default=None, metavar="DATE",
                      help="the sandbox's day, as in 2026-11-01 (default: the real one)")  # fmt: skip
    init.add_argument("--systems", default=None, metavar="LIST",
                      help="which systems there are, as in autotask,jumpcloud (default: all four)")  # fmt: skip
    init.add_argument("--world-only", action="store_true", help="only the world and env.sh: DIR has its own settings")
    init.add_argument("--onboarding", action="store_true",
                      help="an MSP that begins: no settings and no mapping, only the world and env.sh")  # fmt: skip
    init.set_defaults(run=partial(_installed, _init))


def _installed(run: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Run an action, or say how to install what it needs."""
    try:
        return run(args)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"starlette", "uvicorn"}:
            raise
        print('psarecon: the sandbox is not installed; run: pip install "psarecon[sandbox]"', file=sys.stderr)
        return _FAILED


def _init(args: argparse.Namespace) -> int:
    from psarecon.sandbox.world import ZONE

    today = args.today or datetime.now(UTC).astimezone(ZONE).date()
    try:
        clients = _begin(args, today) if args.onboarding else _generate(args, today)
    except (FileExistsError, NotADirectoryError, ValueError) as error:
        print(f"psarecon: {error}", file=sys.stderr)
        return _WRONG_USAGE
    print(f"{args.sandbox_directory}: {clients} clients, today is {today}", file=sys.stderr)
    return 0


def _generate(args: argparse.Namespace, today: date) -> int:
    """The world with its config repository; how many clients it has."""
    from psarecon.sandbox.chance import SYSTEMS
    from psarecon.sandbox.generate import CLIENTS, init

    clients: int = CLIENTS if args.clients is None else args.clients
    systems = SYSTEMS if args.systems is None else [word.strip() for word in args.systems.split(",")]
    directory: Path = args.sandbox_directory
    init(directory, clients=clients, seed=args.seed, today=today, systems=systems, world_only=args.world_only)
    return clients


def _begin(args: argparse.Namespace, today: date) -> int:
    """The world of an MSP that begins; how many clients it has."""
    from psarecon.sandbox.onboarding import CLIENTS, init

    if args.systems is not None or args.world_only:
        raise ValueError("--onboarding has all four systems and no settings: leave out --systems and --world-only")
    clients: int = CLIENTS if args.clients is None else args.clients
    init(args.sandbox_directory, clients=clients, seed=args.seed, today=today)
    return clients


def _serve(args: argparse.Namespace) -> int:
    """Serve, and say in one line when that cannot be."""
    from psarecon.sandbox.serve import serve_forever

    try:
        serve_forever(args.sandbox_directory, args.port)
    except (FileNotFoundError, OSError, OverflowError) as error:
        print(f"psarecon: {error}", file=sys.stderr)
        return _WRONG_USAGE if isinstance(error, FileNotFoundError) else _FAILED
    except KeyboardInterrupt:
        pass
    return 0
