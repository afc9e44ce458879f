"""LastPass's Enterprise API: one path, one company per secret, always 200 and always text/xml."""

from __future__ import annotations

import hmac
import json
from typing import Any

from starlette.responses import Response

from psarecon.sandbox.calls import Call
from psarecon.sandbox.lastpass.companies import Company, email, find, provhash, user_id
from psarecon.sandbox.world import World

PATH = "/enterpriseapi.php"
_MOST = 2000
_REFUSED = '<?xml version="1.0" encoding="UTF-8"?>\n<lastpass rc="Authorization Error"/>'
_THEN = "2024-01-15 09:00:00"
Record = dict[str, Any]


def answer(world: World, call: Call) -> Response:
    """Answer one command. A wrong secret is XML, everything else is JSON that calls itself XML."""
    body = _object(call.body)
    company = _company(world, call, body)
    if company is None or call.fault("expired_secret"):
        return _text(_REFUSED)
    refused = call.fault("organization_error")
    if refused is not None:
        return _failed("the company cannot be read")
    data = body.get("data")
    if body.get("cmd") != "getuserdata" or call.method != "POST":
        return _failed("Invalid command")  # unproven: the words; nothing else is emulated
    return _text(json.dumps(_users(call, company, data if isinstance(data, dict) else {})))


def _text(body: str) -> Response:
    return Response(body, 200, {"content-type": "text/xml;charset=UTF-8"})


def _failed(words: str) -> Response:
    return _text(json.dumps({"status": "FAIL", "errors": [words]}))


def _object(body: bytes) -> Record:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _company(world: World, call: Call, body: Record) -> Company | None:
    """The company whose number and secret the body has."""
    number = str(body.get("cid", ""))
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    found = find(world, call, int(number))
    known = hmac.compare_digest(str(body.get("provhash", "")).encode(), provhash(world, int(number)).encode())
    return found if known else None


def _users(call: Call, company: Company, data: Record) -> Record:
    """One page of users: an object keyed by user id, or an empty list when there is none on the page."""
    found = _filtered(company, data)
    size, index = _whole(data, "pagesize", _MOST) or _MOST, _whole(data, "pageindex", 0)
    shown = found[index * min(size, _MOST) :][: min(size, _MOST)]
    short = call.fault("short_list")
    shown = shown[: max(0, len(shown) - short.number("dropped"))] if short else shown
    users = {str(user_id(company, number)): _user(company, number, status) for number, status in shown}
    answer: Record = {"total": len(found), "count": len(users), "Users": users or [], "Groups": {"Everyone": []}}
    if company.invited:
        # A pending invitation is no user; unproven: that it stands here and nowhere else.
        after = company.users + company.disabled
        answer["invited"] = [email(company, after + number) for number in range(company.invited)]
    return answer


def _filtered(company: Company, data: Record) -> list[tuple[int, str]]:
    """The users that `data` asks for, by number and status. Invited ones are not among them."""
    every = [(number, "enrolled") for number in range(company.users)]
    disabled = [(company.users + number, "disabled") for number in range(company.disabled)]
    if data.get("username"):
        return [one for one in every + disabled if email(company, one[0]) == data["username"]]
    if data.get("admin"):
        return every[:1]
    return disabled if data.get("disabled") else every + disabled


def _whole(data: Record, name: str, default: int) -> int:
    value = data.get(name, default)
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else default


def _user(company: Company, number: int, status: str) -> Record:
    """One user; every third enrolled one has never logged in, and so has texts and nulls where others have numbers."""
    never = number % 3 == 2
    return {
        "username": email(company, number), "fullname": f"User {number:05d}", "mpstrength": "100", "created": _THEN,
        "last_pw_change": "" if never else _THEN, "last_login": "" if never else _THEN, "neverloggedin": never,
        "disabled": status == "disabled", "admin": number == 0, "totalscore": None if never else "85.5",
        "duousername": None, "sites": None if never else 12, "notes": None if never else 0,
        "formfills": 0, "applications": 0, "attachments": 0, "password_reset_required": False,
    }  # fmt: skip
