"""Which line of a company sells a product: by the words that the PSA has for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from psarecon.domain.directory import Offer
from psarecon.domain.model import Product
from psarecon.text import folded

#: Points from which a line is taken to sell the product.
FITS = 80
MOST_POINTS = 100
#: A line that another product fits better by so many points is that product's.
_BETTER = 10
_BRAND = 90
_MISSPELT = 88
#: Shorter words are found in others by chance.
_SHORTEST = 5


@dataclass(frozen=True, slots=True)
class Fit:
    """A line that sells the product, with its points."""

    offer: Offer
    points: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A product and the words by which its lines are known, each with the points it is worth."""

    product: str
    words: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, product: Product, kind: str) -> Wanted:
        """The words the settings give, or else the product's name and its vendor's, from the source's type."""
        if product.words:
            return cls(product.name, tuple((folded(word), 100) for word in product.words))
        brand = kind.split("-", maxsplit=1)[0]
        brands = ((folded(brand), _BRAND),) if brand and brand != "files" else ()
        return cls(product.name, ((folded(product.name), 100), *brands))

    def points(self, offer: Offer) -> int:
        """How well the line fits, from 0 to 100."""
        texts = [folded(text) for text in offer.words]
        return max((_points(word, worth, text) for word, worth in self.words for text in texts), default=0)


def _points(word: str, worth: int, text: str) -> int:
    if not word:
        return 0
    if f" {word} " in f" {text} ":
        return worth
    if len(word) < _SHORTEST:
        return 0
    alike = fuzz.partial_ratio(word, text) if len(text) >= len(word) else fuzz.ratio(word, text)
    return round(alike * worth / 100) - 5 if alike >= _MISSPELT else 0


def fitting(wanted: Wanted, others: Iterable[Wanted], offers: Sequence[Offer]) -> list[Fit]:
    """The lines that sell the product, best first. ``others`` are the settings' other products."""
    rest = [one for one in others if one.product != wanted.product]
    fits = [Fit(offer, wanted.points(offer)) for offer in offers]
    kept = [one for one in fits if one.points >= FITS and not _anothers(one, rest)]
    return sorted(kept, key=lambda one: (-one.points, one.offer.line))


def _anothers(fit: Fit, others: Sequence[Wanted]) -> bool:
    return any(one.points(fit.offer) >= fit.points + _BETTER for one in others)
