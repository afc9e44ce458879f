"""Names of companies as people mean them: without case, accents, punctuation and legal forms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import log

from rapidfuzz import fuzz

from psarecon.text import folded

_AND = frozenset({"and", "und", "et", "og"})
#: Legal forms that are nothing else; they are left out wherever they stand.
_FORMS = frozenset(
    "llc inc incorporated ltd limited corp corporation gmbh mbh plc llp pllc pty pvt sarl srl kft aps".split()  # noqa: SIM905 - read as words
)
#: Legal forms that are words or initials as well; they are left out at the end only.
_LAST_FORMS = frozenset("co company sa sas ab as asa ag kg ohg ug bv nv pc lp oy se spa kk sro".split())  # noqa: SIM905
#: Words at least so much alike are taken for one word with a slip of the pen.
_ALIKE = 72
#: Texts without their blanks at least so much alike are taken for one, whatever their words are.
_GLUED = 88


@dataclass(frozen=True, slots=True)
class Name:
    """A name in its parts: ``words`` that tell it from others, ``forms`` its legal forms; ``core`` joins the words."""

    words: tuple[str, ...]
    forms: frozenset[str]
    core: str

    def may_be(self, other: Name) -> bool:
        """Whether both have the same words, and no legal forms that contradict each other."""
        return self.core == other.core and (not self.forms or not other.forms or self.forms == other.forms)


@lru_cache(maxsize=65536)
def name_of(text: str) -> Name:
    """The parts of a name. A name of legal forms only keeps them as its words."""
    every = [word for word in folded(text).split() if word not in _AND]
    words = list(every)
    while len(words) > 1 and words[-1] in _FORMS | _LAST_FORMS:
        words.pop()
    words = [word for number, word in enumerate(words) if not number or word not in _FORMS]
    forms = frozenset(every) & (_FORMS | _LAST_FORMS) - frozenset(words)
    return Name(tuple(words), forms, " ".join(words))


class Weights:
    """How much a word tells: one that many companies share tells little."""

    def __init__(self, names: Iterable[Name]) -> None:
        counts: dict[str, int] = {}
        for name in names:
            for word in set(name.words):
                counts[word] = counts.get(word, 0) + 1
        self._weights = {word: 1 / (1 + log(count)) for word, count in counts.items()}

    def of(self, word: str) -> float:
        """Between 0 and 1; a word that no company has tells most."""
        return self._weights.get(word, 1.0)

    def score(self, one: Name, other: Name) -> int:
        """How much alike two names are, from 0 to 100; 100 only where the words are the same."""
        if one.core == other.core:
            return 100 if one.core else 0
        glued = fuzz.ratio(one.core.replace(" ", ""), other.core.replace(" ", ""))
        return min(99, round(max(self._shared(one, other), glued if glued >= _GLUED else 0)))

    def _shared(self, one: Name, other: Name) -> float:
        """Dice's measure over words, of which each counts by its weight and by how well it is found again."""
        left, found = list(other.words), 0.0
        for word in one.words:
            likeness, nearest = max(((_likeness(word, known), known) for known in left), default=(0.0, ""))
            if likeness:
                left.remove(nearest)
                found += likeness * (self.of(word) + self.of(nearest))
        whole = sum(map(self.of, (*one.words, *other.words)))
        return 100 * found / whole if whole else 0.0


@lru_cache(maxsize=65536)
def _likeness(one: str, other: str) -> float:
    if one == other:
        return 1.0
    found = fuzz.ratio(one, other)
    return found / 100 if found >= _ALIKE else 0.0
