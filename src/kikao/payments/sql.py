"""Payments' insert of a charge, to be composed: reads a CTE `new_charge`."""

OPEN_CHARGE = """
insert into payments.charge (id, purpose, purpose_id, reference, payer_account, amount, link_hash, created_at)
select id, purpose, purpose_id, reference, payer_account, amount, link_hash, at from new_charge
"""
