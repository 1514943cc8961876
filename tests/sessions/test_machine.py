"""Histories of many sessions: whatever people do, and whenever, nothing of `test_invariants` becomes true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tools import print_verbs

from kikao.payments import wires
from kikao.sessions import evidence, rules
from sessions.machine_practice import BEGINS, Practice
from sessions.machine_scripts import SCRIPTS, tell
from support.alone import Alone
from support.sizes import size

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
STEPS = 24


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Alone]:
    monkeypatch.setitem(wires.decided, "session", evidence.payment_decided)
    monkeypatch.setitem(wires.claim_rejected, "session", evidence.claim_rejected)
    alone = Alone(BEGINS)
    monkeypatch.setattr(Practice, "world", alone, raising=False)
    Practice.seen.clear()
    Practice.lived.clear()
    yield alone
    alone.close()


def built() -> set[tuple[str, str]]:
    """Every verb of the table that has a door, with every status that it leads from; and how a session begins."""
    done = print_verbs.built()
    table = {(verb, status) for verb, lines in rules.STEPS.items() if verb in done
             for line in lines for status in line.come_from}
    return table | {("request", ""), ("book", "")}


def test_random_histories(world: Alone, capsys: pytest.CaptureFixture[str]) -> None:
    run_state_machine_as_test(
        Practice,
        settings=settings(
            max_examples=size("state histories"), stateful_step_count=STEPS, deadline=None, database=None,
            derandomize=True, suppress_health_check=list(HealthCheck), print_blob=False,
            phases=(Phase.generate, Phase.shrink),
        ),
    )
    with capsys.disabled():
        print("\n  " + ", ".join(f"{what} {number:,}" for what, number in sorted(Practice.seen.items())))
    lived = Counter(verb for verb, _ in Practice.lived.elements())
    rare = sorted(verb for verb in {verb for verb, _ in built()} if lived[verb] < 5)
    assert len(rare) < 4, f"hardly any history has {rare}"


def test_every_built_verb_is_lived(world: Alone) -> None:
    """From every status that it leads from, by the journal; each history goes on until nothing is left to do."""
    for steps in SCRIPTS.values():
        practice = Practice()
        try:
            tell(practice, steps)
            practice.come_to_an_end()
        finally:
            world.undo()
    assert built() - Practice.lived.keys() == set(), "no history has these"
