"""Histories that are told step by step and go through the same deeds as the random ones: what chance may leave out.

A step is a side and its verb, with who did not come or the share of the money; or one of the words of `play`. Each must
succeed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kikao.core.ids import new_id
from sessions.machine_looks import Seen
from sessions.machine_practice import Practice
from sessions.machine_verbs import prove_elsewhere

Step = tuple[Any, ...]
HOUR = 60
C, P, D, A = "client", "psychologist", "desk", "admin"
ASKED: tuple[Step, ...] = (("ask", "amina", "otieno"),)
ACCEPTED: tuple[Step, ...] = (*ASKED, (P, "approve"))
PAID: tuple[Step, ...] = (*ACCEPTED, ("money", 1.0))
TYPED: tuple[Step, ...] = (*ACCEPTED, (C, "submit a payment code"))

SCRIPTS: dict[str, tuple[Step, ...]] = {
    "kept longer, declined by mistake, then cancelled": (
        *ASKED, (D, "extend"), (P, "decline"), (P, "correct"), (C, "cancel")),
    "nobody answers": (*ASKED, ("later", 25 * HOUR), ("clock",)),
    "nobody pays in time, then it is paid": (*ACCEPTED, ("later", 25 * HOUR), ("clock",), ("money", 1.0)),
    "booked by hand and kept longer, a code, cancelled": (
        ("book", "wambui", "baraka"), (D, "extend"), (C, "submit a payment code"), (D, "cancel")),
    "taken at once, cancelled": (("take", "everyone at once"), ("ask", "amina", "wanjiru"), (C, "cancel")),
    "known, then taken at once": (
        ("ask", "amina", "wanjiru"), (P, "approve"), ("money", 1.0), ("from its start", 0), (P, "complete"),
        ("take", "known clients at once"), ("ask", "amina", "wanjiru"), (C, "submit a payment code"), (D, "verify")),
    "a code is refused, the next one is proved; cancelled late, and more comes back": (
        *ASKED, (D, "approve"), (C, "submit a payment code"), (A, "extend"), (D, "reject the code"),
        (C, "submit a payment code"), ("money", 1.0), ("from its start", -30 * HOUR), (C, "cancel"),
        (A, "give back more", 0.5)),
    "the code was for something else": (*TYPED, ("elsewhere",), (C, "cancel")),
    "nobody checks the code in time, then the money comes": (*TYPED, ("later", 48 * HOUR), ("clock",), ("money", 1.0)),
    "a code that is checked, and who did not come objects": (
        *TYPED, (D, "verify"), ("from its start", 0), (C, "start"), ("from its start", 15),
        (P, "mark a no-show"), (C, "object"), (A, "decide", "psychologist")),
    "cash in two parts; it did not take place, and it did": (
        *ACCEPTED, (D, "verify", 0.4), (D, "verify"), ("from its start", 0), (P, "complete"), (C, "object"),
        (A, "decide"), (P, "correct"), (A, "correct"), (A, "give back more", 0.5)),
    "too little, then too much; in progress and completed": (
        *ACCEPTED, ("money", 0.4), ("money", 1.2), ("from its start", -15), (C, "start"), (P, "start"),
        (P, "complete")),
    "waived, met, broken off": (
        *ACCEPTED, (A, "waive"), ("from its start", 0), (P, "start"), (P, "break off")),
    "waived while a code is checked": (*TYPED, (A, "waive"), ("from its start", 30), (D, "cancel")),
    "who was waited for says that they came; more comes back": (
        *PAID, ("from its start", 15), (C, "mark a no-show"), (P, "object"), (A, "decide", "client"),
        (A, "give back more", 0.5)),
    "nobody says anything": (*PAID, ("from its start", 25 * HOUR), ("clock",)),
    "nobody says that it is over": (
        *PAID, ("from its start", 0), (P, "start"), ("from its start", 25 * HOUR), ("clock",), ("later", 170 * HOUR),
        ("clock",)),
}


def tell(practice: Practice, steps: tuple[Step, ...]) -> None:
    practice.take("asks first")
    for step in steps:
        practice.done = False
        play(practice, step)
        assert practice.done or step[0] in ("take", "later", "from its start"), f"refused: {step}"
        practice.look_around()


def play(practice: Practice, step: Step) -> None:
    match step:
        case ("take", how):
            practice.take(how)
        case ("ask", client, psychologist):
            practice.ask(client, psychologist, (0, 0))
        case ("book", who, client):
            practice.book(who, client, (0, 0), "They rang.")
        case ("later", minutes):
            practice.now += timedelta(minutes=minutes)
        case ("from its start", minutes):
            practice.now = latest(practice).starts_at + timedelta(minutes=minutes)
        case ("clock",):
            practice.all_that_is_due()
        case ("money", part):
            practice.arrive(latest(practice).id, part)
        case ("elsewhere",):
            practice.do("code proved", prove_elsewhere(
                practice.world.conn, latest(practice).id, new_id(), practice.now))
        case (side, verb):
            practice.act(verb, latest(practice).id, side)
        case (side, verb, float(share)):
            practice.act(verb, latest(practice).id, side, share=share)
        case (side, verb, says):
            practice.act(verb, latest(practice).id, side, says=says)


def latest(practice: Practice) -> Seen:
    return list(practice.sessions.values())[-1]
