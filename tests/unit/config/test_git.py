from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from psarecon.config.git import commit_of
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
