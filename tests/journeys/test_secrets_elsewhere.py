"""No credential goes where a server, a page or a file wants it to go: all four vendors, every kind of reference."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness import TODAY, Ran, Rehearsal, psarecon
from hostile.liar import lying
from journeys.lastpass_steps import lastpass, use_enterprise

from psarecon.sandbox.generate import init
from psarecon.sandbox.serve import running

PROGRAM = Path(sys.executable).with_name("psarecon")
_VARIABLE = re.compile(r"export (\w+)=(\S+)")
REDIRECTS = [300, 301, 302, 303, 304, 305, 307, 308]


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three mixed clients: Autotask, ConnectWise, JumpCloud, LastPass."""
    init(tmp_path / "msp", clients=3, today=TODAY)
    environ = dict(_VARIABLE.findall((tmp_path / "msp" / "env.sh").read_text("utf-8")))
    with running(tmp_path / "msp") as url:
        yield Rehearsal(tmp_path / "msp", url, environ)


def quiet(place: Rehearsal, *words: str) -> Ran:
    """One command with --debug, whose output holds none of the credentials."""
    ran = place.run(*words)
    for name, secret in place.environ.items():
        assert secret not in ran.out + ran.err, f"{name} in what {words[0]} says"
    return ran


def leaks(place: Rehearsal, *more: str) -> list[str]:
    """Files of the config directory, the ledger and its log among them, in which a credential stands."""
    secrets = [secret.encode() for secret in (*place.environ.values(), *more)]
    files = [path for path in place.directory.rglob("*") if path.is_file() and not path.is_symlink()]
    mine = [path for path in files if not {"env.sh", ".sandbox"} & set(path.relative_to(place.directory).parts)]
    return [path.name for path in mine if any(secret in path.read_bytes() for secret in secrets)]


@contextmanager
def elsewhere() -> Iterator[tuple[int, list[bytes]]]:
    """Another host, as far as psarecon can tell: another port, which keeps what comes."""
    got: list[bytes] = []
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    got.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], got
        finally:
            ended.set()
            thread.join()


def test_every_command_over_all_vendors_leaves_no_credential_behind(msp: Rehearsal) -> None:
    """In its outputs, the plan, the decisions, the journal, the ledger and the ledger's own log."""
    plan = str(msp.plan_file)
    commands: list[tuple[str, ...]] = [
        ("check",), ("observe",), ("plan", "-o", plan), ("show", plan), ("decide", plan), ("apply", plan),
        ("apply", plan, "--approve-clean"), ("resume",), ("log",), ("log", "--format", "json"), ("lock", "list"),
        ("lock", "list", "--format", "json"), ("plan", "--format", "json"), ("lock", "show", "nobody"),
    ]  # fmt: skip
    codes = [quiet(msp, *words).code for words in commands]
    assert codes[6] == 0
    assert leaks(msp) == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
@pytest.mark.parametrize("system", ["autotask", "connectwise", "jumpcloud", "lastpass"])
def test_credentials_that_a_server_sends_back_are_not_told_nor_kept(msp: Rehearsal, system: str, status: int) -> None:
    """In the body's words and in headers, each credential by itself, without its scheme."""
    msp.observed()
    prefix = {"autotask": "AUTOTASK", "connectwise": "CW_", "jumpcloud": "JUMPCLOUD", "lastpass": "LASTPASS"}[system]
    mine = [secret for name, secret in msp.environ.items() if name.startswith(prefix)]
    assert mine
    body = json.dumps({"errors": [f"wrong: {secret}" for secret in mine], "message": " ".join(mine)})
    headers = {"X-Echo": " ".join(mine), "WWW-Authenticate": f'Basic realm="{mine[-1]}"'}
    msp.fault("status", system, status=status, body=body, headers=headers, times=None)
    ran = quiet(msp, "plan" if system in {"autotask", "connectwise"} else "observe")
    assert ran.code in {0, 1, 6}
    assert leaks(msp) == []


def test_the_enterprise_api_sends_its_hash_in_the_body_and_has_it_hidden(tmp_path: Path) -> None:
    """It stands in no header, and the server's XML repeats it."""
    with lastpass(tmp_path / "msp") as place:
        use_enterprise(place)
        provhash = next(secret for name, secret in place.environ.items() if name.startswith("LP_HASH_"))
        for body in (f"<lastpass rc='wrong {provhash}'/>", json.dumps({"status": "FAIL", "error": f"no {provhash}"})):
            place.fault("status", "lastpass", status=200, body=body, times=1)
            ran = place.run("observe")
            assert ran.code == 6
            assert provhash not in ran.out + ran.err
            assert "***" in ran.err
        ledger = (place.directory / ".psarecon" / "ledger.db").read_bytes()
        assert provhash.encode() not in ledger


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("system", ["autotask", "connectwise", "jumpcloud", "lastpass"])
def test_a_redirect_is_followed_by_nobody(msp: Rehearsal, system: str, status: int) -> None:
    """To another port, without a scheme, with somebody's name in it: no request arrives there."""
    msp.observed()
    word = "plan" if system in {"autotask", "connectwise"} else "observe"
    with elsewhere() as (port, got):
        places = (f"http://127.0.0.1:{port}/x", f"//127.0.0.1:{port}/x", f"http://user:pw@127.0.0.1:{port}/")
        msp.fault("status", system, status=status, headers={"Location": places[status % 3]}, times=1)
        assert quiet(msp, word).code in {0, 1, 6}
        assert got == []


ELSEWHERE: list[Callable[[int], str]] = [
    lambda port: f"http://127.0.0.1:{port}/V1.0/query",
    lambda port: f"https://127.0.0.1:{port}/V1.0/query",
    lambda port: f"//127.0.0.1:{port}/V1.0/query",
    lambda port: f"http://localhost:{port}/V1.0/query",
    lambda port: f"http://webservices.autotask.net@127.0.0.1:{port}/",
    lambda port: f"http://127.0.0.1:{port}#webservices.autotask.net",
    lambda port: f"http://127.0.0.1:{port}/.autotask.net",
    lambda _port: "https://evil.example.com/.autotask.net/",
    lambda _port: "https://autotask.net.evil.example.com/",
    lambda _port: "https://evilautotask.net/",
    lambda _port: "http://webservices5.autotask.net/",
    lambda _port: "file:///etc/passwd",
    lambda _port: "https://[",
    lambda _port: "https://ww1.autotask.net\r\nX: y/",
]


@pytest.mark.parametrize("make", ELSEWHERE)
def test_a_page_or_a_zone_elsewhere_gets_no_credential(msp: Rehearsal, make: Callable[[int], str]) -> None:
    """Whatever the answers name as the next page, the zone, or the codebase."""
    msp.observed()
    with elsewhere() as (port, got), lying(msp.url) as liar:
        (msp.directory / ".sandbox" / "url").write_text(liar.url, encoding="utf-8")
        for lie in (_next_page, _zone, _codebase):
            liar.lie = lie(make(port))
            assert quiet(msp, "plan").code == 1
        assert got == []


Lie = Callable[[str, Any], Any]


def _next_page(url: str) -> Lie:
    return lambda path, told: {**told, "pageDetails": {"nextPageUrl": url}} if "/query" in path else told


def _zone(url: str) -> Lie:
    return lambda path, told: {**told, "url": url} if "ZoneInformation" in path else told


def _codebase(url: str) -> Lie:
    return lambda path, told: {**told, "Codebase": url} if "companyinfo" in path else told


def test_a_name_in_the_next_pages_address_is_refused(msp: Rehearsal) -> None:
    """The same host, but with a user of the server's choosing: the transport would log in as him."""
    msp.observed()
    with lying(msp.url) as liar:
        (msp.directory / ".sandbox" / "url").write_text(liar.url, encoding="utf-8")
        liar.lie = _next_page(liar.url.replace("//", "//user:pw@") + "/ATServicesRest/V1.0/Contracts/query")
        ran = quiet(msp, "plan")
    assert (ran.code, "points to another host" in ran.err) == (1, True)


@pytest.mark.parametrize("kind", ["env", "file", "command"])
def test_every_kind_of_reference_is_as_quiet_when_it_fails(msp: Rehearsal, tmp_path: Path, kind: str) -> None:
    """Each credential by the kind, wrong, with every command: none is told and none is kept."""
    settings = msp.directory / "psarecon.yaml"
    text = settings.read_text(encoding="utf-8")
    sentinels = {name: f"sentinel-{name.lower()}-4711" for name in re.findall(r"env:(\w+)", text)}
    for name, sentinel in sentinels.items():
        (tmp_path / name).write_text(sentinel, encoding="utf-8")
        command = f"command:{shlex.quote(sys.executable)} -c print(open('{tmp_path / name}').read())"
        reference = {"env": f"env:{name}", "file": f"file:{tmp_path / name}", "command": command}[kind]
        text = text.replace(f"env:{name}", reference)
    settings.write_text(text, encoding="utf-8")
    environ = sentinels if kind == "env" else {}
    for words in (("check",), ("observe",), ("plan",), ("resume",), ("log",), ("lock", "list")):
        ran = psarecon("-C", str(msp.directory), "--debug", *words, environ=environ)
        for sentinel in sentinels.values():
            assert sentinel not in ran.out + ran.err
    assert leaks(msp, *sentinels.values()) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://dana:sentinel-pw@127.0.0.1:1/ledger",
        "postgresql://127.0.0.1:1/ledger?user=dana&password=sentinel-pw",
        "postgresql://dana:sentinel-pw@127.0.0.1:x/ledger",
        "postgresql://dana:sentinel-pw@[/ledger",
        "mysql://dana:sentinel-pw@127.0.0.1/ledger",
        "dana:sentinel-pw",
    ],
)
def test_the_password_of_the_ledger_is_not_told(acme: Rehearsal, url: str) -> None:
    """Of one that cannot be reached, and of an address that is none."""
    acme.settings(
        '"sqlite:.psarecon/ledger.db"' if '"sqlite' in _settings(acme) else "sqlite:.psarecon/ledger.db", "env:LEDGER"
    )
    acme.environ["LEDGER"] = url
    for words in (("observe",), ("plan",), ("log",), ("resume",), ("lock", "list")):
        ran = acme.run(*words)
        assert ran.code == 1
        assert "sentinel-pw" not in ran.out + ran.err


def _settings(place: Rehearsal) -> str:
    return (place.directory / "psarecon.yaml").read_text(encoding="utf-8")


def test_no_argument_of_a_process_holds_a_credential_and_none_leaves_a_core(acme: Rehearsal, tmp_path: Path) -> None:
    """Seen by a `command:` that looks at its parent and at itself."""
    spy = tmp_path / "spy.sh"
    key = acme.environ["JUMPCLOUD_API_KEY"]
    (tmp_path / "key").write_text(key, encoding="utf-8")
    spy.write_text(
        f"cat /proc/$PPID/cmdline /proc/$$/cmdline > {tmp_path}/seen\nulimit -c > {tmp_path}/core\n"
        f"cat {tmp_path}/key\n",
        encoding="utf-8",
    )
    acme.settings("env:JUMPCLOUD_API_KEY", f"command:sh {spy}")
    environ = {"PATH": os.environ["PATH"], **acme.environ}
    words = [str(PROGRAM), "-C", str(acme.directory), "--debug", "observe"]
    assert subprocess.run(words, env=environ, capture_output=True, check=False).returncode == 0
    seen = (tmp_path / "seen").read_bytes()
    assert b"observe" in seen
    assert not any(secret.encode() in seen for secret in acme.environ.values())
    assert (tmp_path / "core").read_text(encoding="utf-8") == "0\n"


@pytest.mark.parametrize("program", ["yes sentinel", "cat /dev/zero", "sh -c 'sleep 60 & echo key; exec sleep 60'"])
def test_a_command_that_never_ends_is_ended(acme: Rehearsal, program: str) -> None:
    """With all it has started; no more of it is kept than a secret may have."""
    acme.settings('"env:JUMPCLOUD_API_KEY"', json.dumps(f"command:timeout 5 {program}"))
    acme.environ["PATH"] = os.environ["PATH"]
    ran = acme.run("observe")
    assert (ran.code, ran.err.startswith("error: sources.jumpcloud.api_key: command:timeout ")) == (3, True)
    assert "sentinel" not in ran.err


CRASHING = '''
"""An adapter that breaks with a credential in its hands."""


class Broken:
    def read(self, organizations, now):
        password = self.secret
        raise ValueError(f"cannot use {password}") from KeyError(password)

    def close(self):
        """Nothing."""


def build(settings, resolver):
    found = Broken()
    found.secret = settings.secret("api_key", resolver).reveal()
    return found
'''


def test_a_crash_of_the_command_line_says_where_and_not_what(acme: Rehearsal, tmp_path: Path) -> None:
    """Another package's adapter raises an error that holds the credential: with --debug its lines are shown, no message
    and no variable."""
    package = tmp_path / "site"
    (package / "broken-1.dist-info").mkdir(parents=True)
    (package / "broken-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (package / "broken-1.dist-info" / "entry_points.txt").write_text(
        "[psarecon.sources]\nbroken = broken_adapter:build\n"
    )
    (package / "broken_adapter.py").write_text(CRASHING, encoding="utf-8")
    acme.settings("type: jumpcloud", "type: broken")
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(package), **acme.environ}
    for flags in ([], ["--debug"]):
        words = [str(PROGRAM), "-C", str(acme.directory), *flags, "observe"]
        done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert acme.environ["JUMPCLOUD_API_KEY"] not in done.stdout + done.stderr
        assert ("in read" in done.stderr) is bool(flags)
        assert "error: unexpected ValueError" in done.stderr
