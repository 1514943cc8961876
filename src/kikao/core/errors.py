"""What can be refused, by name. A refusal carries facts; the edge turns it into a page or a problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One refused field: its name as the caller wrote it, a stable code, a sentence."""

    field: str
    code: str
    detail: str


class Refusal(Exception):
    """Something that a caller asked for and does not get.

    `status` is the HTTP status, `code` a stable name for programs, `detail` a sentence for people
    (an English msgid with `{facts}`, translated at the edge), `facts` what stands in both.
    """

    status = 409
    code = "refused"
    detail = "That is not possible."

    def __init__(
        self, detail: str | None = None, *, fields: list[FieldError] | None = None, **facts: Any
    ) -> None:
        self.detail = detail or self.detail
        self.fields = fields or []
        self.facts = facts
        super().__init__(self.code)


class NotSignedIn(Refusal):
    status, code, detail = 401, "not_signed_in", "Please sign in first."


class Forbidden(Refusal):
    status, code, detail = 403, "forbidden", "Your account may not do this."


class NotFound(Refusal):
    status, code, detail = 404, "not_found", "This cannot be found, or it belongs to another account."


class Invalid(Refusal):
    """Read, but refused: `fields` says which."""

    status, code, detail = 422, "invalid", "Something that was sent cannot be used."

    @classmethod
    def field(cls, field: str, code: str, detail: str, **facts: Any) -> Invalid:
        return cls(detail, fields=[FieldError(field, code, detail)], **facts)


def refused(check: Callable[[], Any]) -> Invalid | None:
    """The fields that this check refuses."""
    try:
        check()
    except Invalid as refusal:
        return refusal
    return None


def all_of(*refusals: Invalid | None) -> Invalid | None:
    """Several refused fields as one refusal, so that one correction is enough."""
    fields = [field for refusal in refusals if refusal for field in refusal.fields]
    return Invalid(fields=fields) if fields else None


class TooOften(Refusal):
    """`retryAfter` seconds stand in the facts and in the Retry-After header."""

    status, code, detail = 429, "too_often", "That was too often. Please wait a little."


class InProgress(Refusal):
    code, detail = "in_progress", "The same request is still being worked on. Please try again in a moment."


class KeyReused(Refusal):
    status, code = 422, "idempotency_key_reused"
    detail = "This Idempotency-Key was used before with another request."


class NotPossible(Refusal):
    """The thing is in a state from which this cannot be done; `sessionStatus` in the facts says which, and its sentence
    says it in plain words."""

    code, detail = "not_possible", "This is not possible now. {sessionStatus}"


class Busy(Refusal):
    status, code, detail = 503, "busy", "The system is busy. Please try again in a moment."


# How a thing stands, as a sentence, by the word that a fact of a refusal has for it. Rooms add theirs at import.
STANDS: dict[str, str] = {}
# A constraint's name becomes its error here, and nowhere else. Rooms add theirs at import.
BY_CONSTRAINT: dict[str, type[Refusal]] = {}


def from_constraint(name: str | None) -> Refusal | None:
    kind = BY_CONSTRAINT.get(name or "")
    return kind() if kind else None
