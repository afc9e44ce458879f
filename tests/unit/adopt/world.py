"""Organizations, companies and lines of our making, behind the ports that an import reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from psarecon.adopt.adoption import Adoption
from psarecon.adopt.importing import Import, Wish
from psarecon.adopt.lines import Wanted
from psarecon.domain.adoption import CompanyKey, Known, Standing
from psarecon.domain.directory import Company, Mapped, Offer
from psarecon.domain.model import LineKey, Names, Product, QuantityRule, Reading

NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)
DAY = date(2026, 11, 20)
PLATFORM = Product("jumpcloud-platform", QuantityRule.HIGH_WATER_MARK, "jumpcloud", "users")
LASTPASS = Product("lastpass-business", QuantityRule.CURRENT, "lastpass", "seats")


@dataclass
class FakeSource:
    """A source: organizations as id, name and domain, and what its vendor maps."""

    name: str
    rows: Sequence[tuple[str, str, str]]
    mapping: Sequence[Mapped] = ()
    closed: bool = False

    def read(self, organizations: Collection[str], now: datetime) -> Iterable[Reading]:
        """Each organization with five users."""
        assert not organizations
        for id_, name, _ in self.rows:
            yield Reading(self.name, id_, "users", now, 5, "test", name=name)

    def domains(self, organizations: Collection[str]) -> Mapping[str, Sequence[str]]:
        """A free mail domain comes first, as it does with real users."""
        return {id_: ("gmail.com", domain) for id_, _, domain in self.rows if domain and id_ in organizations}

    def mapped(self) -> Sequence[Mapped]:
        """As the vendor has it."""
        return self.mapping

    def close(self) -> None:
        """Remember it."""
        self.closed = True


@dataclass
class FakePsa:
    """A PSA: companies, and the words of the lines of each."""

    name: str
    known: Sequence[Company]
    sold: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def companies(self) -> Sequence[Company]:
        """All."""
        return self.known

    def offers(self, companies: Collection[str], day: date) -> Sequence[Offer]:
        """Lines have the company's id and their place as id: ``174-0``."""
        assert day == DAY
        return [
            Offer(LineKey(self.name, id_, f"c{id_}", f"{id_}-{place}"), Names(f"Company {id_}", "Care", word), (word,))
            for id_ in sorted(companies)
            for place, word in enumerate(self.sold.get(id_, ()))
        ]


def company(id_: str, name: str, **given: object) -> Company:
    """A company of Autotask."""
    return Company("autotask", id_, name, **given)  # type: ignore[arg-type]  # a shorthand of tests


def standing(name: str, id_: str, **organizations: str) -> Standing:
    """A client that has a file already, without lines."""
    return Standing(f"clients/{name}.yaml", None, name, CompanyKey("autotask", id_), organizations, ())


def adopted(
    sources: Sequence[FakeSource], psa: FakePsa, known: Known | None = None, **wish: object
) -> tuple[Adoption, list[str]]:
    """What an import finds, and what it had to say."""
    said: list[str] = []
    wanted = {"jumpcloud": Wanted.of(PLATFORM, "jumpcloud"), "lastpass": Wanted.of(LASTPASS, "lastpass")}
    products = {PLATFORM.name: "jumpcloud", LASTPASS.name: "lastpass"}
    asked = Wish(wanted, tuple(wanted.values()), products, {"autotask": psa.name}, **wish)  # type: ignore[arg-type]
    found = Import({one.name: one for one in sources}, {psa.name: psa}, known or Known(), asked, said.append)
    return found.adoption(NOW, DAY), said
