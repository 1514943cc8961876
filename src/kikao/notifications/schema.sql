-- notifications: the outbox. Rows hold ids; the text is made when it is sent.
create schema notifications;

create table notifications.outbox (
    id uuid primary key,
    kind text not null,
    about uuid not null,                 -- the row that the message is about, in the room of its kind
    recipient uuid not null,             -- a person, or a contact for codes
    version integer not null default 1,  -- a moved session tells again
    created_at timestamptz not null,
    due_at timestamptz,                  -- null: sent, or dropped
    tries smallint not null default 0,
    taken_until timestamptz,
    last_error text,
    sent_at timestamptz,
    channel text constraint outbox_channel check (channel in ('email', 'sms')),
    dropped_at timestamptz,
    dropped_why text,
    told_at timestamptz,                 -- by telephone, when no channel could reach its reader
    told_by uuid,
    constraint message_once unique (about, kind, recipient, version),
    constraint sent_or_dropped_or_due check (num_nonnulls(due_at, sent_at, dropped_at) = 1),
    constraint sent_by_a_channel check ((sent_at is null) or (channel is not null)),
    constraint dropped_with_a_reason check ((dropped_at is null) = (dropped_why is null)),
    constraint told_by_somebody check ((told_at is null) = (told_by is null)),
    constraint told_when_nothing_else_did check (told_at is null or dropped_at is not null)
);
-- Whom somebody has to ring: short, however much was dropped because it was true no longer.
create index outbox_untold on notifications.outbox (dropped_at, id)
    where dropped_at is not null and told_at is null and dropped_why not in
        ('no longer true', 'reader is blocked', 'reader is deceased', 'reader is erased');
create index outbox_due on notifications.outbox (due_at) where due_at is not null;

-- Since when a way out fails, whoever the message is for: the first failure after its last success.
create table notifications.way (
    channel text primary key constraint way_word check (channel in ('email', 'sms')),
    failing_since timestamptz not null,
    reason text not null                 -- a channel's own word, never an address or a text
);

create view notifications.message as
select id, kind, about, recipient, version, created_at, due_at, tries, last_error, sent_at, channel, dropped_at,
       dropped_why, told_at
from notifications.outbox;

create view notifications.failing as select channel, failing_since, reason from notifications.way;
