"""Cursors of the API's lists, bound to the list and its filters: a cursor of another list goes on nowhere."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from uuid import UUID

from kikao.core.errors import Invalid
from kikao.core.web import Req

# Which part of a list is wanted, not which list.
_OF_THE_PAGE = ("cursor", "limit")


def bound(request: Req, place: str | None) -> str | None:
    """The cursor of this list for a place in it; None, after the last page, stays None."""
    return None if place is None else f"{place}.{_list_of(request)}"


def place(request: Req, cursor: str | None) -> str | None:
    """The place in this list. Raises Invalid for a cursor that came from other filters, or from nowhere."""
    if cursor is None:
        return None
    found, _, its_list = cursor.rpartition(".")
    if its_list != _list_of(request):
        raise _bad_cursor()
    return found


def _list_of(request: Req) -> str:
    """Not a secret: whoever makes one up is shown what they may see, from where they say."""
    filters = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in _OF_THE_PAGE)
    return hashlib.blake2b(repr((request.scope["path"], filters)).encode(), digest_size=8).hexdigest()


def read_cursor(text: str | None) -> tuple[datetime, UUID] | None:
    """The place in a list that goes by time. Raises Invalid."""
    if text is None:
        return None
    try:
        at, _, row_id = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
        moment, found = datetime.fromisoformat(at), UUID(row_id)
    except (ValueError, UnicodeError) as error:
        raise _bad_cursor() from error
    if moment.tzinfo is None:
        raise _bad_cursor()
    return moment, found


def or_begin(text: str | None) -> tuple[datetime, UUID] | None:
    """For a page: what is no place in its list begins anew."""
    try:
        return read_cursor(text)
    except Invalid:
        return None


def make_cursor(after: tuple[datetime, UUID] | None) -> str | None:
    """Where a list that goes by time goes on; None when it ends."""
    return base64.urlsafe_b64encode(f"{after[0].isoformat()}|{after[1]}".encode()).decode() if after else None


def _bad_cursor() -> Invalid:
    return Invalid.field("cursor", "bad_cursor", "This cursor does not belong to this list.")
