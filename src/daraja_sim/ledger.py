"""One ledger for all the simulated money. Money only moves between accounts, so the sum is always 0."""

from collections import defaultdict
from dataclasses import dataclass

OUTSIDE = "outside"  # where the money that fills wallets comes from; its balance is negative
UTILITY = "utility"  # the paybill's account that customers' payments reach


def wallet(number: str) -> str:
    return "wallet:" + number


class NotEnough(Exception):
    """The account holds less than the amount."""


@dataclass(frozen=True, slots=True)
class Entry:
    at: float
    source: str
    target: str
    amount: int
    kind: str
    receipt: str = ""
    reference: str = ""


class Ledger:
    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._balances: defaultdict[str, int] = defaultdict(int)

    def balance(self, account: str) -> int:
        """Whole KSh."""
        return self._balances.get(account, 0)

    def balances(self) -> dict[str, int]:
        return dict(self._balances)

    def move(self, entry: Entry) -> None:
        """Record one movement. Raises NotEnough, ValueError for an amount below 1 or a move to itself."""
        if entry.amount < 1 or entry.source == entry.target:
            raise ValueError("a movement has a positive amount and two accounts")
        if entry.source != OUTSIDE and self.balance(entry.source) < entry.amount:
            raise NotEnough(entry.source)
        self._balances[entry.source] -= entry.amount
        self._balances[entry.target] += entry.amount
        self.entries.append(entry)

    def set_balance(self, account: str, amount: int, at: float) -> None:
        """Bring a wallet to a balance by a movement with the outside. Raises ValueError below 0."""
        if amount < 0:
            raise ValueError("a balance is at least 0")
        difference = amount - self.balance(account)
        if difference > 0:
            self.move(Entry(at, OUTSIDE, account, difference, "deposit"))
        elif difference < 0:
            self.move(Entry(at, account, OUTSIDE, -difference, "withdrawal"))
