"""Plain questions on stderr, answered on stdin: a line each, Enter for the usual one. No secret is asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from psarecon.cli.context import say
from psarecon.errors import UsageError
from psarecon.text import clean

_HINT = "answer on a terminal, or use --non-interactive with flags for what has no usual answer"
_YES, _NO = {"y", "yes"}, {"n", "no"}


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks a person; ``quiet``: takes every usual answer without asking. Raises UsageError where there is none."""

    quiet: bool

    def text(self, question: str, usual: str | None, wrong: Callable[[str], str] = lambda _: "") -> str:
        """An answer that ``wrong`` has nothing to say against; what it says must not repeat the answer."""
        while True:
            answer = self._answer(question, usual)
            objection = wrong(answer)
            if not objection:
                return answer
            if self.quiet:
                raise UsageError(f"{question}: {objection}", hint=_HINT)
            say(f"  {objection}")

    def yes(self, question: str, *, usual: bool) -> bool:
        """Yes or no."""
        known = _YES | _NO
        answer = self.text(
            question, "yes" if usual else "no", lambda one: "" if one.lower() in known else "write yes or no"
        )
        return answer.lower() in _YES

    def some(self, question: str, known: Collection[str], usual: Sequence[str]) -> list[str]:
        """Any of the words that are known, or none of them."""

        def wrong(answer: str) -> str:
            return "" if set(_words(answer)) <= {*known} else f"write some of {', '.join(known)}, or none"

        return _words(self.text(f"{question} ({', '.join(known)}, or none)", ", ".join(usual) or "none", wrong))

    def one(self, question: str, known: Collection[str], usual: str) -> str:
        """One of the words that are known."""
        named = ", ".join(known)
        return self.text(f"{question} ({named})", usual, lambda one: "" if one in known else f"write one of {named}")

    def _answer(self, question: str, usual: str | None) -> str:
        if self.quiet:
            if usual is None:
                raise UsageError(f"{question}: there is no usual answer", hint=_HINT)
            return usual
        while True:
            print(f"{clean(question)}{f' [{clean(usual)}]' if usual else ''}: ", end="", file=sys.stderr, flush=True)
            answer = self._line()
            if answer or usual is not None:
                return answer or usual or ""

    def _line(self) -> str:
        line = sys.stdin.readline() if sys.stdin is not None else ""
        if not line:
            print(file=sys.stderr)
            raise UsageError("nobody answers on stdin: nothing was written", hint=_HINT)
        return line.strip()


def _words(answer: str) -> list[str]:
    words = answer.replace(",", " ").split()
    return [] if words == ["none"] else list(dict.fromkeys(words))
