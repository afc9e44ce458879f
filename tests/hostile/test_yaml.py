"""Settings, mapping and preferences of any bytes: refused with their places, in bounded time, memory and output."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, Ran, Rehearsal, rehearsal
from hostile.looks import ACTING, STEADY, harmless, measured, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from psarecon.config.documents import MOST_BYTES, parse_document
from psarecon.errors import InvalidInput
from psarecon.review.preferences import load_preferences

_MIB = 2**20
_LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
#: What the YAML of an attacker, or of an editor, may be made of.
PIECES = (
    "client: Acme", "lines:", "- ", "  ", "\n", ": ", "&a ", "*a", "!!python/object/apply:os.system ['id']",
    "<<: ", "? ",
    "{", "}", "[", "]", "|", ">", "'", '"', "#", "---", "...", "%YAML 1.1", "010", "0x10", "1e3", ".nan", "no",
    "2026-11-20",
    "\t", "\ufeff", "\x00", "\x1b[2J", "\u202e", "\u2028", "env:HOME", "command:id", "~", "=", "- - - ", "a:b", ",",
)  # fmt: skip
NAMED = {
    "billion laughs": _LAUGHS.encode(),
    "merge keys": b"base: &b {a: 1}\nclient:\n  <<: *b\n",
    "a key that is a list": b"? [a, b]\n: c\n",
    "a key that is a number": b"1: a\n2.5: b\ntrue: c\n~: d\n",
    "a Python object": b'client: !!python/object/apply:os.system ["touch /tmp/owned"]\n',
    "binary": b"client: !!binary aGVsbG8=\n",
    "dates and octals": b"client: 2026-11-20\nlines: 010\n",
    "a tab": b"client:\tAcme\nlines:\n\t- a\n",
    "a BOM": b"\xef\xbb\xbfclient: 5\n",
    "UTF-16": "client: Acme\n".encode("utf-16"),
    "UTF-32": "client: Acme\n".encode("utf-32"),
    "Latin-1": "client: Ærø\n".encode("latin-1"),
    "half a sign": b"client: \xe2\x82\n",
    "NUL": b"client: A\x00cme\n",
    "an escaped NUL": b'client: "A\\0cme"\n',
    "half a pair": b'client: "\\uD800"\n',
    "controls": b"client: \x1b[2J\x9b\n",
    "two documents": b"client: a\n---\nclient: b\n",
    "a directive": b"%TAG ! tag:evil.example.com,2000:\n---\nclient: a\n",
    "deep lists": b"[" * 100_000,
    "deep mappings": b"a: {" * 100_000,
    "deep blocks": b"- " * 100_000,
    "an open quote": b'client: "' + b"x" * 100_000,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10,
    "nothing": b"",
    "line ends alone": b"\r" * 1000,
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A config directory with one client."""
    with rehearsal(tmp_path_factory.mktemp("yaml") / "msp", Client()) as found:
        yield found


def checked(place: Rehearsal, name: str, content: bytes) -> Ran:
    """`check` with a file of this content, which is put back afterwards; in both formats it says nothing that acts."""
    path = place.directory / name
    before = path.read_bytes() if path.exists() else None
    path.write_bytes(content)
    try:
        told, data = place.run("check"), place.run("check", "--format", "json")
        assert data.out.isascii()
        assert isinstance(json.loads(data.out), list)
        assert (told.code, data.err) == (data.code, "")
        harmless(told, 0, 3)
        return told
    finally:
        path.unlink() if before is None else path.write_bytes(before)


def test_comments_alone_are_no_settings_but_a_client_file(place: Rehearsal) -> None:
    """A client that somebody put aside, or proposals: no complaint. Settings that say nothing are an error."""
    assert checked(place, "clients/evil.yaml", b"# nothing\n").code == 0
    assert "psarecon.yaml:1:1: error: the file is empty" in checked(place, "psarecon.yaml", b"# nothing\n").err


@pytest.mark.parametrize("name", ["psarecon.yaml", "clients/evil.yaml"])
@pytest.mark.parametrize("kind", NAMED)
def test_yaml_that_is_none_is_told_with_its_place(place: Rehearsal, name: str, kind: str) -> None:
    """Exit 3, file, line and column; no more than a screenful."""
    ran = checked(place, name, NAMED[kind])
    assert ran.code == 3
    assert re.search(rf"^{re.escape(name)}:\d+:\d+: error: ", ran.err, re.MULTILINE)
    assert len(ran.err) < 20_000


@settings(STEADY, max_examples=150)
@given(pieces=st.lists(st.one_of(st.sampled_from(PIECES), st.sampled_from(ACTING), texts), max_size=25))
def test_any_pieces_of_yaml_are_checked_harmlessly(place: Rehearsal, pieces: list[str]) -> None:
    """As a client's file, and as settings after what is right."""
    content = "".join(pieces).encode("utf-8", "surrogatepass")
    checked(place, "clients/evil.yaml", content)
    checked(place, "psarecon.yaml", (place.directory / "psarecon.yaml").read_bytes() + b"\n" + content)


@settings(STEADY, max_examples=300)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_data_or_problems(content: bytes) -> None:
    """Never both nothing, and never a crash."""
    document = parse_document(content, "x.yaml")
    assert document.data is not None or document.found


@settings(STEADY, max_examples=300)
@given(
    pieces=st.lists(
        st.one_of(st.sampled_from((*PIECES, "theme: ", "keys:", "approve: ", "ctrl+x")), texts), max_size=12
    )
)
def test_any_preferences_are_read_or_refused(tmp_path: Path, pieces: list[str]) -> None:
    """A file of the user's own; its errors are harmless like all others'."""
    path = tmp_path / "review.yaml"
    path.write_bytes("".join(pieces).encode("utf-8", "surrogatepass"))
    try:
        load_preferences(path, themes=("textual-dark",))
    except InvalidInput as error:
        for line in error.told():
            assert "\x1b" not in line


LARGE = {
    "a scalar of 100 MiB": lambda: b"client: " + b"x" * (100 * _MIB),
    "a scalar of 15 MiB": lambda: b"client: " + b"1" * (15 * _MIB),
    "a million list items": lambda: b"- a\n" * 1_000_000,
    "a million lines": lambda: b"client: a\nlines:\n" + b"- {}\n" * 1_000_000,
    "a million keys": lambda: b"".join(b"x%d: 1\n" % number for number in range(1_000_000)),
    "a million anchors": lambda: b"- &a x\n" * 1_000_000,
    "a million times one key": lambda: b"a: 1\n" * 1_000_000,
    "a colon in braces, then megabytes": lambda: (
        b"a: {b:c, d: e}\n" + b"".join(b"x%d: y\n" % number for number in range(1_000_000))
    ),
    "a colon in braces, then half of one": lambda: (
        b"a: {b:c, d: e}\n" + b"".join(b"x%d: y\n" % number for number in range(45_000))
    ),
    "open brackets": lambda: b"[" * (15 * _MIB),
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_large_file_costs_bounded_time_memory_and_output(place: Rehearsal, kind: str) -> None:
    """Up to the limit of 16 MiB it is read; no more than a thousand problems of it are told."""
    path = place.directory / "clients" / "large.yaml"
    path.write_bytes(LARGE[kind]())
    try:
        ran = measured(place.directory, "check", environ=place.environ, most=2048)
    finally:
        path.unlink()
    assert ran.code == 3
    assert len(ran.err) < 300_000
    assert ran.memory < 800


def test_a_file_over_the_limit_is_not_read(place: Rehearsal) -> None:
    """Told by its size."""
    ran = checked(place, "clients/large.yaml", b" " * (MOST_BYTES + 1))
    assert "clients/large.yaml:1:1: error: the file is larger than 16 MiB" in ran.err


@pytest.mark.parametrize("name", ["clients/linked.yaml", "psarecon.yaml"])
def test_a_link_out_of_the_directory_is_not_followed(acme: Rehearsal, tmp_path: Path, name: str) -> None:
    """A pull request could have any file of the pipeline's machine printed as the line that is wrong."""
    outside = tmp_path / "outside"
    outside.write_text("sentinel of another file: [\n", encoding="utf-8")
    for target in (outside, Path("/proc/self/environ"), Path("/dev/zero"), Path("../../outside")):
        path = acme.directory / name
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        ran = acme.run("check")
        harmless(ran, 3)
        assert f"{name}:1:1: error: is a link that leads out of the config directory" in ran.err
        assert "sentinel" not in ran.err


def test_a_link_inside_is_followed_and_a_circle_is_told(acme: Rehearsal) -> None:
    """As where settings are mounted into a container."""
    data = acme.directory / "..data"
    data.mkdir()
    (acme.directory / "psarecon.yaml").rename(data / "psarecon.yaml")
    (acme.directory / "psarecon.yaml").symlink_to("..data/psarecon.yaml")
    assert acme.run("check").code == 0
    (acme.directory / "clients" / "round.yaml").symlink_to("round.yaml")
    harmless(acme.run("check"), 3)


@pytest.mark.parametrize("name", ["clients/pipe.yaml", "psarecon.yaml"])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(acme: Rehearsal, name: str) -> None:
    """Nobody writes to it; the check ends all the same."""
    (acme.directory / name).unlink(missing_ok=True)
    os.mkfifo(acme.directory / name)
    ran = acme.run("check")
    harmless(ran, 3)
    assert f"{name}:1:1: error: cannot be read: it is no file" in ran.err
