"""A package of somebody else's is found by its entry points and used by the commands as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SETTINGS = """\
version: 1
billing: {timezone: UTC, currency: USD}
sources: {staff: {type: headcount, path: seats.txt}}
psas: {book: {type: pricebook, path: book.json}}
products: {mail: {source: staff, metric: seats, quantity: current, unit_cost: "2.00"}}
"""
CLIENT = """\
client: Acme
organizations: {staff: acme}
psa: book
company: {id: 1, name: Acme}
lines:
  - {product: mail, contract: {id: 1, name: Everything}, service: {id: m1, name: Mail}}
"""
BOOK = {
    "name": "the-book",
    "lines": {
        "m1": {
            "company": "Acme",
            "contract": "Everything",
            "name": "Mail",
            "quantity": "3",
            "cost": "2.00",
            "price": "5",
        }
    },
}
RUN = "from psarecon.cli.main import entry; entry()"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, installed into a folder of its own, from nothing but its source."""
    target = tmp_path_factory.mktemp("site")
    words = ["install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    build = {**os.environ, "PIP_NO_CACHE_DIR": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    command = [sys.executable, "-m", "pip", *words, "--target", str(target), str(HERE)]
    subprocess.run(command, check=True, env=build, capture_output=True)
    return target


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A config directory that names the package's types, with three seats billed and five used."""
    (tmp_path / "clients").mkdir()
    files = {
        "psarecon.yaml": SETTINGS,
        "clients/acme.yaml": CLIENT,
        "seats.txt": "acme 5\n",
        "book.json": json.dumps(BOOK),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def _psarecon(shop: Path, *words: str, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if site is not None:
        environ["PYTHONPATH"] = str(site)
    command = [sys.executable, "-c", RUN, "-C", str(shop), *words]
    return subprocess.run(command, check=False, env=environ, capture_output=True, text=True)


def test_its_psa_and_its_source_are_used_by_plan_and_apply(installed: Path, shop: Path) -> None:
    """Three to five: checked, observed, planned, written into the book, and found there."""
    checked = _psarecon(shop, "check", site=installed)
    assert (checked.stdout, checked.stderr) == ("1 client, 1 line: valid\n", "")
    assert _psarecon(shop, "observe", site=installed).returncode == 0
    plan = str(shop / "plan.json")
    assert _psarecon(shop, "plan", "-o", plan, site=installed).returncode == 0
    (change,) = json.loads(Path(plan).read_bytes())["changes"]
    assert (change["line"]["psa"], change["quantity"]) == ("book", {"before": "3", "after": "5"})
    assert change["call"] == {"method": "PUT", "path": "lines/m1", "body": '{"quantity": "5"}'}
    applied = _psarecon(shop, "apply", plan, "--approve-clean", site=installed)
    assert (applied.returncode, applied.stdout) == (0, "1 verified\n"), applied.stderr
    assert json.loads((shop / "book.json").read_text("utf-8"))["lines"]["m1"]["quantity"] == "5"
    assert "no changes" in _psarecon(shop, "plan", site=installed).stdout


def test_without_the_package_its_types_are_named_as_missing(shop: Path) -> None:
    """The check warns at the place; a command that needs it says which types there are."""
    checked = _psarecon(shop, "check")
    assert "psarecon.yaml:3:25: warning: no installed adapter is of type 'headcount'" in checked.stderr
    ran = _psarecon(shop, "observe")
    assert ran.returncode == 3
    assert "no adapter of type 'headcount' is installed" in ran.stderr
    assert "installed: files, jumpcloud, lastpass, lastpass-enterprise" in ran.stderr
