"""Every string that people read has a whole translation, and a string that the catalogue cannot find is noticed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from tools import catalogue

from kikao import wiring_work
from kikao.admin import words
from kikao.core import i18n
from kikao.notifications import kinds
from support.tree import KIKAO, python_files, shown

pytestmark = pytest.mark.house
FOUND = catalogue.extracted()
PATHS = catalogue.catalogues()
MARKS = re.compile(r"%%[a-z]|%\(\w+\)s|\{\w+\}")


def whole(message: Message) -> bool:
    """Translated, in every plural form, with the same facts in it, and not by guess."""
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    told = catalogue.told(message)
    marks = [set(MARKS.findall(text)) for text in told]
    alike = marks[-1] == set(MARKS.findall(ids[-1])) and all(one <= marks[-1] for one in marks)
    edges = all((text[:1] == " ", text[-1:] == " ") == (ids[0][:1] == " ", ids[0][-1:] == " ") for text in told)
    return all(told) and len(told) >= len(ids) and alike and edges and not message.fuzzy


def keys(of: Catalog) -> set[str | tuple[str, ...]]:
    return {message.id if isinstance(message.id, str) else tuple(message.id) for message in of if message.id}


def unclear(tree: ast.Module) -> list[int]:
    """Lines that mark or translate something put together: no catalogue can hold it."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    made = (ast.JoinedStr, ast.BinOp)
    return [
        node.lineno for node in calls
        if (catalogue.name_of(node.func) in catalogue.ONE and isinstance(node.args[0], made))
        or (catalogue.name_of(node.func) == "later" and not isinstance(node.args[0], ast.Constant))
    ]


def test_every_language_but_english_has_its_catalogue() -> None:
    assert [path.parts[-3] for path in PATHS] == sorted(code for code, _name in i18n.LANGUAGES if code != i18n.ENGLISH)
    assert all(path == i18n.catalogue_path(path.parts[-3]) for path in PATHS)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parts[-3])
def test_every_string_is_translated_and_no_other(path: Path) -> None:
    """What to do when this fails: `make catalogue`, then fill in what it prints."""
    read = catalogue.read(path)
    assert [message.id for message in read if message.id and not whole(message)] == []
    assert keys(read) - keys(FOUND) == set(), "no longer said: make catalogue"
    assert keys(FOUND) - keys(read) == set(), "not in the catalogue yet: make catalogue"
    assert not read.obsolete


def test_what_is_not_whole_is_noticed() -> None:
    for text, told in (("a", ""), ("%(a)s", "a"), ("a", "%(a)s"), ("{a}", "{b}"), (" a", "a"), ("%%d", "%%h")):
        assert not whole(Message(text, told)), (text, told)
    assert not whole(Message(("one", "%(num)s"), ("mmoja", "")))
    assert not whole(Message("a", "b", flags={"fuzzy"}))
    assert whole(Message(("one", "%(num)s"), ("moja", "%(num)s")))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parts[-3])
def test_plurals_are_told_apart(path: Path) -> None:
    with i18n.speaking(path.parts[-3]):
        one, many = (i18n.ngettext("one free time", "%(num)s free times", number) for number in (1, 2))
    assert one != many
    assert "free" not in one + many


def test_no_string_is_put_together_before_it_is_translated() -> None:
    files = [path for path in python_files() if path.is_relative_to(KIKAO)]
    assert [f"{shown(path)}:{line}" for path in files for line in unclear(ast.parse(path.read_text()))] == []


def test_a_string_that_is_put_together_is_noticed() -> None:
    assert unclear(ast.parse("_(f'{a} b')\n_('a' + b)\nlater(a)\n_('a' 'b')\n_(a)\nlater('a')")) == [1, 2, 3]


def test_every_way_to_say_something_is_found() -> None:
    program = """
class Gone(Refusal):
    status, code, detail = 404, "gone", "detail of several"
class Older(Gone):
    detail = "detail alone"
def verb():
    raise Older("said when raised")
    raise Invalid.field("name", "code", "said of a field")
    FieldError("name", "code", "said of another")
    later("marked"); _("said"); i18n.gettext("said long"); ngettext("one", "many", 2)
    Unrelated("not for people"); field("a", "b", "nor this")
"""
    tree = ast.parse(program)
    kinds = catalogue.refusals([tree]) | {"Invalid"}
    assert set(catalogue.in_python(tree, kinds)) == {
        "detail of several", "detail alone", "said when raised", "said of a field", "said of another", "marked",
        "said", "said long", ("one", "many"),
    }


def test_every_kind_of_message_has_a_name_for_the_desk() -> None:
    wiring_work.wire()
    assert set(kinds.KINDS) - set(words.KINDS) == set()
