"""The benchmark runs the statement that the program runs."""

from __future__ import annotations

import pytest
from bench import booking


def test_every_name_of_the_booking_statement_has_a_value_under_pgbench(monkeypatch: pytest.MonkeyPatch) -> None:
    assert booking.without_a_value() == set()
    monkeypatch.delitem(booking._EXPRESSIONS, "asker_id")
    assert booking.without_a_value() == {"asker_id"}
