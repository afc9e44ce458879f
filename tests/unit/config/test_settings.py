from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from psarecon.config.problems import Problems
from psarecon.config.schemas import schema
from psarecon.config.secrets import Resolver
from psarecon.config.settings import AdapterSettings, ApplySettings, Billing, duration, load_settings
from psarecon.domain.guards import Limits
from psarecon.domain.model import Product, QuantityRule
from psarecon.errors import InvalidInput, SecretMissing

from .conftest import CONNECTWISE, ConfigDirectory

SENTINEL = "hunter2SENTINEL"


def test_settings_are_read_with_their_defaults(config: ConfigDirectory) -> None:
    """Nothing but version and billing is required."""
    config.write("psarecon.yaml", "version: 1\nbilling: {timezone: Europe/Berlin, currency: EUR}\n")
    found = load_settings(config.path)
    assert found.directory == config.path
    assert (found.ledger, found.clock) == ("sqlite:.psarecon/ledger.db", None)
    assert found.billing == Billing(ZoneInfo("Europe/Berlin"), "Europe/Berlin", "EUR", "current")
    assert (found.sources, found.psas, found.products) == ({}, {}, {})
    assert found.guards == Limits()
    assert found.apply == ApplySettings(timedelta(seconds=300), timedelta(seconds=600), None)


def test_every_setting_is_read(config: ConfigDirectory) -> None:
    """Money and percentages as decimals, durations as such, references unresolved."""
    config.settings(
        "",
        "ledger: env:LEDGER\nclock: http://127.0.0.1:8099\n"
        "guards:\n  quantity_drop: {percent: 10, at_least: 2}\n  quantity_zero: false\n  usage_age: 2d\n"
        '  changes: {count: 9, percent: 8}\n  money: {change: "100.50", plan: "1000"}\n  cost_move: {percent: 7}\n'
        "apply: {settle_window: 1s, lease: 20m, plan_age: 12h}\n",
    )
    found = load_settings(config.path)
    assert (found.ledger, found.clock) == ("env:LEDGER", "http://127.0.0.1:8099")
    assert found.guards == Limits(
        Decimal(10), 2, False, timedelta(days=2), 9, Decimal(8), Decimal("100.50"), Decimal(1000), Decimal(7)
    )
    assert found.apply == ApplySettings(timedelta(seconds=1), timedelta(minutes=20), timedelta(hours=12))
    assert found.products == {
        "jumpcloud-platform": Product(
            "jumpcloud-platform", QuantityRule.HIGH_WATER_MARK, "jumpcloud", "users", Decimal("9.00")
        ),
        "backup": Product("backup", QuantityRule.FIXED, None, None, Decimal("4.25")),
    }
    assert found.sources == {
        "jumpcloud": AdapterSettings("jumpcloud", "jumpcloud", {"api_key": "env:JUMPCLOUD_API_KEY"}, "sources")
    }
    assert list(found.psas) == ["autotask", "connectwise"]


def test_the_defaults_of_the_schema_are_the_defaults_of_the_program(config: ConfigDirectory) -> None:
    """Written out, they change nothing."""
    plain = load_settings(config.path)
    known = schema("settings")["properties"]
    drop = {
        key: value["default"] for key, value in known["guards"]["properties"]["quantity_drop"]["properties"].items()
    }
    guards = {key: value["default"] for key, value in known["guards"]["properties"].items() if "default" in value}
    times = {key: value["default"] for key, value in known["apply"]["properties"].items() if "default" in value}
    assert (drop, guards) == ({"percent": 20, "at_least": 5}, {"quantity_zero": True, "usage_age": "36h"})
    config.settings(
        "",
        f"ledger: {known['ledger']['default']}\napply: {json.dumps(times)}\n"
        f"guards: {json.dumps({'quantity_drop': drop, **guards})}\n",
    )
    found = load_settings(config.path)
    assert (found.ledger, found.guards, found.apply) == (plain.ledger, plain.guards, plain.apply)


def test_the_digest_changes_with_the_content_and_not_with_its_form(config: ConfigDirectory) -> None:
    """Comments, order and quotes say nothing; a reference is part of it as it is written."""
    digest = load_settings(config.path).digest
    config.settings("version: 1\n", "# note\n'version': 1\n\n")
    assert load_settings(config.path).digest == digest
    config.settings("env:AT_SECRET", "env:OTHER")
    assert load_settings(config.path).digest != digest
    assert len(digest) == 64


def test_an_adapter_hands_out_its_options(tmp_path: Path) -> None:
    """Texts as written, secrets and addresses resolved, durations read; messages name the setting."""
    adapter = AdapterSettings("at", "autotask", {"secret": "env:S", "url": "env:U", "write_timeout": "90s"}, "psas")
    resolver = Resolver({"S": "abc", "U": "https://x.example"}, tmp_path)
    assert adapter.text("url", "") == "env:U"
    assert adapter.text("same_date", "adds") == "adds"
    assert adapter.secret("secret", resolver).reveal() == "abc"
    assert adapter.url("url", "https://default.example", resolver) == "https://x.example"
    assert adapter.duration("write_timeout", "330s") == timedelta(seconds=90)
    assert adapter.duration("other", "330s") == timedelta(seconds=330)
    with pytest.raises(SecretMissing, match=r"psas\.at\.secret: env:S is not set"):
        adapter.secret("secret", Resolver({}, tmp_path))


@pytest.mark.parametrize("text", ["", "5", "0s", "-1m", "1.5h", "5 m", "5w", "m", "9999999s", "5m\n"])
def test_a_text_that_is_no_duration_is_refused(text: str) -> None:
    """Nothing is guessed, and nothing lasts no time."""
    with pytest.raises(InvalidInput) as caught:
        duration(text)
    assert caught.value.hint == "write a duration such as 90s, 5m, 36h or 2d"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("version: 1\n", "", "1:1: the file needs version"),
        ("version: 1", "version: 2", "1:10: version must be 1"),
        ("version: 1", 'version: "1"', "1:10: version must be 1"),
        ("currency: USD", "currency: usd", "2:49: currency must be three capitals such as USD"),
        ("currency: USD", "currency: ", "2:48: currency has no value"),
        ("America/New_York", "America/NewYork", "2:21: timezone is not the name of an IANA time zone"),
        ("America/New_York", "../../etc/passwd", "2:21: timezone is not the name of an IANA time zone"),
        ("USD}", "USD, month: last}", "2:61: month must be one of current, previous"),
        ("billing: {", "billing: {x: 1, ", "2:11: unknown key 'x'"),
        ("{timezone: America/New_York, currency: USD}", "[]", "2:10: billing must be a mapping"),
        ("api_key: env:JUMPCLOUD_API_KEY", "apikey: env:A", "4:14: jumpcloud needs api_key"),
        ("{type: jumpcloud, ", "{", "4:14: jumpcloud needs type"),
        ("  jumpcloud: {", "  a/b: {", "4:3: the name 'a/b' must be a name: letters, digits, dots, dashes and "),
        ("env:JUMPCLOUD_API_KEY", "7", "4:41: api_key must be a reference to a secret, never the secret itself"),
        ("source: jumpcloud", "source: jumpclod", "9:32: there is no source 'jumpclod'"),
        ("metric: users, ", "", "9:23: jumpcloud-platform needs metric"),
        ("high-water-mark", "highest", "9:68: quantity must be one of high-water-mark, current, fixed"),
        ('"9.00"', "9", "9:96: unit_cost must be a quoted decimal, at least 0, with at most 4 decimals"),
        ('"9.00"', "9.00", "9:96: unit_cost must be a quoted decimal"),
        ('"9.00"', '"9,00"', "9:96: unit_cost must be a quoted decimal, at least 0, with at most 4 decimals"),
        ('"9.00"', '"9.00001"', "9:96: unit_cost must be a quoted decimal, at least 0, with at most 4 decimals"),
        ("{quantity: fixed", "{quantity: fixed, source: jumpcloud", "10:29: source is not used with quantity: fixed"),
    ],
)
def test_what_is_wrong_with_the_settings_is_told_at_its_place(
    config: ConfigDirectory, old: str, new: str, expected: str
) -> None:
    """Key by key."""
    config.settings(old, new)
    assert any(error.startswith(f"psarecon.yaml:{expected}") for error in config.errors()), config.errors()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ledger: postgresql://x/y", "11:9: ledger must be sqlite:PATH or a reference such as env:PSARECON_LEDGER_URL"),
        ("ledger: ledger.db", "11:9: ledger must be sqlite:PATH or a reference such as env:PSARECON_LEDGER_URL"),
        ("clock: https://example.com", "11:8: clock must be a sandbox on this machine"),
        ("clock: http://example.com", "11:8: clock must use https: plain http is for this machine only "),
        ("clock: 8099", "11:8: clock must be an https address, or a reference to one"),
        ("guards: {quantity_drop: {percent: -1}}", "11:35: percent must be at least 0"),
        ('guards: {quantity_drop: {percent: "20"}}', "11:35: percent must be an integer"),
        ("guards: {quantity_zero: maybe}", "11:25: quantity_zero must be true or false"),
        ("guards: {usage_age: 36}", "11:21: usage_age must be a duration such as 90s, 5m, 36h or 2d"),
        ("guards: {money: {change: 100}}", "11:26: change must be a quoted decimal, at least 0, with at most 4 d"),
        ("guards: {quantity_dropp: {}}", "11:10: unknown key 'quantity_dropp'"),
        ("apply: {lease: 330s}", "11:16: the lease (330s) must be longer than the write_timeout of autotask (330s)"),
        ("apply: {lease: 0s}", "11:16: lease must be a duration such as 90s, 5m, 36h or 2d"),
    ],
)
def test_what_is_wrong_with_a_further_setting_is_told_at_its_place(
    config: ConfigDirectory, line: str, expected: str
) -> None:
    """Each as the eleventh line of the file."""
    config.settings("", line + "\n")
    assert [error for error in config.errors() if error.startswith(f"psarecon.yaml:{expected}")], config.errors()
    assert len(config.errors()) == 1


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("same_date: add", "same_date must be one of adds, replaces, refused"),
        ("units_by: service", "units_by must be one of contract-service, contract"),
        ("cost_from: x", "cost_from must be one of services, periods"),
        ("allow_proration: 1", "allow_proration must be true or false"),
        ("threads: 4", "threads must be at most 3"),
        ("threads: 0", "threads must be at least 1"),
        ("write_timeout: 5", "write_timeout must be a duration such as 90s, 5m, 36h or 2d"),
        ("write_timeout: 10m", "the lease (10m) must be longer than the write_timeout of autotask (10m)"),
        ("url: http://example.com", "url must use https: plain http is for this machine only (localhost, 127.0.0.1, "),
        ('url: "https://u:p@example.com"', "url must not hold a user name or password"),
    ],
)
def test_what_is_wrong_with_the_autotask_block_is_told(config: ConfigDirectory, key: str, expected: str) -> None:
    """At the value of the key, the first of the block."""
    config.settings("{type: autotask, ", f"{{{key}, type: autotask, ")
    column = 14 + len(key.split(": ", maxsplit=1)[0]) + 2
    assert [error.startswith(f"psarecon.yaml:6:{column}: {expected}") for error in config.errors()] == [True]


def test_a_type_nothing_installed_provides_is_a_warning_with_the_nearest_one(config: ConfigDirectory) -> None:
    """Its other keys are its own; a package that is missing here may be installed where plans are made."""
    config.settings("{type: jumpcloud, api_key: env:JUMPCLOUD_API_KEY}", "{type: jumpclod, x: [1]}")
    result = config.check()
    assert result.errors == ()
    warning = result.warnings[0]
    assert (warning.line, warning.message) == (4, "no installed adapter is of type 'jumpclod'")
    assert warning.suggestion == "did you mean jumpcloud?"


def test_a_suggestion_says_how_to_write_it(config: ConfigDirectory) -> None:
    """Source line, caret and suggestion, as on a terminal."""
    config.settings('"9.00"', "9")
    assert config.check().errors[0].render().splitlines()[1:] == [
        "      jumpcloud-platform: {source: jumpcloud, metric: users, quantity: high-water-mark, unit_cost: 9}",
        " " * 99 + '^ write "9"',
    ]


def test_settings_that_are_not_there_are_one_problem(tmp_path: Path) -> None:
    """With the option that names the directory."""
    with pytest.raises(Problems) as caught:
        load_settings(tmp_path)
    assert str(caught.value) == (
        "psarecon.yaml:1:1: error: cannot be read: No such file or directory\n    -C DIR names the config directory"
    )


LEAKS = [
    ("secret: env:AT_SECRET", f"secret: {SENTINEL}"),
    ("secret: env:AT_SECRET", f"secret: {SENTINEL}, oops: 1"),
    ("secret: env:AT_SECRET", f'secret: "{SENTINEL}\\q"'),
    ("secret: env:AT_SECRET", f"secret: '{SENTINEL}"),
    ("secret: env:AT_SECRET", f"secret: @{SENTINEL}"),
    ("secret: env:AT_SECRET", f"secret: &{SENTINEL} x"),
    ("secret: env:AT_SECRET", f"secret: *{SENTINEL}"),
    ("secret: env:AT_SECRET", f"secret: !{SENTINEL} x"),
    ("secret: env:AT_SECRET", f"secret:{SENTINEL}"),
    ("secret: env:AT_SECRET", f"secret: {SENTINEL}: x"),
    ("secret: env:AT_SECRET", f"secret: [{SENTINEL}]"),
    ("secret: env:AT_SECRET", f"secret: {{a: {SENTINEL}}}"),
    ("secret: env:AT_SECRET", f"secrte: {SENTINEL}"),
    ("secret: env:AT_SECRET", f"secret: env:AT SECRET {SENTINEL}"),
    ("secret: env:AT_SECRET", f"secret: command:vault --token {SENTINEL}, oops: 1"),
    ("secret: env:AT_SECRET", f"url: https://u:{SENTINEL}@example.com"),
    ("secret: env:AT_SECRET", f"secret: env:AT_SECRET, secret: {SENTINEL}"),
    ("client_id: env:CW_ID", f"secret: {SENTINEL}, a: 010"),
    (CONNECTWISE, f"\n    token:\n      {SENTINEL}\n    a: 010"),
    (CONNECTWISE, f"secret:{SENTINEL}"),
    (CONNECTWISE, f"\n   type: x\n   token: {SENTINEL}\n  wrong"),
    ("env:CW_ID}", f"env:CW_ID, a: 010}} # {SENTINEL}"),
    ("version: 1", f"ledger: postgresql://u:{SENTINEL}@h/d"),
    ("version: 1", f"versoin: {SENTINEL}"),
    ("products:", f"{SENTINEL} x\nproducts:"),
]


@pytest.mark.parametrize(("old", "new"), LEAKS)
def test_a_secret_written_out_never_appears_in_what_is_told(config: ConfigDirectory, old: str, new: str) -> None:
    """Not in messages, suggestions or source lines, wherever it was put and whatever else is wrong there."""
    config.settings(old, new)
    result = config.check()
    assert result.errors
    told = "\n".join(problem.render() + repr(problem.as_data()) + repr(problem) for problem in result.errors)
    assert SENTINEL not in told


@pytest.mark.parametrize("digits", ["0123456789", "123456789012345678901234", "12345.678", "0xdeadbeef"])
def test_a_secret_that_looks_like_a_number_is_not_repeated_by_the_advice_to_quote_it(
    config: ConfigDirectory, digits: str
) -> None:
    """For text the advice is to quote; for a secret it is a reference."""
    config.settings("client_id: env:CW_ID", f"client_id: {digits}")
    told = "\n".join(problem.render() for problem in config.check().errors)
    assert digits not in told
    assert "write env:NAME, file:PATH or command:CMD ARGS for a secret" in told


def test_the_hidden_source_line_still_shows_what_is_harmless(config: ConfigDirectory) -> None:
    """Keys, references, and the values of settings that hold no secret."""
    config.settings("secret: env:AT_SECRET, ", f"secret: {SENTINEL}, same_date: add, ")
    errors = config.check().errors
    line = (
        "  autotask: {type: autotask, username: env:AT_USER, secret: ***, same_date: add, "
        "integration_code: env:AT_CODE}"
    )
    assert [problem.source_line for problem in errors] == [line, line]
    _, shown, caret = errors[1].render().splitlines()
    assert caret.index("^") == shown.index("add,")


def test_a_secret_written_out_in_an_unknown_adapter_is_refused_by_its_name(config: ConfigDirectory) -> None:
    """Its other keys are not known here."""
    config.settings(CONNECTWISE, "{type: halopsa, private_key: abc, company: abc}")
    assert config.errors() == [
        "psarecon.yaml:7:45: private_key must be a reference to a secret, never the secret itself"
    ]
