"""What the environment and the machine may do: names in variables, encodings, proxies, certificates, git."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import Client, Ran, Rehearsal, psarecon, rehearsal
from hostile.looks import ACTING, harmless

PROGRAM = Path(sys.executable).with_name("psarecon")
_PINNED = "PSARECON_SETTINGS_DIGEST"


def started(place: Rehearsal, *words: str, environ: Mapping[str, str] | None = None) -> Ran:
    """A command as a process of its own: libraries read the real environment."""
    done = subprocess.run(
        [PROGRAM, "-C", place.directory, "--debug", *words],
        env={"PATH": os.environ["PATH"], **place.environ, **(environ or {})},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


@pytest.mark.parametrize("names", [("PSARECON_BY", "PSARECON_RUN_URL"), ("GITHUB_ACTOR", "CI_JOB_URL"), ("USER",)])
def test_a_hostile_name_in_the_environment_acts_nowhere(acme: Rehearsal, names: tuple[str, ...]) -> None:
    """In decisions, lease, journal and outputs; bytes that are no text (an escaped surrogate) as well."""
    acme.observed()
    for value in (*ACTING, "kim\udcff"):
        environ = {**acme.environ, **dict.fromkeys(names, value)}
        for words in (("plan", "-o", str(acme.plan_file)), ("apply", str(acme.plan_file), "--approve-clean"), ("log",)):
            ran = psarecon("-C", str(acme.directory), "--debug", *words, environ=environ)
            harmless(ran, 0)
        data = psarecon("-C", str(acme.directory), "log", "--format", "json", environ=environ)
        assert data.out.isascii()
        assert isinstance(json.loads(data.out), list)
        acme.users(15 + ACTING.index(value) if value in ACTING else 60)
        acme.observed()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_that_lacks_a_sign_is_no_reason_to_end(tmp_path: Path, encoding: str) -> None:
    """The sign is written as its number."""
    with rehearsal(tmp_path / "msp", Client("北海道 שלום")) as place:
        environ = {"PYTHONIOENCODING": encoding}
        assert started(place, "observe", environ=environ).code == 0
        ran = started(place, "plan", environ=environ)
        assert (ran.code, "\\u5317" in ran.out) == (0, True)


@contextmanager
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """A port on this machine that keeps the first bytes of whoever comes, and answers nothing."""
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    got.append(connection.recv(65536))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], got
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_plain_http_never_goes_by_way_of_a_proxy(acme: Rehearsal, name: str) -> None:
    """It is for this machine only; a proxy would carry the credentials away from it."""
    with listening() as (port, got):
        ran = started(acme, "observe", environ={name: f"http://127.0.0.1:{port}"})
    assert (ran.code, got) == (0, [])


def test_a_proxy_is_used_for_tls_and_sees_the_host_alone(acme: Rehearsal) -> None:
    """``HTTPS_PROXY`` is honoured: it is asked for a tunnel, and no credential of ours goes to it."""
    acme.settings('url: "file:.sandbox/url"', 'url: "https://vendor.example.com"')
    with listening() as (port, got):
        ran = started(acme, "observe", environ={"HTTPS_PROXY": f"http://127.0.0.1:{port}"})
    assert ran.code == 1
    assert got
    assert all(said.startswith(b"CONNECT vendor.example.com:443 ") for said in got)
    assert not any(secret.encode() in said for said in got for secret in acme.environ.values())


@pytest.mark.parametrize(
    "proxy", ["socks5://user:sentinel-pw@x", "gopher://user:sentinel-pw@x", "http://user:sentinel-pw@:x"]
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(acme: Rehearsal, proxy: str) -> None:
    """Exit 1, the variables named."""
    ran = started(acme, "observe", environ={"HTTPS_PROXY": proxy})
    harmless(ran, 1)
    assert "HTTPS_PROXY" in ran.err
    assert "sentinel" not in ran.err


def test_certificates_that_cannot_be_read_are_told(acme: Rehearsal, tmp_path: Path) -> None:
    """A wrong SSL_CERT_FILE ends with one error; nothing is verified with nothing."""
    (tmp_path / "empty.pem").write_text("no certificate", encoding="utf-8")
    for path in (tmp_path / "missing.pem", tmp_path / "empty.pem", tmp_path):
        ran = started(acme, "observe", environ={"SSL_CERT_FILE": str(path)})
        harmless(ran, 1)
        assert "SSL_CERT_FILE" in ran.err


def test_no_log_of_tls_keys_is_kept(acme: Rehearsal, tmp_path: Path) -> None:
    """Not even where the environment names a file for it: the keys read every credential."""
    certificate, key = _certificate(tmp_path)
    log = tmp_path / "keys.log"
    with tls(certificate, key) as (port, _):
        acme.settings('url: "file:.sandbox/url"', f'url: "https://localhost:{port}"')
        environ = {"SSLKEYLOGFILE": str(log), "SSL_CERT_FILE": str(certificate)}
        ran = started(acme, "observe", environ=environ)
    assert ran.code in {1, 6}
    assert not log.exists() or "CLIENT" not in log.read_text(encoding="utf-8")


SWITCHES = {
    "PYTHONHTTPSVERIFY": "0", "CURL_CA_BUNDLE": "", "REQUESTS_CA_BUNDLE": "", "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "GIT_SSL_NO_VERIFY": "1", "SSL_VERIFY": "0", "HTTPX_VERIFY": "0", "SSL_CERT_FILE": "", "SSL_CERT_DIR": "",
    "PSARECON_INSECURE": "1",
}  # fmt: skip


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_no_variable_switches_verification_off(acme: Rehearsal, tmp_path: Path, host: str) -> None:
    """A server with a certificate of its own making gets no request, let alone a credential, on this machine too."""
    certificate, key = _certificate(tmp_path)
    with tls(certificate, key) as (port, got):
        acme.settings('url: "file:.sandbox/url"', f'url: "https://{host}:{port}"')
        ran = started(acme, "observe", environ=SWITCHES)
    harmless(ran, 1)
    assert "certificate verify failed" in ran.err
    assert got == []


def test_a_trusted_certificate_of_another_name_is_refused(acme: Rehearsal, tmp_path: Path) -> None:
    """SSL_CERT_FILE adds whom to trust, it does not say for what."""
    certificate, key = _certificate(tmp_path, "elsewhere.example.com")
    with tls(certificate, key) as (port, got):
        acme.settings('url: "file:.sandbox/url"', f'url: "https://localhost:{port}"')
        ran = started(acme, "observe", environ={"SSL_CERT_FILE": str(certificate)})
    assert (ran.code, got) == (1, [])
    assert "certificate verify failed" in ran.err


@pytest.mark.parametrize("key", ["verify", "verify_tls", "insecure", "ssl", "tls", "ca_file", "proxy", "headers"])
def test_no_setting_switches_verification_off(acme: Rehearsal, key: str) -> None:
    """There is no such key."""
    acme.settings("type: jumpcloud,", f"type: jumpcloud, {key}: false,")
    ran = acme.run("check")
    harmless(ran, 3)
    assert f"unknown key {key!r}" in ran.err


def _certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    certificate, key = folder / "own.pem", folder / "own.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return certificate, key


@contextmanager
def tls(certificate: Path, key: Path) -> Iterator[tuple[int, list[bytes]]]:
    """A TLS server with this certificate that keeps what was asked of it, and answers 403."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    got: list[bytes] = []
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                    connection.settimeout(2)
                    with context.wrap_socket(connection, server_side=True) as stream:
                        got.append(stream.recv(65536))
                        stream.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                except (TimeoutError, OSError):
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], got
        finally:
            ended.set()
            thread.join()


def test_settings_that_are_not_those_the_pipeline_pinned_resolve_nothing(acme: Rehearsal, tmp_path: Path) -> None:
    """A changed address, a changed command: no program is run, no request sent, by any command that would."""
    acme.observed()
    digest = acme.plan()["settings"]
    acme.environ[_PINNED] = digest
    assert acme.run("plan").code == 0
    mark = tmp_path / "ran"
    acme.settings('api_key: "env:JUMPCLOUD_API_KEY"', f'api_key: "command:touch {mark}"')
    acme.settings("env:AUTOTASK_SECRET", f"command:touch {mark}")
    acme.forget_requests()
    plan = str(acme.plan_file)
    for words in (("observe",), ("plan",), ("apply", plan, "--approve-clean"), ("resume",), ("log",)):
        ran = acme.run(*words)
        harmless(ran, 3)
        assert f"the settings are not those that {_PINNED} names; no credential was looked up" in ran.err
    assert not mark.exists()
    assert acme.requests() == []
    assert acme.run("check").code == 0


def test_a_comment_and_the_order_of_keys_do_not_move_the_digest(acme: Rehearsal) -> None:
    """Only what the settings mean is pinned."""
    acme.observed()
    acme.environ[_PINNED] = acme.plan()["settings"]
    acme.settings("version: 1", "# a word\nversion: 1")
    assert acme.run("plan").code == 0


def _git(folder: Path, *words: str) -> None:
    name = ("-c", "user.name=kim", "-c", "user.email=kim@example.com")
    subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True)


def test_git_gets_no_credential_and_runs_nothing_the_repository_names(acme: Rehearsal, tmp_path: Path) -> None:
    """A monitor, hooks and a filter in the repository's own settings; of these the filter is git's to run, with an
    environment that holds nothing of ours."""
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\nenv >> {tmp_path}/seen\necho $0 $1 >> {tmp_path}/called\ncat\n", encoding="utf-8")
    spy.chmod(0o755)
    _git(acme.directory, "init", "-q")
    _git(acme.directory, "add", "psarecon.yaml", "clients")
    _git(acme.directory, "commit", "-q", "-m", "first")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "pre-auto-gc", "reference-transaction", "fsmonitor-watchman"):
        (hooks / hook).write_text(f"#!/bin/sh\nexec {spy} hook\n", encoding="utf-8")
        (hooks / hook).chmod(0o755)
    for key, value in (
        ("core.fsmonitor", f"{spy} monitor"),
        ("core.hooksPath", str(hooks)),
        ("filter.x.clean", f"{spy} filter"),
    ):
        _git(acme.directory, "config", key, value)
    (acme.directory / ".git" / "info" / "attributes").write_text("*.yaml filter=x\n", encoding="utf-8")
    os.utime(acme.directory / "psarecon.yaml", (1, 1))
    assert started(acme, "observe").code == 0
    assert started(acme, "plan", "-o", str(acme.plan_file)).code == 0
    called = (tmp_path / "called").read_text(encoding="utf-8") if (tmp_path / "called").exists() else ""
    assert "monitor" not in called
    assert "hook" not in called
    assert "filter" in called
    seen = (tmp_path / "seen").read_text(encoding="utf-8")
    assert not any(secret in seen for secret in acme.environ.values())


def test_a_folder_laid_out_as_a_repository_is_none(acme: Rehearsal, tmp_path: Path) -> None:
    """A pull request can hold HEAD, objects, refs and a config that names a program."""
    mark = tmp_path / "ran"
    (acme.directory / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    for folder in ("objects", "refs"):
        (acme.directory / folder).mkdir()
    (acme.directory / "config").write_text(
        f"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {acme.directory}\n"
        f'\tfsmonitor = "touch {mark}"\n[filter "x"]\n\tclean = "touch {mark}"\n',
        encoding="utf-8",
    )
    (acme.directory / ".gitattributes").write_text("* filter=x\n", encoding="utf-8")
    assert started(acme, "observe").code == 0
    assert acme.plan()["mapping"]["commit"] is None
    assert not mark.exists()
