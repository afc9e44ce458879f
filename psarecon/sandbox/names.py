"""Names of clients: many, all different, and as awkward as real ones."""

from __future__ import annotations

from math import gcd

_HEADS = (  # noqa: SIM905  # a list of words would be pages long
    "Acme Northwind Harbor Juniper Maple Copper Silver Granite Willow Cedar Falcon Heron Lakeside Summit Prairie "
    "Redwood Bluebird Canyon Meadow Orchard Pioneer Beacon Anchor Compass Lantern Keystone Ironwood Riverbend "
    "Stonegate Brightwater Oakridge Fairview Clearwater Highland Westbrook Eastgate Northgate Southport Kingsley "
    "Ashford Bexley Camden Dalton Elmwood Fenwick Grafton Hadley Irving Jasper Kendall Langley Merton Norwood Oxley "
    "Preston Quincy Radley Selby Tilton Upton Vernon Whitby Yardley Zeller O'Brien O'Neill D'Angelo Müller Jäger "
    "Højgaard Søndergaard Ångström Łukasz Žižka Dvořák Núñez Peña Gonçalves Conceição Çelik Öztürk Nguyễn Đặng "
    "Françoise Bérénice Zoë Þórsson Šimić Kovač Müllner Weiß Großmann Świątek Rodríguez Ibáñez Lefèvre Château "
    "Smørgås Blåfjell Fjörður Ægir Ørsted Åkesson Växjö Lund Malmö Tromsø Århus Zürich Köln Łódź Kraków Ñandú"
).split()
_TRADES = (  # noqa: SIM905  # a list of words would be pages long
    "Dental|Family Clinic|Logistics|Plumbing|Roofing|Architects|Law Group|Accounting|Insurance|Bakery|Brewing|"
    "Textiles|Machine Works|Foundry|Veterinary|Physiotherapy|Pharmacy|Engineering|Surveyors|Real Estate|Construction|"
    "Landscaping|Printing|Media|Marketing|Events|Travel|Hotels|Restaurants|Foods|Farms|Vineyards|Seeds|Timber|"
    "Furniture|Interiors|Electrical|Solar|Energy|Water|Recycling|Freight|Shipping|Motors|Cycles|Aviation|Optics|"
    "Instruments|Robotics|Software|Analytics|Staffing|Academy|Nursery|Charter School|Credit Union|Wealth|Capital"
).split("|")
_TAILS = (
    "LLC", "Inc.", "& Sons", "& Partners", "Ltd (UK)", "GmbH & Co. KG", "Group", "[East]", "[West]", "Co.", "PLC",
    "& Daughters", "Holdings", "Associates, P.C.", "S.A.", "AB", "(Holding) B.V.", "Trust", "Collective", "of America",
)  # fmt: skip
_SPECIAL = {
    1: "Smith, Wesson & Partners", 3: "O'Hara's Dental [Oslo]", 4: "Blåbær & Brød AS", 6: "北海道 Logistics",
    8: "Ωmega: Research (EU)", 10: "#1 Movers & Storage", 13: "Yes", 17: "null Byte Security", 23: '100% Pure "Foods"',
}  # fmt: skip
COUNT = len(_HEADS) * len(_TRADES) * len(_TAILS)
"""How many different names there are, besides a few special ones."""


def name(seed: int, number: int) -> str:
    """The name of client `number` (from 0) of a world: no two numbers below `COUNT` have the same."""
    if number in _SPECIAL:
        return _SPECIAL[number]
    index = (seed * 7919 + number * _step()) % COUNT
    head, rest = index % len(_HEADS), index // len(_HEADS)
    trade, tail = rest % len(_TRADES), rest // len(_TRADES)
    return f"{_HEADS[head]} {_TRADES[trade]} {_TAILS[tail]}"


def _step() -> int:
    """A stride that visits every combination once, and looks like chance."""
    step = int(COUNT * 0.6180339887)
    while gcd(step, COUNT) != 1:
        step += 1
    return step
