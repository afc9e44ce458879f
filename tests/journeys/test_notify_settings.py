"""What the settings may say of who is told, and what they may not."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from harness import Rehearsal
from journeys.autotask_steps import observed_plan
from journeys.notify_steps import PASSWORD, TOKEN, notify


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param(f"jsons://example.com/{TOKEN}?verify=no", "switches the check of certificates off", id="verify"),
        pytest.param(f"jsons://example.com/{TOKEN}?redirect=yes", "follows redirects", id="redirects"),
        pytest.param(f"json://user:{PASSWORD}@example.com/{TOKEN}", "is not encrypted: write jsons://", id="plain"),
        pytest.param(f"ntfy://{TOKEN}", "is not encrypted: write ntfys://", id="plain topic"),
        pytest.param(f"nonsense://{TOKEN}", "is no address that Apprise knows", id="unknown"),
        pytest.param(f"json://127.0.0.1/{TOKEN}, json://127.0.0.1/b", "is more than one address", id="two"),
        pytest.param(f"slack://{TOKEN}", "is no address that Apprise knows", id="incomplete"),
        pytest.param(f"file:///etc/{TOKEN}", "is no address that Apprise knows", id="a file"),
    ],
)
def test_an_address_that_cannot_be_used_is_an_error_before_anything_is_done(
    acme: Rehearsal, url: str, said: str
) -> None:
    """Exit 3, nothing is read or written, and nothing of the address is shown."""
    observed_plan(acme)
    notify(acme, "url: env:NOTIFY_URL, when: [failed]")
    acme.environ["NOTIFY_URL"] = url
    acme.forget_requests()
    for words in (("observe",), ("plan",), ("apply", str(acme.plan_file), "--approve-clean"), ("resume",)):
        ran = acme.run(*words)
        assert (ran.code, ran.out, acme.requests()) == (3, "", [])
        assert ran.err.startswith("error: notify[0].url: what env:NOTIFY_URL leads to ")
        assert said in ran.err
        assert not re.search(f"{TOKEN}|{PASSWORD}", ran.err)


def test_an_address_that_is_not_there_is_an_error_before_anything_is_done(acme: Rehearsal) -> None:
    """Its reference leads nowhere; other commands do not ask for it."""
    observed_plan(acme)
    notify(acme, "url: env:NOTIFY_URL, when: [failed]")
    ran = acme.apply()
    assert (ran.code, acme.adjustments()) == (3, 0)
    assert ran.err.startswith("error: notify[0].url: env:NOTIFY_URL is not set\n")
    assert [acme.run(*words).code for words in (("check",), ("log",), ("show", str(acme.plan_file)))] == [0, 0, 0]


def test_without_the_extra_check_warns_and_commands_refuse(acme: Rehearsal) -> None:
    """Both say how to install it, before anything is written."""
    observed_plan(acme)
    notify(acme, "url: env:NOTIFY_URL, when: [failed]")
    script = (
        "import os, sys\nsys.modules['apprise'] = None\nfrom psarecon.cli.main import main\n"
        "sys.exit(main(sys.argv[1:], os.environ))\n"
    )
    environ = {**acme.environ, "NOTIFY_URL": "json://127.0.0.1"}
    told = {}
    for words in (("check",), ("apply", str(acme.plan_file), "--approve-clean")):
        line = [sys.executable, "-c", script, "-C", str(acme.directory), *words]
        done = subprocess.run(line, env=environ, capture_output=True, text=True, check=False)
        told[words[0]] = (done.returncode, 'pip install "psarecon[notify]"' in done.stderr)
    assert (told, acme.adjustments()) == ({"check": (0, True), "apply": (3, True)}, 0)


def test_a_url_that_is_written_out_is_refused_and_not_shown(acme: Rehearsal) -> None:
    """It holds a credential: only a reference may stand in the settings."""
    notify(acme, f'url: "json://user:{PASSWORD}@127.0.0.1/{TOKEN}", when: [failed]')
    ran = acme.run("check")
    assert ran.code == 3
    assert "must be a reference to a secret, never the secret itself" in ran.err
    assert not re.search(f"{TOKEN}|{PASSWORD}", ran.err)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("url: env:A", "needs when"),
        ("url: env:A, when: []", "must be a list such as [apply, failed]"),
        ("url: env:A, when: [applied]", "did you mean apply?"),
        ("url: env:A, when: [plan], only_changes: sometimes", "must be true or false"),
        ("url: env:A, when: [plan], to: dana", "unknown key 'to'"),
    ],
)
def test_mistakes_in_the_settings_are_told(acme: Rehearsal, block: str, said: str) -> None:
    """With the way to write it."""
    notify(acme, block)
    ran = acme.run("check")
    assert (ran.code, said in ran.err) == (3, True), ran.err
