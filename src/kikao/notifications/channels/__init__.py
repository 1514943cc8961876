"""Ways out of the building. A channel sends one message once, and says in one word why it could not.

Reasons are stored and logged, so they hold no address, no number and no text.
"""

from __future__ import annotations

import msgspec

# Nothing is wrong with the message or its reader: the practice's own account or set-up is. The
# message waits, and the operator has to act.
OURS = frozenset(
    {"mail_tls", "mail_sign_in", "mail_sender", "sms_sign_in", "sms_sender_id", "sms_balance", "sms_held"}
)


class Sent(msgspec.Struct, frozen=True):
    """`reference` is the name under which the other computer may ask or answer: a Message-ID, an SMS id."""

    reference: str


class Failure(Exception):
    def __init__(self, reason_code: str) -> None:
        super().__init__(reason_code)
        self.reason_code = reason_code

    @property
    def ours(self) -> bool:
        return self.reason_code in OURS


class TemporaryFailure(Failure):
    """Worth another try later. After `no_answer` the message may have arrived all the same."""


class PermanentFailure(Failure):
    """The same message to the same reader will not go through."""
