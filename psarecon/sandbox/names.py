"""Names of clients: many, all different, and as awkward as real ones."""

from __future__ import annotations

import re
import unicodedata
from math import gcd

from psarecon.sandbox import dice

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


def domain(name: str) -> str:
    """The domain that goes with a name: its words in plain letters. It is one of those that are nobody's."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return f"{re.sub(r'[^a-z0-9]', '', plain)[:60] or 'client'}.example"


def address(number: int, domains: str) -> str:
    """The address of user `number`: users take the domains (joined by commas) in turn."""
    known = domains.split(",")
    return f"user{number:05d}@{known[number % len(known)]}"


def stem(name: str) -> str:
    """The name without its end, such as LLC or "& Sons"."""
    return next((name.removesuffix(f" {tail}") for tail in _TAILS if name.endswith(f" {tail}")), name)


def invented(seed: int, number: int) -> str:
    """A name with nothing in common with those of `name`: no two numbers below 10,000 have the same."""
    index = (seed * 7919 + number) % (len(_FIRST) * len(_SECOND) * len(_THIRD))
    first, rest = index % len(_FIRST), index // len(_FIRST)
    second, third = rest % len(_SECOND), rest // len(_SECOND)
    return f"{_FIRST[first]}{_SECOND[second]}{_THIRD[third]} {_INVENTED[number % len(_INVENTED)]}"


_FIRST = "Bra Cor Dra Fen Gal Hex Jor Kel Lum Mor Nax Osp Pra Quo Rav Syl Tor Ulm Vex Wys Xen Yor Zep".split()  # noqa: SIM905  # as above
_SECOND = "adi eno ilo oru ume avi oxi une ibe ota ury elo".split()  # noqa: SIM905  # as above
_THIRD = "dyne forma gen lex mira nova quin thra sta tis vex zon phil cade burgh".split()  # noqa: SIM905  # as above
_INVENTED = ("Labs", "Studio", "Ventures", "Biotech", "Networks", "Outfitters", "Couriers")
_LEGAL = {"LLC", "Inc.", "Ltd (UK)", "GmbH & Co. KG", "Co.", "PLC", "S.A.", "AB", "(Holding) B.V.", "Associates, P.C."}


def misspelt(name: str, base: int, turn: int) -> str:
    """The name as somebody typed it who was in a hurry: another one, in one of three ways of which `turn` is the first.

    The ways: without its legal form, "and" for "&", a typing error.
    """
    ways = (_without_form, _spelt_out, lambda text: _typed(text, base))
    tried = (ways[(turn + step) % len(ways)](name) for step in range(len(ways)))
    return next(found for found in tried if found != name)


def _without_form(name: str) -> str:
    return next((name.removesuffix(f" {form}") for form in sorted(_LEGAL) if name.endswith(f" {form}")), name)


def _spelt_out(name: str) -> str:
    return name.replace(" & ", " and ")


def _typed(name: str, base: int) -> str:
    """Two neighbours swapped, a letter left out or one typed twice, inside the first word."""
    word = name.split(maxsplit=1)[0]
    # Neighbours that are the same letter would be swapped for nothing.
    place = next(spot for spot in range(1 + dice.roll(base, "typed", max(1, len(word) - 3)), len(name) - 1)
                 if name[spot] != name[spot + 1])  # fmt: skip
    left, first, second, right = name[:place], name[place], name[place + 1], name[place + 2 :]
    ways = (f"{second}{first}", second, f"{first}{first}{second}")
    return left + ways[dice.roll(base, "typing error", len(ways))] + right
