"""The people of the demo's practice. All of them are invented; their numbers are nobody's."""

from __future__ import annotations

import msgspec

DAY = (9 * 60, 17 * 60)  # minutes past local midnight
MORNING = (7 * 60 + 30, 12 * 60 + 30)
EVENING = (16 * 60, 20 * 60 + 30)
WEEK = (1, 2, 3, 4, 5)


class Person(msgspec.Struct, frozen=True):
    """`number` makes the phone (+2547000000xx). Without a role there is no account."""

    number: int
    name: str
    role: str = "client"

    @property
    def phone(self) -> str:
        return f"+2547000000{self.number:02d}"

    @property
    def email(self) -> str:
        return f"{self.name.split()[-1].lower()}@example.test"


class Psychologist(msgspec.Struct, frozen=True):
    """`rates`: type, KES, minutes. `hours`: week-days and minutes from and until."""

    person: Person
    title: str
    gender: str
    bio: str
    specialities: tuple[str, ...]
    languages: tuple[str, ...]
    rates: tuple[tuple[str, int, int], ...]
    hours: tuple[tuple[tuple[int, ...], tuple[int, int]], ...]
    sees: tuple[str, ...] = ("adults",)
    time_zone: str = "Africa/Nairobi"
    modes: tuple[str, ...] = ("Online",)  # of all hours
    room: str | None = None  # where they are on `room_days`, for who wants to come
    room_days: tuple[int, ...] = ()
    desk_may_answer: bool = True

    def met(self, weekday: int) -> tuple[str, ...]:
        return (*self.modes, "In Person") if weekday in self.room_days else self.modes

    @property
    def all_modes(self) -> tuple[str, ...]:
        return (*self.modes, "In Person") if self.room else self.modes


# Rooms of the practice: name and address.
ROOMS = (("Upper Hill", "Elgon Road, 2nd floor"), ("Riverside", "Riverside Lane 4, the green gate"))
AMINA = Person(1, "Amina")
HALIMA = Person(2, "Halima")
ZURI = Person(3, "Zuri", role="")  # Halima's small son
BARAKA = Person(4, "Baraka")
KAMAU = Person(5, "Mzee Kamau", role="")
OTIENO = Person(11, "Dr Otieno", role="psychologist")
WANJIRU = Person(12, "Dr Wanjiru", role="psychologist")
WAMBUI = Person(21, "Wambui", role="desk")
NJERI = Person(22, "Njeri", role="admin")

CLIENTS = (
    AMINA, HALIMA, BARAKA,
    Person(31, "Chebet"), Person(32, "Kiprono"), Person(33, "Akinyi"), Person(34, "Mutua"), Person(35, "Fatuma"),
    Person(36, "Wekesa"), Person(37, "Nyambura"), Person(38, "Barasa"), Person(39, "Moraa"),
)  # fmt: skip

PSYCHOLOGISTS = (
    Psychologist(
        OTIENO, "Clinical Psychologist", "man",
        "Works with worry that will not stop, and with nights without sleep. Calm, practical, one step at a time.",
        ("Anxiety", "Sleep", "Work and burnout"), ("en", "sw", "luo"),
        (("Individual", 2500, 60), ("Couples", 4000, 75)), ((WEEK, DAY),),
    ),
    Psychologist(
        WANJIRU, "Counselling Psychologist", "woman",
        "Sits with people who have lost somebody, or the life that they had planned.",
        ("Grief", "Life changes"), ("en", "sw", "ki"), (("Individual", 3000, 60),), ((WEEK, DAY),),
        room="Upper Hill", room_days=(2, 4), desk_may_answer=False,
    ),
    Psychologist(
        Person(13, "Dr Achieng", role="psychologist"), "Clinical Psychologist", "woman",
        "After violence or an accident: safety first, then the story, at your own speed.",
        ("Trauma", "Anxiety"), ("en", "luo"), (("Individual", 4500, 60),), (((1, 2, 4), (10 * 60, 18 * 60)),),
        time_zone="Europe/London",
    ),
    Psychologist(
        Person(14, "Mwikali", role="psychologist"), "Counselling Psychologist", "woman",
        "For two people who want to talk with each other again.",
        ("Relationships", "Parenting"), ("en", "sw", "kam"),
        (("Couples", 3500, 75), ("Family", 4500, 90), ("Individual", 2000, 60)),
        (((2, 3, 4, 5), EVENING), ((6,), MORNING)),
    ),
    Psychologist(
        Person(15, "Hassan", role="psychologist"), "Counselling Psychologist", "man",
        "With young men and their fathers; with students before and after examinations.",
        ("Young adults", "Anger", "Family"), ("en", "sw", "so"),
        (("Individual", 1800, 50),), (((1, 3, 5), EVENING), ((6, 7), MORNING)), sees=("teenagers", "adults"),
    ),
    Psychologist(
        Person(16, "Dr Naliaka", role="psychologist"), "Child Psychologist", "woman",
        "Plays first, asks later. Parents are part of the work.",
        ("Children", "Learning", "Parenting"), ("en", "sw"),
        (("Individual", 3500, 45), ("Family", 5000, 90)), ((WEEK, MORNING),), sees=("children", "teenagers"),
    ),
    Psychologist(
        Person(17, "Kibet", role="psychologist"), "Counselling Psychologist", "man",
        "On the way out of alcohol, betting and what comes with them. No lectures.",
        ("Alcohol", "Betting", "Depression"), ("en", "sw", "kln"),
        (("Individual", 1500, 60), ("Group", 800, 90)), (((1, 2, 3, 4), (12 * 60, 19 * 60)),),
        modes=("Online", "Phone"),
    ),
    Psychologist(
        Person(18, "Dr Mumbi", role="psychologist"), "Clinical Psychologist", "woman",
        "Low mood, before and after a birth, and in the years when everything lands on one person.",
        ("Depression", "Before and after birth"), ("en", "ki"), (("Individual", 5000, 60),), (((2, 4), DAY),),
        room="Riverside", room_days=(2, 4),
    ),
)  # fmt: skip

STAFF = (WAMBUI, NJERI)
# Who stands on the screen of the demo; all others have the same password.
SHOWN = (AMINA, HALIMA, BARAKA, OTIENO, WANJIRU, WAMBUI, NJERI)
EMERGENCY = (
    ("Invented helpline", "0700 000 095", "anyone, free of charge", "day and night",
     "mtu yeyote, bila malipo", "usiku na mchana"),
    ("Invented helpline for children", "0700 000 096", "children and their parents", "day and night",
     "watoto na wazazi wao", "usiku na mchana"),
)
