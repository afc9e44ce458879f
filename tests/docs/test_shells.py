"""Completion scripts and the manual page: valid, and of use."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from docs.walks import ROOT, surroundings
from harness import psarecon

MAN = ROOT / "docs" / "man" / "psarecon.1"
#: What bash does when Tab is pressed behind some words, told as a script.
_TAB = """source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
function=$(complete -p psarecon | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
$function psarecon "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The completion script of bash."""
    path = tmp_path_factory.mktemp("completion") / "psarecon.bash"
    path.write_text(psarecon("completion", "bash").out, encoding="utf-8")
    return path


def tab(script: Path, *words: str) -> set[str]:
    """What bash offers behind `psarecon` and these words, the last one begun."""
    command = ["bash", "-c", _TAB, "bash", str(script), "psarecon", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=surroundings())
    assert done.stderr == ""
    return {line.strip() for line in done.stdout.splitlines() if line}


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_script_is_printed_for_each_shell(shell: str) -> None:
    """It names the commands; where the shell is installed, it finds no mistake in the script."""
    ran = psarecon("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert all(command in ran.out for command in ("observe", "rollback", "completion"))
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=ran.out, text=True, check=True, env=surroundings())


def test_another_shell_is_wrong_usage() -> None:
    """64, and the shells there are."""
    ran = psarecon("completion", "fish")
    assert ran.code == 64
    assert "'bash', 'zsh', 'tcsh'" in ran.err or "bash, zsh, tcsh" in ran.err


def test_tab_completes_commands_options_and_values(script: Path) -> None:
    """The beginning of a word is completed to all that begin so, at every depth."""
    assert tab(script, "ob") == {"observe"}
    assert {"check", "plan", "apply"} <= tab(script, "")
    assert "--exit-code" in tab(script, "plan", "--ex")
    assert tab(script, "check", "--format", "sa") == {"sarif"}
    assert tab(script, "sandbox", "s") == {"serve"}


def test_tab_completes_files(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a path is wanted, the files that are there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "november.json").touch()
    assert tab(script, "apply", "nov") == {"november.json"}


def test_the_manual_page_has_every_command_and_no_mistake_of_form() -> None:
    """Header, the usual sections, each command; groff warns of nothing, where it is installed."""
    page = MAN.read_text(encoding="utf-8")
    assert page.startswith(".TH PSARECON ")
    assert [
        title for title in (".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH OPTIONS") if title not in page
    ] == []
    for command in ("observe", "plan", "apply", "sandbox"):
        assert f"'psarecon {command}" in page
    if groff := shutil.which("groff"):
        done = subprocess.run([groff, "-man", "-ww", "-Tutf8", "-z", MAN], capture_output=True, text=True, check=True)
        assert done.stderr == ""
