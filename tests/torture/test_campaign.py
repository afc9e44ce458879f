"""The fault campaign, small: it finds nothing in psarecon, and finds each way of breaking the protocol."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from torture.checker import RULES
from torture.sabotage import SABOTAGES
from torture.scenario import KILLS, LEDGER_TROUBLE, draw

ROOT = Path(__file__).resolve().parents[2]
PSAS = ("autotask", "connectwise")
RUNS = 14
#: The rule that says what each sabotage does; others are broken on the way.
BROKEN = {
    "blind-retry": "once",
    "skip-reread": "approved",
    "journal-after": "journalled",
    "trust-answer": "told",
}


def torture(*words: str) -> tuple[int, list[str]]:
    """Exit code and lines of ``python -m torture``, which forks and so has a process of its own."""
    command = [sys.executable, "-m", "torture", "--workers", "4", *words]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    return ran.returncode, ran.stdout.splitlines()


def figures(*words: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and the figures of each PSA."""
    code, lines = torture("--json", *words)
    return code, [json.loads(line) for line in lines]


@pytest.mark.parametrize("ledger", LEDGER_TROUBLE)
def test_no_rule_is_broken_under_any_fault(ledger: str) -> None:
    """On both PSAs; some runs were killed, some lines were in doubt."""
    code, found = figures("--runs", str(RUNS), "--ledger", ledger)
    assert [(one["psa"], one["ledger"], one["runs"], one["violations"]) for one in found] == [
        (psa, ledger, RUNS, 0) for psa in PSAS
    ]
    assert all(one["doubts"] and one["kills"] and one["faults"] for one in found)
    assert code == 0


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_a_broken_protocol_is_found(sabotage: str) -> None:
    """The rule it breaks is named, on both PSAs, and the command fails."""
    code, found = figures("--runs", str(RUNS), "--sabotage", sabotage)
    assert [one["rules"].get(BROKEN[sabotage], 0) > 0 for one in found] == [True, True]
    assert code == 1


def test_a_violation_comes_with_the_command_that_repeats_it() -> None:
    """That command runs the one seed again, shows all of it, and finds the same rule broken."""
    _, lines = torture("--psa", "autotask", "--runs", "12", "--sabotage", "blind-retry")
    again = next(line for line in lines if "again: python -m torture " in line)
    code, told = torture(*again.partition("torture ")[2].split())
    assert code == 1
    assert any(line.startswith("VIOLATION once: line ") for line in told)
    assert any("'faults': [" in line for line in told)


def test_no_run_begins_after_the_time_is_over() -> None:
    """The figures say how many there were."""
    code, found = figures("--psa", "autotask", "--runs", "5000", "--minutes", "0")
    assert (code, [one["runs"] for one in found]) == (0, [0])


@pytest.mark.parametrize("psa", PSAS)
def test_a_seed_is_a_scenario(psa: str) -> None:
    """The same one each time; another one for another seed."""
    assert draw(psa, "sqlite", 7) == draw(psa, "sqlite", 7)
    assert len({str(draw(psa, "sqlite", seed)) for seed in range(200)}) == 200


@pytest.mark.parametrize("ledger", LEDGER_TROUBLE)
@pytest.mark.parametrize("psa", PSAS)
def test_the_first_five_thousand_seeds_hold_everything_that_can_go_wrong(psa: str, ledger: str) -> None:
    """Twenty kinds of faults a hundred times each at least, a kill at every place, every trouble of the ledger."""
    scenarios = [draw(psa, ledger, seed) for seed in range(1, 5001)]
    faults = Counter(fault.name for one in scenarios for fault in one.faults)
    assert len(faults) == 20
    assert min(faults.values()) > 100
    assert {one.kill.where for one in scenarios if one.kill} == set(KILLS)
    assert {one.trouble[0] for one in scenarios if one.trouble} == set(LEDGER_TROUBLE[ledger])


def test_every_rule_says_what_it_is() -> None:
    """The page of the campaign names each."""
    page = (ROOT / "docs" / "reference" / "torture.md").read_text("utf-8")
    assert [name for name in RULES if f"| `{name}` |" not in page] == []
