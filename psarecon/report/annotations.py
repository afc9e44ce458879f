"""Problems of settings and mapping in the words of the sites that show them beside the line: GitHub, GitLab, SARIF."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from psarecon import __version__
from psarecon.report.placed import Placed
from psarecon.text import clean

_LONGEST = 500
_SETTINGS = "psarecon.yaml"
_SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: Every rule a problem can break, and what it says in general.
_RULES = {
    "settings-error": "The settings are not valid.",
    "settings-warning": "The settings hold something that is not used or no longer holds.",
    "mapping-error": "The mapping is not valid.",
    "mapping-warning": "The mapping holds something that is not used or no longer holds.",
    "mapping-info": "The mapping holds a proposal that nobody decided yet.",
}
#: What the sites call what is only told.
_NOTICE, _NOTE = {"info": "notice"}, {"info": "note"}


def github(problems: Iterable[Placed]) -> Iterator[str]:
    """A workflow command for each problem: GitHub shows it at its line of the pull request.

    Signs that would end a command or one of its properties are written as GitHub's own toolkit writes them.
    """
    for one in problems:
        place = f"file={_property(one.file)},line={one.line},col={one.column},title=psarecon {one.severity}"
        yield f"::{_NOTICE.get(one.severity, one.severity)} {place}::{_data(_told(one))}"


def _told(one: Placed) -> str:
    """Message and advice as one harmless line."""
    return clean(f"{one.message}; {one.suggestion}" if one.suggestion else one.message, _LONGEST)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(clean(text)).replace(":", "%3A").replace(",", "%2C")


def gitlab(problems: Iterable[Placed]) -> str:
    """A Code Quality report: a JSON list that GitLab compares with that of the target branch."""
    severities = {"error": "critical", "warning": "minor", "info": "info"}
    issues = [
        {
            "description": _told(one),
            "check_name": _rule(one),
            "fingerprint": fingerprint,
            "severity": severities[one.severity],
            "location": {"path": clean(one.file), "lines": {"begin": one.line}},
        }
        for one, fingerprint in _fingerprinted(problems)
    ]
    return json.dumps(issues, indent=2)


def _fingerprinted(problems: Iterable[Placed]) -> Iterator[tuple[Placed, str]]:
    """Each problem with a name that stays when lines above it come or go; equal ones of a file are numbered."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for one in problems:
        same = (one.file, _rule(one), one.message)
        seen[same] += 1
        yield one, hashlib.sha256("\x00".join((*same, str(seen[same]))).encode("utf-8", "replace")).hexdigest()


def _rule(one: Placed) -> str:
    kind = "settings" if one.file.rpartition("/")[2] == _SETTINGS else "mapping"
    return f"{kind}-{one.severity}"


def sarif(problems: Sequence[Placed]) -> str:
    """A SARIF 2.1.0 log of one run, for GitHub's code scanning and for editors."""
    rules = list(_RULES)
    driver = {
        "name": "psarecon",
        "version": __version__,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": text},
                "defaultConfiguration": {"level": _level(rule.rpartition("-")[2])},
            }
            for rule, text in _RULES.items()
        ],
    }
    results = [_result(one, fingerprint, rules) for one, fingerprint in _fingerprinted(problems)]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _level(severity: str) -> str:
    return _NOTE.get(severity, severity)


def _result(one: Placed, fingerprint: str, rules: Sequence[str]) -> dict[str, Any]:
    rule = _rule(one)
    place = {
        "artifactLocation": {"uri": quote(clean(one.file))},
        "region": {"startLine": one.line, "startColumn": one.column},
    }
    return {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "level": _level(one.severity),
        "message": {"text": _told(one)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"psarecon/v1": fingerprint},
    }
