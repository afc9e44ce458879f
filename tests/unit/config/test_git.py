from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from psarecon.config.git import LineChange, commit_of, last_change
from psarecon.config.mapping import load_mapping
from psarecon.config.settings import load_settings
from psarecon.errors import PsareconError

from .conftest import ConfigDirectory


def git(directory: Path, *words: str) -> str:
    """Run git as somebody without a configuration."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *words], cwd=directory, check=True, capture_output=True, text=True).stdout


def commit(directory: Path) -> str:
    """Commit everything; answers the commit."""
    git(directory, "init", "--quiet", ".")
    git(directory, "add", "-A")
    git(directory, "commit", "--quiet", "-m", "x")
    return git(directory, "rev-parse", "HEAD").strip()


def test_a_mapping_carries_the_commit_it_was_read_at(config: ConfigDirectory) -> None:
    """So that a plan can say which mapping it was made from."""
    head = commit(config.path)
    mapping = load_mapping(load_settings(config.path)).mapping
    assert (mapping.commit, mapping.dirty) == (head, False)


def test_only_files_that_are_read_make_the_directory_dirty(config: ConfigDirectory) -> None:
    """Notes and the ledger beside them do not."""
    config.write(".gitignore", "clients/local/\n.psarecon/\n")
    head = commit(config.path)
    config.write("notes.txt", "x")
    config.write(".psarecon/ledger.db", "x")
    config.write("clients/readme.md", "x")
    assert commit_of(config.path) == (head, False)


@pytest.mark.parametrize("file", ["psarecon.yaml", "clients/acme.yaml", "clients/new/x.yaml", "clients/local/y.yaml"])
def test_a_changed_a_new_and_an_ignored_file_make_it_dirty(config: ConfigDirectory, file: str) -> None:
    """An ignored client file is read all the same."""
    config.write(".gitignore", "clients/local/\n")
    head = commit(config.path)
    config.write(file, "# changed\n")
    assert commit_of(config.path) == (head, True)


def test_a_config_directory_may_be_a_folder_of_the_repository(tmp_path: Path) -> None:
    """Changes elsewhere in the repository do not count."""
    config = ConfigDirectory(tmp_path / "billing")
    config.settings()
    config.client()
    head = commit(tmp_path)
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "x.yaml").write_text("x")
    assert commit_of(config.path) == (head, False)


def test_outside_of_git_there_is_no_commit(tmp_path: Path) -> None:
    """Nor before the first one."""
    assert commit_of(tmp_path) == (None, False)
    git(tmp_path, "init", "--quiet", ".")
    assert commit_of(tmp_path) == (None, False)


def test_a_repository_git_refuses_to_read_is_a_warning_with_the_way_out(config: ConfigDirectory) -> None:
    """As in a container where the checkout belongs to somebody else."""
    (config.path / ".git").write_text("gitdir: /nonexistent\n")
    with pytest.raises(PsareconError, match="git does not tell which commit this is"):
        commit_of(config.path)
    loaded = load_mapping(load_settings(config.path))
    assert (loaded.mapping.commit, loaded.mapping.dirty) == (None, False)
    assert loaded.warnings[-1].message == "git does not tell which commit this is"
    assert "safe.directory" in loaded.warnings[-1].suggestion


def commit_as(directory: Path, author: str, day: str, message: str) -> str:
    """Commit everything as somebody at noon UTC of a day; answers the commit."""
    git(directory, "add", "-A")
    git(
        directory,
        "commit",
        "--quiet",
        "--author",
        f"{author} <x@example.com>",
        "--date",
        f"{day}T12:00Z",
        "-m",
        message,
    )
    return git(directory, "rev-parse", "HEAD").strip()


@pytest.fixture
def history(tmp_path: Path) -> tuple[Path, str, str]:
    """A file of three lines by Ann; Bob changed the second. The directory, Ann's commit and Bob's."""
    config = tmp_path / "config"
    (config / "clients").mkdir(parents=True)
    git(config, "init", "--quiet", ".")
    file = config / "clients" / "acme.yaml"
    file.write_text("client: Acme\nminimum: 10\nmaximum: 20\n")
    first = commit_as(config, "Ann", "2026-10-01", "Map Acme")
    file.write_text("client: Acme\nminimum: 12\nmaximum: 20\n")
    return config, first, commit_as(config, "Bob", "2026-11-02", "Acme asked for twelve\n\nticket 5")


def test_who_changed_a_line_last_is_told_from_git(history: tuple[Path, str, str]) -> None:
    """Its commit, author, day and the first line of what was said about it."""
    config, first, second = history
    bob = LineChange(second[:9], "Bob", datetime(2026, 11, 2, 12, tzinfo=UTC), "Acme asked for twelve")
    assert last_change(config, "clients/acme.yaml", 2) == bob
    assert str(bob) == f"last changed by Bob on 2026-11-02 in {second[:9]}: Acme asked for twelve"
    found = last_change(config, "clients/acme.yaml", 1)
    assert found is not None
    assert (found.author, found.commit, found.summary) == ("Ann", first[:9], "Map Acme")


def test_a_line_is_told_as_of_the_plans_commit(history: tuple[Path, str, str]) -> None:
    """Later commits and files that are not committed do not count."""
    config, first, second = history
    (config / "clients" / "acme.yaml").write_text("# a new line\n" * 9)
    for commit, author in ((first, "Ann"), (second, "Bob"), (None, "Bob")):
        found = last_change(config, "clients/acme.yaml", 2, commit)
        assert found is not None
        assert found.author == author


@pytest.mark.parametrize(
    "file",
    [
        "../outside.yaml",
        "clients/../../outside.yaml",
        "/etc/passwd",
        "--output=stolen",
        "-s",
        "",
        ".",
        "clients",
        "clients/other.yaml",
        "clients/acme.yaml\0",
        "clients/\udcff.yaml",
        "x" * 5000,
    ],
)
def test_a_path_of_a_plan_is_no_option_and_leads_nowhere_else(history: tuple[Path, str, str], file: str) -> None:
    """A plan file may come from a stranger; a file beside the directory is in the same repository here."""
    config, _, _ = history
    (config.parent / "outside.yaml").write_text("x\n")
    git(config.parent, "init", "--quiet", ".")
    assert last_change(config, file, 1) is None
    assert {path.name for path in config.iterdir()} == {".git", "clients"}


@pytest.mark.parametrize("commit", ["HEAD", "--all", "0" * 40, "a" * 39, "HEAD^{/x}", ""])
def test_only_a_whole_commit_id_is_a_commit(history: tuple[Path, str, str], commit: str) -> None:
    """Everything else a plan may say is not handed to git; an unknown id tells nothing."""
    assert last_change(history[0], "clients/acme.yaml", 1, commit) is None


@pytest.mark.parametrize("line", [0, -1, 4, 10**9])
def test_a_line_that_is_not_there_was_changed_by_nobody(history: tuple[Path, str, str], line: int) -> None:
    """The file has three."""
    assert last_change(history[0], "clients/acme.yaml", line) is None


def test_without_a_repository_nobody_is_named(tmp_path: Path) -> None:
    """Nor before the first commit."""
    (tmp_path / "acme.yaml").write_text("x\n")
    assert last_change(tmp_path, "acme.yaml", 1) is None
    git(tmp_path, "init", "--quiet", ".")
    assert last_change(tmp_path, "acme.yaml", 1) is None


def test_a_history_cut_short_names_nobody_wrongly(history: tuple[Path, str, str], tmp_path: Path) -> None:
    """A pipeline's checkout of the last commit alone makes Bob the author of every line; the first line was Ann's."""
    short = tmp_path / "short"
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{history[0]}", str(short))
    assert last_change(short, "clients/acme.yaml", 1) is None


def test_no_program_the_repository_names_is_run(history: tuple[Path, str, str], tmp_path: Path) -> None:
    """A text converter in its configuration would be one."""
    config, _, _ = history
    (config / ".gitattributes").write_text("*.yaml diff=x\n")
    git(config, "config", "diff.x.textconv", f"touch {tmp_path / 'ran'}; cat")
    git(config, "config", "core.fsmonitor", f"touch {tmp_path / 'ran'}; true")
    assert last_change(config, "clients/acme.yaml", 2) is not None
    assert not (tmp_path / "ran").exists()


def test_a_hostile_author_is_harmless_in_words(history: tuple[Path, str, str]) -> None:
    """Whoever can commit chooses a name; headers cannot be forged by it."""
    config, _, _ = history
    (config / "clients" / "acme.yaml").write_text("client: Acme\n")
    git(config, "add", "-A")
    commit_as(config, "E\x1b[2Jve [/oops]", "2026-11-03", "author-time 0 \x1b]52;c;x\x07")
    (config / "clients" / "acme.yaml").write_text("client: Acme 2\n")
    commit_as(config, "E\x1b[2Jve [/oops]", "2026-11-04", "summary \x1b]52;c;x\x07")
    found = last_change(config, "clients/acme.yaml", 1)
    assert found is not None
    assert found.at == datetime(2026, 11, 4, 12, tzinfo=UTC)
    assert str(found).isprintable()
    assert "[/oops]" in str(found)
