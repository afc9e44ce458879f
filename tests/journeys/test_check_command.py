from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness import psarecon
from jsonschema import Draft202012Validator

SETTINGS = """\
version: 1
billing: {timezone: America/New_York, currency: USD}
psas:
  autotask: {type: autotask, username: env:U, secret: env:S, integration_code: env:C}
products:
  backup: {quantity: fixed, unit_cost: "4.25"}
"""
CLIENT = """\
client: Acme Corp
psa: autotask
company: {id: 174}
lines:
  - product: backup
    contract: {id: 1}
    service: {id: 8001}
    fixed: 3
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A valid config directory with one line."""
    (tmp_path / "psarecon.yaml").write_text(SETTINGS)
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "acme.yaml").write_text(CLIENT)
    return tmp_path


def test_check_says_how_much_is_valid(directory: Path) -> None:
    """One line on stdout, exit code 0, no secret needed."""
    ran = psarecon("-C", str(directory), "check")
    assert (ran.code, ran.out, ran.err) == (0, "1 client, 1 line: valid\n", "")


def test_check_draws_every_error_on_stderr_and_exits_with_3(directory: Path) -> None:
    """As a compiler does: place, source line, caret, suggestion."""
    (directory / "clients" / "acme.yaml").write_text(CLIENT.replace("fixed: 3", "fixed: 3\n    unit_cost: 9.00"))
    (directory / "psarecon.yaml").write_text(SETTINGS.replace("month", "").replace("USD", "usd"))
    ran = psarecon("-C", str(directory), "check")
    assert ran.code == 3
    assert ran.out == ""
    assert ran.err == (
        "clients/acme.yaml:9:16: error: unit_cost must be a quoted decimal\n"
        "        unit_cost: 9.00\n"
        '                   ^ write "9.00"\n'
        "psarecon.yaml:2:49: error: currency must be three capitals such as USD\n"
        "    billing: {timezone: America/New_York, currency: usd}\n"
        '                                                    ^ for example "USD"\n'
        "2 errors\n"
    )


def test_check_tells_warnings_and_still_exits_with_0(directory: Path) -> None:
    """They are worth a look, and nothing stops."""
    (directory / "psarecon.yaml").write_text(SETTINGS + "  spare: {quantity: fixed}\n")
    ran = psarecon("-C", str(directory), "check")
    assert (ran.code, ran.out) == (0, "1 client, 1 line: valid\n")
    assert ran.err == (
        "psarecon.yaml:7:3: warning: no line of the mapping uses the product 'spare'\n"
        "      spare: {quantity: fixed}\n      ^\n"
    )


def test_check_writes_json_for_machines(directory: Path) -> None:
    """A list on stdout, also when it is empty."""
    ran = psarecon("-C", str(directory), "check", "--format", "json")
    assert (ran.code, ran.out, ran.err) == (0, "[]\n", "")
    (directory / "clients" / "acme.yaml").write_text(CLIENT.replace("psa: autotask", "psa: autotsk\u202e"))
    ran = psarecon("-C", str(directory), "check", "--format", "json")
    assert ran.code == 3
    assert ran.out.isascii()
    assert json.loads(ran.out) == [
        {
            "file": "clients/acme.yaml",
            "line": 2,
            "column": 6,
            "severity": "error",
            "message": "psa must be a name: letters, digits, dots, dashes and underscores, at most 64",
            "suggestion": "",
        }
    ]


def test_check_shows_no_secret_that_was_written_out(directory: Path) -> None:
    """Neither as text nor as JSON."""
    (directory / "psarecon.yaml").write_text(SETTINGS.replace("env:S", "hunter2"))
    for form in ("text", "json"):
        ran = psarecon("-C", str(directory), "check", "--format", form)
        assert ran.code == 3
        assert "never the secret itself" in ran.out + ran.err
        assert "hunter2" not in ran.out + ran.err


def test_other_commands_show_the_same_errors(directory: Path) -> None:
    """A plan on a broken mapping is not made."""
    (directory / "clients" / "acme.yaml").write_text(CLIENT.replace("psa: autotask", "psa: autotsk"))
    ran = psarecon("-C", str(directory), "plan", environ={"U": "u", "S": "s", "C": "c"})
    assert ran.code == 3
    assert (
        "clients/acme.yaml:2:6: error: there is no PSA 'autotsk'\n    psa: autotsk\n         ^ did you mean autotask?\n"
        in ran.err
    )


@pytest.mark.parametrize("name", ["settings", "mapping"])
def test_schema_prints_a_valid_json_schema(name: str) -> None:
    """For an editor, or any other tool."""
    ran = psarecon("schema", name)
    assert ran.code == 0
    Draft202012Validator.check_schema(json.loads(ran.out))
    assert json.loads(ran.out)["title"] == f"psarecon {name}"


def test_schema_lists_what_there_is_and_refuses_anything_else() -> None:
    """A wrong name is wrong usage, with the right ones beside it."""
    listed = psarecon("schema", "--list")
    assert listed.code == 0
    assert {"mapping", "settings"} <= set(listed.out.split())
    for words in (["schema"], ["schema", "nope"]):
        ran = psarecon(*words)
        assert ran.code == 64
        assert "mapping" in ran.err
