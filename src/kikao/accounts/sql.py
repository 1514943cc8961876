"""Whether there is a consent for somebody that counts now, as a part of SQL: an expression over :client_id and :now.

A grown-up agrees themselves; for a child, and for somebody who is cared for, whoever acts for them, while they do. So
what a parent agreed to counts no more from the eighteenth birthday on.
"""

AGREED = """
exists (
    select from accounts.valid_consent v where v.person_id = :client_id::uuid
    and (v.given_by = :client_id::uuid and not exists (
             select from accounts.people c where c.id = :client_id::uuid and c.of_age_at > :now::timestamptz)
         or exists (select from accounts.may_act_for f where f.by_person = v.given_by
                    and f.person_id = :client_id::uuid and f.ends_at > :now::timestamptz)))
"""
