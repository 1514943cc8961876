"""Brings the catalogues up to the code: `make catalogue`.

Every string that people read is found here: what `_`, `gettext`, `ngettext` and `later` are given, the sentences of
refusals and of their fields, and what the templates say. New ones come into each catalogue without a translation, and
what nothing says any more goes. Nothing is guessed from a string that looks alike.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

KIKAO = Path(__file__).resolve().parents[1] / "src" / "kikao"
LOCALES = KIKAO / "core" / "locale"
ONE = ("_", "gettext", "later")
# As `core.render` reads them.
JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true", "silent": "false"}
KEYWORDS = ("_", "gettext", "ngettext")

Msgid = str | tuple[str, str]


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def name_of(node: ast.expr) -> str:
    """`gettext` of `gettext(…)` and of `i18n.gettext(…)`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def refusals(trees: list[ast.Module]) -> set[str]:
    """The names of every class that comes from `core.errors.Refusal`."""
    bases = {
        node.name: {name_of(base) for base in node.bases}
        for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    }
    found = {"Refusal"}
    while more := {name for name, its in bases.items() if its & found} - found:
        found |= more
    return found


def _details(node: ast.ClassDef) -> Iterator[str | None]:
    """`detail = "…"` of a class, also as one of several: `code, detail = "gone", "It is gone."`."""
    for line in node.body:
        if isinstance(line, ast.Assign):
            for target in line.targets:
                if isinstance(target, ast.Tuple) and isinstance(line.value, ast.Tuple):
                    pairs = zip(target.elts, line.value.elts, strict=True)
                    yield from (_text(value) for name, value in pairs if name_of(name) == "detail")
                elif name_of(target) == "detail":
                    yield _text(line.value)


def _called(node: ast.Call, kinds: set[str]) -> Msgid | None:
    """What this call says to people."""
    name, given = name_of(node.func), node.args
    keywords = {word.arg: word.value for word in node.keywords}
    if name in ONE and given:
        return _text(given[0])
    if name == "ngettext" and len(given) > 1:
        one, many = _text(given[0]), _text(given[1])
        return (one, many) if one is not None and many is not None else None
    of_a_field = name == "field" and isinstance(node.func, ast.Attribute) and name_of(node.func.value) in kinds
    if name == "FieldError" or of_a_field:
        return _text(given[2] if len(given) > 2 else keywords.get("detail"))
    if name in kinds:
        return _text(given[0] if given else keywords.get("detail"))
    return None


def in_python(tree: ast.Module, kinds: set[str]) -> Iterator[Msgid]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (said := _called(node, kinds)):
            yield said
        if isinstance(node, ast.ClassDef) and node.name in kinds:
            yield from (text for text in _details(node) if text)


def in_template(path: Path) -> Iterator[Msgid]:
    with path.open("rb") as opened:
        for _line, function, said, _comments in babel_extract(opened, KEYWORDS, (), JINJA):
            texts = [text for text in (said if isinstance(said, tuple) else (said,)) if text is not None]
            if function == "ngettext" and len(texts) > 1:
                yield texts[0], texts[1]
            elif texts:
                yield texts[0]


def extracted(root: Path = KIKAO) -> Catalog:
    """Every string of the tree, with the files that say it."""
    found = Catalog(fuzzy=False, charset="utf-8")
    trees = {path: ast.parse(path.read_text()) for path in sorted(root.rglob("*.py"))}
    kinds = refusals(list(trees.values()))
    for path, tree in trees.items():
        for said in in_python(tree, kinds):
            found.add(said, locations=[(path.relative_to(root).as_posix(), 0)])
    for path in sorted((*root.glob("*/templates/*.html"), *root.glob("*/templates/*.txt"))):
        for said in in_template(path):
            found.add(said, locations=[(path.relative_to(root).as_posix(), 0)])
    return found


def catalogues() -> list[Path]:
    return sorted(LOCALES.glob("*/LC_MESSAGES/kikao.po"))


def read(path: Path) -> Catalog:
    with path.open("rb") as opened:
        return read_po(opened, locale=path.parts[-3])


def told(message: Message) -> tuple[str, ...]:
    """The translation, in each plural form."""
    string = message.string
    return (string or "",) if isinstance(string, str) or string is None else tuple(string)


def missing(catalogue: Catalog) -> list[str]:
    """Strings without a whole translation."""
    return [
        message.id if isinstance(message.id, str) else message.id[0] for message in catalogue
        if message.id and not all(told(message))
    ]


def update(path: Path, found: Catalog) -> list[str]:
    """Write the catalogue anew; what is still to be translated."""
    old, new = read(path), Catalog(locale=path.parts[-3], charset="utf-8", fuzzy=False, project="Kikao", version="1")
    for message in found:
        if message.id:
            known = old.get(message.id)
            files = sorted({(file, 0) for file, _line in message.locations})
            new.add(message.id, known.string if known and known.id == message.id else "", locations=files)
    new.header_comment = old.header_comment
    with path.open("wb") as opened:
        write_po(opened, new, width=0, sort_output=True, include_lineno=False, omit_header=False)
    _without_the_hour(path)
    return missing(read(path))


def _without_the_hour(path: Path) -> None:
    """When it was written would make each catalogue differ from every other one."""
    lines = path.read_text().splitlines(keepends=True)
    unwanted = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By', '"Last-Translator', '"Report-Msgid')
    path.write_text("".join(line for line in lines if not line.startswith(unwanted)))


def main() -> int:
    found = extracted()
    for path in catalogues():
        lacking = update(path, found)
        print(f"{path.parts[-3]}: {len(found)} strings, {len(lacking)} without a translation")
        for text in lacking:
            print(f"  {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
