"""What happens on which day of the month: by day what people do, and what kind of night follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from month.nights import Month, Outage
from month.office import DAYS, FIRMS, JUMPCLOUD, LASTPASS

Scene = Callable[[Month], None]
ACCEPTED = "accept_drift: {quantity: %s, reason: four seats as a present, until: 2026-12-05}"
ALLOWED = "allow: [{guard: quantity-drop, reason: closed an office, until: 2026-12-10}]"


def play(month: Month) -> None:
    """Thirty nights, each after its day; every one is compared with the oracle."""
    month.begin([file_of(firm.name) for firm in FIRMS if firm.late])
    for day in DAYS:
        month.dawn(day)
        if day in BY_DAY:
            BY_DAY[day](month)
        BY_NIGHT.get(day, Month.night)(month)


def file_of(client: str) -> str:
    """The name of a client's file."""
    return f"{client.replace(' & ', ' ').lower().replace(' ', '-')}.yaml"


def edited(path: str, old: str, new: str) -> Callable[[Path], None]:
    """An edit of one file of a clone."""

    def edit(place: Path) -> None:
        text = (place / path).read_text("utf-8")
        assert text.count(old) == 1, text
        (place / path).write_text(text.replace(old, new), "utf-8")

    return edit


def lines_of(month: Month, product: str) -> set[str]:
    """The lines of a product."""
    return {line.id for line in month.office.lines.values() if line.product == product}


def costs(month: Month, product: str) -> dict[str, Decimal]:
    """What a product's lines cost in the PSAs today."""
    mine = lines_of(month, product)
    return {name: Decimal(one["unit_cost"]) for name, one in month.office.truth().items() if name in mine}


def onboarding(month: Month) -> None:
    """Three clients join: the pull request causes their lines, and nothing of what usage brings that day."""
    late = {firm.name for firm in FIRMS if firm.late}
    caused = month.propose("onboard", lambda place: month.onboard(place, map(file_of, late)))
    assert caused == {line.id for line in month.office.lines.values() if line.client in late}


def dearer(month: Month) -> None:
    """JumpCloud asks 50 cents more: every line but that with a cost of its own."""
    caused = month.propose("jumpcloud-9.50", edited("psarecon.yaml", '"9.00"', '"9.50"'))
    assert caused == lines_of(month, JUMPCLOUD) - {month.office.line("Heron Hotels", JUMPCLOUD).id}


def dearer_night(month: Month) -> None:
    """The night after writes all of them."""
    month.night()
    own = month.office.line("Heron Hotels", JUMPCLOUD).id
    wanted = dict.fromkeys(lines_of(month, JUMPCLOUD), Decimal("9.50"))
    assert costs(month, JUMPCLOUD) == wanted | {own: Decimal("8.25")}


def hand_edits(month: Month) -> None:
    """Somebody gives seats away, in both PSAs."""
    month.hand_edit(month.office.line("Birch Legal", JUMPCLOUD).id, 3)
    month.hand_edit(month.office.line("Fjord Foods", JUMPCLOUD).id, 4)


def acceptance(month: Month) -> None:
    """One of them is accepted in the mapping, for a while: the change that would have undone it is gone."""
    line = month.office.line("Fjord Foods", JUMPCLOUD).id
    text = ACCEPTED % month.oracle.bills[line].quantity(month.day)
    caused = month.propose(
        "accept-fjord", edited("clients/fjord-foods.yaml", "  - product:", f"  - {text}\n    product:")
    )
    assert caused == {line}


def approval(month: Month) -> None:
    """The other one is undone, by name."""
    line = month.office.line("Birch Legal", JUMPCLOUD).id
    assert month.decide("the seats were promised by mistake", lambda move: move.line == line) == 1


def outage_night(month: Month) -> None:
    """JumpCloud fails whole, LastPass shows a company without users: nothing rests on either."""
    dune = month.office.line("Dune Travel", LASTPASS).organization
    month.office.place.fault("status", "jumpcloud", status=500, times=None)
    month.office.place.fault("organization_count", "lastpass", organization=dune, users=0, times=None)
    lines = month.office.lines.values()
    failed = frozenset(line.organization for line in lines if line.product == JUMPCLOUD)
    month.night(Outage(failed, frozenset({dune})))
    month.office.place.no_faults()


def killed_night(month: Month) -> None:
    """The second write is carried out, and the program is gone."""
    month.killed_night(2)


def turn_night(month: Month) -> None:
    """The marks start anew: lower at once where a period begins, later where one is under way; one drop is too deep."""
    before = {name: bill.quantity(month.day) for name, bill in month.oracle.bills.items()}
    month.night()
    lower = {bill.line.client for name, bill in month.oracle.bills.items()
             if bill.line.product == JUMPCLOUD and bill.quantity(month.day) < before[name]}  # fmt: skip
    assert {"Aster Dental", "Birch Legal"} & lower
    assert not {"Cedar Clinic", "Heron Hotels", "Larch & Co"} & lower
    waiting = {write.move.since for write in month.writes if write.day == month.day}
    assert date(2026, 12, 15) in waiting


def allowance(month: Month) -> None:
    """The deep drop is allowed in the mapping: that changes no figure, only what speaks against it."""
    path = f"clients/{file_of('Larch & Co')}"
    assert month.propose("allow-larch", edited(path, "  - product:", f"  - {ALLOWED}\n    product:")) == set()


def end_of_acceptance(month: Month) -> None:
    """What was accepted is over and told again; it is undone by name, once the mapping allows so deep a drop."""
    line = month.office.line("Fjord Foods", JUMPCLOUD).id
    text = ACCEPTED % month.oracle.bills[line].quantity(month.day)
    path = "clients/fjord-foods.yaml"
    assert month.propose("end-of-present", edited(path, text, ALLOWED)) == set()
    assert month.decide("the present is over", lambda move: move.line == line) == 1


def slip(month: Month) -> None:
    """Two digits of LastPass's cost change places, and nobody sees it."""
    assert month.propose("lastpass-2.45", edited("psarecon.yaml", '"4.25"', '"2.45"')) == lines_of(month, LASTPASS)


def slip_night(month: Month) -> None:
    """It is written, at Juniper Labs together with a decrease that waits for 15 December."""
    month.night()
    line = month.office.line("Juniper Labs", LASTPASS).id
    (write,) = (one.move for one in month.writes if (one.day, one.move.line) == (month.day, line))
    assert (write.since, write.before, write.after) == (
        date(2026, 12, 15),
        (12, Decimal("4.25")),
        (10, Decimal("2.45")),
    )


def way_back(month: Month) -> None:
    """The pull request is reverted and the run taken back, all but a line that somebody has corrected by hand."""
    moved = month.office.line("Gale Marine", LASTPASS).id
    month.hand_edit(moved, 1)
    merge = month.repository.head()

    def revert(place: Path) -> None:
        month.repository.git("revert", "--no-edit", "-m", "1", merge, at=place)

    month.propose("revert-lastpass-2.45", revert)
    assert month.take_back(month.writes[-1].run) == {moved}


def quiet_night(month: Month) -> None:
    """The night after writes none of the lines that were taken back."""
    before = len(month.writes)
    month.night()
    assert not {one.move.line for one in month.writes[before:]} & lines_of(month, LASTPASS)


def morning_round(month: Month) -> None:
    """A person looks at what was taken back, and lets it go on where usage asks for something new."""
    month.decide("the cost is right again", lambda move: bool(move.causes & {"psa", "rolled-back"}))


_NOVEMBER = {18: onboarding, 20: dearer, 22: hand_edits, 24: acceptance, 25: approval}
_DECEMBER = {3: allowance, 7: end_of_acceptance, 8: slip, 9: way_back, 10: morning_round, 11: morning_round,
             12: morning_round, 13: morning_round}  # fmt: skip
_NOVEMBER_NIGHTS = {20: dearer_night, 26: outage_night, 28: Month.dark_night, 29: killed_night}
_DECEMBER_NIGHTS = {1: turn_night, 8: slip_night, 9: quiet_night}


def _dated(november: Mapping[int, Scene], december: Mapping[int, Scene]) -> dict[date, Scene]:
    found = {date(2026, 11, day): scene for day, scene in november.items()}
    return found | {date(2026, 12, day): scene for day, scene in december.items()}


BY_DAY = _dated(_NOVEMBER, _DECEMBER)
BY_NIGHT = _dated(_NOVEMBER_NIGHTS, _DECEMBER_NIGHTS)
