"""A credential is in what is sent, and in nothing else: no output, no file, no database, however things fail."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from harness import Ran, Rehearsal, psarecon

WRONG = {
    "JUMPCLOUD_API_KEY": "sentinel-jumpcloud-key",
    "AUTOTASK_USERNAME": "sentinel-user@example.com",
    "AUTOTASK_SECRET": "sentinel-autotask-secret",
    "AUTOTASK_INTEGRATION_CODE": "sentinel-integration-code",
}
#: Where the sandbox keeps its own credentials; psarecon writes neither.
_THEIRS = {"env.sh", ".sandbox"}


class Watched:
    """Runs commands and looks for any credential in what they say and leave behind."""

    def __init__(self, place: Rehearsal) -> None:
        """Watch this rehearsal."""
        self.place = place

    def run(self, *words: str, environ: Mapping[str, str] | None = None) -> Ran:
        """One command with --debug; what it says must hold none of its credentials."""
        used = environ or self.place.environ
        ran = psarecon("-C", str(self.place.directory), "--debug", *words, environ=used)
        for name, secret in used.items():
            assert secret not in ran.out + ran.err, f"{name} in what {words[0]} says"
        return ran

    def sent_to(self, vendor: str) -> list[str]:
        """The credentials a vendor gets, and could repeat."""
        return [secret for name, secret in self.place.environ.items() if name.startswith(vendor.upper())]

    def files(self) -> list[str]:
        """The files of the config directory that hold a credential of anybody, and are not the sandbox's."""
        secrets = [secret.encode() for secret in (*self.place.environ.values(), *WRONG.values())]
        paths = [path for path in self.place.directory.rglob("*") if path.is_file()]
        mine = [path for path in paths if not _THEIRS & set(path.relative_to(self.place.directory).parts)]
        assert {"ledger.db"} <= {path.name for path in mine}
        return [path.name for path in mine if any(secret in path.read_bytes() for secret in secrets)]


@pytest.fixture
def watched(acme: Rehearsal) -> Iterator[Watched]:
    """At the end no file of ours holds a credential."""
    found = Watched(acme)
    yield found
    assert found.files() == []


def test_the_main_job_leaves_no_credential_behind(watched: Watched) -> None:
    """Every command on the way, in every form."""
    plan = str(watched.place.plan_file)
    commands = [
        ("check",), ("check", "--format", "json"), ("observe",), ("plan", "-o", plan), ("plan", "--format", "json"),
        ("show", plan), ("decide", plan, "--approve-clean"), ("apply", plan), ("resume",), ("log",),
        ("log", "--format", "json"), ("plan", "--exit-code"), ("schema", "settings"),
    ]  # fmt: skip
    assert [watched.run(*words).code for words in commands] == [0] * len(commands)


def test_refused_credentials_are_not_repeated(watched: Watched) -> None:
    """Each wrong one by itself, and all of them."""
    place = watched.place
    place.rule(lock_after=0)
    place.observed()
    for name, secret in WRONG.items():
        word = "observe" if name.startswith("JUMP") else "plan"
        assert watched.run(word, environ={**place.environ, name: secret}).code == 1
    assert watched.run("observe", environ=WRONG).code == 1
    assert watched.run("plan", environ=WRONG).code == 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_server_that_repeats_the_credentials_is_not_quoted(watched: Watched, status: int) -> None:
    """In its own words about what is wrong with them: neither said nor kept in the ledger."""
    place = watched.place
    place.observed()
    for vendor, path in (("jumpcloud", "/api/"), ("autotask", "/query")):
        echo = json.dumps({"errors": [f"wrong: {secret}" for secret in watched.sent_to(vendor)]})
        place.fault("status", vendor, status=status, body=echo, path=path, times=None)
    observed = watched.run("observe")
    assert observed.code == 1
    assert "wrong: ***" in observed.err
    assert watched.run("plan").code == 1


def test_an_organization_whose_error_repeats_the_key_is_kept_without_it(watched: Watched) -> None:
    """The reading's error is stored; the key in it is not."""
    place = watched.place
    echo = json.dumps({"message": f"key {place.environ['JUMPCLOUD_API_KEY']} may not"})
    place.fault("status", "jumpcloud", status=403, body=echo, path="/systemusers", times=None)
    assert watched.run("observe").code == 6
    assert "key *** may not" in watched.run("plan").out


def test_an_outage_page_with_the_credentials_in_it_is_not_quoted(watched: Watched) -> None:
    """A proxy that prints the request's headers in its error page."""
    place = watched.place
    place.observed()
    page = "<html>" + "".join(watched.sent_to("jumpcloud"))
    place.fault("html", "jumpcloud", status=200, body=page, path="/systemusers", times=None)
    assert watched.run("observe").code == 6
    place.no_faults()
    place.observed()
    place.plan()
    page = "<html>" + "".join(watched.sent_to("autotask"))
    place.fault("html", status=200, body=page, path="/ServiceAdjustments", times=None)
    assert watched.run("apply", str(place.plan_file), "--approve-clean").code == 6
    assert watched.run("log").code == 0


def test_a_refused_write_that_repeats_the_credentials_is_journalled_without_them(watched: Watched) -> None:
    """The server's words go to the journal, as it is the only place to find them later."""
    place = watched.place
    place.observed()
    place.plan()
    echo = json.dumps({"errors": [f"no: {secret}" for secret in watched.sent_to("autotask")]})
    place.fault("status", status=500, body=echo, path="/ServiceAdjustments", times=None)
    assert watched.run("apply", str(place.plan_file), "--approve-clean").code == 6
    assert "no: ***" in watched.run("log").out


def test_nobody_listening_is_told_without_credentials(watched: Watched) -> None:
    """The address is told, what would have been sent is not."""
    place = watched.place
    place.observed()
    for _ in range(2):
        place.settings('url: "file:.sandbox/url"', 'url: "http://127.0.0.1:1"')
    observed = watched.run("observe")
    assert (observed.code, "127.0.0.1 cannot be reached" in observed.err) == (1, True)
    assert watched.run("plan").code == 1


def test_answers_nobody_expects_are_told_without_credentials(watched: Watched) -> None:
    """JSON of another form: also where --debug shows a traceback."""
    place = watched.place
    place.observed()
    for record in ('{"id": null}', "{}", "5"):
        body = f'{{"items": [{record}], "pageDetails": {{}}}}'
        place.fault("status", status=200, body=body, path="/query", times=None)
        assert watched.run("plan").code == 1
        place.no_faults()


@pytest.mark.parametrize("tail", ["\n", "\r\nX-More: y", "é"])
def test_a_credential_that_no_header_can_carry_is_not_shown(watched: Watched, tail: str) -> None:
    """The transport's own message would repeat it."""
    place = watched.place
    place.observed()
    for name, secret in WRONG.items():
        ran = watched.run(
            "observe" if name.startswith("JUMP") else "plan", environ={**place.environ, name: secret + tail}
        )
        assert ran.code == 3
        assert secret not in ran.out + ran.err


def test_credentials_from_a_file_and_a_command_are_as_quiet(watched: Watched, tmp_path: Path) -> None:
    """Only the reference is known, of a command only its first word."""
    place = watched.place
    key, secret = place.environ["JUMPCLOUD_API_KEY"], place.environ["AUTOTASK_SECRET"]
    (tmp_path / "key").write_text(f"{key}\n")
    place.settings("env:JUMPCLOUD_API_KEY", f"file:{tmp_path / 'key'}")
    program = f"print({secret!r})"
    (tmp_path / "secret.py").write_text(program)
    place.settings("env:AUTOTASK_SECRET", f"command:{shlex.quote(sys.executable)} {tmp_path / 'secret.py'}")
    assert watched.run("observe").code == 0
    assert watched.run("plan", "-o", str(place.plan_file)).code == 0
    assert watched.run("apply", str(place.plan_file), "--approve-clean").code == 0


def test_a_request_for_the_zone_does_not_carry_the_secret(watched: Watched) -> None:
    """The first question goes to a host that is not yet known to be the tenant's: the user's name and no more."""
    place = watched.place
    place.observed()
    place.forget_requests()
    place.plan()
    asked = place.requests("GET", "ZoneInformation")
    assert [one["status"] for one in asked] == [200]
