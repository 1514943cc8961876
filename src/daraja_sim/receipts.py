"""Receipt numbers as M-Pesa writes them: ten characters, the first three of which say the day."""

import random
from datetime import date

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
DAYS = "123456789ABCDEFGHIJKLMNOPQRSTUV"
FIRST_YEAR = 2006  # the year of A; U is 2026


def day_letters(day: date) -> str:
    """Year A = 2006 (round again after Z), month A to L, day 1 to 9 and then A to V."""
    return chr(65 + (day.year - FIRST_YEAR) % 26) + chr(64 + day.month) + DAYS[day.day - 1]


class Receipts:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._used: set[str] = set()

    def new(self, day: date) -> str:
        while True:
            receipt = day_letters(day) + "".join(self._chance.choices(ALPHABET, k=7))
            if receipt not in self._used:
                self._used.add(receipt)
                return receipt
