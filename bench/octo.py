"""octoDNS beside psarecon: as many records in one YAML zone as psarecon has lines, a provider in the same process."""

from __future__ import annotations

import sys
from pathlib import Path

from process import Command

_PEERS = Path(__file__).parent / "peers"
sys.path.insert(0, str(_PEERS))
from octodns_numbers import TTL, record  # noqa: E402 - the folder had to be named first

_ZONE = "bench.example."
#: octoDNS refuses to plan that more than a third of a zone changes, unless told otherwise.
_FORCED = "--force"
_CONFIG = """\
manager: {{plan_outputs: {{{outputs}}}}}
providers:
  wanted: {{class: octodns.provider.yaml.YamlProvider, directory: zones, enforce_order: true, supports_root_ns: false}}
  live: {{class: octodns_numbers.Numbers, records: {records}, holds: {holds}}}
zones:
  {zone}: {{sources: [wanted], targets: [live]}}
"""
_LOGGED = "log: {class: octodns.provider.plan.PlanLogger}"
_SAVED = "saved: {class: octodns.provider.plan.PlanJson, output_filename: plan.json}"


def zoned(directory: Path, records: int, holds: str) -> Command:
    """Write a configuration with so many records; the command that plans it, and saves the plan where there is one."""
    (directory / "zones").mkdir(parents=True)
    outputs = _LOGGED if holds == "same" else f"{_LOGGED}, {_SAVED}"
    text = _CONFIG.format(outputs=outputs, records=records, holds=holds, zone=_ZONE)
    (directory / "octodns.yaml").write_text(text, "utf-8")
    (directory / "zones" / f"{_ZONE}yaml").write_text(_zone(records), "utf-8")
    says = "No changes were planned" if holds == "same" else f"Updates={records}"
    words = ("octodns-sync", "--config-file", "octodns.yaml", _FORCED)
    return Command(words, directory, {"PYTHONPATH": str(_PEERS)}, says)


def _zone(records: int) -> str:
    """In the form that octoDNS itself dumps."""
    named = (record(number, "same") for number in range(1, records + 1))
    return "---\n" + "".join(f"{name}:\n  ttl: {TTL}\n  type: A\n  value: {address}\n" for name, address in named)
