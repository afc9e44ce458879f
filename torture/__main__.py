"""``python -m torture``: run a campaign, print its figures, exit 1 when a rule was broken.

With ``--only SEED`` one run, with its scenario and all that came of it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from pprint import pformat

from torture.campaign import Order, Tally, bench, campaign, default_workers
from torture.checker import RULES, violations
from torture.postgres import databases
from torture.run import Run
from torture.sabotage import SABOTAGES
from torture.scenario import draw, shown

_SHOWN = 10
PSAS = ("autotask", "connectwise")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--psa", choices=PSAS, action="append", help="default: both, one after the other")
    parser.add_argument("--runs", type=int, default=5000, metavar="N", help="runs on each PSA (default: 5000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the first seed (default: 1)")
    parser.add_argument("--minutes", type=float, default=20.0, help="for each PSA: no run begins later (default: 20)")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="default: eight a core")
    parser.add_argument("--ledger", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--sabotage", choices=tuple(SABOTAGES), help="break the protocol on purpose")
    parser.add_argument("--only", type=int, metavar="SEED", help="one run, and everything about it")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object a PSA")
    return parser


def main() -> int:
    """Exit 0 when every rule held in every run."""
    args = _parser().parse_args()
    broken, workers = 0, args.workers or default_workers()
    with databases(args.ledger, workers) as urls:
        for psa in args.psa or PSAS:
            order = Order(psa, args.runs, args.seed, args.minutes * 60, workers, args.sabotage, urls)
            broken += _one(order, args.only) if args.only is not None else _many(order, as_json=args.json)
    return 1 if broken else 0


def _many(order: Order, *, as_json: bool) -> int:
    tally = campaign(order)
    if as_json:
        print(json.dumps(_figures(order, tally)))
    else:
        _print(order, tally)
    return len(tally.bad)


def _one(order: Order, seed: int) -> int:
    """One seed under the eye of a person."""
    scenario = draw(order.psa, order.ledger, seed)
    with tempfile.TemporaryDirectory(prefix="psarecon-torture-") as folder, bench(order, Path(folder) / "0") as found:
        evidence = Run(found, scenario).carry_out()
    print(pformat(shown(scenario), width=120))
    print(pformat(asdict(evidence), width=160))
    broken = violations(evidence)
    for violation in broken:
        print(f"VIOLATION {violation.rule}: {violation.text}")
    print(f"{len(broken)} violations")
    return len(broken)


def _figures(order: Order, tally: Tally) -> dict[str, object]:
    return {
        "psa": order.psa,
        "ledger": order.ledger,
        "runs": tally.runs,
        "seconds": round(tally.seconds, 1),
        "faults": dict(tally.faults),
        "ledger_faults": dict(tally.trouble),
        "kills": dict(tally.kills),
        "outcomes": dict(tally.outcomes),
        "doubts": tally.doubts,
        "violations": len(tally.bad),
        "rules": dict(tally.rules),
        "seeds": [one.seed for one in tally.bad],
    }


def _print(order: Order, tally: Tally) -> None:
    rate = tally.runs / max(tally.seconds, 0.001)
    print(f"{order.psa}, ledger on {order.ledger}: {tally.runs} runs in {tally.seconds:.0f} s ({rate:.0f} a second)")
    for title, counts in (
        ("faults", tally.faults),
        ("ledger", tally.trouble),
        ("kills", tally.kills),
        ("applies", tally.outcomes),
    ):
        print(f"  {title + ':':10}{_counted(counts)}")
    print(f"  {'in doubt:':10}{tally.doubts} lines after apply, every one of them settled or named")
    print(f"  {'rules:':10}{', '.join(RULES)}")
    print(f"  {'violations:':11} {len(tally.bad)}{' runs: ' + _counted(tally.rules) if tally.bad else ''}")
    for one in tally.bad[:_SHOWN]:
        print(f"    {one.violations[0].rule}: {one.violations[0].text.strip().splitlines()[-1]}")
        print(f"      again: {_again(order, one.seed)}")
    sys.stdout.flush()


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"


def _again(order: Order, seed: int) -> str:
    words = f"python -m torture --psa {order.psa} --ledger {order.ledger} --only {seed}"
    return words + (f" --sabotage {order.sabotage}" if order.sabotage else "")


if __name__ == "__main__":
    raise SystemExit(main())
