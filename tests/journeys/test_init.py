"""``psarecon init``: from nothing to a configuration that passes its check, by flags and by answers."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import TODAY, Client, Rehearsal, psarecon, rehearsal

from psarecon.config.documents import parse_document
from psarecon.config.schemas import schema_text
from psarecon.config.starting import PIPELINES, machine_zone, recipe_text, value
from psarecon.sandbox.generate import init as generate
from psarecon.sandbox.serve import running

SECRET = "sk-live-7f3a9c21d4"
JUMPCLOUD = ("--source", "jumpcloud", "--psa", "autotask")
FLAGS = ("--non-interactive", "--no-check", "--timezone", "Europe/Berlin")


@dataclass(frozen=True)
class Office:
    """A folder to begin in, beside the sandbox of an MSP whose world has nothing to do with its files."""

    config: Path
    sandbox: Rehearsal

    def init(self, *words: str) -> tuple[int, str, str]:
        """``init`` against the sandbox, without questions."""
        told = ("--sandbox", str(self.sandbox.directory), "--non-interactive", "--timezone", "America/New_York")
        ran = psarecon("init", str(self.config), *told, *words, environ=self.sandbox.environ)
        return ran.code, ran.out, ran.err

    def run(self, *words: str) -> tuple[int, str, str]:
        """Any other command on the configuration."""
        ran = psarecon("-C", str(self.config), *words, environ=self.sandbox.environ)
        return ran.code, ran.out, ran.err


@pytest.fixture(scope="module")
def msp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """All four systems."""
    directory = tmp_path_factory.mktemp("init") / "sandbox"
    generate(directory, clients=6, seed=1, today=TODAY)
    from psarecon.cli.demo import variables

    with running(directory) as url:
        yield Rehearsal(directory, url, variables(directory / "env.sh"))


@pytest.fixture
def office(msp: Rehearsal, tmp_path: Path) -> Office:
    """An empty place beside it."""
    return Office(tmp_path / "billing", msp)


def files(folder: Path) -> set[str]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def offline(folder: Path, *words: str) -> tuple[int, str, str]:
    """``init`` by flags alone, no vendor asked."""
    ran = psarecon("init", str(folder), *FLAGS, *words)
    return ran.code, ran.out, ran.err


def test_what_is_written_against_a_rehearsal_works(office: Office) -> None:
    """Each vendor was asked and said who it is; then ``check``, ``observe`` and ``coverage`` go on from there."""
    code, out, err = office.init()
    assert code == 0, err
    assert err.splitlines() == [
        "sources.jumpcloud: 7 organizations",
        "sources.lastpass: 5 organizations",
        "psas.autotask: 127.0.0.1/90001, 4 companies",
        "psas.connectwise: 127.0.0.1/examplemsp, 4 companies",
    ]
    written = [line.split()[1] for line in out.splitlines() if line.startswith("+ ")]
    assert set(written) == files(office.config)
    assert office.run("check")[:2] == (0, "0 clients, 0 lines: valid\n")
    assert [office.run(word)[0] for word in ("observe", "coverage")] == [0, 0]


def test_the_settings_are_commented_and_lead_an_editor_to_their_schema(tmp_path: Path) -> None:
    """The schema's line leads to the file that was written beside it."""
    assert offline(tmp_path, *JUMPCLOUD)[0] == 0
    text = (tmp_path / "psarecon.yaml").read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=.schemas/settings.json\n")
    assert (tmp_path / ".schemas" / "settings.json").read_text("utf-8") == schema_text("settings")
    assert (tmp_path / ".schemas" / "mapping.json").read_text("utf-8") == schema_text("mapping")
    assert text.count("\n# ") > 5


def test_the_end_names_the_commands_that_come_next_in_order(tmp_path: Path) -> None:
    """With what is not set yet; git is only suggested."""
    out = offline(tmp_path, *JUMPCLOUD)[1].partition("Next:\n")[2]
    words = [line.split("#")[0].strip() for line in out.splitlines()]
    assert words[1:6] == [
        "export JUMPCLOUD_API_KEY=…", "export AUTOTASK_USERNAME=…", "export AUTOTASK_SECRET=…",
        "export AUTOTASK_INTEGRATION_CODE=…", "git init && git add . && git commit -m 'Begin with psarecon'",
    ]  # fmt: skip
    commands = ["import --dry-run", "import", "check", "observe", "coverage", "plan -o plan.json", "review plan.json"]
    assert words[6:] == [f"psarecon {word}" for word in commands]
    assert not (tmp_path / ".git").exists()


def test_flags_say_what_the_settings_hold(tmp_path: Path) -> None:
    """References, numbers and yes or no where the schema wants them, the cost of a product."""
    given = {
        "sources.jumpcloud.api_key": "command:vault read 'jc key'",
        "psas.autotask.threads": "3",
        "psas.autotask.allow_proration": "true",
        "products.jumpcloud-platform.unit_cost": "8.50",
        "billing.month": "previous",
        "apply.plan_age": "2h",
    }
    words = [word for key, text in given.items() for word in ("--set", f"{key}={text}")]
    code, _, err = offline(tmp_path, *JUMPCLOUD, "--currency", "EUR", "--ledger", "env:LEDGER", *words)
    assert code == 0, err
    data = parse_document((tmp_path / "psarecon.yaml").read_bytes(), "psarecon.yaml").data
    assert data["sources"]["jumpcloud"]["api_key"] == "command:vault read 'jc key'"
    assert (data["psas"]["autotask"]["threads"], data["psas"]["autotask"]["allow_proration"]) == (3, True)
    assert (data["billing"], data["ledger"], data["apply"]) == (
        {"timezone": "Europe/Berlin", "currency": "EUR", "month": "previous"}, "env:LEDGER", {"plan_age": "2h"},
    )  # fmt: skip
    assert data["products"]["jumpcloud-platform"]["unit_cost"] == "8.50"


def test_a_cost_that_nobody_told_is_not_kept(tmp_path: Path) -> None:
    """No figure is invented: costs stay in the PSA as they are."""
    offline(tmp_path, *JUMPCLOUD)
    data = parse_document((tmp_path / "psarecon.yaml").read_bytes(), "psarecon.yaml").data
    assert "unit_cost" not in data["products"]["jumpcloud-platform"]


@pytest.mark.parametrize(
    "text", ["a", "Yes", "null", "a: b", "a #b", "- x", "'", '"', "\\", "ü", "1.10", "*a", "@x", "~"]
)
def test_any_text_comes_back_from_the_file_as_it_is(text: str) -> None:
    """Whatever YAML would read into it."""
    document = parse_document(f"key: {value(text)}\n".encode(), "x")
    assert (document.data, document.found) == ({"key": text}, [])


@pytest.mark.parametrize(
    "given", [f"sources.jumpcloud.api_key={SECRET}", f"psas.autotask.url=https://me:{SECRET}@example.com", SECRET]
)
@pytest.mark.parametrize("quiet", [True, False])
def test_a_pasted_secret_is_refused_and_never_repeated(tmp_path: Path, given: str, *, quiet: bool) -> None:
    """Whether or not there would be somebody to ask; nothing is written."""
    words = ["--non-interactive"] if quiet else []
    ran = psarecon(
        "init", str(tmp_path / "new"), *words, "--pipeline", "none", *JUMPCLOUD, "--no-check", "--set", given
    )
    assert ran.code in {3, 64}
    assert SECRET not in ran.out + ran.err
    assert not (tmp_path / "new").exists()


def test_a_reference_that_leads_nowhere_is_told_with_the_way_out(office: Office) -> None:
    """And nothing is written, not even the folder."""
    code, out, err = office.init("--set", "sources.jumpcloud.api_key=env:NOT_SET")
    assert (code, out) == (3, "")
    assert "sources.jumpcloud cannot be reached: nothing was written; --no-check goes on without looking" in err
    assert "error: sources.jumpcloud.api_key: env:NOT_SET is not set\nhint: set the variable" in err
    assert not office.config.exists()


def test_a_refused_key_is_told_with_the_vendors_word(office: Office) -> None:
    """A credential that leads somewhere and is not accepted."""
    office.sandbox.fault("status", "autotask", status=401, times=None)
    try:
        code, out, err = office.init("--source", "jumpcloud", "--psa", "autotask")
    finally:
        office.sandbox.no_faults()
    assert (code, out, "psas.autotask cannot be reached" in err) == (1, "", True)
    assert not office.config.exists()


def test_a_file_that_is_there_is_never_changed(tmp_path: Path) -> None:
    """What is missing is written; what differs is told, and shown when asked for."""
    assert offline(tmp_path, *JUMPCLOUD)[0] == 0
    before = (tmp_path / "psarecon.yaml").read_bytes()
    (tmp_path / "README.md").write_text("ours\n", "utf-8")
    (tmp_path / ".gitignore").unlink()
    code, out, _ = psarecon_in(tmp_path, "--diff")
    assert code == 0
    told = {line.split()[1]: line for line in out.splitlines() if line[:2] in {"+ ", "= ", "~ "}}
    assert told["psarecon.yaml"] == "= psarecon.yaml  there already, not changed"
    assert told["README.md"] == "~ README.md  there already and other, not changed"
    assert told[".gitignore"] == "+ .gitignore  written"
    assert {line[0] for name, line in told.items() if name.startswith((".schemas", "clients"))} == {"="}
    assert "  -ours\n" in out
    assert "  +# Billing by psarecon\n" in out
    assert ((tmp_path / "README.md").read_text("utf-8"), (tmp_path / "psarecon.yaml").read_bytes()) == (
        "ours\n",
        before,
    )


def psarecon_in(folder: Path, *words: str) -> tuple[int, str, str]:
    """``init`` where settings are there already: there is nothing to ask."""
    ran = psarecon("-C", str(folder), "init", *words)
    return ran.code, ran.out, ran.err


def test_answers_about_settings_that_are_there_are_refused(tmp_path: Path) -> None:
    """They could not be heeded."""
    offline(tmp_path, *JUMPCLOUD)
    code, out, err = psarecon_in(tmp_path, "--currency", "EUR")
    assert (code, out, err.splitlines()[0]) == (64, "", "error: psarecon.yaml is there already and is not changed")


def test_settings_that_are_there_and_not_valid_stop_it(tmp_path: Path) -> None:
    """With what is wrong; nothing is written beside them."""
    (tmp_path / "psarecon.yaml").write_text("version: 2\n", "utf-8")
    assert psarecon_in(tmp_path)[0] == 3
    assert files(tmp_path) == {"psarecon.yaml"}


@pytest.mark.parametrize("pipeline", [name for name in PIPELINES if name != "none"])
def test_the_recipe_of_the_pipeline_is_there_with_the_variables_of_the_settings(tmp_path: Path, pipeline: str) -> None:
    """Those that the settings refer to stand where the recipe names others; all else is the recipe's."""
    words = (
        "--source",
        "lastpass",
        "--psa",
        "connectwise",
        "--set",
        "psas.connectwise.url=https://na.myconnectwise.net",
    )
    code, _, err = offline(tmp_path, *words, "--set", "psas.connectwise.company=acme", "--pipeline", pipeline)
    assert code == 0, err
    for name, place in PIPELINES[pipeline].items():
        text, recipe = (tmp_path / place).read_text("utf-8"), recipe_text(name)
        assert "AUTOTASK_" not in text
        assert "JUMPCLOUD_" not in text
        assert text.count("CW_CLIENT_ID") == text.count("CW_PUBLIC_KEY") == recipe.count("AUTOTASK_USERNAME")
        assert text.count("LASTPASS_API_KEY") == recipe.count("JUMPCLOUD_API_KEY")
        ours = [line for line in text.splitlines() if "CW_" not in line and "LASTPASS_" not in line]
        assert ours == [line for line in recipe.splitlines() if "AUTOTASK_" not in line and "JUMPCLOUD_" not in line]
    assert "ledger: env:PSARECON_LEDGER_URL\n" in (tmp_path / "psarecon.yaml").read_text("utf-8")
    assert psarecon_in(tmp_path)[1].count("there already") == len(files(tmp_path))


def typed(folder: Path, environ: dict[str, str], answers: list[str], *words: str) -> tuple[int, str, str]:
    """``init`` in a process of its own, with its answers on stdin."""
    done = subprocess.run(
        [sys.executable, "-m", "psarecon", "init", str(folder), *words], input="".join(f"{one}\n" for one in answers),
        env={"PATH": os.environ["PATH"], **environ}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_questions_have_usual_answers(msp: Rehearsal, tmp_path: Path) -> None:
    """Enter, again and again, gives a configuration; each question names its usual answer."""
    code, _, err = typed(tmp_path / "new", msp.environ, [""] * 30, "--sandbox", str(msp.directory))
    assert code == 0, err
    assert "Which sources (jumpcloud, lastpass, files, or none) [jumpcloud, lastpass]: " in err
    assert "[env:JUMPCLOUD_API_KEY]: " in err
    assert "Currency [USD]: " in err
    assert psarecon("-C", str(tmp_path / "new"), "check").code == 0


def test_answers_are_asked_for_until_they_can_be_used(msp: Rehearsal, tmp_path: Path) -> None:
    """A pasted secret is not repeated; a reference that leads nowhere is asked for again; no money is no cost."""
    answers = [
        "none", "okta", "jumpcloud", SECRET, "env:NOT_SET", "no", "env:JUMPCLOUD_API_KEY", "autotask", "", "", "",
        "sqlite:x.db", "Mars/Base", "Europe/Oslo", "crowns", "NOK", "nine", "9.00",
    ]  # fmt: skip
    code, _, err = typed(tmp_path / "new", msp.environ, answers, "--sandbox", str(msp.directory))
    assert code == 0, err
    assert SECRET not in err
    said = ["write some of jumpcloud", "that is no reference", "env:NOT_SET is not set", "Keep it all the same [no]"]
    said += ["sources.jumpcloud: 7 organizations", "such as America/New_York", "three capitals", "keeps no cost"]
    assert [one for one in said if one not in err] == []
    data = parse_document((tmp_path / "new" / "psarecon.yaml").read_bytes(), "psarecon.yaml").data
    assert data["billing"] == {"timezone": "Europe/Oslo", "currency": "NOK"}
    assert data["products"]["jumpcloud-platform"]["unit_cost"] == "9.00"


def test_what_cannot_be_reached_can_be_kept_all_the_same(tmp_path: Path) -> None:
    """Keys may come later."""
    answers = ["none", "jumpcloud", "", "yes", "none", "", "", "", ""]
    code, _, err = typed(tmp_path / "new", {}, answers)
    assert code == 0, err
    assert "env:JUMPCLOUD_API_KEY is not set" in err
    assert psarecon("-C", str(tmp_path / "new"), "check").code == 0


def test_where_nobody_answers_nothing_is_written(tmp_path: Path) -> None:
    """The end of stdin is no answer."""
    code, out, err = typed(tmp_path / "new", {}, ["none", "jumpcloud"])
    assert (code, out) == (64, "")
    assert "error: nobody answers on stdin: nothing was written\n" in err
    assert not (tmp_path / "new").exists()


def test_a_terminal_is_asked_line_by_line(tmp_path: Path) -> None:
    """The same on a real terminal, whose lines end in CR LF; stdout stays the report."""
    mine, theirs = pty.openpty()
    command = [sys.executable, "-m", "psarecon", "init", str(tmp_path / "new"), "--no-check"]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={}) as process:
        os.write(mine, b"\n" * 20)
        out, err = process.communicate(timeout=60)
    os.close(mine)
    os.close(theirs)
    assert (process.returncode, out.decode().splitlines()[0]) == (0, "+ psarecon.yaml  written"), err


def test_the_machines_time_zone_is_the_usual_one() -> None:
    """By the variable, else by where the machine's own link leads; UTC where neither names one."""
    assert machine_zone({"TZ": ":Europe/Oslo"}, lambda: "") == "Europe/Oslo"
    assert machine_zone({"TZ": "EST5EDT4"}, lambda: "/usr/share/zoneinfo/Asia/Tokyo") == "Asia/Tokyo"
    assert machine_zone({}, lambda: "/etc/localtime") == "UTC"


def test_a_client_added_by_hand_fits_what_init_wrote(office: Office, tmp_path: Path) -> None:
    """The mapping of a rehearsal, under settings that init wrote: valid, and planned."""
    with rehearsal(tmp_path / "one", Client()) as one:
        words = ("--sandbox", str(one.directory), "--non-interactive", *JUMPCLOUD, "--timezone", "America/New_York")
        ran = psarecon("init", str(office.config), *words, environ=one.environ)
        assert ran.code == 0, ran.err
        (source,) = (one.directory / "clients").glob("*.yaml")
        (office.config / "clients" / source.name).write_bytes(source.read_bytes())
        steps = [("check",), ("observe",), ("plan", "--format", "json")]
        done = [psarecon("-C", str(office.config), *step, environ=one.environ) for step in steps]
    assert [ran.code for ran in done] == [0, 0, 0]
    assert len(json.loads(done[2].out)["changes"]) == 1
