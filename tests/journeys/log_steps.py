"""What the journeys of ``log`` share: two months of a small ledger, in git, with a person and a night."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from harness import Client, Rehearsal, rehearsal

from psarecon.ledger.database import open_database

FORMULA = '=cmd|"/C calc"!A0'
URL = "https://ci.example.com/runs/7"
REASON = "agreed on the phone"


def commit(directory: Path) -> str:
    """Put the config directory in git; its commit."""
    (directory / ".gitignore").write_text("*\n!clients/\n!clients/*\n!psarecon.yaml\n", encoding="utf-8")
    who = ("-c", "user.name=dana", "-c", "user.email=dana@example.com")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "mapping")):
        subprocess.run(["git", "-C", str(directory), *words], check=True)
    return subprocess.check_output(["git", "-C", str(directory), "rev-parse", "HEAD"], text=True).strip()


@contextmanager
def two_months(directory: Path) -> Iterator[Rehearsal]:
    """Acme is approved by Dana in November; in December a night approves it and two others: eight rows."""
    clients = (Client(unit_cost="8.50"), Client("Beta Ltd"), Client(FORMULA))
    with rehearsal(directory, *clients) as place:
        commit(directory)
        place.environ |= {"PSARECON_BY": "Dana", "PSARECON_RUN_URL": URL}
        place.observed()
        acme = next(one["id"] for one in place.plan()["changes"] if one["client"] == "Acme Corp")
        place.run("decide", str(place.plan_file), "--approve", acme, "--reason", REASON)
        assert place.run("apply", str(place.plan_file)).out == "1 verified, 2 open\n"
        place.today("2026-12-02")
        place.users(20)
        place.environ |= {"PSARECON_BY": "night", "PSARECON_RUN_URL": ""}
        place.observed()
        place.plan()
        assert place.apply().out == "3 verified\n"
        yield place


def tamper(place: Rehearsal, *statements: str) -> None:
    """Change the ledger as somebody with its file could."""
    database = open_database("sqlite:.psarecon/ledger.db", place.directory)
    with database.writing() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    database.close()
