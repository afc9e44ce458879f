"""What is said when a command has ended, and when it is: occasions, and texts by template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from psarecon.config.notify_rules import sandbox
from psarecon.config.settings import Receiver
from psarecon.text import clean

#: Commands whose end can be told as such.
COMMANDS = ("observe", "plan", "apply", "resume")
#: Characters of a name, of a longer text, of a title and of a message.
_NAME, _TEXT, _TITLE, _MESSAGE = 100, 500, 200, 3000
#: What would mention somebody, make a link or break out of quotes where chat programs read markup in plain text.
_STEERING = str.maketrans(
    {
        "@": "\N{FULLWIDTH COMMERCIAL AT}",
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        "[": "\N{FULLWIDTH LEFT SQUARE BRACKET}",
        "]": "\N{FULLWIDTH RIGHT SQUARE BRACKET}",
        "`": "'",
    }
)
_ADDRESS = re.compile(r"https?://[!-;=?-~]+")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended. ``error`` is what ended it early, empty otherwise.

    ``plan`` is as ``events.plan_facts`` has it; ``outcomes`` counts changes by outcome, ``left`` those that were not
    to be written; ``sources`` and ``lines`` (the dearest changes of a plan, else what went wrong) are mappings of
    plain data; ``more`` says how many lines there are besides.
    """

    command: str
    exit_code: int
    error: str = ""
    by: str = ""
    run: str = ""
    run_url: str = ""
    plan: Mapping[str, Any] | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    sources: Sequence[Mapping[str, Any]] = ()
    lines: Sequence[Mapping[str, Any]] = ()
    more: int = 0

    @property
    def occasions(self) -> tuple[str, ...]:
        """What can be told of it, as receivers name it in ``when``."""
        return tuple(self._occasions())

    def _occasions(self) -> Iterator[str]:
        if not self.error:
            yield self.command
        if self.left.get("open") or (self.plan and self.plan["block_findings"]):
            yield "blocked"
        if self.outcomes.get("conflict"):
            yield "stale"
        if self.outcomes.get("unknown"):
            yield "unknown"
        unread = any(source["failed"] or source["error"] for source in self.sources)
        if self.error or unread or self.outcomes.get("failed") or self.outcomes.get("skipped"):
            yield "failed"

    @property
    def eventful(self) -> bool:
        """Whether anything came of the command besides its end."""
        planned = self.command == "plan" and self.plan is not None and self.plan["changes"]
        return bool(planned or self.outcomes or len(self.occasions) > 1)

    @property
    def kind(self) -> str:
        """How grave it is, in Apprise's words."""
        found = set(self.occasions)
        if found & {"unknown", "failed"}:
            return "failure"
        if found & {"blocked", "stale"}:
            return "warning"
        return "success" if self.command == "apply" else "info"

    def names(self) -> dict[str, Any]:
        """What a template may speak of; every text is harmless."""
        texts = {name: shown(getattr(self, name), _TEXT) for name in ("command", "error", "by", "run")}
        data = {name: _shown(getattr(self, name)) for name in ("plan", "outcomes", "left", "sources", "lines")}
        address = self.run_url if _ADDRESS.fullmatch(self.run_url) else ""
        rest = {"exit_code": self.exit_code, "more": self.more, "run_url": address}
        return {**texts, **data, **rest, "occasions": list(self.occasions)}


def wanted(receiver: Receiver, ending: Ending) -> bool:
    """Whether the receiver is to hear of it."""
    matching = receiver.when & set(ending.occasions)
    if receiver.only_changes and not ending.eventful:
        matching -= set(COMMANDS)
    return bool(matching)


def shown(text: str, limit: int = _NAME) -> str:
    """A stranger's text as one harmless line that mentions nobody and links nowhere, whatever markup is read in it."""
    return clean(text, limit).translate(_STEERING).replace("://", ":\N{FULLWIDTH SOLIDUS}\N{FULLWIDTH SOLIDUS}")


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return shown(value, _TEXT)
    if isinstance(value, Mapping):
        return {key: _shown(inner) for key, inner in value.items()}
    return [_shown(inner) for inner in value] if isinstance(value, list | tuple) else value


def message(ending: Ending, template: str | None) -> tuple[str, str]:
    """Title and text: the first line that a template gives (default: psarecon's own), and the others.

    Raises jinja2.TemplateError and whatever else a template may do wrong.
    """
    made = _made(template or (_FAILED if ending.error else OWN[ending.command])).render(ending.names())
    lines = [clean(line) for line in made.strip()[:_MESSAGE].splitlines()]
    title, text = (lines or [""])[0], "\n".join(lines[1:]).strip()
    return (title[:_TITLE], text) if text else ("", title)


@cache
def _made(template: str) -> Any:
    return sandbox().from_string(template)


_FOOT = """\
{% if plan %}
plan {{ plan.id[:12] }} of {{ plan.month }}{% if plan.commit %}, mapping {{ plan.commit[:9] }}{% endif %}

{% endif %}
by {{ by }}{% if outcomes or left %}, run {{ run }}{% endif %}

{{ run_url }}
"""
_LINES = """\
{% for line in lines %}
{% if line.outcome %}{{ line.outcome }}: {% endif %}{{ line.client }}, {{ line.product }}\
{% if line.figures %}: {{ line.figures }}{% endif %}\
{% if line.outcome %}{% if line.text %} ({{ line.text }}){% endif %}{% else %}, \
cost {{ line.cost_change | money }}{% endif %}

{% endfor %}
{% if more %}
and {{ more }} more
{% endif %}
"""
_PLAN = """\
psarecon plan: {{ plan.changes }} change{{ "" if plan.changes == 1 else "s" }}\
{% if plan.changes %}, cost {{ plan.cost_change | money }}, revenue {{ plan.revenue_change | money }} \
{{ plan.currency }} a month{% endif %}

{% if plan.block_findings %}
{{ plan.blocked }} blocked, {{ plan.block_findings }} BLOCK finding{{ "" if plan.block_findings == 1 else "s" }}
{% endif %}
{% if plan.look %}
{{ plan.look }} to be looked at
{% endif %}
"""
_RUN = """\
psarecon {{ command }}: {% for name, count in outcomes.items() %}{{ count }} {{ name }}{{ "" if loop.last else ", " }}\
{% else %}{{ "nothing is in doubt" if command == "resume" else "nothing to write" }}{% endfor %}

{% for name, count in left.items() if count %}{{ count }} {{ name }}{{ "" if loop.last else ", " }}\
{% if loop.last %}

{% endif %}\
{% endfor %}
"""
_OBSERVE = """\
psarecon observe: {{ sources | sum("read") }} organizations read, {{ sources | sum("failed") }} failed
{% for source in sources if source.error %}
{{ source.source }}: {{ source.error }}
{% endfor %}
"""
_FAILED = f"""\
psarecon {{{{ command }}}} ended with an error (exit {{{{ exit_code }}}})
{{{{ error }}}}
{_FOOT}"""
#: What is said without a template, by command.
OWN = {
    "observe": _OBSERVE + _LINES + _FOOT,
    "plan": _PLAN + _LINES + _FOOT,
    "apply": _RUN + _LINES + _FOOT,
    "resume": _RUN + _LINES + _FOOT,
}
