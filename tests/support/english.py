"""English that was left where somebody reads Swahili."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kikao.core.lines import JOINER, SPACE

# Words that stand in nearly every English sentence, and in none in Swahili.
_WORDS = re.compile(
    r"\b(the|and|you|your|with|not|this|that|when|what|from|are|was|be|it|is|until|back|time|pay|code)\b", re.IGNORECASE
)
# Safaricom's own name of a menu.
_MENU = "Pay Bill"


def left(text: str, typed: Iterable[str] = ()) -> list[str]:
    """Lines with an English word; `typed` is what people wrote themselves, in whatever language."""
    text = text.replace(SPACE, " ").replace(JOINER, "")
    for known in typed:
        text = text.replace(known, "")
    return [line for line in text.splitlines() if _WORDS.search(line.replace(_MENU, ""))]
