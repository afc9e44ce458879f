"""Behaviours that rest on an unproven fact, or that a rehearsal wants otherwise: each can be switched."""

from __future__ import annotations

import json
from typing import NamedTuple

from psarecon.sandbox.world import World


class Rule(NamedTuple):
    """One switch: the values it takes (a list, or a smallest and greatest number) and why it is one."""

    name: str
    default: str | int
    allowed: tuple[str, ...] | tuple[int, int]
    unproven: str
    meaning: str


RULES = (
    Rule("same_date", "adds", ("adds", "replaces", "refused"),
         "Field reports disagree about a second adjustment of one service on one date.",
         "adds: changes sum up; replaces: the later one takes the earlier one's place; refused: 500, duplicate"),
    Rule("posted_period", "refuse", ("refuse", "accept"),
         "Nobody reports what an adjustment dated inside an approved and posted period does.",
         "refuse: 500; accept: applied, with one more billing item"),
    Rule("cost_flips", "at_once", ("at_once", "on_date"),
         "When ContractServices.unitCost shows an adjustment dated in the future is not described.",
         "at_once: with the POST; on_date: when the day comes"),
    Rule("omitted_price", "keeps", ("keeps", "resets"),
         "What becomes of a line's price by an adjustment that names none is not described.",
         "keeps: the price stays; resets: it becomes the catalogue's"),
    Rule("zero_units", "accept", ("accept", "refuse"),
         "Most reports drive lines to 0 units; one program's author says a line cannot have none.",
         "refuse: 500 for an adjustment that leaves no unit"),
    Rule("cost_decimals", "four", ("four", "two"),
         "Amounts keep four decimals by the settings page; of unit costs nothing is said.",
         "two: an adjusted unit cost is rounded half up to cents"),
    Rule("adjustment_answer", "null", ("null", "id"),
         "One program in production gets no id; that every tenant answers so is not described.",
         "null: the itemId of an adjustment's answer is null; id: it is a number"),
    Rule("units_filter", "accepted", ("accepted", "ignored", "refused"),
         "Whether ContractServiceUnits can be filtered by contractServiceID is not described.",
         "ignored: rows of every line come; refused: 500"),
    Rule("row_overlap", "yes", ("yes", "no"),
         "The help page says a row cut short ends on the effective date of the next; no captured row shows it.",
         "yes: the end equals the next start; no: the end is the day before"),
    Rule("zone_versions", "V1.0+V2.0", ("V1.0", "V1.0+V2.0"),
         "One report (2026) of a second version whose zone discovery answers 404.",
         "what VersionInformation lists"),
    Rule("lock_after", 10, (0, 1000),
         "Vendors' manuals warn of a lock after repeated failures; the number is not known.",
         "authentication failures in a row until the API user is locked; 0: never; posting the rule unlocks"),
    Rule("inactive_contract", "accept", ("accept", "refuse"),
         "Whether an adjustment of an inactive contract is accepted is not described.",
         "accept: inactive contracts are adjusted like others; refuse: 500"),
    Rule("patch_unit_cost", "ignored", ("ignored", "accepted", "refused"),
         "The help pages and the metadata disagree about unitCost in a PATCH of ContractServices.",
         "ignored: 200, nothing changes; accepted: the cost changes; refused: 500"),
    Rule("thread_limit", 3, (0, 1000),
         "Documented for new integrations; older ones have more.",
         "concurrent Autotask requests for each integration code and entity; 0: no limit"),
    Rule("thread_status", 429, (400, 599),
         "One code base warns that the refusal may come with another status than 429.",
         "the status of a refusal by the thread limit"),
    Rule("hourly_limit", 0, (0, 1_000_000),
         "10,000 an hour is documented; what the refusal looks like is not.",
         "Autotask requests in 60 real minutes after which all are refused with 429; 0: no limit"),
    Rule("latency_steps", "off", ("off", "on"),
         "The steps (0.5 s from 50 %, 1 s from 75 % of 10,000 an hour) are not documented exactly.",
         "on: Autotask answers slow down as the hourly use grows"),
    Rule("cw_hosting", "cloud", ("cloud", "on_premise"),
         "No doubt: both exist. Cloud answers 404 to wrong credentials and has versioned codebases.",
         "what kind of ConnectWise this is; on_premise answers 401 and only knows v4_6_release"),
    Rule("cw_is_cloud", "boolean", ("boolean", "text"),
         "The official example and a captured answer disagree about the form of IsCloud.",
         'boolean: true; text: "True"'),
    Rule("cw_last_link", "present", ("present", "empty", "absent"),
         "Clients disagree about the Link header of the last page when paging forward only.",
         "present: it points on as on every page; empty: the header is there without a link; absent: no header"),
    Rule("cw_no_date", "absent", ("absent", "empty"),
         "One author reports that dates which are not set come as an empty text; captured answers lack them.",
         "how a date that is not set comes"),
    Rule("cw_unknown_path", "ignored", ("ignored", "refused"),
         "The guide warns of a 200 that changes nothing; for which paths it comes is not listed.",
         "what a PATCH of a path that is no field does; refused: 400"),
    Rule("cw_rounding", "off", ("off", "two_decimals"),
         "How many decimals are kept of quantities, costs and prices is not documented.",
         "off: four decimals are kept; two_decimals: half up, and the answer says so"),
    Rule("cw_patch_answer", "record", ("record", "nothing"),
         "The description gives the new record as a PATCH's answer; no captured one shows it.",
         "record: the addition as it is now; nothing: an empty body"),
    Rule("cw_dead_lines", "accept", ("accept", "refuse"),
         "Whether a cancelled addition, or one of an ended agreement, can be changed is not described.",
         "refuse: 400"),
    Rule("cw_catalog_push", "daily", ("daily", "never"),
         "That autoUpdateUnitCostFlag and autoUpdateUnitPriceFlag overwrite additions is inferred from their names.",
         "daily: at midnight the catalog's cost and price replace those of additions of flagged products"),
    Rule("cw_url_limit", 2000, (0, 65_536),
         "The guide advises at most 2,000 characters; what happens above is not described.",
         "characters of a whole address above which the answer is 414; 0: no limit"),
    Rule("cw_per_minute", 0, (0, 1_000_000),
         "About 1,000 a minute is documented, not what exactly is counted.",
         "ConnectWise requests in 60 real seconds after which all are refused with 429; 0: no limit"),
    Rule("jc_figures", "present", ("present", "absent"),
         "systemUsersCount and highWaterMarkLastMonth are in no description of the API.",
         "absent: the list of organizations comes without them"),
    Rule("lp_listing", "all", ("all", "children"),
         "Whether the list of managed companies without parent-id holds grandchildren is not described.",
         "all: children and grandchildren; children: only those directly below the account"),
    Rule("lp_cycle_day", 1, (1, 28),
         "That a billing cycle is a calendar month is nowhere said.",
         "the day of the month on which LastPass's billing cycles begin"),
    Rule("clock_skew", 0, (-86_400, 86_400),
         "No fact: for rehearsing with a machine whose clock is wrong.",
         "seconds by which the Date header of every answer is ahead of the real time"),
    Rule("latency_ms", 0, (0, 60_000),
         "No fact: for rehearsing with a slow network.",
         "milliseconds that every vendor request waits before it is worked on"),
)  # fmt: skip
_BY_NAME = {rule.name: rule for rule in RULES}
_KEY = "rules"


class Rules:
    """The switches of one world; they are stored in it, so a restart keeps them."""

    def __init__(self, world: World) -> None:
        """Read the switches of a world."""
        self._world = world
        self._set: dict[str, str | int] = json.loads(world.get(_KEY) or "{}")

    def text(self, name: str) -> str:
        """The value of a rule that is a word."""
        return str(self._set.get(name, _BY_NAME[name].default))

    def number(self, name: str) -> int:
        """The value of a rule that is a number."""
        return int(self._set.get(name, _BY_NAME[name].default))

    def change(self, wanted: dict[str, object]) -> None:
        """Switch some rules; raises `ValueError` naming the key when one is unknown or its value not allowed."""
        accepted = {name: _accept(name, value) for name, value in wanted.items()}
        self._set.update(accepted)
        self._world.set(_KEY, json.dumps(self._set))

    def listing(self) -> list[dict[str, object]]:
        """Every rule with its value, for `GET /_sandbox/rules`."""
        return [_shown(rule, self._set.get(rule.name, rule.default)) for rule in RULES]


def _accept(name: str, value: object) -> str | int:
    rule = _BY_NAME.get(name)
    if rule is None:
        raise ValueError(f"unknown rule {name!r}; there are {', '.join(_BY_NAME)}")
    if isinstance(rule.default, int):
        low, high = rule.allowed[0], rule.allowed[1]
        if isinstance(value, int) and not isinstance(value, bool) and int(low) <= value <= int(high):
            return value
        raise ValueError(f"{name} takes a whole number from {low} to {high}")
    if isinstance(value, str) and value in rule.allowed:
        return value
    raise ValueError(f"{name} takes one of {', '.join(map(str, rule.allowed))}")


def _shown(rule: Rule, value: object) -> dict[str, object]:
    numeric = isinstance(rule.default, int)
    allowed: object = {"from": rule.allowed[0], "to": rule.allowed[1]} if numeric else list(rule.allowed)
    return {"name": rule.name, "value": value, "default": rule.default, "allowed": allowed,
            "meaning": rule.meaning, "unproven": rule.unproven}  # fmt: skip
