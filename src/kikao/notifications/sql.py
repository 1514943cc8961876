"""The outbox's insert, to be composed: reads a CTE `new_message` (id, kind, about, recipient, version, at, due_at)."""

POST = """
insert into notifications.outbox (id, kind, about, recipient, version, created_at, due_at)
select id, kind, about, recipient, version, at, due_at from new_message
on conflict on constraint message_once do nothing
"""
