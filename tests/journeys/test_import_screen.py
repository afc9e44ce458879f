"""``psarecon import --interactive`` on an MSP that begins, over real HTTP: decide by keys, then write."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.adopting_steps import ImportSeat, importing
from journeys.onboarding_steps import onboarding, truth
from journeys.test_review_looks import HOSTILE, harmless, no_wider, same
from textual import events

from psarecon.adopt.outcome import name_of
from psarecon.config.check import check
from psarecon.errors import EXIT_USAGE, RemoteError
from psarecon.review.adopting import Stand
from psarecon.tui.adopting import AdoptingScreen

SIZES = [(120, 40), (80, 24), (60, 20)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """300 clients, served once for all tests of this file: an import writes nothing to any vendor."""
    yield from served(tmp_path_factory, 300)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """60 clients, where it does not matter who is in doubt."""
    yield from served(tmp_path_factory, 60)


def served(factory: pytest.TempPathFactory, clients: int) -> Iterator[Rehearsal]:
    """So many clients."""
    with onboarding(factory.mktemp("onboarding"), clients=clients) as found:
        found.environ["PSARECON_BY"] = "ana"
        yield found


@pytest.fixture
def begun(world: Rehearsal) -> Rehearsal:
    """The world with no client file."""
    return emptied(world)


@pytest.fixture
def few(town: Rehearsal) -> Rehearsal:
    """The smaller one with no client file."""
    return emptied(town)


def emptied(found: Rehearsal) -> Rehearsal:
    """Nothing is mapped, nothing was said of an import."""
    shutil.rmtree(found.directory / "clients", ignore_errors=True)
    (found.directory / "import.yaml").unlink(missing_ok=True)
    return found


def written(found: Rehearsal) -> list[Path]:
    """What is there of a mapping."""
    return sorted([*found.directory.glob("clients/*"), *found.directory.glob("import.yaml")])


async def asked(seat: ImportSeat, key: str = "w") -> None:
    """The key that leaves, and the question."""
    await seat.press(key)
    await seat.sees("Only files of the config directory are written")
    await seat.pilot.pause()


async def find(seat: ImportSeat, name: str) -> None:
    """Filter by a name, and go back to the list."""
    await seat.press("/")
    await seat.type(name)
    await seat.press("enter")


async def test_an_import_is_decided_and_written(begun: Rehearsal) -> None:
    """Accept the second company, ignore with a reason, choose a line, undo, write: the files pass the check, what was
    accepted is mapped, what was ignored is in import.yaml, the rest is proposed."""
    async with importing(begun) as seat:
        total = len(seat.model.every)
        assert total == 26
        await find(seat, "pioneer")
        await seat.press("2")
        accepted = seat.model.every[seat.stands().index(Stand.ACCEPTED)]
        await seat.press("escape")
        await find(seat, "harbor vineyards")
        await seat.press("i")
        await seat.type("left us")
        await seat.press("enter", "escape")
        await find(seat, "meadow")
        await seat.press("a")
        await seat.sees("2 lines fit: choose one")
        await seat.press("j", "enter", "escape")
        await find(seat, "wilolw")
        await seat.press("a", "u", "escape")
        assert [seat.stands().count(stand) for stand in Stand] == [total - 3, 2, 1]
        assert written(begun) == []
        await asked(seat)
        await seat.sees("2 accepted, 1 ignored; 23 left open")
        await seat.press("right", "right", "enter")
        await seat.until(lambda: not seat.app.is_running)
    assert (seat.code, seat.said, check(begun.directory).errors) == (0, "", ())
    assert seat.outcome is not None
    people = [one for one in seat.outcome.of("imported") if one.way == "decision"]
    assert {name_of(one) for one in people} == {"Pioneer Roofing", "Meadow Furniture & Sons"}
    chosen = accepted.found[1].company
    pioneer = next(path for path in written(begun) if f"company: {{id: {chosen.id}," in uncommented(path))
    assert f'jumpcloud: "{accepted.organization.id}"' in uncommented(pioneer)
    assert "decided by a person" in " ".join(pioneer.read_text().replace("#", "").split())
    meadow = next(path for path in written(begun) if path.name.startswith("meadow"))
    assert uncommented(meadow).count("- product: jumpcloud-platform") == 1
    entry = (begun.directory / "import.yaml").read_text()
    assert re.search('source: "?jumpcloud"?', entry)
    assert 'reason: "left us"' in entry
    assert 'by: "ana"' in entry
    again = begun.run("import", "--dry-run")
    assert (again.code, "0 files to be written" in again.out) == (0, True)


def uncommented(path: Path) -> str:
    """What a file says, but for its comments."""
    return re.sub(r"(?m)^\s*#.*\n", "", path.read_text(encoding="utf-8"))


async def test_what_is_accepted_all_the_way_is_what_the_sandbox_says(begun: Rehearsal) -> None:
    """The true company of every organization in doubt, by its number: nothing is left that could be decided."""
    right = {(one["source"], one["organization"]): (one["psa"], one["company"]) for one in truth(begun)}
    async with importing(begun) as seat:
        for one in list(seat.model.every):
            keys = [(found.company.psa, found.company.id) for found in one.found]
            await seat.press(str(keys.index(right[one.organization.source, one.organization.id]) + 1))
            if "lines fit" in seat.text:
                await seat.press("enter")
        assert set(seat.stands()) == {Stand.ACCEPTED}
        await asked(seat)
        await seat.press("tab", "tab", "enter")
        await seat.until(lambda: not seat.app.is_running)
    result = check(begun.directory)
    assert seat.outcome is not None
    assert (result.errors, seat.outcome.of("doubtful", "open")) == ((), [])
    left = [(one.organization.source, one.way) for one in seat.outcome.of("imported") if one.line == "proposed"]
    assert left == [("jumpcloud", "vendor's mapping")]  # the line that it names is gone, and the company has no other
    assert begun.run("check").out.endswith(": valid; 1 open proposal\n")


async def test_proposals_of_an_earlier_import_are_decided_too(begun: Rehearsal) -> None:
    """They are on the screen again; what is accepted leaves the comments, the rest of them stays."""
    assert begun.run("import").code == 0
    before = begun.run("check").out
    files = len(written(begun))
    async with importing(begun) as seat:
        assert (len(seat.model.every), {one.sure for one in seat.model.every}) == (20, {False})
        await find(seat, "pioneer")
        await seat.press("1", "1")
        await asked(seat)
        await seat.sees("Write 1 new client and 2 lines to 2 files?")
        await seat.press("right", "right", "enter")
        await seat.until(lambda: not seat.app.is_running)
    after = begun.run("check").out
    assert (check(begun.directory).errors, len(written(begun))) == ((), files)
    assert int(before.split()[0]) + 1 == int(after.split()[0])
    assert int(re.findall(r"(\d+) open", after)[0]) == int(re.findall(r"(\d+) open", before)[0]) - 2


async def test_nothing_is_written_by_who_cancels_or_leaves(few: Rehearsal) -> None:
    """Enter alone stays, escape stays; leaving without writing asks once more while there are decisions."""
    async with importing(few) as seat:
        await seat.press("G", "a")
        for key in ("enter", "escape"):
            await asked(seat, "q")
            await seat.press(key)
            assert isinstance(seat.app.screen, AdoptingScreen)
        await asked(seat, "ctrl+q")
        await seat.press("right", "enter")
        await seat.sees("Give up 1 decision?")
        await seat.press("enter")
        assert isinstance(seat.app.screen, AdoptingScreen)
        await seat.press("u")
        await asked(seat)
        await seat.press("right", "enter")
        await seat.until(lambda: not seat.app.is_running)
    assert (seat.outcome, seat.code, written(few)) == (None, 0, [])


async def test_a_reason_must_be_given_and_may_be_thought_better_of(begun: Rehearsal) -> None:
    """Enter alone asks on; every letter is a letter; escape ignores nothing."""
    async with importing(begun) as seat:
        await seat.press("i", "enter", "enter")
        assert "Ignore Bérénice Interiors" in seat.text
        await seat.type("quit now")
        await seat.press("escape")
        assert set(seat.stands()) == {Stand.OPEN}
        for key in ("i", "n", "o", "enter"):  # as fast as a terminal sends what was pasted
            seat.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await seat.until(lambda: Stand.IGNORED in seat.stands())
        await seat.pilot.pause()
        assert (seat.stands()[0], seat.stands().count(Stand.IGNORED)) == (Stand.IGNORED, 1)
        assert "›  ? Bérénice" in seat.text or "› ? Bérénice" in seat.text
        for key in ("a", "i", "o", "k", "enter"):
            seat.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await seat.until(lambda: Stand.IGNORED in seat.stands()[2:])
        assert (seat.stands()[1], seat.model.adoption.ignored()[-1].reason) == (Stand.ACCEPTED, "ok")
        await seat.press("g", "U")
        assert seat.stands()[:2] == [Stand.OPEN, Stand.ACCEPTED]
        seat.app.exit()


async def test_every_key_does_no_harm(begun: Rehearsal) -> None:
    """On the list, on the companies, on what is told, with nothing shown."""
    keys = ("j", "k", "G", "g", "pagedown", "pageup", "ctrl+d", "ctrl+u", "s", "n", "N", "y", "Y", "3", "U", "u")
    async with importing(begun, size=(80, 24)) as seat:
        for _ in range(3):
            await seat.press(*keys, "tab")
        await seat.press("l", "j", "h", "question_mark", "escape", "slash")
        await seat.type("no such name")
        await seat.sees("no organization is shown")
        await seat.press("enter", *keys, "a", "1", "i", "enter")
        assert set(seat.stands()) == {Stand.OPEN}
        await seat.press("escape")
        await seat.sees("Bérénice Interiors")
        assert seat.app.clipboard.startswith("? ")
        seat.app.exit()


@pytest.mark.parametrize("size", SIZES)
async def test_the_import_at_every_size(begun: Rehearsal, size: tuple[int, int]) -> None:
    """One of each: accepted, ignored, open; the company under the cursor with what speaks for it."""
    async with importing(begun, size=size) as seat:
        await seat.press("a", "i")
        await seat.type("left us")
        await seat.press("enter", "j", "l", "j")
        no_wider(seat, size[0])
        same(f"import-{size[0]}x{size[1]}.txt", seat.text + "\n")
        seat.app.exit()


@pytest.mark.parametrize("size", [(59, 20), (60, 15)])
async def test_below_sixty_by_sixteen_one_message_stands_alone(few: Rehearsal, size: tuple[int, int]) -> None:
    """Larger again, the list is back."""
    async with importing(few, size=size) as seat:
        assert " ".join(seat.text.split()).startswith("psarecon needs 60 columns and 16 lines")
        await seat.pilot.resize_terminal(80, 24)
        await seat.sees("Bérénice Analytics Group")
        seat.app.exit()


async def test_where_nothing_is_in_doubt_the_rest_is_written(tmp_path: Path) -> None:
    """One client, found for sure: the screen says so, no key breaks it, and w asks; once more, nothing is asked."""
    with rehearsal(tmp_path / "msp", Client("Acme Corp")) as found:
        shutil.rmtree(found.directory / "clients")
        async with importing(found, size=(80, 24)) as seat:
            await seat.sees("nothing is in doubt")
            await seat.press("j", "k", "l", "a", "1", "i", "u", "U", "s", "n", "y", "Y", "tab", "tab", "tab")
            await asked(seat)
            await seat.sees("Write 1 new client and 1 line to 1 file?")
            await seat.press("right", "right", "enter")
            await seat.until(lambda: not seat.app.is_running)
        assert found.run("check").out == "1 client, 1 line: valid\n"
        async with importing(found, size=(80, 24)) as seat:
            await seat.press("w")
            await seat.until(lambda: not seat.app.is_running)
        assert seat.outcome is not None
        assert seat.outcome.files == ()


async def test_names_of_strangers_act_on_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name twice, so that nobody can be sure of it; without colour, through list, companies, reason, question."""
    monkeypatch.setenv("NO_COLOR", "1")
    with rehearsal(tmp_path / "msp", *(Client(name) for name in HOSTILE.values() for _ in range(2))) as found:
        shutil.rmtree(found.directory / "clients")
        async with importing(found, size=(80, 24)) as seat:
            assert len(seat.model.every) >= len(HOSTILE)
            for _ in seat.model.every:
                harmless(seat)
                await seat.press("l", "i")
                harmless(seat)
                await seat.press("escape", "Y", "y", "a")
            harmless(seat)
            await seat.press("u", "i", *"x", "enter")
            await asked(seat)
            harmless(seat)
            await seat.press("right", "right", "enter")
            await seat.until(lambda: not seat.app.is_running)
        assert check(found.directory).errors == ()


async def test_what_cannot_be_read_is_told_afterwards(few: Rehearsal) -> None:
    """The screen goes, nothing is written, and the error is that of the command."""
    few.fault("expired_secret", "jumpcloud")
    try:
        with pytest.raises(RemoteError, match=r"JumpCloud GET .* refused the credentials"):
            async with importing(few) as seat:
                assert not seat.app.is_running
    finally:
        few.no_faults()
    assert written(few) == []


def test_without_a_terminal_there_is_no_screen(few: Rehearsal) -> None:
    """64, with the ways that need none; so is a dry run that would write."""
    ran = few.run("import", "--interactive")
    assert (ran.code, "psarecon import" in ran.err) == (EXIT_USAGE, True)
    assert few.run("import", "--interactive", "--dry-run").code == EXIT_USAGE
    assert written(few) == []


def test_the_report_is_printed_to_the_normal_screen(few: Rehearsal) -> None:
    """In a terminal of its own: w, the button, and what the import always tells."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "psarecon", "-C", str(few.directory), "import", "--interactive"]
    environ = {**os.environ, **few.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True)
    os.close(slave)
    shown = typed(master, [(b"nothing is written yet", b"w"), (b"Write 51", b"\t\t"), (b"", b"\r")])
    assert process.wait(20) == 0
    os.close(master)
    assert "52 files written" in shown.rpartition("\x1b[?1049l")[2]
    assert check(few.directory).errors == ()


def typed(master: int, script: list[tuple[bytes, bytes]]) -> str:
    """Wait for each text, then press the keys after it; all that was written."""
    shown = b""
    for text, keys in script:
        while text not in shown:
            shown += os.read(master, 65536)
        os.write(master, keys)
    try:
        while piece := os.read(master, 65536):
            shown += piece
    except OSError:
        pass
    return shown.decode(errors="replace")
