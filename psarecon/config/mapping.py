"""``clients/**/*.yaml``: which line of a PSA bills which product for which client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path as FilePath

from psarecon.collector import collector_paused
from psarecon.config.catalogue import Catalogue
from psarecon.config.documents import MOST_PROBLEMS, Document, Items, load_document
from psarecon.config.git import commit_of
from psarecon.config.ignored import ignored_problems
from psarecon.config.locate import present
from psarecon.config.mapping_rules import Client, Seen
from psarecon.config.problems import Issue, Path, Problem, Problems, in_order
from psarecon.config.proposals import proposal_problems, proposals_in
from psarecon.config.quick import quick_check
from psarecon.config.reader import read
from psarecon.config.schemas import MOST_ISSUES, issues_of
from psarecon.config.settings import Settings, present_settings, read_settings_document
from psarecon.config.shapes import Shapes
from psarecon.domain.adoption import OpenProposal
from psarecon.domain.model import Binding, Mapping
from psarecon.errors import PsareconError

CLIENTS_FOLDER = "clients"
#: Different problems of one client; the schema stops at twice as many, of which some may be the same.
_TOO_MANY = MOST_ISSUES // 2


@dataclass(frozen=True, slots=True)
class LoadedMapping:
    """The mapping of a config directory, and what its check only warns about."""

    mapping: Mapping
    warnings: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Gathered:
    """What the client files hold: bindings in file order, all problems of all files, the proposals that stand in
    them, and what is to be said of each."""

    bindings: list[Binding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    clients: int = 0
    open: list[OpenProposal] = field(default_factory=list)
    proposals: list[Problem] = field(default_factory=list)
    stale: int = 0


def load_mapping(settings: Settings, *, today: date | None = None) -> LoadedMapping:
    """Read and check all client files. Raises Problems with every error of every file.

    ``today`` (default: the day in the billing time zone) decides which allowances have ended.
    """
    day = today or datetime.now(settings.billing.timezone).date()
    gathered = gather(settings.directory, Catalogue.of(settings), day)
    if errors := _errors(gathered.problems):
        raise Problems(in_order(errors))
    warnings = in_order(gathered.problems)
    try:
        commit, dirty = commit_of(settings.directory)
    except PsareconError as error:
        commit, dirty = None, False
        warnings.append(Problem(".git", 1, 1, str(error), suggestion=error.hint, severity="warning"))
    return LoadedMapping(Mapping(tuple(gathered.bindings), commit, dirty), tuple(warnings))


def gather(directory: FilePath, catalogue: Catalogue, today: date, settings: Document | None = None) -> Gathered:
    """Read all client files against what the settings offer. ``settings`` saves reading their file again."""
    gathered, seen = Gathered(), Seen(catalogue, today)
    ignored, gathered.problems = ignored_problems(directory, catalogue)
    files = list(client_files(directory))
    shapes = Shapes(read)
    with collector_paused():
        for path in files:
            name = path.relative_to(directory).as_posix()
            _read_file(load_document(path, name, directory, shapes), seen, gathered)
    gathered.problems += _misnamed(directory)
    if not files:
        message = f"there are no client files: {CLIENTS_FOLDER}/**/*.yaml"
        gathered.problems.append(Problem(CLIENTS_FOLDER, 1, 1, message, severity="warning"))
    elif not _errors(gathered.problems) and (unused := seen.unused_products()):
        issues = [_unused(name) for name in unused]
        gathered.problems += present_settings(settings or read_settings_document(directory), issues)
    subjects = {one.subject for one in ignored}
    gathered.proposals, gathered.stale = proposal_problems(gathered.open, seen.mapped, seen.billed, subjects)
    return gathered


def _errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def client_files(directory: FilePath) -> Iterator[FilePath]:
    """Every client file below ``clients``, sorted by path; hidden files and folders are not read."""
    yield from sorted(_files(directory, (".yaml",)), key=lambda path: path.relative_to(directory).as_posix())


def _files(directory: FilePath, endings: tuple[str, ...]) -> Iterator[FilePath]:
    for folder, folders, names in os.walk(directory / CLIENTS_FOLDER):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.endswith(endings) and not name.startswith("."):
                yield FilePath(folder, name)


def _misnamed(directory: FilePath) -> Iterator[Problem]:
    """Files somebody may believe to be read."""
    for path in sorted(_files(directory, (".yml", ".YAML", ".YML"))):
        name = path.relative_to(directory).as_posix()
        yield Problem(name, 1, 1, "this file is not read", suggestion="name it .yaml", severity="warning")


def _unused(product: str) -> Issue:
    text = f"no line of the mapping uses the product {product!r}"
    return Issue(("products", product), text, at="key", severity="warning")


def _read_file(document: Document, seen: Seen, gathered: Gathered) -> None:
    proposals = list(proposals_in(document.text, document.file))
    gathered.open += proposals
    if document.silent:
        return  # proposals that nobody accepted yet, or a client that somebody put aside
    issues: list[Issue] = []
    if document.data is not None:
        refused = _refused_paths(document)
        proposed = any(one.product for one in proposals)
        for client in _clients(document, issues, proposed=proposed):
            gathered.clients += 1
            _read_client(client, refused.get(client.path, []), seen, issues, gathered)
            if len(issues) >= MOST_PROBLEMS:
                break
    if issues or document.found:
        gathered.problems += present(document, issues)


def _refused_paths(document: Document) -> dict[Path, list[Path]]:
    """The paths whose text is refused, by the client they belong to, relative to it."""
    depth = 1 if isinstance(document.data, Items) else 0
    found: dict[Path, list[Path]] = {}
    for problem in document.found:
        if problem.path is not None:
            found.setdefault(problem.path[:depth], []).append(problem.path[depth:])
    return found


def _clients(document: Document, issues: list[Issue], *, proposed: bool) -> Iterator[Client]:
    """The clients of a file. Each one's data is given up for the next: many times a binding's memory."""
    data = document.data
    if isinstance(data, dict):
        yield Client(document.file, document.line, (), data, proposed)
    elif isinstance(data, Items):
        for number, item in enumerate(data):
            data[number] = None
            yield Client(document.file, data.lines[number], (number,), item, proposed)
    else:
        issues.append(Issue((), "a mapping file holds a client or a list of clients", "begin with client: NAME"))


def _read_client(client: Client, refused: list[Path], seen: Seen, issues: list[Issue], gathered: Gathered) -> None:
    """Keep the bindings of the client's sound parts. A line that is not sound hides no error of the others."""
    if not refused and quick_check("mapping", "client")(client.data):
        gathered.bindings += seen.bindings(client, (), issues)
        return
    found = list(issues_of(client.data, "mapping", "client", client.path))
    issues += found
    if len(found) >= _TOO_MANY:
        return  # not all that is wrong is known, so nothing of it can be called sound
    bad = [*refused, *(issue.path[len(client.path) :] for issue in found)]
    if all(len(path) > 1 and path[0] == "lines" for path in bad):
        gathered.bindings += seen.bindings(client, {path[1] for path in bad}, issues)
