"""A plan as bytes and back: canonical JSON, refused when one byte differs from what psarecon wrote."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from psarecon.domain.model import Call, Evidence, Finding, LineKey, Place, Severity, Touched
from psarecon.domain.money import Money
from psarecon.domain.plan import Change, Pair, Plan, UsageView, canonical, change_id, day_data, pair_data
from psarecon.domain.written import FORMAT_VERSION, PlanPieces
from psarecon.errors import PlanRefused

#: A figure as a plan has it; none is so long that writing it out could fill the memory (1E+999999999).
FIGURE = re.compile(r"-?[0-9]{1,60}(?:\.[0-9]{1,60})?", re.ASCII)
#: The id as it stands in a plan file; ``rest`` is what the id does not cover.
SEAL = re.compile(b',"format_version":%d,(?P<rest>"id":"(?P<id>[0-9a-f]{64})",)' % FORMAT_VERSION)


def plan_id(data: dict[str, Any]) -> str:
    """The sha256 over the plan's canonical data without its id."""
    return hashlib.sha256(canonical({key: value for key, value in data.items() if key != "id"})).hexdigest()


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan as the JSON data of ``schemas/plan.schema.json``; numbers are decimal strings."""
    data: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "as_of": _instant(plan.as_of),
        "month": plan.month,
        "tool_version": plan.tool_version,
        "mapping": {"commit": plan.commit, "dirty": plan.dirty},
        "settings": plan.settings_digest,
        "currency": plan.currency,
        "tenants": plan.tenants,
        "changes": [change_data(change) for change in plan.changes],
        "findings": [finding_data(finding) for finding in plan.findings],
        "totals": plan.totals,
    }
    return {**data, "id": plan_id(data)}


def plan_bytes(plan: Plan) -> bytes:
    """The plan file: canonical JSON and a newline."""
    return b"".join(PlanPieces(plan))


def change_data(change: Change) -> dict[str, Any]:
    """One change as JSON data, as it stands in the plan."""
    line, money = change.line, change.money
    return {
        "id": change.id,
        "line": {"psa": line.psa, "company": line.company, "contract": line.contract, "id": line.id},
        "names": {"company": change.names[0], "contract": change.names[1], "line": change.names[2]},
        "client": change.client,
        "product": change.product,
        "organization": change.organization,
        "quantity": pair_data(change.quantity),
        "unit_cost": pair_data(change.unit_cost),
        "live": {"quantity": _number(change.live_quantity), "unit_cost": _number(change.live_cost)},
        "wanted_cost": _number(change.wanted_cost),
        "effective_date": day_data(change.effective_date),
        "measured_on": day_data(change.measured_on),
        "ahead": change.ahead,
        "causes": list(change.causes),
        "evidence": [_evidence_data(evidence) for evidence in change.evidence],
        "usage": _usage_data(change.usage),
        "money": _money_data(money),
        "touched": _touched_data(change.touched),
        "source": {"file": change.source.file, "line": change.source.line},
        "call": {"method": change.call.method, "path": change.call.path, "body": change.call.body},
    }


def _usage_data(usage: UsageView) -> dict[str, Any]:
    return {
        "month": usage.month,
        "daily": [None if count is None else str(count) for count in usage.daily],
        "steps": [list(step) for step in usage.steps],
        "count": None if usage.count is None else str(usage.count),
        "rule": usage.rule,
    }


def _evidence_data(evidence: Evidence) -> dict[str, str]:
    return {
        "role": evidence.role,
        "count": str(evidence.count),
        "taken_at": _instant(evidence.taken_at),
        "how": evidence.how,
    }


def _touched_data(touched: Touched | None) -> dict[str, str | None] | None:
    if touched is None:
        return None
    return {"by": touched.by, "at": None if touched.at is None else _instant(touched.at)}


def _money_data(money: Money) -> dict[str, Any]:
    return {
        "monthly_cost": {"before": _number(money.cost_before), "after": _number(money.cost_after)},
        "monthly_revenue": {"before": _number(money.revenue_before), "after": _number(money.revenue_after)},
        "margin_change": _number(money.margin_change),
    }


def finding_data(finding: Finding) -> dict[str, str]:
    """One finding as JSON data, as it stands in the plan."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "scope": finding.scope,
        "text": finding.text,
    }


def _number(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def load_plan(content: bytes, name: str) -> Plan:
    """Read a plan file; ``name`` is for messages. Raises PlanRefused unless it is, to the byte, what psarecon wrote."""
    try:
        data = json.loads(content)
        version = data["format_version"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise refused(name, "it is not a psarecon plan") from error
    if version != FORMAT_VERSION:
        raise refused(name, f"its format_version is not {FORMAT_VERSION}; it was written by another psarecon")
    if data.get("id") != plan_id(data) or canonical(data) + b"\n" != content:
        raise refused(name, "it was changed after psarecon wrote it")
    return _checked(data, name)


def _checked(data: dict[str, Any], name: str) -> Plan:
    """The plan, if every change says what its id stands for: whoever can compute the plan's id cannot pass other
    figures off under an id that was approved."""
    try:
        plan = _plan(data)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise refused(name, "it does not have the form of a plan") from error
    if not all(map(_stands_for_itself, plan.changes)):
        raise refused(name, "a change in it is not the one its id stands for")
    return plan


def _stands_for_itself(one: Change) -> bool:
    return one.id == change_id(one.line, one.quantity, one.unit_cost, one.effective_date, one.call)


def load_change(content: bytes, name: str) -> Change:
    """One change out of a plan file. Raises PlanRefused unless it is the one its id stands for."""
    try:
        change = read_change(json.loads(content))
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise refused(name, "it does not have the form of a change") from error
    if not _stands_for_itself(change):
        raise refused(name, "the change is not the one its id stands for")
    return change


def refused(name: str, why: str) -> PlanRefused:
    """The error that a plan file is not used; ``why`` in words."""
    return PlanRefused(f"{name} is refused: {why}", hint="make a new plan with `psarecon plan -o FILE`")


def _plan(data: dict[str, Any]) -> Plan:
    return Plan(
        id=data["id"],
        as_of=_moment(data["as_of"]),
        month=_text(data["month"]),
        tool_version=_text(data["tool_version"]),
        commit=_text_or_none(data["mapping"]["commit"]),
        dirty=_switch(data["mapping"]["dirty"]),
        settings_digest=_text(data["settings"]),
        currency=_text(data["currency"]),
        tenants={name: _text(tenant) for name, tenant in data["tenants"].items()},
        changes=tuple(map(read_change, data["changes"])),
        findings=tuple(map(_finding, data["findings"])),
        totals=read_totals(data["totals"]),
    )


def read_totals(data: dict[str, Any]) -> dict[str, Any]:
    """The sums as they are, once each of them is a figure. Raises ValueError, TypeError, KeyError, AttributeError."""
    for total in (data["plan"], *data["psas"].values(), *data["clients"].values()):
        for what in ("cost_change", "revenue_change", "margin_change"):
            _read_figure(total[what])
        _count(total["changes"])
    _count(data["lines"])
    return data


def _count(value: Any) -> None:
    if type(value) is not int or not 0 <= value < 2**31:
        raise TypeError


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def read_change(data: dict[str, Any]) -> Change:
    """The change that ``change_data`` wrote."""
    return Change(
        id=_text(data["id"]),
        line=LineKey(**_texts(data["line"])),
        names=(_text(data["names"]["company"]), _text(data["names"]["contract"]), _text(data["names"]["line"])),
        client=_text(data["client"]),
        product=_text(data["product"]),
        organization=_text_or_none(data["organization"]),
        quantity=_read_pair(data["quantity"]),
        unit_cost=_read_pair(data["unit_cost"]),
        live_quantity=_read_figure(data["live"]["quantity"]),
        live_cost=_read_number(data["live"]["unit_cost"]),
        wanted_cost=_read_number(data["wanted_cost"]),
        effective_date=_read_day(data["effective_date"]),
        measured_on=_read_day(data["measured_on"]),
        ahead=_switch(data["ahead"]),
        causes=tuple(map(_text, data["causes"])),
        evidence=tuple(map(_evidence, data["evidence"])),
        usage=_usage(data["usage"]),
        money=_money(data["money"]),
        touched=_touched(data.get("touched")),
        source=Place(_text(data["source"]["file"]), int(data["source"]["line"])),
        call=Call(**_texts(data["call"])),
    )


def _texts(data: dict[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in data.items()}


def _evidence(data: dict[str, str]) -> Evidence:
    return Evidence(_text(data["role"]), int(data["count"]), _moment(data["taken_at"]), _text(data["how"]))


def _usage(data: dict[str, Any]) -> UsageView:
    return UsageView(
        month=_text(data["month"]),
        daily=tuple(None if count is None else int(count) for count in data["daily"]),
        steps=tuple((_text(step), _text(figure)) for step, figure in data["steps"]),
        count=None if data["count"] is None else int(data["count"]),
        rule=_text(data["rule"]),
    )


def _money(data: dict[str, Any]) -> Money:
    cost, revenue = data["monthly_cost"], data["monthly_revenue"]
    figures = (cost["before"], cost["after"], revenue["before"], revenue["after"])
    money = Money(*map(_read_number, figures))
    if _money_data(money) != data:
        raise ValueError("the margin is not that of cost and revenue")
    return money


def _touched(data: dict[str, str | None] | None) -> Touched | None:
    """Absent in plans and journals of before there was such a key."""
    if data is None:
        return None
    by, at = data["by"], data["at"]
    if not isinstance(by, str | None):
        raise TypeError
    return Touched(by, None if at is None else _moment(at))


def _finding(data: dict[str, str]) -> Finding:
    return Finding(_text(data["code"]), Severity(data["severity"]), _text(data["scope"]), _text(data["text"]))


def _read_pair(data: dict[str, str] | None) -> Pair | None:
    return None if data is None else Pair(_read_figure(data["before"]), _read_figure(data["after"]))


def _read_number(text: str | None) -> Decimal | None:
    return None if text is None else _read_figure(text)


def _read_figure(text: str) -> Decimal:
    if FIGURE.fullmatch(text) is None:
        raise ValueError
    return Decimal(text)


def _read_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
