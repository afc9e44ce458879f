"""An answer of a vendor as bytes: read up to a size and a moment, its numbers bounded, credentials in it hidden."""

from __future__ import annotations

import html
import json
import time
import traceback
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import httpx

from psarecon.errors import BadAnswer
from psarecon.text import clean

#: What a body may come to, unpacked. A page of 1000 records is a tenth of this; data takes up to 25 times the memory.
MAX_BODY = 8 * 1024 * 1024
#: What we understand; a server that packs otherwise did not read what it was asked.
ENCODINGS = "gzip"
#: Signs of a number; a double has fewer than 30, and figures of money and seats have fewer still.
_LONGEST_NUMBER = 64
_LARGEST_EXPONENT = 40
#: Parts of a credential that are shorter are too common to be hidden.
_SHORTEST_PART = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: status, headers, and the JSON data with every non-integer number as ``Decimal``."""

    status: int
    headers: Mapping[str, str]
    data: Any


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer before anybody judged it."""

    status: int
    headers: httpx.Headers
    body: bytes
    where: str
    secrets: tuple[str, ...] = ()

    def start(self) -> str:
        """The beginning of a body that should not have come, harmless to show."""
        return clean(self.hidden(self.body.decode("utf-8", "replace"))[:60])

    def texts(self) -> tuple[str, ...]:
        """The server's own words: a list ``errors``, or ``message``, ``error``, ``detail``, ``title``; cleaned, cut.

        A credential that the server repeats is not.
        """
        try:
            data = json.loads(self.body)
        except (ValueError, RecursionError):
            return ()
        if not isinstance(data, dict):
            return ()
        errors = data.get("errors")
        found = errors if isinstance(errors, list) and errors else _single_texts(data)
        words = [one.get("message") or one.get("detail") if isinstance(one, dict) else one for one in found[:_TEXTS]]
        return tuple(clean(self.hidden(word), 500) for word in words if isinstance(word, str) and word)

    def hidden(self, text: str) -> str:
        """The text without the credentials that were sent, however the server spells them."""
        return hidden(text, self.secrets)

    def wait(self) -> float:
        """Seconds the server asks us to wait; 0 when it does not say."""
        seconds = self.headers.get("retry-after", "")
        return min(float(seconds), 300.0) if seconds.isascii() and seconds.isdigit() else 0.0


#: How many of a server's errors are told.
_TEXTS = 10


def _single_texts(data: Mapping[str, Any]) -> list[Any]:
    """Where there is no list of errors: the vendors' own key, else the problem's detail (RFC 9457), else its title."""
    said = [data.get(key) for key in ("message", "Message", "error")]
    return said if any(said) else [data.get("detail") or data.get("title")]


def hidden(text: str, secrets: Iterable[str]) -> str:
    """``text`` with ``***`` in place of each secret: as it is, as in an address, in HTML or in JSON."""
    for spelling in sorted(set(_spellings(secrets)), key=len, reverse=True):
        text = text.replace(spelling, "***")
    return text


def _spellings(secrets: Iterable[str]) -> Iterator[str]:
    """Of a header with a scheme (``Basic …``, ``api-key …``) also what stands behind it."""
    for secret in filter(None, secrets):
        behind = secret.partition(" ")[2]
        for part in (secret, behind) if len(behind) >= _SHORTEST_PART else (secret,):
            yield from (part, quote(part, safe=""), quote(part), html.escape(part), json.dumps(part)[1:-1])


def body_of(response: httpx.Response, where: str, until: float) -> bytes:
    """The whole body, unpacked. Raises BadAnswer: too large, or packed in a way nobody asked for; httpx.ReadTimeout
    when it is not complete at ``until`` (``time.monotonic``), however steadily it trickles.

    httpx would unpack all of a piece before anybody could look at its size.
    """
    unpack = _unpacker(response, where)
    body = bytearray()
    for piece in response.iter_raw():
        body += unpack.some(piece, MAX_BODY + 1 - len(body))
        if len(body) > MAX_BODY:
            hint = "is the url in the settings the API's?"
            raise BadAnswer(f"{where} answered more than {MAX_BODY // 2**20} MiB", hint=hint)
        if time.monotonic() > until:
            raise httpx.ReadTimeout("the body did not end in time", request=response.request)
    if not unpack.ended:
        raise BadAnswer(f"{where} answered half a packed body", hint="try again later")
    return bytes(body)


class _Plain:
    """A body as it is."""

    ended = True

    def some(self, piece: bytes, _most: int) -> bytes:
        return piece


class _Gzip:
    """A packed body, unpacked no further than is wanted."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)

    @property
    def ended(self) -> bool:
        return self._stream.eof

    def some(self, piece: bytes, most: int) -> bytes:
        try:
            return self._stream.decompress(piece, most)
        except zlib.error:
            raise BadAnswer(f"{self._where} answered a packed body that is broken", hint="try again later") from None


def _unpacker(response: httpx.Response, where: str) -> _Plain | _Gzip:
    said = response.headers.get("content-encoding", "").strip().lower()
    if said in {"", "identity"}:
        return _Plain()
    if said in {"gzip", "x-gzip"}:
        return _Gzip(where)
    raise BadAnswer(f"{where} answered in an encoding nobody asked for: {clean(said, 40)!r}", hint="try again later")


def parsed(body: bytes) -> Any:
    """JSON as data, numbers that are not whole as ``Decimal``. Raises ValueError or RecursionError for anything else,
    also for numbers that are none (NaN) or whose digits written out would fill the memory (1e999999999)."""
    return json.loads(body, parse_float=_fraction, parse_int=_whole, parse_constant=_no_number)


def _no_number(text: str) -> None:
    """NaN and Infinity, which Python reads and JSON does not know."""
    raise ValueError(text)


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number of too many digits")
    return int(text)


def _fraction(text: str) -> Decimal:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number of too many digits")
    number = Decimal(text)
    if not -_LARGEST_EXPONENT <= int(number.as_tuple().exponent) <= number.adjusted() <= _LARGEST_EXPONENT and number:
        raise ValueError("a number beyond all figures")
    return number


@contextmanager
def understood(vendor: str) -> Iterator[None]:
    """Inside, an adapter takes an answer's records apart: what it trips over is the answer's fault. Raises BadAnswer.

    Nothing of the records is told: they may hold anything.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} at {PurePath(frame.filename).name}:{frame.lineno}"
        text = f"{vendor} answered records that cannot be understood ({where})"
        raise BadAnswer(text, hint="try again later; if it lasts, the API has changed") from error
