"""The journal's insert, to be composed: reads a CTE `new_entry` (id, at, by_account, verb, noun, noun_id, facts)."""

RECORD = """
insert into journal.entry (id, at, by_account, verb, noun, noun_id, facts)
select id, at, by_account, verb, noun, noun_id, facts from new_entry
"""
