"""How ConnectWise says no."""

from __future__ import annotations

from starlette.responses import Response

from psarecon.sandbox.calls import reply

BEFORE_START = "effectiveDate cannot be less than the agreement billing start date"
ALREADY_INVOICED = (
    "Since this period has already been invoiced there will not be an invoice generated for additional products for "
    "this period. Please prorate the agreement or update the start date to on or after the Next Invoice Date."
)
TIMEOUT = "A timeout has occured. Please try again."
"""The spelling is ConnectWise's."""


class Refused(Exception):
    """A request that fails: status, code and message, and for an invalid record the field that is wrong."""

    def __init__(self, status: int, code: str, message: str, *, field: str | None = None) -> None:
        """Keep what the answer will say."""
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field


def refusal(refused: Refused) -> Response:
    """`{"code", "message", "errors"}`, as ConnectWise's ErrorResponseMessage."""
    if refused.field is None:
        return error(refused.status, refused.code, refused.message)
    # unproven: the exact casing of the inner error of an addition.
    inner = {"code": "InvalidField", "message": refused.message, "resource": "addition", "field": refused.field}
    return reply({"code": "InvalidObject", "message": "addition object is invalid", "errors": [inner]}, refused.status)


def error(status: int, code: str, message: str) -> Response:
    """An error without inner errors."""
    return reply({"code": code, "message": message, "errors": None}, status)


def bad(message: str) -> Refused:
    """A query or a body that is not understood. unproven: code and words."""
    return Refused(400, "BadRequest", message)


def missing(what: str) -> Refused:
    """A record that is not there. unproven: code and words."""
    return Refused(404, "NotFound", f"{what} not found")


def invalid(field: str, message: str) -> Refused:
    """An addition that may not be saved like this."""
    return Refused(400, "InvalidObject", message, field=field)


def throttled(seconds: int) -> Response:
    """429 with a body of its own shape: no code, no errors."""
    text = f"Too many requests. Please try again in {seconds} seconds."
    return reply({"error": "ConnectWiseAPI", "message": text}, 429, {"Retry-After": str(seconds)})


def timed_out() -> Response:
    """A 500 that means the server gave up waiting for itself."""
    return error(500, "ConnectWiseApi", TIMEOUT)


def html(status: int, title: str) -> Response:
    """A page of the web server in front, which knows nothing of JSON."""
    return Response(f"<html><head><title>{title}</title></head><body>{title}</body></html>", status,
                    media_type="text/html")  # fmt: skip
