"""Logs: JSON lines, without anything personal. Never a body, a cookie, a query string or an error's text."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

_stream: TextIO | None = None


def configure(*, stream: TextIO | None = None) -> None:
    """Where lines go; standard error unless said otherwise."""
    global _stream  # noqa: PLW0603  one program, one place for its lines
    _stream = stream
    # Libraries log addresses and bodies at INFO.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s")


class Log:
    """The lines of one part of the program: an event, and facts that name nobody."""

    def __init__(self, name: str) -> None:
        self._name = name

    def info(self, event: str, **facts: Any) -> None:
        self._write("info", event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        self._write("warning", event, facts)

    def error(self, event: str, **facts: Any) -> None:
        self._write("error", event, facts)

    def _write(self, level: str, event: str, facts: dict[str, Any]) -> None:
        line = {**facts, "event": event, "level": level, "log": self._name, "timestamp": datetime.now(UTC)}
        print(msgspec.json.encode(line, enc_hook=str).decode(), file=_stream or sys.stderr, flush=True)


def get(name: str) -> Log:
    return Log(name)


def where(error: BaseException) -> str:
    """Where an error was raised: file and line, without its text, which can hold a phone number."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "?"
