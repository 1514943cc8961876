"""How a prompt can end: the codes that callbacks and queries carry."""

from dataclasses import dataclass

DESCRIPTIONS = {
    "0": "The service request is processed successfully.",
    "1": "The balance is insufficient for the transaction.",
    "2": "Declined due to limit rule: less than the minimum transaction amount.",
    "3": "Declined due to limit rule: greater than the maximum transaction amount.",
    "4": "Declined due to limit rule: would exceed the daily transfer limit.",
    "8": "Declined due to limit rule: would exceed the maximum balance.",
    "17": "Rule limited.",
    "26": "System busy. Please try again in few minutes.",
    "1001": "Unable to lock subscriber, a transaction is already in process for the current subscriber.",
    "1019": "Transaction has expired.",
    "1025": "An error occurred while sending a push request.",
    "1031": "Request cancelled by user.",
    "1032": "Request cancelled by user.",
    "1036": "SMSC ACK timeout.",
    "1037": "DS timeout user cannot be reached.",
    "2001": "The initiator information is invalid.",
    "2006": "The account status does not allow the transaction.",
    "2028": "The request is not permitted according to product assignment.",
    "8006": "The security credential is locked.",
    "9999": "Request failed. An error occurred while sending a push request.",
    "SFC_IC0003": "The operator does not exist.",
}


@dataclass(frozen=True, slots=True)
class Result:
    code: str
    description: str

    @property
    def wire_code(self) -> int | str:
        """A number in the callback, except for the codes that have letters."""
        return int(self.code) if self.code.isdecimal() else self.code


def result(code: str, description: str = "") -> Result:
    return Result(code, description or DESCRIPTIONS.get(code, "The transaction failed."))


PAID = result("0")
CANCELLED = Result("1032", "Request cancelled by user")
NO_ANSWER = Result("1037", "No response from user.")
UNREACHABLE = result("1037")
