"""What payments refuse, by name."""

from __future__ import annotations

from kikao.core.errors import Refusal


class AlreadyPaid(Refusal):
    code, detail = "already_paid", "This is paid already. Nothing more is owed."


class PromptOpen(Refusal):
    """`attemptId` stands in the facts when it is an attempt for this very charge."""

    code = "prompt_open"
    detail = "A request is still open on the phone. Please answer it there, or wait until it ends."


class ClaimTaken(Refusal):
    code, detail = "code_taken", "This code has been handed in before. Please ask the practice."


class ReceiptTaken(Refusal):
    code, detail = "receipt_taken", "This payment is noted already, here or for somebody else."


class OtherAmount(Refusal):
    """What has to go back is less than its page showed: `amount` in KES."""

    code = "other_amount"
    detail = "The amount has changed since you looked, because M-Pesa took some of it back. Please look at it again."
