-- availability: when a psychologist can be met. Times of day are local to the psychologist's zone.
create schema availability;

-- A room in which people are seen. A session keeps its place, so a place is closed, never deleted.
create table availability.place (
    id uuid primary key,
    name text not null constraint place_name_length check (length(name) between 1 and 60),
    address text not null constraint place_address_length check (length(address) between 1 and 200),
    created_at timestamptz not null,
    closed_at timestamptz
);
create unique index place_name_once on availability.place (lower(name)) where closed_at is null;

-- One row a psychologist. Null: the practice's number counts.
create table availability.calendar (
    psychologist_id uuid primary key references accounts.person,
    time_zone text not null default 'Africa/Nairobi'
        constraint calendar_zone check (timezone(time_zone, timestamp '2000-01-01') is not null),
    buffer_minutes smallint constraint buffer_range check (buffer_minutes between 0 and 240),
    notice_minutes integer constraint notice_range check (notice_minutes between 0 and 43200),
    horizon_days smallint constraint horizon_range check (horizon_days between 1 and 365),
    step_minutes smallint constraint step_range check (step_minutes between 5 and 240)
);

-- Weekly hours. Minutes past local midnight: `until` may be 1440, the end of the day.
create table availability.hours (
    id uuid primary key,
    psychologist_id uuid not null references availability.calendar,
    weekday smallint not null constraint weekday_range check (weekday between 1 and 7),   -- Monday is 1
    from_minute smallint not null,
    until_minute smallint not null,
    modes text[] not null constraint hours_modes
        check (modes <> '{}' and modes <@ array['Online', 'In Person', 'Phone']),
    place_id uuid references availability.place,
    constraint hours_within_a_day check (from_minute >= 0 and from_minute < until_minute and until_minute <= 1440),
    constraint place_for_in_person check ((place_id is not null) = ('In Person' = any (modes))),
    constraint hours_do_not_overlap
        exclude using gist (psychologist_id with =, weekday with =, int4range(from_minute, until_minute) with &&)
);

-- A day, or a part of one, that differs from the week.
create table availability.exception (
    id uuid primary key,
    psychologist_id uuid not null references availability.calendar,
    on_date date not null,
    from_minute smallint not null default 0,
    until_minute smallint not null default 1440,
    kind text not null constraint exception_kind check (kind in ('off', 'extra')),
    modes text[] not null default '{Online}' constraint exception_modes
        check (modes <> '{}' and modes <@ array['Online', 'In Person', 'Phone']),
    place_id uuid references availability.place,
    created_at timestamptz not null,
    created_by uuid not null,
    constraint exception_within_a_day check (from_minute >= 0 and from_minute < until_minute and until_minute <= 1440),
    constraint place_for_extra_in_person
        check ((place_id is not null) = (kind = 'extra' and 'In Person' = any (modes))),
    -- Nobody is at two places at once; hours that overlap are refused anyway, and extra goes before them.
    constraint extra_at_one_place exclude using gist (
        psychologist_id with =, on_date with =, int4range(from_minute, until_minute) with &&, place_id with <>)
        where (place_id is not null)
);
create index exception_by_day on availability.exception (psychologist_id, on_date);

create view availability.timetable as
select psychologist_id, time_zone, buffer_minutes, notice_minutes, horizon_days, step_minutes from availability.calendar;

-- Who can be met where: each week, or on the day that stands beside it.
create view availability.met_at as
select psychologist_id, place_id, null::date as on_date from availability.hours where place_id is not null
union all
select psychologist_id, place_id, on_date from availability.exception where place_id is not null;

-- Where sessions are held; closed ones, too, for those that were held there.
create view availability.places as
select id, name, address, closed_at from availability.place;
