"""The published JSON Schemas: found, loaded, and what they find turned into words a user can act on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import cache
from itertools import islice
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from psarecon.config.problems import Issue, Path, shown_key
from psarecon.errors import UsageError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_PACKAGE = FilePath(__file__).resolve().parent.parent
#: How many problems of one part are told.
MOST_ISSUES = 1000
_KINDS = {
    "string": "a text",
    "integer": "an integer",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "empty",
}


def _folder() -> FilePath:
    """Inside the package where psarecon is installed, beside it in a checkout."""
    installed = _PACKAGE / "schemas"
    return installed if installed.is_dir() else _PACKAGE.parent / "schemas"


def schema_names() -> list[str]:
    """The names of the published schemas, sorted."""
    return sorted(path.name.removesuffix(".schema.json") for path in _folder().glob("*.schema.json"))


def schema_text(name: str) -> str:
    """The published schema as text. Raises UsageError for a name there is none of."""
    if name not in schema_names():
        hint = f"there are: {', '.join(schema_names())}"
        message = f"there is no schema {name!r}"
        raise UsageError(message, hint=hint)
    return (_folder() / f"{name}.schema.json").read_text(encoding="utf-8")


@cache
def schema(name: str) -> dict[str, Any]:
    """The published schema as data; do not change it."""
    loaded: dict[str, Any] = json.loads(schema_text(name))
    return loaded


@cache
def _validator(name: str, part: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    whole = schema(name)
    chosen = {"$ref": f"#/$defs/{part}", "$defs": whole["$defs"]} if part else whole
    return Draft202012Validator(chosen)


def issues_of(data: Any, name: str, part: str = "", at: Path = ()) -> list[Issue]:
    """What the schema (or its definition ``part``) finds wrong with the data that stands ``at`` a path: all of it,
    up to ``MOST_ISSUES``."""
    found = (issue for error in _validator(name, part).iter_errors(data) for issue in _translated(error, at))
    return list(dict.fromkeys(islice(found, MOST_ISSUES)))


def close_match(word: str, known: Iterator[str] | list[str]) -> str:
    """``did you mean x?`` for the nearest known word, empty when none is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


def _translated(error: Any, at: Path) -> Iterator[Issue]:
    """A jsonschema ValidationError as issues; untyped, because its attributes may all be unset by their type."""
    path = (*at, *error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        message = f"the name {shown_key(str(error.instance))} {_words(error)}"
        yield Issue((*path, str(error.instance)), message, at="key")
    elif error.validator == "additionalProperties":
        yield from _unknown_keys(error, path)
    elif error.validator in {"required", "dependentRequired"}:
        yield from _missing_keys(error, path)
    else:
        place = "key" if error.validator == "not" else "value"
        yield Issue(
            path, f"{_subject(path)} {_words(error)}", _suggestion(error), at="key" if place == "key" else "value"
        )


def _unknown_keys(error: Any, path: Path) -> Iterator[Issue]:
    known = list(error.schema["properties"])
    for key in error.instance:
        if key not in known:
            yield Issue((*path, key), *_unknown_key(key, known), at="key")


def _unknown_key(key: str, known: list[str]) -> tuple[str, str]:
    """A key glued to its value (``secret:abc``) is cut at the colon: what follows may be a secret."""
    if ":" in key:
        return f"unknown key {shown_key(key)}", "write a space after the colon"
    return f"unknown key {shown_key(key)}", close_match(key, known) or f"known here: {', '.join(known)}"


def _missing_keys(error: Any, path: Path) -> Iterator[Issue]:
    wanted = error.validator_value
    if error.validator == "dependentRequired":
        wanted = [key for given in wanted if given in error.instance for key in wanted[given]]
    for key in wanted:
        if key not in error.instance:
            yield Issue(path, f"{_subject(path)} needs {key}", f"add {key}:")


def _words(error: Any) -> str:
    """What is wrong, as the end of a sentence. Never repeats the value: it may be a secret."""
    if error.instance is None:
        return "has no value"
    own_words = error.schema.get("errorMessage")
    if own_words is not None and error.validator not in {"enum", "const", "maximum"}:
        return str(own_words)
    say = _SENTENCES.get(error.validator)
    return say(error.validator_value) if say else "is not valid"


def _kinds(limit: str | list[str]) -> str:
    names = [limit] if isinstance(limit, str) else limit
    return f"must be {' or '.join(_KINDS[name] for name in names)}"


_SENTENCES: dict[str, Callable[[Any], str]] = {
    "type": _kinds,
    "enum": lambda limit: f"must be one of {', '.join(map(str, limit))}",
    "const": lambda limit: f"must be {limit}",
    "minimum": lambda limit: f"must be at least {limit}",
    "maximum": lambda limit: f"must be at most {limit}",
}


def _suggestion(error: Any) -> str:
    value, schema_part = error.instance, error.schema
    if schema_part.get("writeOnly"):
        return "write env:NAME, file:PATH or command:CMD ARGS"
    if type(value) is int and _suits(str(value), schema_part):
        return f'write "{value}"'
    if isinstance(value, str) and error.validator_value == "integer" and re.fullmatch("0|[1-9][0-9]{0,8}", value):
        return f"write {value} without quotes"
    if error.validator == "enum" and isinstance(value, str):
        return close_match(value, error.validator_value)
    examples = schema_part.get("examples", [])
    return f'for example "{examples[0]}"' if examples and isinstance(examples[0], str) else ""


def _suits(text: str, part: dict[str, Any]) -> bool:
    """Whether the text would be valid where an integer is not."""
    return part.get("type") == "string" and re.search(part.get("pattern", ""), text) is not None


def _subject(path: Path) -> str:
    """The last key of the path, as what a sentence is about."""
    if not path:
        return "the file"
    last = path[-1]
    if isinstance(last, str):
        return last
    keys = [step for step in path if isinstance(step, str)]
    return f"this item of {keys[-1]}" if keys else "this client"
