"""Payments' insert of a charge, to be composed: reads a CTE `new_charge`. `open_until`: until when it may be paid."""

OPEN_CHARGE = """
insert into payments.charge (id, purpose, purpose_id, reference, payer_account, amount, link_hash, open_until,
                             created_at)
select id, purpose, purpose_id, reference, payer_account, amount, link_hash, open_until, at from new_charge
"""
