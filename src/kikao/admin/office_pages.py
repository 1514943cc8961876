"""What an admin alone sees, together."""

from __future__ import annotations

from typing import Any

from kikao.admin import (
    decision_pages,
    journal_pages,
    line_pages,
    paper_pages,
    people_pages,
    person_pages,
    picture_pages,
    place_pages,
    psychologist_pages,
    setting_pages,
)

pages: list[Any] = [
    *decision_pages.pages, *journal_pages.pages, *line_pages.pages, *paper_pages.pages, *people_pages.pages,
    *person_pages.pages, *picture_pages.pages, *place_pages.pages, *psychologist_pages.pages, *setting_pages.pages,
]
