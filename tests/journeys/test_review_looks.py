"""How the review looks: the text of whole screens at every size, kept in files and compared; names that act on nothing.

`PSARECON_GOLDENS=write` writes the files anew; read the difference before committing it.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.review_steps import Seat, reviewing
from rich.cells import cell_len
from screens import grid

GOLDENS = Path(__file__).parent.parent / "golden"
SIZES = [(120, 40), (100, 30), (80, 24), (60, 20)]
CLIENTS = (
    Client("Acme [UK] Ltd", units=50, users=30),
    Client("Borealis Freight & Storage Holding Company", units=20, users=29),
    Client("Cedar Works", units=8, users=9, unit_cost="8.25"),
    Client("Dunlin & Co", units=5, users=7),
    Client("北海道ロジスティクス株式会社", units=11, users=12),
    Client("שלום עולם", units=3, users=4),
    *(Client(f"Rise {number}", units=10 + number, users=10 + number, unit_cost="8.25") for number in range(6)),
)
HOSTILE = {
    "ESC": "Acme\x1b[2J\x1b[31m Corp",
    "OSC 52": "Acme\x1b]52;c;Y3VybCBldmls\x07",
    "C1": "Acme\x9b31m\x90q\x9c",
    "bidi override": "Acme \u202egpj.exe\u202c Corp",
    "markup": "[/oops][bold]Acme[link=x]",
    "action": "[@click=app.quit]quit[/]",
    "newline": "Acme\r\nREAD ONLY\x0b\x85\u2028x",
    "combining": "Z\u0351\u036b\u0343a\u0340\u0341l\u0321g\u0334o" * 9,
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 & co",
    "tags": "Acme\U000e0041\U000e0042",
    "long": "A" * 10_000,
}
_ACTS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.fixture(scope="module")
def msp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Twelve clients, six with the same cost rise, one blocked, one to be looked at; nothing here is ever written."""
    with rehearsal(tmp_path_factory.mktemp("looks") / "msp", *CLIENTS, today=date(2026, 11, 16)) as found:
        dunlin = found.directory / "clients" / "dunlin-co.yaml"
        dunlin.write_text(dunlin.read_text(encoding="utf-8").replace("Managed services", "Managed service"))
        for day, users in (("2026-11-17", 22), ("2026-11-18", 29), ("2026-11-20", 27)):
            found.today(day)
            found.users(users, found.organizations[1])
            found.observed()
        found.plan()
        yield found


def compare(name: str, seat: Seat) -> None:
    """The screen against its file; moments and ids that differ from run to run are set alike."""
    shown = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "0000-00-00T00:00:00Z", seat.text)
    shown = re.sub(r"(?<=plan )[0-9a-f]{8}", "01234567", shown) + "\n"
    same(f"{name}.txt", shown)


def same(name: str, shown: str) -> None:
    """What is shown against the file of that name."""
    golden = GOLDENS / name
    if os.environ.get("PSARECON_GOLDENS") == "write":
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")


def no_wider(seat: Seat, width: int) -> None:
    """Every line of the screen is exactly as wide as it, at most."""
    assert [line for line in grid(seat.app) if cell_len(line) > width] == []


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_review_at_every_size(msp: Rehearsal, width: int, height: int) -> None:
    """What plan, how old, how many, what money, the riskiest first, and why."""
    async with reviewing(msp, str(msp.plan_file), "--by", "kim", size=(width, height)) as seat:
        await seat.press("j")
        no_wider(seat, width)
        compare(f"review-{width}x{height}", seat)
        await seat.press("q")


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_equal_changes_together_at_every_size(msp: Rehearsal, width: int, height: int) -> None:
    """The group says how many, how they stand and what they come to."""
    async with reviewing(msp, str(msp.plan_file), "--by", "kim", size=(width, height)) as seat:
        await seat.press("e", "j", "j")
        no_wider(seat, width)
        compare(f"equal-{width}x{height}", seat)
        await seat.press("q")


@pytest.mark.parametrize(("width", "height"), [(120, 40), (60, 20)])
async def test_all_about_one_change(msp: Rehearsal, width: int, height: int) -> None:
    """Enter: everything there is to say, the most important first."""
    async with reviewing(msp, str(msp.plan_file), "--by", "kim", size=(width, height)) as seat:
        await seat.press("j", "enter")
        await seat.sees("esc")
        no_wider(seat, width)
        compare(f"change-{width}x{height}", seat)
        await seat.press("escape", "q")


@pytest.mark.parametrize(("width", "height"), [(59, 20), (60, 15), (20, 5)])
async def test_below_sixty_by_sixteen_one_message_stands_alone(msp: Rehearsal, width: int, height: int) -> None:
    """Too small a screen names what it needs and the commands without a screen; larger again, the list is back."""
    async with reviewing(msp, str(msp.plan_file), size=(width, height)) as seat:
        assert " ".join(seat.text.split()).startswith("psarecon needs 60 columns and 16 lines")
        await seat.pilot.resize_terminal(80, 24)
        await seat.sees("Cedar Works")
        await seat.press("q")


async def test_a_plan_without_changes_says_so(tmp_path: Path) -> None:
    """Nothing to change is an answer, not an empty screen."""
    with rehearsal(tmp_path / "msp", Client(units=14, users=14)) as found:
        found.observed()
        found.plan()
        async with reviewing(found, str(found.plan_file), size=(80, 24)) as seat:
            await seat.sees("nothing to change")
            await seat.press("a", "x", "A", "n", "e", "enter", "y")
            await seat.press("escape", "q")


async def test_names_of_strangers_act_on_nothing(tmp_path: Path) -> None:
    """Escapes, markup, bidi, emoji, line ends and 10,000 characters: through list, detail, groups, dialogs, history."""
    clients = [Client(name, units=10, users=14 + place) for place, name in enumerate(HOSTILE.values())]
    with rehearsal(tmp_path / "msp", *clients) as found:
        found.observed()
        found.plan()
        async with reviewing(found, str(found.plan_file), "--apply", size=(80, 24)) as seat:
            for _ in HOSTILE:
                await seat.press("a")
                harmless(seat)
            for keys in (("g", "enter"), ("escape", "x"), ("escape", "c"), ("c", "R"), ("escape", "y"), ("Y", "H")):
                await seat.press(*keys)
                harmless(seat)
            await seat.press("escape", "q")
            await seat.until(lambda: not seat.app.is_running)


def harmless(seat: Seat) -> None:
    """No character that acts, no line too wide, and the screen still stands."""
    found = {character for character in seat.text if unicodedata.category(character) in _ACTS} - {"\n"}
    assert found == set()
    no_wider(seat, 80)
    assert seat.app.is_running


@pytest.mark.parametrize("kind", ["dark", "light", "no-colour"])
async def test_the_review_in_its_colours(msp: Rehearsal, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture each of a dark theme, a light one, and of NO_COLOR, with every state a change can stand in."""
    ids = {row["client"]: row["id"] for row in json.loads(msp.plan_file.read_bytes())["changes"]}
    decide = ("decide", str(msp.plan_file), "--decisions", str(msp.directory / f"{kind}.json"), "--by", "kim")
    msp.run(*decide, "--approve", ids["Cedar Works"], ids["Rise 1"])
    msp.run(*decide, "--reject", ids["Rise 2"], "--hold", ids["Rise 3"])
    preferences = msp.directory / "review.yaml"
    preferences.write_text("theme: textual-light\n" if kind == "light" else "", encoding="utf-8")
    if kind == "no-colour":
        monkeypatch.setenv("NO_COLOR", "1")
    words = (str(msp.plan_file), "--decisions", decide[3], "--keys", str(preferences), "--by", "kim")
    async with reviewing(msp, *words, size=(120, 34)) as seat:
        await seat.press("j")
        picture = re.sub(r"terminal-\d+", "terminal", seat.app.export_screenshot(title="psarecon"))
        await seat.press("q")
    same(f"review-{kind}.svg", re.sub(r"(?<=plan&#160;)[0-9a-f]{8}", "01234567", picture))
