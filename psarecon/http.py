"""One way to speak HTTP with a vendor: timeouts, capped bodies, retries of what is safe to repeat, no leaks.

Redirects are never followed, pages on another host are refused before a credential is sent, and no message
holds a header or a query string. Reads are retried (tenacity); a write is sent once, by ``send``.
"""

from __future__ import annotations

import ipaddress
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx
import tenacity

from psarecon import __version__
from psarecon.answers import ENCODINGS, Answer, RawAnswer, body_of, hidden, parsed
from psarecon.errors import (
    BadAnswer,
    BudgetSpent,
    NotFound,
    Refused,
    RemoteError,
    SecretMissing,
    Throttled,
    Unauthorized,
    Uncertain,
    Unreachable,
)
from psarecon.patience import PATIENCE
from psarecon.text import clean

_NEVER_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
#: How often a read is sent before it is given up, unless the vendor asks for more patience.
_ATTEMPTS = 4
_ODD = "an id or an address holds signs that no request can carry"


Judge = Callable[[RawAnswer], RemoteError | None]


def judge(answer: RawAnswer) -> RemoteError | None:
    """The error in an answer by the usual meaning of its status, or None for a success."""
    status, where = answer.status, answer.where
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        text = f"{where} answered with a redirect ({status}), which is never followed"
        return BadAnswer(text, hint="check the url in the settings")
    if status >= 500:
        return Uncertain(f"{where} failed on the server ({status}){_said(answer)}", hint="try again later")
    return _refusal(answer)


def _refusal(answer: RawAnswer) -> Refused:
    status, where, texts, said = answer.status, answer.where, answer.texts(), _said(answer)
    if status in (401, 403):
        hint = "check the credentials and rights in the settings; psarecon does not try again by itself"
        return Unauthorized(f"{where} refused the credentials ({status}){said}", status=status, texts=texts, hint=hint)
    if status == 404:
        return NotFound(f"{where} does not exist there (404){said}", status=status, texts=texts)
    if status == 429:
        return Throttled(f"{where} asks to slow down (429){said}", status=status, texts=texts, wait=answer.wait())
    return Refused(f"{where} was refused ({status}){said}", status=status, texts=texts)


def _said(answer: RawAnswer) -> str:
    texts = answer.texts()
    return f": {'; '.join(texts)}" if texts else ""


class Pace:
    """No more than ``limit`` requests in any ``seconds``: who comes too early waits until one is old enough.

    The window slides, so that a burst is never followed by a second one at the turn of a minute.
    """

    def __init__(
        self,
        limit: int,
        seconds: float = 60.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = PATIENCE.wait,
    ) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._sent: deque[float] = deque()

    def keep(self) -> None:
        """Return when one more request may be sent; it is counted."""
        while wait := self._early():
            self._sleep(wait)

    def left(self) -> int:
        """How many requests may go now without waiting."""
        with self._lock:
            edge = self._clock() - self._seconds
            return self._limit - sum(sent > edge for sent in self._sent)

    def _early(self) -> float:
        """0 when a request may go now, which is counted; else how long to wait before asking again."""
        with self._lock:
            now = self._clock()
            while self._sent and self._sent[0] <= now - self._seconds:
                self._sent.popleft()
            if len(self._sent) < self._limit:
                self._sent.append(now)
                return 0.0
            return max(self._sent[0] + self._seconds - now, 0.001)


class RateBudget:
    """How much may be asked of one vendor, shared by all threads: so many at once, so many in all, at what pace.

    ``at_once`` is the limit for each bucket (Autotask: an entity); ``slot`` raises BudgetSpent at the limit set by
    ``allow``, and waits where ``pace`` says so.
    """

    def __init__(self, at_once: int, pace: Pace | None = None) -> None:
        self._at_once = at_once
        self._pace = pace
        self._lock = threading.Lock()
        self._slots: dict[str, threading.Semaphore] = {}
        self._spent = 0
        self._limit: int | None = None

    def allow(self, spent: int, limit: int) -> None:
        """Count from ``spent`` requests up to ``limit``."""
        with self._lock:
            self._spent, self._limit = spent, limit

    def left(self) -> int | None:
        """Requests that are left: of the limit, or at once by the pace, the lesser; None where there is neither."""
        with self._lock:
            left = [] if self._limit is None else [max(0, self._limit - self._spent)]
        return min(left + ([self._pace.left()] if self._pace else []), default=None)

    @contextmanager
    def slot(self, bucket: str) -> Iterator[None]:
        """One place in the bucket and one request of the budget. Raises BudgetSpent."""
        with self._lock:
            self._spend()
            semaphore = self._slots.setdefault(bucket, threading.Semaphore(self._at_once))
        with semaphore:
            if self._pace is not None:
                self._pace.keep()
            yield

    def _spend(self) -> None:
        if self._limit is not None and self._spent >= self._limit:
            message = f"{self._spent} requests are used of the {self._limit} psarecon allows itself"
            hint = "the vendor would refuse every integration of the tenant; wait an hour, then go on"
            raise BudgetSpent(message, hint=hint)
        self._spent += 1


class Http:
    """A client of one vendor. ``headers`` gives the credential headers, asked for at each request; ``secrets`` the
    credentials that stand in no header, or not as they are: no message repeats them.
    """

    def __init__(
        self,
        vendor: str,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
        timeout: float = 60.0,
        budget: RateBudget | None = None,
        judge: Judge = judge,
        attempts: int = _ATTEMPTS,
        secrets: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._vendor = vendor
        self._headers = headers
        self._budget = budget or RateBudget(at_once=8)
        self._judge = judge
        self._attempts = attempts
        self._secrets = secrets
        self._timeout = timeout
        self._client = _client(timeout)
        self._heard: tuple[str, float] | None = None

    def clock_ahead(self) -> float | None:
        """Seconds the vendor's clock is ahead of ours, by its last answer's ``Date``; None where there is none.

        To the second, and later by what the answer took to come. Asks nobody.
        """
        date, at = self._heard or ("", 0.0)
        try:
            return parsedate_to_datetime(date).timestamp() - at
        except ValueError:
            return None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def read(self, method: str, url: str, **options: Any) -> Answer:
        """A request that is safe to repeat: sent again, a few times, when it fails in passing.

        Options are those of ``send``. Raises RemoteError.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PASSING),
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=_wait,
            sleep=PATIENCE.wait,
            reraise=True,
        )
        answer: Answer = retrying(self.send, method, url, **options)
        return answer

    def send(
        self,
        method: str,
        url: str,
        *,
        bucket: str = "",
        params: Mapping[str, Any] | None = None,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        anonymous: bool = False,
    ) -> Answer:
        """Send once. ``anonymous`` sends no credential. Raises RemoteError, SecretMissing."""
        PATIENCE.check()
        credentials = self._credentials()
        said = {**({} if anonymous else credentials), **(headers or {})}
        if body is not None:
            said["Content-Type"] = "application/json"
        limit = _timeouts(PATIENCE.left(timeout or self._timeout))
        secrets = (*credentials.values(), *self._secrets())
        try:
            request = self._client.build_request(method, url, params=params, content=body, headers=said, timeout=limit)
        except (httpx.InvalidURL, ValueError) as error:
            # No more of the error is told: it repeats what it could not write.
            raise RemoteError(f"{self._vendor} {method}: no such request can be written", hint=_ODD) from error
        with self._budget.slot(bucket):
            # A write must be over when its timeout is: the lease is held no longer. A read may be slow to end.
            until = time.monotonic() + PATIENCE.left(timeout or 2 * self._timeout)
            raw = self._exchange(request, f"{self._vendor} {method} {clean(request.url.path, 200)}", secrets, until)
        return self._judged(raw)

    def _credentials(self) -> Mapping[str, str]:
        """The credential headers, none of which the transport will refuse in words that repeat it."""
        found = self._headers()
        for name, value in found.items():
            if not value.isascii() or not value.isprintable() or value != value.strip() or not value:
                message = f"{self._vendor}: the credential for the header {name} holds what no header can carry"
                raise SecretMissing(message, hint="is there a line end, a blank or a letter outside ASCII too many?")
        return found

    def _exchange(self, request: httpx.Request, where: str, secrets: tuple[str, ...], until: float) -> RawAnswer:
        try:
            response = self._client.send(request, stream=True)
            try:
                body = body_of(response, where, until)
            finally:
                response.close()
        except _NEVER_ARRIVED as error:
            hint = "check the network and the url in the settings"
            reason = _reason(error, secrets)
            raise Unreachable(f"{where}: {request.url.host} cannot be reached ({reason})", hint=hint) from None
        except httpx.TimeoutException:
            raise Uncertain(f"{where}: no answer in time", hint="try again later") from None
        except httpx.HTTPError as error:
            reason = _reason(error, secrets)
            raise Uncertain(f"{where}: the connection broke ({reason})", hint="try again later") from None
        self._heard = response.headers.get("date", ""), time.time()
        return RawAnswer(response.status_code, response.headers, body, where, secrets)

    def _judged(self, raw: RawAnswer) -> Answer:
        error = self._judge(raw)
        if error is not None:
            raise error
        if not raw.body.strip():
            return Answer(raw.status, raw.headers, None)
        try:
            data = parsed(raw.body)
        except (ValueError, RecursionError):
            hint = "an outage page, or a url that is not the API's"
            raise BadAnswer(f"{raw.where} answered something that is not JSON: {raw.start()!r}", hint=hint) from None
        return Answer(raw.status, raw.headers, data)


@cache
def _tls() -> ssl.SSLContext:
    """Whose certificates are trusted, read once: each reading takes as long as a request on this machine.

    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` are followed, as everywhere; a log of TLS keys (``SSLKEYLOGFILE``) is not
    written: who reads it reads every credential.
    """
    try:
        context = httpx.create_ssl_context()
    except OSError as error:
        hint = "check the variables SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE"
        raise RemoteError(
            f"the certificates to trust cannot be read: {error.strerror or 'broken'}", hint=hint
        ) from error
    context.keylog_filename = None  # type: ignore[assignment]  # None ends the log; the stubs do not know
    return context


def _client(timeout: float) -> httpx.Client:
    """Never follows a redirect, verifies every certificate, and takes the environment's proxies for TLS alone: plain
    http is for this machine, and a proxy would carry its credentials away from it."""
    try:
        return httpx.Client(
            timeout=_timeouts(timeout),
            follow_redirects=False,
            verify=_tls(),
            mounts={"http://": None},
            headers={"User-Agent": f"psarecon/{__version__}", "Accept-Encoding": ENCODINGS},
        )
    except (httpx.InvalidURL, ValueError, ImportError):
        hint = "check the variables HTTPS_PROXY, ALL_PROXY and NO_PROXY"
        raise RemoteError("the proxy that the environment names cannot be used", hint=hint) from None


def _timeouts(seconds: float) -> httpx.Timeout:
    """Connecting takes no more than a part of it."""
    return httpx.Timeout(seconds, connect=min(seconds, 20.0))


def _reason(error: Exception, secrets: Iterable[str]) -> str:
    """The transport's words; of a server that speaks no HTTP they repeat what it said."""
    return clean(hidden(str(error), secrets) or type(error).__name__, 200)


_PASSING = (Unreachable, Uncertain, Throttled, BadAnswer)
_backoff = tenacity.wait_exponential(multiplier=0.25, max=20.0) + tenacity.wait_random(0.0, 0.25)


def _wait(state: tenacity.RetryCallState) -> float:
    """What the server asked for, else exponential with jitter."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, Throttled) else 0.0
    return max(asked, _backoff(state))


def check_base(url: str, setting: str) -> str:
    """``url`` without a slash at its end, or RemoteError: plain http is only for loopback."""
    address = httpx.URL(url)
    if address.scheme == "https" or (address.scheme == "http" and _loopback(address.host)):
        return url.rstrip("/")
    where = f"{address.scheme or 'nowhere'}://{address.host}"
    raise Unreachable(f"{setting}: credentials are not sent to {where}", hint="use https")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def same_origin(url: str, base: str, where: str) -> str:
    """``url`` if it stays on the scheme, host and port of ``base``; else BadAnswer, before a credential is sent."""
    try:
        one, other = httpx.URL(url), httpx.URL(base)
    except (httpx.InvalidURL, TypeError):
        raise BadAnswer(f"{where} names a next page that is no address", hint="try again later") from None
    if (one.scheme, one.host, one.port) != (other.scheme, other.host, other.port) or one.userinfo != other.userinfo:
        hint = "no credential was sent there; if this lasts, tell the vendor"
        raise BadAnswer(f"{where} points to another host, {clean(one.host, 100)!r}, for its next page", hint=hint)
    return url
