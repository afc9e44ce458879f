"""What the schema cannot say about the settings, and what of them may be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from psarecon.config.problems import Issue, Path
from psarecon.config.product_rules import product_issues
from psarecon.config.schemas import close_match, schema
from psarecon.config.secrets import Reference, url_trouble

if TYPE_CHECKING:
    from psarecon.config.documents import Found
    from psarecon.config.locate import Span

_BUILT_IN = {
    "sources": {"jumpcloud", "lastpass", "lastpass-enterprise", "files"},
    "psas": {"autotask", "connectwise"},
}
_WRITE_TIMEOUTS = {"autotask": "330s", "connectwise": "120s"}
_GROUPS = {"sources": "psarecon.sources", "psas": "psarecon.psa"}
_SECRET_KEY = re.compile(r"(?:.*_)?(?:secret|password|passwd|token|(?:api|access|private)_key|provhash)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def settings_issues(data: Any, known: Iterable[Issue]) -> list[Issue]:
    """What the cross-checks find. Parts that the schema refuses (``known``) are passed over."""
    if not isinstance(data, dict):
        return []
    refused = {issue.path for issue in known}
    found = (
        *_timezone(data),
        *_urls(data),
        *_products(data),
        *product_issues(data),
        *_types(data),
        *_literals(data),
        *_lease(data),
    )
    return [issue for issue in found if issue.path not in refused]


def _part(data: Any, *keys: str) -> Any:
    """What stands under the keys; None as soon as one is missing or leads to no mapping."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _blocks(data: dict[str, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    blocks = _part(data, section)
    if isinstance(blocks, dict):
        yield from ((name, block) for name, block in blocks.items() if isinstance(block, dict))


def _timezone(data: dict[str, Any]) -> Iterator[Issue]:
    name = _part(data, "billing", "timezone")
    if not isinstance(name, str):
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = close_match(name, sorted(available_timezones())) or "write a name such as America/New_York"
        yield Issue(("billing", "timezone"), "timezone is not the name of an IANA time zone", hint)


def _urls(data: dict[str, Any]) -> Iterator[Issue]:
    paths: list[Path] = [("clock",)]
    paths += [(section, name, "url") for section in _GROUPS for name, _ in _blocks(data, section)]
    for path in paths:
        value = _part(data, *map(str, path))
        if isinstance(value, str) and Reference.parse(value) is None:
            yield from _url(path, value)


def _url(path: Path, value: str) -> Iterator[Issue]:
    trouble = url_trouble(value)
    parts = value.split("//", 1)
    host = parts[-1].split("/")[0].rsplit(":", 1)[0]
    if trouble:
        yield Issue(path, f"{path[-1]} {trouble}", "write an address such as https://example.com")
    elif path == ("clock",) and host not in {"localhost", "[::1]"} and not host.startswith("127."):
        yield Issue(path, "clock must be a sandbox on this machine", "write an address such as http://127.0.0.1:8099")


def _products(data: dict[str, Any]) -> Iterator[Issue]:
    sources = [name for name, _ in _blocks(data, "sources")]
    for name, block in _blocks(data, "products"):
        source = block.get("source")
        if isinstance(source, str) and source not in sources:
            hint = close_match(source, sources) or f"add it under sources; there are: {', '.join(sources) or 'none'}"
            yield Issue(("products", name, "source"), f"there is no source {source!r}", hint)


def _types(data: dict[str, Any]) -> Iterator[Issue]:
    """A type that nothing installed provides: a slip of the pen, or a package that is missing here."""
    for section, built_in in _BUILT_IN.items():
        for name, block in _blocks(data, section):
            kind = block.get("type")
            if isinstance(kind, str) and kind not in built_in:
                yield from _unknown_type((section, name, "type"), kind, built_in | _installed(_GROUPS[section]))


def _literals(data: dict[str, Any]) -> Iterator[Issue]:
    """Secrets written out in the blocks of adapters that have no schema here."""
    for section, built_in in _BUILT_IN.items():
        for name, block in _blocks(data, section):
            for key, value in block.items() if block.get("type") not in built_in else ():
                if _SECRET_KEY.fullmatch(key) and Reference.parse(str(value)) is None:
                    text = f"{key} must be a reference to a secret, never the secret itself"
                    yield Issue((section, name, key), text, "write env:NAME, file:PATH or command:CMD ARGS")


def _installed(group: str) -> set[str]:
    from importlib.metadata import entry_points

    return {point.name for point in entry_points(group=group)}


def _unknown_type(path: Path, kind: str, known: set[str]) -> Iterator[Issue]:
    if kind in known:
        return
    hint = close_match(kind, sorted(known)) or f"installed here: {', '.join(sorted(known))}"
    yield Issue(path, f"no installed adapter is of type {kind!r}", hint, severity="warning")


def _lease(data: dict[str, Any]) -> Iterator[Issue]:
    """A write is sent only while the lease has longer to run than the write may take."""
    lease = _part(data, "apply", "lease")
    held = _seconds(lease if lease is not None else "10m")
    for name, block in _blocks(data, "psas"):
        timeout = block.get("write_timeout", _WRITE_TIMEOUTS.get(str(block.get("type"))))
        longest = _seconds(timeout)
        if held is not None and longest is not None and held <= longest:
            text = f"the lease ({lease or '10m'}) must be longer than the write_timeout of {name} ({timeout})"
            yield Issue(("apply", "lease") if lease else ("psas", name, "write_timeout"), text)


def _seconds(text: Any) -> int | None:
    if not isinstance(text, str) or not text[:-1].isdecimal() or text[-1:] not in _SECONDS:
        return None
    return int(text[:-1]) * _SECONDS[text[-1]]


def without_echo(found: Found) -> Found:
    """The problem without the suggestion that repeats a value, where that value may be a secret."""
    if found.path is None or found.key or _showable(found.path):
        return found
    advice = "write env:NAME, file:PATH or command:CMD ARGS for a secret, quotes for a text"
    return replace(found, problem=replace(found.problem, suggestion=advice))


def harmless(span: Span) -> int:
    """How many characters of a key or value of the settings may be shown; what is not known to be harmless: none."""
    text = span.text or ""
    quotes = 2 * (span.end[1] - span.start[1] > len(text))
    if span.at == "key":
        name, colon, rest = text.partition(":")
        return len(name) + quotes if colon and rest else span.end[1] - span.start[1]
    reference = Reference.parse(text)
    if reference is not None:
        return len(str(reference)) + quotes
    if _is_open(span.path, text):
        return span.end[1] - span.start[1]
    return 0


def _is_open(path: Path, text: str) -> bool:
    """Whether a literal value may be shown: its key is known, is no secret, and an address in it holds no password."""
    if path == ("ledger",):
        return text.startswith("sqlite:")
    return _showable(path) and not ("@" in text and path[-1] in {"url", "clock"})


def _showable(path: Path) -> bool:
    leaves = list(_leaves(schema("settings"), path))
    return bool(leaves) and all(_scalar(leaf) and not leaf.get("writeOnly") for leaf in leaves)


def _scalar(leaf: dict[str, Any]) -> bool:
    return leaf.get("type") not in {"object", "array"} and "properties" not in leaf and "allOf" not in leaf


def _leaves(part: dict[str, Any], path: Path) -> Iterator[dict[str, Any]]:
    """The schemas that speak of a path; none for a path no schema knows."""
    if "$ref" in part:
        part = {**schema("settings")["$defs"][part["$ref"].removeprefix("#/$defs/")], **_without_ref(part)}
    if not path:
        yield part
        return
    known, other = part.get("properties", {}), part.get("additionalProperties")
    if isinstance(path[0], int):
        yield from _leaves(part["items"], path[1:]) if "items" in part else ()
    elif path[0] in known:
        yield from _leaves(known[path[0]], path[1:])
    elif isinstance(other, dict):
        yield from _leaves(other, path[1:])
    for choice in (*part.get("allOf", []), part):
        for branch in ("then", "else"):
            if branch in choice:
                yield from _leaves(choice[branch], path)


def _without_ref(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != "$ref"}
