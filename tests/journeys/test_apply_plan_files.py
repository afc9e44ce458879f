"""Which plan files are applied: those that psarecon wrote, for this tenant, to the byte."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from harness import Client, Rehearsal, psarecon, rehearsal
from journeys.autotask_steps import fleet, observed_plan

STEP = 97


def test_a_plan_of_another_tenant_is_refused(acme: Rehearsal, tmp_path: Path) -> None:
    """Acme's plan against the credentials of another provider: exit 3 with both tenants, nothing sent."""
    observed_plan(acme)
    with fleet(tmp_path / "other", 1, seed=2) as other:
        shutil.copy(acme.plan_file, other.plan_file)
        ran = other.apply()
        assert (ran.code, other.adjustments(), other.truth()["writes"]) == (3, 0, 0)
        assert "made for 127.0.0.1/90001, the credentials of autotask lead to 127.0.0.1/90002" in ran.err
        assert other.log() == []


def test_a_plan_with_any_byte_changed_is_refused(acme: Rehearsal) -> None:
    """Every 97th byte, each in turn replaced by another: exit 3 each time, and nobody is asked anything."""
    observed_plan(acme)
    written = acme.plan_file.read_bytes()
    acme.forget_requests()
    accepted = []
    for position in range(0, len(written), STEP):
        changed = bytearray(written)
        changed[position] ^= 1
        acme.plan_file.write_bytes(changed)
        if acme.apply().code != 3:
            accepted.append(position)
    assert (accepted, acme.requests(), len(written) > 20 * STEP) == ([], [], True)


def test_a_plan_that_was_shortened_or_lengthened_is_refused(acme: Rehearsal) -> None:
    """The last byte cut off, a blank added, the same data written prettily: not what psarecon wrote."""
    observed_plan(acme)
    written = acme.plan_file.read_bytes()
    for changed in (written[:-1], written + b" ", written.replace(b",", b", ", 1), b"", b"null", b"[" * 10_000):
        acme.plan_file.write_bytes(changed)
        assert acme.apply().code == 3
    assert acme.truth()["writes"] == 0


def test_the_same_inputs_give_the_same_plan_byte_by_byte(tmp_path: Path) -> None:
    """Two runs with the same ``--as-of``, on lines with findings of all kinds, write the same file."""
    clients = (
        Client(unit_cost="8.50"),
        Client("Beta Ltd", start=date(2025, 1, 15), units=14, users=10),
        Client("Gamma AS", status=0),
        Client("Delta GmbH", units=40, users=2),
    )
    with rehearsal(tmp_path / "msp", *clients) as found:
        found.observed()
        found.plan("--as-of", "2026-11-20T18:00:00Z")
        first = found.plan_file.read_bytes()
        found.plan("--as-of", "2026-11-20T18:00:00Z")
        assert found.plan_file.read_bytes() == first
        assert first.count(b'"effective_date"') == 4


def test_another_moment_gives_another_plan(acme: Rehearsal) -> None:
    """The moment is part of the plan: an hour later it has another id."""
    acme.observed()
    first = acme.plan("--as-of", "2026-11-20T18:00:00Z")
    second = acme.plan("--as-of", "2026-11-20T19:00:00Z")
    assert first["id"] != second["id"]
    assert first["changes"] == second["changes"]


def test_no_credential_is_in_a_plan_or_in_the_ledger(acme: Rehearsal) -> None:
    """After a whole month's work none of the four secrets stands in any file but the one that holds them."""
    observed_plan(acme)
    acme.apply()
    kept = [path for path in acme.directory.rglob("*") if path.is_file() and ".sandbox" not in path.parts]
    found = {path.name for path in kept for value in acme.environ.values() if value.encode() in path.read_bytes()}
    assert found == {"env.sh"}
    assert ".psarecon" in {path.parent.name for path in kept}


def test_a_plan_without_changes_applies_to_nothing(tmp_path: Path) -> None:
    """Ten users, ten units: exit 0, no request at all."""
    with rehearsal(tmp_path / "msp", Client(users=10)) as found:
        observed_plan(found)
        found.forget_requests()
        ran = found.apply()
        assert (ran.code, ran.out, found.requests()) == (0, "nothing to do\n", [])


def test_apply_says_what_is_wrong_with_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A wrong path is an error with a name, not a crash."""
    with rehearsal(tmp_path / "msp", Client()) as found:
        ran = psarecon("-C", str(found.directory), "apply", str(tmp_path / "no.json"), environ=found.environ)
        assert (ran.code != 0, "no.json" in ran.err, "Traceback" in ran.err) == (True, True, False)
