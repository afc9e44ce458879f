"""A billing month in a scratch git repository: the real program, the sandbox over HTTP, a ledger that runners share."""

from __future__ import annotations

from pathlib import Path

from month.audit import every_write_is_told, git_agrees, journal, the_psas_agree
from month.nights import Month
from month.office import FIRST, Office, walk
from month.oracle import Oracle
from month.repository import Repository
from month.script import play

SEED = 20261116


def test_a_month_of_nights_and_pull_requests_bills_what_it_must(tmp_path: Path, msp: Office, ledger_url: str) -> None:
    """Every night is as the oracle says; in the end PSAs, journal and git agree, line by line."""
    month = Month(msp, Repository(tmp_path, FIRST), walk(SEED, msp.lines), Oracle(msp.lines), ledger_url, FIRST)
    play(month)
    entries = journal(month)
    every_write_is_told(month, entries)
    the_psas_agree(month, entries)
    git_agrees(month, entries)
