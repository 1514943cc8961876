"""What the demo prints: what it does, and one screen when everything answers."""

from __future__ import annotations

from collections.abc import Sequence

from kikao.demo.place import Place
from kikao.demo.seed import Account


def say(sentence: str) -> None:
    print(sentence, flush=True)


def show(here: Place, password: str, accounts: Sequence[Account]) -> None:
    width = max((len(account.login) for account in accounts), default=0)
    people = "\n".join(f"    {account.login:<{width}}   {account.name}, {account.role}" for account in accounts)
    say(f"""
  Kikao is running, on this machine only. No real money, no real people.

    The practice        {here.url("web")}/
    M-Pesa simulator    {here.url("simulator")}/     phones ring here; the PIN of every phone is 1234
    Mail and SMS        {here.url("sink")}/     everything that was sent (SMTP on port {here.ports["mail"]})

  Sign in as one of these; the password of all of them is   {password}

{people}

  Data, secrets and logs: {here.folder}
  Stop with Ctrl-C; the data stay. To begin anew, remove that folder.
""")
