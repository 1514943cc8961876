"""What stands in the database, so that a test can say that nothing changed."""

from __future__ import annotations

from kikao.core.db import Database

# Counted tries and looks are no effect: how often somebody knocked, and when somebody was last seen.
KNOCKING = frozenset({"core.counter", "core.recent"})
_LOOKS = {"accounts.sign_in": "- 'seen_at'", "accounts.verification": "- 'tries'",
          "accounts.account": "- 'wrong_tries' - 'locked_until'"}

Picture = dict[str, tuple[int, str]]


async def picture(db: Database, *, without: frozenset[str] = frozenset()) -> Picture:
    """Rows and their fingerprint, of every table of ours, whatever tables there are."""
    async with db.connection() as conn:
        tables = [
            row["name"]
            for row in await conn.fetch(
                """
                select schemaname || '.' || tablename as name from pg_tables
                where schemaname not in ('pg_catalog', 'information_schema') order by 1
                """
            )
        ]
        wanted = [name for name in tables if name not in KNOCKING | without]
        parts = (
            f"select '{name}' as name, count(*) as rows, md5(coalesce(string_agg(shown, e'\\n' order by shown), ''))"
            f" as print from (select (to_jsonb(t) {_LOOKS.get(name, '')})::text as shown from {name} t) x"
            for name in wanted
        )
        return {row["name"]: (row["rows"], row["print"]) for row in await conn.fetch(" union all ".join(parts))}


def changed(before: Picture, after: Picture) -> list[str]:
    """Names of the tables in which something is different."""
    return [name for name in after if before.get(name) != after[name]]


NO_NIGHT = """
insert into core.setting (name, value, from_at, set_at, set_by, reason)
select 'notifications.quiet_from_hour', to_jsonb(quiet_until), begun, begun, gen_random_uuid(), 'a test at any hour'
from (values (7, now() - interval '1 year')) as setting (quiet_until, begun)
"""
