"""Bodies of answers: of any size, packed in any way, of any bytes. What comes is data or one clear error."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Iterator

import pytest
from hostile.liar import Bytes, answering_bytes
from hostile.looks import STEADY, own_memory, values, written
from hypothesis import given
from hypothesis import strategies as st

from psarecon.answers import MAX_BODY, parsed
from psarecon.errors import BadAnswer, RemoteError, Unauthorized, Uncertain
from psarecon.http import Http

SENTINEL = "sentinel-4711/secret+x"
_MIB = 2**20


@pytest.fixture(scope="module")
def teller() -> Iterator[Bytes]:
    """A listener that answers with whatever bytes it is told."""
    with answering_bytes() as found:
        yield found


def asked(teller: Bytes, timeout: float = 10.0) -> object:
    """One question with a credential; the data, or the error, whose words are one harmless line without it."""
    http = Http("Shelf", headers=lambda: {"x-api-key": SENTINEL}, timeout=timeout)
    try:
        return http.send("GET", f"{teller.url}/thing").data
    except RemoteError as error:
        return quiet(error)
    finally:
        http.close()


def quiet(error: RemoteError) -> RemoteError:
    """The error, which is one short harmless line without the credential."""
    assert str(error).isprintable()
    assert SENTINEL not in f"{error} {error.hint}"
    assert len(str(error)) < 2000
    return error


def bomb(size: int, times: int = 1) -> bytes:
    """So many bytes of blanks, packed so many times."""
    found = b" " * size
    for _ in range(times):
        found = gzip.compress(found, 9)
    return found


def refused(teller: Bytes, said: str) -> None:
    """The answer is no answer, in words, and in no more memory than a few times the limit."""
    before = own_memory()
    error = asked(teller)
    assert isinstance(error, BadAnswer)
    assert said in str(error)
    assert own_memory() - before < 8 * MAX_BODY // _MIB


def test_a_body_of_100_mib_is_cut_off(teller: Bytes) -> None:
    """With its length told or not."""
    piece = b" " * _MIB
    teller.says("HTTP/1.1 200 OK", *[piece] * 100)
    refused(teller, "answered more than 8 MiB")
    teller.says(f"HTTP/1.1 200 OK\r\nContent-Length: {100 * _MIB}", *[piece] * 100)
    refused(teller, "answered more than 8 MiB")


def test_a_packed_bomb_is_unpacked_no_further_than_the_limit(teller: Bytes) -> None:
    """A gigabyte in one megabyte; the test's own bomb is made of streams, so that it costs little to make."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    content = b"".join(packer.compress(b" " * _MIB) for _ in range(1024)) + packer.flush()
    teller.body(content, "Content-Encoding: gzip")
    refused(teller, "answered more than 8 MiB")


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate", "br", "zstd", "gzip\x1b[2J", "compress", "x" * 5000])
def test_an_encoding_nobody_asked_for_is_refused(teller: Bytes, encoding: str) -> None:
    """A body packed twice would be a thousand times a thousand."""
    teller.body(bomb(10 * _MIB, 2), f"Content-Encoding: {encoding}")
    error = asked(teller)
    assert isinstance(error, (BadAnswer, Uncertain))


def test_what_is_packed_well_is_read(teller: Bytes) -> None:
    """And only gzip is asked for."""
    for name in ("gzip", "x-gzip", "GZIP"):
        teller.body(gzip.compress(b'{"units": 14}'), f"Content-Encoding: {name}")
        assert asked(teller) == {"units": 14}
    teller.body(b'{"units": 14}', "Content-Encoding: identity")
    assert asked(teller) == {"units": 14}
    assert b"accept-encoding: gzip\r\n" in teller.got[-1].lower()


@pytest.mark.parametrize("cut", [1, 12, 20])
def test_half_a_packed_body_and_a_broken_one_are_refused(teller: Bytes, cut: int) -> None:
    """Also where the half that came is JSON by itself."""
    content = gzip.compress(b"[]" + b" " * 1000)
    teller.body(content[:-cut], "Content-Encoding: gzip")
    assert isinstance(asked(teller), BadAnswer)
    teller.body(content[:cut] + b"\xff" * 30, "Content-Encoding: gzip")
    assert isinstance(asked(teller), BadAnswer)


def test_a_body_that_trickles_for_ever_ends(teller: Bytes) -> None:
    """Each piece in time, the whole never: a write must not outlast its lease that way."""

    def trickle() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        for _ in range(100):
            time.sleep(0.1)
            yield b" "

    teller.pieces = trickle
    began = time.monotonic()
    assert isinstance(asked(teller, timeout=0.4), Uncertain)
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"n": 1e999999999}', id="a number of a thousand million digits"),
        pytest.param(b'{"n": -1E-999999999}', id="a fraction of as many"),
        pytest.param(b'{"n": ' + b"9" * 5000 + b"}", id="5000 digits"),
        pytest.param(b'{"n": ' + b"9" * 65 + b"}", id="65 digits"),
        pytest.param(b'{"n": 0.' + b"9" * 5000 + b"}", id="5000 places"),
        pytest.param(b'{"n": 1e41}', id="above all figures"),
        pytest.param(b'{"n": NaN}', id="NaN"),
        pytest.param(b'{"n": -Infinity}', id="Infinity"),
        pytest.param(b"[" * 1_000_000, id="a million open brackets"),
        pytest.param(b'{"a":' * 1_000_000, id="a million open braces"),
        pytest.param(b'{"items": [{"id": 1}, {"id"', id="half of it"),
        pytest.param(b"<!DOCTYPE html><html><body>Sign in</body></html>", id="HTML"),
        pytest.param("é".encode("latin-1"), id="Latin-1"),
        pytest.param(b'\xef\xbb\xbf{"a": "\xff"}', id="a BOM and no UTF-8"),
        pytest.param(b"{} {}", id="two documents"),
        pytest.param(b"\x00" * 1000, id="NUL"),
        pytest.param(b"{'a': 1}", id="single quotes"),
        pytest.param(b'{"a": 010}', id="an octal number"),
        pytest.param(b'{"a": "\x01"}', id="a bare control character"),
    ],
)
def test_what_is_no_json_is_a_bad_answer(teller: Bytes, content: bytes) -> None:
    """The message quotes no more of it than a line, without what could act."""
    teller.body(content)
    assert isinstance(asked(teller), BadAnswer)


@pytest.mark.parametrize(
    ("content", "data"),
    [
        pytest.param('{"a": "é"}'.encode("utf-16"), {"a": "é"}, id="UTF-16, which JSON once allowed"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', {"a": 1}, id="a BOM"),
        pytest.param(b'{"a": 1, "a": 2}', {"a": 2}, id="a key twice: the last one, as every reader has it"),
        pytest.param(b'{"a": "\\ud800"}', {"a": "\ud800"}, id="half a character"),
        pytest.param(b'{"a": 0e-99}', None, id="a nothing of many places"),
    ],
)
def test_what_is_json_after_all_is_data(content: bytes, data: object) -> None:
    """Told, so that nobody has to guess."""
    if data is not None:
        assert parsed(content) == data
    else:
        assert not parsed(content)["a"]


def test_the_largest_body_of_small_parts_costs_bounded_memory(teller: Bytes) -> None:
    """Eight megabytes of empty lists are the worst JSON there is: some 25 times their size."""
    count = MAX_BODY // 3 - 2
    teller.body(b"[" + b"[]," * count + b"[]]")
    before = own_memory()
    data = asked(teller)
    assert isinstance(data, list)
    assert len(data) == count + 1
    assert own_memory() - before < 400


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(f"{SENTINEL}\r\n\r\n".encode(), id="the credential and nothing else"),
        pytest.param(f"HTTP/1.1 200 {SENTINEL}\r\nx{SENTINEL}\r\n\r\n".encode(), id="a header without a colon"),
        pytest.param(f"HTTP/1.1 401 {SENTINEL}\r\n{SENTINEL}: {SENTINEL}\r\n\r\n".encode(), id="as name and value"),
        pytest.param(b"\x1b]52;c;cm0=\x07\r\n\r\n", id="an escape sequence"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100_000 + b"\r\n", id="100,000 headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 10_000_000, id="a header of ten million signs"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", id="a negative length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n[]", id="two lengths"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", id="a huge chunk"),
        pytest.param(b"HTTP/1.1 99 OK\r\n\r\n", id="no status there is"),
        pytest.param(b"HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n", id="a status beyond all"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="another protocol"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x46", id="TLS where there is none"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_is_no_http_is_an_error_without_the_credential(teller: Bytes, said: bytes) -> None:
    """The library's words for it repeat what the server said."""
    teller.pieces = lambda: iter((said,))
    assert isinstance(asked(teller), RemoteError)


def test_a_credential_is_hidden_however_the_server_spells_it(teller: Bytes) -> None:
    """As it is, as in an address, in HTML, in JSON, behind its scheme."""
    spelled = (SENTINEL, "sentinel-4711%2Fsecret%2Bx", "sentinel-4711/secret%2Bx", "sentinel-4711\\/secret+x")
    for text in spelled:
        content = f'{{"message": "no: {text}"}}'.encode()
        teller.says(f"HTTP/1.1 401 No\r\nContent-Length: {len(content)}", content)
        error = asked(teller)
        assert isinstance(error, Unauthorized)
        assert "no: ***" in str(error)


@STEADY
@given(content=st.one_of(st.binary(max_size=300), values.map(written)))
def test_any_body_is_data_or_one_clear_error(teller: Bytes, content: bytes) -> None:
    """Of success and of failure alike; what is data can be written out in bounded space."""
    for status in (200, 401, 429, 500):
        teller.says(f"HTTP/1.1 {status} x\r\nContent-Length: {len(content)}", content)
        found = asked(teller)
        if not isinstance(found, RemoteError):
            assert len(json.dumps(found, default=lambda number: f"{number:f}")) < 100_000
