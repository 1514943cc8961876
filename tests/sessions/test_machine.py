"""Histories of many sessions: whatever people do, and whenever, nothing of `test_invariants` becomes true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture.engine import ConjectureRunner
from hypothesis.stateful import run_state_machine_as_test
from tools import print_verbs

from kikao.payments import wires
from kikao.sessions import evidence, rules
from sessions.machine_practice import BEGINS, Practice
from sessions.machine_scripts import ACCEPTED, SCRIPTS, tell
from support.alone import Alone
from support.sizes import size

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
STEPS = 20


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Alone]:
    monkeypatch.setitem(wires.decided, "session", evidence.payment_decided)
    monkeypatch.setitem(wires.claim_rejected, "session", evidence.claim_rejected)
    alone = Alone(BEGINS)
    # Histories of their own, instead of five that are nearly the same after each.
    monkeypatch.setattr(ConjectureRunner, "generate_mutations_from", lambda _runner, _data: None)
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
    assert {verb: lived[verb] for verb, _ in built() if lived[verb] < 5} == {}, "hardly any history has these"


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


# What would be wrong: said to the machine as done, or as refused.
WRONG = {
    "without a line in the journal": ("update sessions.session set updated_at = updated_at + interval '1 hour'", True),
    "complete": ("insert into journal.entry (id, at, by_account, verb, noun, noun_id)"
                 " select id, now(), id, 'complete', 'session', id from sessions.session", True),
    "a refusal changed something": ("update payments.charge set open_until = now()", False),
    "ledger": ("update payments.charge set paid = paid + 1", True),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_noticed(world: Alone, what: str) -> None:
    statement, done = WRONG[what]
    practice = Practice()
    try:
        tell(practice, ACCEPTED)
        world.run(world.conn.execute(statement))
        practice.done = done
        with pytest.raises(AssertionError, match=what):
            practice.look_around()
    finally:
        world.undo()


def test_without_the_clock_something_is_left(world: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Practice, "all_that_is_due", lambda _practice: 0)
    practice = Practice()
    try:
        tell(practice, ACCEPTED)
        with pytest.raises(AssertionError, match="are left"):
            practice.come_to_an_end()
    finally:
        world.undo()
