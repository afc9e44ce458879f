"""The one way to speak HTTP, against a server that does what it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from psarecon.answers import MAX_BODY, RawAnswer
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
from psarecon.http import Http, RateBudget, check_base, same_origin

SENTINEL = "sentinel-4711-secret"


@dataclass
class Server:
    """Answers one after the other, the last one for ever; ``got`` are the requests' paths and headers."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    got: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def gives(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """One more answer."""
        self.answers.append((status, headers or {}, body))


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            status, headers, body = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # the name http.server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on this machine."""
    found = Server()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(found)) as listening:
        found.url = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield found
        listening.shutdown()
        thread.join()


@contextmanager
def client(secret: str = SENTINEL, budget: RateBudget | None = None) -> Iterator[Http]:
    """A client of a vendor called Shelf."""
    http = Http("Shelf", headers=lambda: {"x-api-key": secret}, timeout=10.0, budget=budget)
    yield http
    http.close()


def _refusal(server: Server, **options: str) -> RemoteError:
    with client() as http, pytest.raises(RemoteError) as told:
        http.send("GET", f"{server.url}/thing", params=options)
    assert SENTINEL not in f"{told.value} {told.value.hint}"
    return told.value


def test_numbers_come_as_decimals_to_the_last_digit(server: Server) -> None:
    """Money is never a float, whole numbers are whole."""
    server.gives(200, b'{"cost": 9.0050, "units": 14, "big": 12345678901234567890.123}')
    with client() as http:
        data = http.read("GET", f"{server.url}/thing").data
    assert {name: str(value) for name, value in data.items()} == {
        "cost": "9.0050", "units": "14", "big": "12345678901234567890.123",
    }  # fmt: skip
    assert isinstance(data["cost"], Decimal)
    assert isinstance(data["units"], int)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused), (401, Unauthorized), (403, Unauthorized), (404, NotFound), (405, Refused), (409, Refused),
        (429, Throttled), (500, Uncertain), (502, Uncertain), (503, Uncertain), (301, BadAnswer), (307, BadAnswer),
    ],
)  # fmt: skip
def test_a_status_means_one_kind_of_error(server: Server, status: int, kind: type[RemoteError]) -> None:
    """The message names vendor, verb, path and status, and no query; the server's words are kept."""
    server.gives(status, b'{"message": "said so"}', {"Location": "https://elsewhere.example.com/"})
    error = _refusal(server, user="dana@example.com")
    assert type(error) is kind
    assert "Shelf GET /thing" in str(error)
    assert str(status) in str(error)
    assert "dana" not in str(error)
    assert ("said so" in str(error)) is (status >= 400)
    assert len(server.got) == 1


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (b'{"errors": ["one", {"message": "two"}, 3, null]}', ("one", "two")),
        (b'{"Message": "one"}', ("one",)),
        (b'{"error": "one", "message": 5}', ("one",)),
        (b'["one"]', ()),
        (b"<html>", ()),
        (b"", ()),
        (b"\xff", ()),
        (b"[" * 100_000, ()),
        (b'{"message": "a\\u001b]52;c;x\\u0007b"}', ("a\N{REPLACEMENT CHARACTER}]52;c;x\N{REPLACEMENT CHARACTER}b",)),
        (f'{{"message": "your key {SENTINEL} is wrong"}}'.encode(), ("your key *** is wrong",)),
        (b'{"message": "your key sentinel\\u002d4711-secret is wrong"}', ("your key *** is wrong",)),
        (b'{"message": "' + b"x" * 10_000 + b'"}', ("x" * 499 + "…",)),
    ],
)
def test_the_servers_own_words_are_harmless_and_hold_no_credential(body: bytes, texts: tuple[str, ...]) -> None:
    """Whatever form they come in."""
    assert RawAnswer(400, httpx.Headers(), body, "Shelf", (SENTINEL,)).texts() == texts


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Access denied</body></html>",
        b'{"half": ',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"cost": NaN}',
        b"\x1b]52;c;cm0=\x07",
        f"<p>{SENTINEL}</p>".encode(),
    ],
)
def test_a_success_that_is_no_json_is_a_bad_answer(server: Server, body: bytes) -> None:
    """An outage page with status 200 is not a zero."""
    server.gives(200, body)
    error = _refusal(server)
    assert type(error) is BadAnswer
    assert str(error).isprintable()


def test_an_empty_success_has_no_data(server: Server) -> None:
    """204, or 200 without a word."""
    server.gives(204)
    with client() as http:
        assert http.read("GET", f"{server.url}/thing").data is None


def test_an_endless_body_is_cut_off(server: Server) -> None:
    """More than any page of ours holds is not read to its end."""
    server.gives(200, b" " * (MAX_BODY + 1))
    assert "answered more than 8 MiB" in str(_refusal(server))


def test_a_redirect_is_not_followed_with_the_credential(server: Server) -> None:
    """Not even to the same server."""
    server.gives(302, b"", {"Location": f"{server.url}/other"})
    assert type(_refusal(server)) is BadAnswer
    assert [path for path, _ in server.got] == ["/thing"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_read_that_fails_in_passing_is_sent_again(server: Server, status: int) -> None:
    """The second answer counts."""
    server.gives(status)
    server.gives(200, b"{}")
    with client() as http:
        assert http.read("GET", f"{server.url}/thing").status == 200
    assert len(server.got) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_read_that_is_refused_is_not_sent_again(server: Server, status: int) -> None:
    """A wrong key tried four times locks an account."""
    server.gives(status)
    with client() as http, pytest.raises(Refused):
        http.read("GET", f"{server.url}/thing")
    assert len(server.got) == 1


def test_a_write_is_sent_once(server: Server) -> None:
    """``send`` never repeats: what came back is all there is to know."""
    server.gives(503)
    with client() as http, pytest.raises(Uncertain):
        http.send("POST", f"{server.url}/thing", body="{}")
    assert len(server.got) == 1


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7.0), ("100000", 300.0), ("", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("-1", 0.0), ("\xb2", 0.0)],
)
def test_the_wait_a_server_asks_for_is_bounded(said: str, seconds: float) -> None:
    """Seconds; anything else leaves it to our own patience."""
    assert RawAnswer(429, httpx.Headers([(b"retry-after", said.encode("latin-1"))]), b"", "Shelf").wait() == seconds


def test_the_credential_goes_along_except_where_it_must_not(server: Server) -> None:
    """``anonymous`` is for questions anybody may ask."""
    server.gives(200, b"{}")
    with client() as http:
        http.send("GET", f"{server.url}/thing")
        http.send("GET", f"{server.url}/thing", anonymous=True)
    assert [headers.get("x-api-key") for _, headers in server.got] == [SENTINEL, None]
    assert server.got[0][1]["user-agent"].startswith("psarecon/")


@pytest.mark.parametrize("secret", [f"{SENTINEL}\n", f"{SENTINEL}\r\nX: y", f" {SENTINEL}", f"{SENTINEL}é", ""])
def test_a_credential_no_header_can_carry_is_refused_without_repeating_it(server: Server, secret: str) -> None:
    """A line end that an editor added is the usual case."""
    server.gives(200, b"{}")
    with client(secret) as http, pytest.raises(SecretMissing, match="x-api-key") as told:
        http.send("GET", f"{server.url}/thing")
    assert SENTINEL not in f"{told.value} {told.value.hint}"
    assert server.got == []


def test_an_id_no_request_can_carry_is_an_error_of_ours(server: Server) -> None:
    """Not a crash; nothing is sent."""
    server.gives(200, b"{}")
    with client() as http:
        for url, headers in ((f"{server.url}/thing", {"x-org-id": "ø"}), (f"{server.url}/a\nb", {})):
            with pytest.raises(RemoteError, match="no such request can be written"):
                http.read("GET", url, headers=headers)
    assert server.got == []


def test_nobody_listening_means_it_never_arrived() -> None:
    """The difference between 'not sent' and 'not known'."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as listening:
        url = f"http://127.0.0.1:{listening.server_port}"
    with client() as http, pytest.raises(Unreachable, match=r"127\.0\.0\.1 cannot be reached"):
        http.send("GET", f"{url}/thing")


def test_the_budget_ends_before_the_vendors(server: Server) -> None:
    """Begun at 7 of 9: two more, and the third is not sent."""
    server.gives(200, b"{}")
    budget = RateBudget(2)
    budget.allow(7, 9)
    with client(budget=budget) as http:
        http.send("GET", f"{server.url}/thing")
        http.send("GET", f"{server.url}/thing")
        with pytest.raises(BudgetSpent, match="9 requests are used of the 9"):
            http.send("GET", f"{server.url}/thing")
    assert len(server.got) == 2


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.com", True),
        ("https://example.com/", True),
        ("http://127.0.0.1:8099", True),
        ("http://[::1]:8099", True),
        ("http://localhost", True),
        ("http://example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("ftp://127.0.0.1", False),
        ("example.com", False),
    ],
)
def test_credentials_go_over_https_or_stay_on_this_machine(url: str, *, allowed: bool) -> None:
    """Plain http is only for loopback."""
    if allowed:
        assert check_base(url, "sources.x.url") == url.rstrip("/")
        return
    with pytest.raises(Unreachable, match=r"sources\.x\.url: credentials are not sent"):
        check_base(url, "sources.x.url")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/page",
        "http://api.example.com/page",
        "https://api.example.com:444/page",
        "https://api.example.com@evil.example.com/page",
        "https://api.example.com.evil.example.com/",
        "//evil.example.com/page",
        "/page",
        "https://[",
        "https://api.example.com\n.evil.example.com",
    ],
)
def test_a_next_page_elsewhere_is_refused(url: str) -> None:
    """Scheme, host and port are those of the base, or no credential goes there."""
    with pytest.raises(BadAnswer, match="Shelf"):
        same_origin(url, "https://api.example.com/base", "Shelf")


def test_a_next_page_at_home_is_taken() -> None:
    """The default port is the same port."""
    url = "https://api.example.com:443/page?x=1"
    assert same_origin(url, "https://api.example.com/base", "Shelf") == url
