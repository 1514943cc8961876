"""The words of the SMS that M-Pesa sends to the customer."""

from datetime import datetime


def ksh(amount: int) -> str:
    return f"Ksh{amount:,}.00"


def paid(*, receipt: str, amount: int, business: str, reference: str, at: datetime, balance: int) -> str:
    clock = f"{at:%I:%M %p}".lstrip("0")
    day = f"{at.day}/{at.month}/{at:%y}"
    return (
        f"{receipt} Confirmed. {ksh(amount)} sent to {business} for account {reference} on {day} at {clock}. "
        f"New M-PESA balance is {ksh(balance)}. Transaction cost, Ksh0.00."
    )


def not_enough(amount: int, business: str, balance: int) -> str:
    return (
        f"Failed. You do not have enough money in your M-PESA account to pay {ksh(amount)} to {business}. "
        f"Your M-PESA balance is {ksh(balance)}."
    )


WRONG_PIN = "You have entered the wrong PIN. Please try again."
PIN_LOCKED = "Your M-PESA PIN is locked. Please call customer care."
