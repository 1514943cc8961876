"""Write the first migration from the schema.sql of every room.

Until the first release that is how it is made: `make migrations` after a change of a schema.sql. From then on
a change is a new numbered revision, and this file goes.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRST = ROOT / "migrations" / "versions" / "0001_first.sql"

# Each stands on those before it.
ROOMS = (
    "core",
    "journal",
    "notifications",
    "accounts",
    "payments",
    "availability",
    "directory",
    "sessions",
)


def schema_file(room: str) -> Path:
    return ROOT / "src" / "kikao" / room / "schema.sql"


def up() -> str:
    return "\n".join(schema_file(room).read_text() for room in ROOMS)


def down() -> str:
    schemas = [f"drop schema {room} cascade;\n" for room in reversed(ROOMS)]
    return "".join(schemas) + "drop extension btree_gist;\n"


def main() -> None:
    FIRST.write_text(up())
    FIRST.with_suffix(".down.sql").write_text(down())


if __name__ == "__main__":
    main()
