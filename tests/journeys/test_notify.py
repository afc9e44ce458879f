"""Who is told how a command ended, what, and what comes of it when that goes wrong: nothing, for the command."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import ADJUSTMENT, observed_plan
from journeys.contract_steps import real, real_apply
from journeys.notify_steps import PASSWORD, TOKEN, Inbox, notify, receiving, told
from journeys.run_steps import until
from journeys.test_hostile_names import HOSTILE
from journeys.test_signals import ended, meets, slow_down, started

ALL = "observe, plan, apply, resume, blocked, stale, unknown, failed"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Somebody who listens."""
    with receiving() as found:
        yield found


@pytest.fixture
def mixed(tmp_path: Path) -> Iterator[Rehearsal]:
    """A line to be written, and one that a guard blocks."""
    with rehearsal(tmp_path / "msp", Client(), Client("Drop Ltd", units=40, users=10)) as found:
        yield found


def test_every_command_tells_its_end(mixed: Rehearsal, inbox: Inbox) -> None:
    """Counts, money, the dearest lines or what went wrong, who, the plan, the run and its page."""
    told(mixed, inbox, ALL)
    mixed.observed()
    plan = mixed.plan()["id"]
    assert mixed.apply().code == 4
    assert mixed.run("resume").code == 0
    run = mixed.log()[0]["run"]
    page = "https://ci.example.com/runs/7"
    observed, planned, applied, resumed = inbox.texts
    assert observed == f"psarecon observe: 2 organizations read, 0 failed\nby dana\n{page}"
    assert planned == (
        "psarecon plan: 2 changes, cost -234.00, revenue -390.00 USD a month\n1 blocked, 1 BLOCK finding\n"
        "Drop Ltd, jumpcloud-platform: 40 → 10 at 9.00, cost -270.00\n"
        "Acme Corp, jumpcloud-platform: 10 → 14 at 9.00, cost +36.00\n"
        f"plan {plan[:12]} of 2026-11\nby dana\n{page}"
    )
    assert applied == (
        f"psarecon apply: 1 verified\n1 blocked\nplan {plan[:12]} of 2026-11\nby dana, run {run}\n{page}"
    )
    assert resumed == f"psarecon resume: nothing is in doubt\nby dana\n{page}"
    assert [one["type"] for one in inbox.messages] == ["info", "warning", "warning", "info"]


def test_nobody_is_told_by_default_and_the_library_is_not_even_loaded(acme: Rehearsal) -> None:
    """Without `notify` in the settings."""
    script = (
        "import sys\nfrom psarecon.cli.main import main\nimport os\n"
        "assert main(sys.argv[1:], os.environ) == 0\nassert not {'apprise', 'jinja2', 'requests'} & set(sys.modules)\n"
    )
    for words in (("observe",), ("plan",)):
        line = [sys.executable, "-c", script, "-C", str(acme.directory), *words]
        done = subprocess.run(line, env=acme.environ, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("when", "heard"),
    [
        pytest.param("plan", ["plan"], id="one command"),
        pytest.param("blocked", ["plan", "apply"], id="how it ended"),
        pytest.param("failed, unknown, stale", [], id="nothing of it"),
    ],
)
def test_only_what_was_asked_for_is_told(mixed: Rehearsal, inbox: Inbox, when: str, heard: list[str]) -> None:
    """By command, or by how it ended."""
    told(mixed, inbox, when)
    observed_plan(mixed)
    mixed.apply()
    assert [text.split(":")[0].split()[1] for text in inbox.texts] == heard


def test_each_receiver_has_its_own_occasions(mixed: Rehearsal, inbox: Inbox) -> None:
    """One hears of the plan, the other of what is blocked: both, once each."""
    notify(mixed, "url: env:ONE, when: [plan]", "url: env:TWO, when: [blocked, plan]")
    mixed.environ |= {"ONE": f"{inbox.url}/one", "TWO": f"{inbox.url}/two"}
    observed_plan(mixed)
    assert sorted(inbox.paths) == [f"/{TOKEN}/one", f"/{TOKEN}/two"]


def test_a_quiet_night_can_be_kept_quiet(acme: Rehearsal, inbox: Inbox) -> None:
    """With `only_changes` the ends of commands of which nothing came are not told."""
    told(acme, inbox, ALL, ", only_changes: true")
    observed_plan(acme)
    assert acme.apply().code == 0
    assert [text.split(":")[0] for text in inbox.texts] == ["psarecon plan", "psarecon apply"]
    observed_plan(acme)
    assert (acme.apply().code, acme.run("resume").code, len(inbox.texts)) == (0, 0, 2)


def test_a_command_that_ended_by_an_error_is_told_as_failed(acme: Rehearsal, inbox: Inbox) -> None:
    """The PSA is out of reach in the night: no plan, and somebody knows."""
    told(acme, inbox, "failed")
    acme.observed()
    acme.fault("expired_secret", times=None)
    assert acme.run("plan").code == 1
    (text,) = inbox.texts
    assert text.startswith("psarecon plan ended with an error (exit 1)\nAutotask ")
    assert inbox.messages[0]["type"] == "failure"


def test_a_refused_plan_is_told_as_failed(acme: Rehearsal, inbox: Inbox) -> None:
    """The file is another one than was expected."""
    told(acme, inbox, "failed, apply")
    observed_plan(acme)
    assert acme.apply("--expect", "0" * 64).code == 3
    (text,) = inbox.texts
    assert "not 000000000000, which --expect names" in text


def test_lines_that_went_wrong_are_named(tmp_path: Path, inbox: Inbox) -> None:
    """One moved, one refused: each with its words; those that went well are only counted."""
    with rehearsal(tmp_path / "msp", *map(Client, ("Acme", "Moved AS", "Refused Ltd", "Fine GmbH"))) as place:
        told(place, inbox, "stale")
        observed_plan(place)
        place.edit(line=place.lines[1], units_change=2)
        place.fault("status", status=500, body='{"errors":["not today"]}', path=ADJUSTMENT, skip=1)
        assert place.apply().code == 6
    (text,) = inbox.texts
    assert text.startswith("psarecon apply: 1 conflict, 1 failed, 2 verified\n")
    assert "conflict: Moved AS, jumpcloud-platform: 10 → 14 at 9.00 (the line moved:" in text
    assert "failed: Refused Ltd, jumpcloud-platform: 10 → 14 at 9.00 (not today)" in text
    assert not re.search("Acme|Fine", text)
    assert inbox.messages[0]["type"] == "failure"


def test_a_line_in_doubt_is_told_as_unknown(acme: Rehearsal, inbox: Inbox) -> None:
    """The answer to the write is lost and the run is told to stop: somebody has to `resume`."""
    told(acme, inbox, "unknown")
    acme.settings("settle_window: 1s", "settle_window: 5m")
    observed_plan(acme)
    acme.fault("drop_before_apply", path=ADJUSTMENT)
    with started(acme, "apply", str(acme.plan_file), "--approve-clean") as process:
        meets(process, acme)
        process.terminate()
        assert ended(process)[0] == 6
    (text,) = inbox.texts
    assert text.startswith("psarecon apply: 1 unknown\nunknown: Acme Corp, jumpcloud-platform: 10 → 14 at 9.00 (")


def test_an_organization_that_could_not_be_read_is_named(acme: Rehearsal, inbox: Inbox) -> None:
    """With the source's words."""
    told(acme, inbox, "failed")
    acme.fault("organization_error", "jumpcloud", organization=acme.organizations[0], status=403, times=None)
    assert acme.run("observe").code == 6
    (text,) = inbox.texts
    assert text.startswith("psarecon observe: 0 organizations read, 1 failed\nfailed: ")


def test_somebody_is_told_once_all_is_written(tmp_path: Path, inbox: Inbox) -> None:
    """When the message arrives every line is in place and the lease is given back."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd")) as place:
        told(place, inbox, "apply")
        observed_plan(place)
        seen: list[tuple[list[int], str]] = []

        def look() -> int:
            writes = [place.truth(line)["writes"] for line in place.lines]
            seen.append((writes, real(place, "lock", "list").out))
            return 200

        inbox.answer = look
        assert real_apply(place).code == 0
        assert seen == [([1, 1], "no lease is held\n")]


@pytest.mark.parametrize(
    ("status", "said"),
    [(500, "was refused (500)"), (403, "was refused (403)"), (302, "was refused (302)")],
)
def test_a_message_that_is_refused_changes_nothing(acme: Rehearsal, inbox: Inbox, status: int, said: str) -> None:
    """A line on stderr; the exit code is that of the run. A redirect is not followed."""
    told(acme, inbox, "apply")
    observed_plan(acme)
    inbox.answer = lambda: status
    ran = real_apply(acme)
    assert (ran.code, ran.out) == (0, "1 verified\n")
    assert ran.err.splitlines()[-1] == f"notification to notify[0].url (env:NOTIFY_URL): {said}"
    assert inbox.paths == [f"/{TOKEN}"]


def test_nobody_there_changes_nothing(acme: Rehearsal, inbox: Inbox) -> None:
    """The connection is refused: a line on stderr, without the address."""
    told(acme, inbox, "apply")
    observed_plan(acme)
    acme.environ["NOTIFY_URL"] = f"json://user:{PASSWORD}@127.0.0.1:1/{TOKEN}"
    ran = real_apply(acme)
    assert (ran.code, ran.out) == (0, "1 verified\n")
    assert ran.err.endswith("notification to notify[0].url (env:NOTIFY_URL): was not delivered\n")
    assert not re.search(f"{TOKEN}|{PASSWORD}|Traceback|apprise", ran.err)


def test_a_receiver_that_hangs_is_left_behind(acme: Rehearsal, inbox: Inbox) -> None:
    """Ten seconds for all of them together, even if its address asks for more; then the command ends."""
    told(acme, inbox, "resume")
    notify_more = acme.environ["NOTIFY_URL"] + "?rto=120"
    acme.environ["NOTIFY_URL"] = notify_more
    inbox.delay = 60
    began = time.monotonic()
    ran = real(acme, "resume")
    assert (ran.code, ran.out) == (0, "nothing is in doubt\n")
    assert ran.err.endswith("was not delivered within 10 s\n")
    assert time.monotonic() - began < 50


def test_the_proxies_of_the_environment_are_used(acme: Rehearsal, inbox: Inbox) -> None:
    """By the HTTP library's own rules: also for a plain message to this machine, but for hosts that NO_PROXY names."""
    told(acme, inbox, "resume")
    with receiving() as proxy:
        acme.environ["HTTP_PROXY"] = f"http://127.0.0.1:{proxy.port}"
        assert real(acme, "resume").code == 0
        assert (inbox.paths, proxy.paths) == ([], [f"http://127.0.0.1:{inbox.port}/{TOKEN}"])
        acme.environ["NO_PROXY"] = "127.0.0.1"
        assert real(acme, "resume").code == 0
        assert (len(inbox.paths), len(proxy.paths)) == (1, 1)


def test_a_signal_ends_the_telling_at_once(acme: Rehearsal, inbox: Inbox) -> None:
    """The command was done: its exit code stays."""
    told(acme, inbox, "resume")
    inbox.delay = 60
    with started(acme, "resume") as process:
        until(lambda: inbox.paths != [])
        process.send_signal(signal.SIGTERM)
        code, out, err = ended(process)
    assert (code, out) == (0, "nothing is in doubt\n")
    assert "interrupted: notifications that were under way are left behind" in err


def test_whoever_ended_a_command_is_not_told(acme: Rehearsal, inbox: Inbox) -> None:
    """SIGTERM to a plan: 143, and no message."""
    told(acme, inbox, ALL)
    slow_down(acme, "/query")
    with started(acme, "plan") as process:
        meets(process, acme)
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == 143
    assert inbox.paths == []


def test_names_mention_nobody_and_link_nowhere(tmp_path: Path, inbox: Inbox) -> None:
    """Chat programs read markup in plain text: what would act there is told in signs that do not."""
    acting = ["@everyone", "<!channel> <@U1>", "[pay here](https://evil.example)", "`x` javascript://y"]
    with rehearsal(tmp_path / "msp", *(Client(name) for name in [*acting, *HOSTILE.values()])) as place:
        told(place, inbox, "plan", ", template: all.j2")
        template = "title\n{% for line in lines %}{{ line.client }}\n{% endfor %}"
        (place.directory / "all.j2").write_text(template, encoding="utf-8")
        for names in range(2):
            place.environ["PSARECON_BY"] = acting[names]
            observed_plan(place)
        text = "\n".join(inbox.texts)
    assert not re.search(r"[@<>\[\]`\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]|://", text)
    assert max(map(len, text.splitlines())) <= 500


def test_a_template_says_it_in_its_own_words(acme: Rehearsal, inbox: Inbox) -> None:
    """Its first line is the title; figures, lists and money are at hand."""
    told(acme, inbox, "plan", ", template: templates/plan.j2")
    (acme.directory / "templates").mkdir()
    text = "{{ plan.changes }} for {{ by }}\n{% for line in lines %}{{ line.client }} {{ line.cost_change | money }}\n"
    (acme.directory / "templates" / "plan.j2").write_text(text + "{% endfor %}{{ run_url }}", encoding="utf-8")
    observed_plan(acme)
    assert inbox.texts == ["1 for dana\nAcme Corp +36.00\nhttps://ci.example.com/runs/7"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        pytest.param("a.j2", "{{ plan.id }", "is no template, line 1", id="syntax"),
        pytest.param("a.j2", "ok\n{{ palin.id }}", "speaks of 'palin' in line 2", id="an unknown name"),
        pytest.param("a.j2", "{{ plan | moeny }}", "speaks of 'moeny' in line 1", id="an unknown filter"),
        pytest.param("a.j2", "{{ plan is evn }}", "speaks of 'evn' in line 1", id="an unknown test"),
        pytest.param("a.j2", "{% include 'b.j2' %}", "reads another file in line 1", id="another file"),
        pytest.param("a.j2", "{{ '" + "x" * 70_000 + "' }}", "is larger than 64 KiB", id="endless"),
        pytest.param("a.j2", "{{ " + "(" * 30_000 + " }}", "is no template", id="deep"),
        pytest.param("../a.j2", "x", "leads out of the config directory", id="outside"),
        pytest.param("b.j2", None, "is no file", id="not there"),
        pytest.param("clients", None, "is no file", id="a folder"),
    ],
)
def test_a_template_that_cannot_work_is_a_check_error(acme: Rehearsal, name: str, text: str | None, said: str) -> None:
    """With its line, where it has one."""
    notify(acme, f"url: env:A, when: [plan], template: {name}")
    if text is not None:
        (acme.directory / name).write_text(text, encoding="utf-8")
    ran = acme.run("check")
    assert (ran.code, said in ran.err) == (3, True), ran.err
    assert ran.err.startswith("psarecon.yaml:4:")


def test_check_runs_nothing_of_a_template(acme: Rehearsal) -> None:
    """Not even a sum that would never end: a stranger's pull request may have written it."""
    notify(acme, "url: env:A, when: [plan], template: a.j2")
    text = "{{ 9 ** 9 ** 9 ** 9 }}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    (acme.directory / "a.j2").write_text(text, encoding="utf-8")
    assert real(acme, "check").code == 0


@pytest.mark.parametrize(
    "text",
    [
        "{{ plan.nothing }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ by.join.__globals__ }}",
        "{{ lines.append(1) }}",
        "{{ plan.id / 0 }}",
        "{{ by | money }}",
    ],
)
def test_a_template_that_fails_at_work_changes_nothing(acme: Rehearsal, inbox: Inbox, text: str) -> None:
    """Python behind the values is out of reach; a line on stderr names the kind of error and nothing else."""
    told(acme, inbox, "plan", ", template: a.j2")
    (acme.directory / "a.j2").write_text(text, encoding="utf-8")
    acme.observed()
    ran = acme.run("plan")
    assert (ran.code, inbox.texts) == (0, [])
    assert re.search(r"notification to notify\[0\]\.url \(env:NOTIFY_URL\): its template failed with \w+\n$", ran.err)


def test_a_template_without_words_sends_nothing(acme: Rehearsal, inbox: Inbox) -> None:
    """It can so choose for itself; stderr says so."""
    told(acme, inbox, "plan", ", template: a.j2")
    (acme.directory / "a.j2").write_text("{% if plan.changes > 100 %}many{% endif %}", encoding="utf-8")
    acme.observed()
    ran = acme.run("plan")
    assert (ran.code, inbox.texts) == (0, [])
    assert ran.err.endswith("its template gives no text\n")


def test_no_secret_is_in_what_is_said(acme: Rehearsal, inbox: Inbox) -> None:
    """The PSA repeats the credentials in its refusal: message, output and events are without them."""
    told(acme, inbox, ALL)
    acme.observed()
    secrets = [value for name, value in acme.environ.items() if name.startswith("AUTOTASK")]
    echo = json.dumps({"errors": [f"wrong: {secret}" for secret in secrets]})
    acme.fault("status", status=401, body=echo, path="/query", times=None)
    ran = acme.run("plan", "--json-events", str(acme.directory / "events"))
    said = ran.err + "".join(inbox.texts) + (acme.directory / "events").read_text(encoding="ascii")
    assert ran.code == 1
    assert [secret for secret in (*secrets, PASSWORD, TOKEN) if secret in said] == []
