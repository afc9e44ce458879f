from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from psarecon.config.earlier import mapping_at
from psarecon.errors import InvalidInput

from .conftest import ConfigDirectory


def git(directory: Path, *words: str) -> str:
    """Run git as somebody without a configuration."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *words], cwd=directory, check=True, capture_output=True, text=True).stdout


def commit(directory: Path) -> str:
    """Commit everything; answers the commit."""
    git(directory, "init", "--quiet", "--initial-branch=main", ".")
    git(directory, "add", "-A")
    git(directory, "commit", "--quiet", "--allow-empty", "-m", "x")
    return git(directory, "rev-parse", "HEAD").strip()


def test_the_mapping_of_another_commit_is_read_beside_what_is_checked_out(config: ConfigDirectory) -> None:
    """A minimum of ten then, of twelve now; the work tree is not touched, and says whose commit the mapping is."""
    before = commit(config.path)
    config.client("minimum: 10", "minimum: 12")
    commit(config.path)
    config.client("minimum: 10", "minimum: 99")
    found = mapping_at(config.path, "main~1")
    assert (found.commit, found.mapping.commit, found.mapping.dirty) == (before, before, False)
    assert [one.terms.minimum for one in found.mapping.bindings] == [10, 0]
    assert "minimum: 99" in (config.path / "clients/acme.yaml").read_text()


def test_its_settings_are_those_of_that_commit(config: ConfigDirectory) -> None:
    """A cost of 9.00 then."""
    commit(config.path)
    config.settings('"9.00"', '"9.50"')
    found = mapping_at(config.path, "HEAD")
    assert found.settings is not None
    assert [str(one.unit_cost) for one in found.settings.products.values()] == ["9.00", "4.25"]


def test_before_the_first_settings_there_is_an_empty_mapping(tmp_path: Path) -> None:
    """The pull request that brings psarecon has a base without it."""
    head = commit(tmp_path)
    found = mapping_at(tmp_path, "main")
    assert (found.commit, found.settings, found.mapping.bindings) == (head, None, ())


def test_the_config_directory_may_be_a_folder_of_the_repository(tmp_path: Path) -> None:
    """Only what is in it is read."""
    config = ConfigDirectory(tmp_path / "billing")
    config.settings()
    config.client()
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "other.yaml").write_text("nonsense")
    commit(tmp_path)
    assert len(mapping_at(config.path, "main").mapping.bindings) == 2


@pytest.mark.parametrize("ref", ["nowhere", "--upload-pack=touch x", "", "main^{tree}", "a b", "\x1b[2J"])
def test_a_ref_that_names_no_commit_here_says_to_fetch_it(config: ConfigDirectory, ref: str) -> None:
    """Also one that looks like an option, names no commit, or would clear a screen."""
    commit(config.path)
    with pytest.raises(InvalidInput, match="git knows no commit") as caught:
        mapping_at(config.path, ref)
    assert "fetch" in caught.value.hint
    assert "\x1b" not in str(caught.value)


def test_a_mapping_that_was_not_valid_is_told_with_its_places(config: ConfigDirectory) -> None:
    """The file, line and column of then."""
    config.client("minimum: 10", "minimum: ten")
    commit(config.path)
    config.client()
    with pytest.raises(InvalidInput, match=r"the mapping at main is not valid:\nclients/acme.yaml:9:14") as caught:
        mapping_at(config.path, "main")
    assert "without --base" in caught.value.hint


def test_a_link_in_a_commit_is_refused(config: ConfigDirectory) -> None:
    """It could lead to any file of this machine."""
    (config.path / "clients" / "evil.yaml").symlink_to("/etc/hostname")
    commit(config.path)
    with pytest.raises(InvalidInput, match=r"clients/evil.yaml is a link"):
        mapping_at(config.path, "main")
