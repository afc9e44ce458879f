from __future__ import annotations

import copy
import json
import pickle
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from psarecon.config.secrets import Reference, Resolver, Secret, resolve, url_trouble
from psarecon.errors import EXIT_INVALID, SecretMissing

SENTINEL = "hunter2-SENTINEL"


def reveal(text: str, directory: Path, environ: Mapping[str, str] | None = None) -> str:
    """The secret behind a reference."""
    reference = Reference.parse(text)
    assert reference is not None
    return resolve(reference, environ=environ or {}, directory=directory, setting="psas.autotask.secret").reveal()


def refusal(text: str, directory: Path, environ: Mapping[str, str] | None = None) -> str:
    """The message and hint of a reference that leads nowhere."""
    with pytest.raises(SecretMissing) as caught:
        reveal(text, directory, environ)
    assert caught.value.exit_code == EXIT_INVALID
    return f"{caught.value} / {caught.value.hint}"


def test_a_secret_shows_itself_to_nobody_but_reveal() -> None:
    """Not by repr, str, any format, percent or a container around it."""
    secret = Secret(SENTINEL)
    texts = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}", "%s" % secret, str([secret])]  # noqa: UP031 - the old way counts too
    assert not [text for text in texts if SENTINEL in text]
    assert secret.reveal() == SENTINEL
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_secret_is_neither_pickled_nor_copied_nor_written_as_json(leak: object) -> None:
    """Each is a TypeError that does not tell the text."""
    assert callable(leak)
    with pytest.raises(TypeError) as caught:
        leak(Secret(SENTINEL))
    assert SENTINEL not in str(caught.value)


def test_two_secrets_are_equal_only_when_they_are_one() -> None:
    """So that comparing takes no longer for a better guess."""
    one = Secret("a")
    assert one != Secret("a")
    assert one == one  # noqa: PLR0124 - identity is the point
    assert len({one, Secret("a")}) == 2


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("env:NAME", Reference("env", "NAME")),
        ("file:secrets/a b", Reference("file", "secrets/a b")),
        ("command:vault read x", Reference("command", "vault read x")),
        ("env:1NAME", None),
        ("env:", None),
        ("file: ", None),
        ("ENV:NAME", None),
        ("hunter2", None),
        ("https://example.com", None),
        ("env:A\nB", None),
    ],
)
def test_a_reference_is_one_of_three_kinds_with_a_target(text: str, reference: Reference | None) -> None:
    """Everything else is a literal."""
    assert Reference.parse(text) == reference


def test_a_command_is_shown_by_its_first_word_only() -> None:
    """Its arguments may be secret."""
    assert str(Reference("command", f"vault --token {SENTINEL}")) == "command:vault"


def test_a_secret_comes_from_the_environment_it_is_given(tmp_path: Path) -> None:
    """Not from the one of the process; a value keeps its spaces."""
    assert reveal("env:KEY", tmp_path, {"KEY": " a b "}) == " a b "
    assert refusal("env:PATH", tmp_path) == (
        "psas.autotask.secret: env:PATH is not set / set the variable where psarecon runs"
    )
    assert refusal("env:KEY", tmp_path, {"KEY": " "}).startswith("psas.autotask.secret: env:KEY is empty")


def test_a_secret_comes_from_a_file_below_the_config_directory_without_its_line_end(tmp_path: Path) -> None:
    """One line end is the editor's; more belong to the secret."""
    (tmp_path / "key").write_bytes(b"abc\r\n")
    (tmp_path / "two").write_bytes(b"abc\n\n")
    assert reveal("file:key", tmp_path) == "abc"
    assert reveal("file:two", tmp_path) == "abc\n"
    assert reveal(f"file:{tmp_path / 'key'}", Path("/")) == "abc"


@pytest.mark.parametrize(
    ("raw", "why"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"\xff", "is not UTF-8 text"), (b"a" * 65537, "holds more than 64 KiB")],
)
def test_a_file_that_holds_no_secret_is_refused_with_its_reason(tmp_path: Path, raw: bytes, why: str) -> None:
    """An empty secret would be sent as one."""
    (tmp_path / "key").write_bytes(raw)
    assert refusal("file:key", tmp_path).startswith(f"psas.autotask.secret: file:key {why} / write the secret")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """With the setting that asks for it."""
    assert refusal("file:nope", tmp_path).startswith(
        "psas.autotask.secret: file:nope cannot be read: no such file or directory"
    )


def script(directory: Path, text: str) -> None:
    """A command of the config directory."""
    path = directory / "tool"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_a_secret_comes_from_a_command_that_no_shell_reads(tmp_path: Path) -> None:
    """It runs in the config directory, with the given environment, and gets its arguments as they are."""
    script(tmp_path, 'echo "$1|$KEY|$(basename "$PWD")"')
    assert reveal("command:./tool 'a b;$KEY'", tmp_path, {"KEY": "x", "PATH": "/usr/bin:/bin"}) == (
        f"a b;$KEY|x|{tmp_path.name}"
    )


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (f"./tool {SENTINEL}", "ended with exit code 3"),
        (f"./nope {SENTINEL}", "cannot be run: no such file or directory"),
        (f"./tool '{SENTINEL}", "is not a command: a quote is not closed"),
    ],
)
def test_a_command_that_fails_is_named_without_arguments_and_output(tmp_path: Path, command: str, why: str) -> None:
    """What it printed may be half a secret."""
    script(tmp_path, f"echo {SENTINEL}; echo {SENTINEL} >&2; exit 3")
    told = refusal(f"command:{command}", tmp_path)
    assert told.startswith(
        f"psas.autotask.secret: command:{command.split(maxsplit=1)[0]} {why} / run the command by hand"
    )
    assert SENTINEL not in told


def test_a_command_that_prints_nothing_is_an_error(tmp_path: Path) -> None:
    """Exit code 0 alone is no secret."""
    script(tmp_path, "exit 0")
    assert "command:./tool is empty" in refusal("command:./tool", tmp_path)


def test_a_literal_where_a_secret_belongs_is_refused_without_an_echo(tmp_path: Path) -> None:
    """Also by the resolver, for settings that were not checked."""
    with pytest.raises(SecretMissing) as caught:
        Resolver({}, tmp_path).secret(SENTINEL, "psas.autotask.secret")
    assert str(caught.value) == "psas.autotask.secret must be a reference to a secret, never the secret itself"


def test_a_text_is_itself_or_what_its_reference_leads_to(tmp_path: Path) -> None:
    """The ledger's address, for instance."""
    resolver = Resolver({"LEDGER": "postgresql://u:p@host/db"}, tmp_path)
    assert resolver.text("sqlite:x.db", "ledger") == "sqlite:x.db"
    assert resolver.text("env:LEDGER", "ledger") == "postgresql://u:p@host/db"


def test_an_address_behind_a_reference_is_checked_like_a_literal_one(tmp_path: Path) -> None:
    """And not repeated, since it comes from where secrets are."""
    resolver = Resolver({"URL": f"http://{SENTINEL}.example", "GOOD": "https://x.example"}, tmp_path)
    assert resolver.text("env:GOOD", "psas.autotask.url") == "https://x.example"
    with pytest.raises(SecretMissing) as caught:
        resolver.text("env:URL", "psas.autotask.url")
    assert str(caught.value) == (
        "psas.autotask.url: what env:URL leads to must use https: plain http is for this machine only "
        "(localhost, 127.0.0.1, [::1])"
    )
    with pytest.raises(SecretMissing, match=r"^clock must use https"):
        resolver.text("http://example.com", "clock")


@pytest.mark.parametrize(
    "url",
    ["https://example.com", "https://example.com:8443/a/", "http://127.0.0.1:80", "http://localhost", "http://[::1]:9"],
)
def test_https_and_plain_http_on_this_machine_are_good_addresses(url: str) -> None:
    """A proxy's path and port are part of it."""
    assert url_trouble(url) == ""


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com", "must use https"),
        ("http://127.0.0.1.example.com", "must use https"),
        ("http://localhost.example.com", "must use https"),
        ("https://user:pass@example.com", "must not hold a user name"),
        ("http://127.0.0.1@example.com", "must not hold a user name"),
        ("ftp://example.com", "must be an https address"),
        ("example.com", "must be an https address"),
        ("https://", "must be an https address"),
        ("https://a b", "must be an https address"),
        ("https://example.com?key=1", "must not hold a query"),
        ("https://example.com:port", "is not an address"),
        ("https://[::1", "is not an address"),
    ],
)
def test_any_other_address_is_refused_with_the_reason(url: str, why: str) -> None:
    """Look-alikes of this machine above all."""
    assert url_trouble(url).startswith(why)
