"""F5: the median with rulings by rule against all-manual, on the same cases, from events."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.disputes.case import Recorded
from domain.disputes.deadline import ZONE, Calendar
from domain.disputes.events import (
    DisputeAssigned,
    DisputeConceded,
    DisputeOpened,
    DisputeWithdrawn,
    EvidenceGathered,
    Hindrance,
    Obstacle,
    RulingIssued,
)
from domain.disputes.handling import Handled, Staff, compare, handled, waits
from domain.event import Event
from domain.policies.periods import later
from tests.domain.given import BUYER, identifier, meta_of

MONDAY = "2026-11-23T02:00:00Z"
"""10:00 in the market's zone."""
STAFF = Staff(people=1, minutes=60)


class Log:
    """Entries that are told one by one."""

    def __init__(self) -> None:
        self.entries: list[Recorded] = []

    def tell(self, moment: str, kind: type[Event], dispute: str, *fields: object) -> None:
        stream = identifier("dsp", dispute)
        event = kind(stream, 1, meta_of("c"), *fields)
        self.entries.append(Recorded(len(self.entries), event, moment))

    def opened(self, dispute: str, moment: str = MONDAY) -> None:
        self.tell(moment, DisputeOpened, dispute, identifier("ord"), BUYER, "consumer", "none")

    def ruled(self, dispute: str, moment: str, row: str = "R07") -> None:
        self.tell(moment, RulingIssued, dispute, "auto", "refund", "voided", 1, row)

    def assigned(self, dispute: str, moment: str, *obstacles: Obstacle) -> None:
        facts = True, "used", True, "used", "partial", 1, None
        hindrances = tuple(Hindrance(each, ()) for each in obstacles)
        self.tell(moment, EvidenceGathered, dispute, *facts, hindrances)
        self.tell(moment, DisputeAssigned, dispute, "arb-01", "a person decides")


def mixed() -> Log:
    """Three cases by rule within a minute, one for a person, one of each other end."""
    log = Log()
    for number in range(3):
        log.opened(f"auto {number}")
        log.ruled(f"auto {number}", later(MONDAY, minutes=1))
    log.opened("hard")
    log.assigned("hard", later(MONDAY, minutes=1))
    log.opened("conceded")
    log.tell(MONDAY, DisputeConceded, "conceded")
    log.tell(MONDAY, RulingIssued, "conceded", "conceded", "refund", "voided")
    log.opened("withdrawn")
    log.tell(MONDAY, DisputeWithdrawn, "withdrawn")
    log.opened("waiting still")
    return log


def test_f5_both_medians_are_of_the_same_cases_and_the_mix_is_stated() -> None:
    found = compare(mixed().entries, STAFF)
    assert found is not None
    assert (found.cases, found.automatic, found.manual) == (4, 3, 1)
    assert found.mix == {"R07": 3, "R13": 1}
    assert found.left_out == {"conceded": 1, "withdrawn": 1}
    # With rules 60 s, 60 s, 60 s and one hour; all by hand 1, 2, 3 and 4 hours.
    assert (found.median_with_rules, found.median_all_manual) == (60, 9_000)
    assert found.saved == 10_000 - 60 * 10_000 // 9_000


def test_f5_a_case_counts_up_to_its_first_ruling_once() -> None:
    log = mixed()
    before = compare(log.entries, STAFF)
    log.assigned("auto 0", later(MONDAY, hours=5))
    log.tell(later(MONDAY, hours=9), RulingIssued, "auto 0", "manual", "rejected", "unchanged")
    assert compare(log.entries, STAFF) == before


def test_f5_more_staff_shortens_both_worlds_alike() -> None:
    few, many = (compare(mixed().entries, Staff(people, 60)) for people in (1, 4))
    assert few is not None
    assert many is not None
    assert few.median_all_manual > many.median_all_manual == 3_600
    assert few.median_with_rules == many.median_with_rules


def test_f5_where_nothing_can_be_ruled_by_rule_nothing_is_won() -> None:
    log = Log()
    for number in range(3):
        log.opened(f"hard {number}")
        log.assigned(f"hard {number}", later(MONDAY, minutes=1), "chargeback", "fact_contested")
    found = compare(log.entries, STAFF)
    assert found is not None
    assert found.mix == {"chargeback+fact_contested": 3}
    assert found.median_with_rules == found.median_all_manual
    assert found.saved == 0


def test_f5_without_a_case_there_is_nothing_to_compare() -> None:
    assert compare([], STAFF) is None


def test_f5_a_clock_that_steps_back_makes_no_negative_time() -> None:
    log = Log()
    log.opened("a")
    log.ruled("a", "2020-01-01T00:00:00Z")
    found = compare(log.entries, STAFF)
    assert found is not None
    assert found.median_with_rules == 0


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("begun", "done"),
    [
        ("2026-11-23 10:00", "2026-11-23 11:00"),
        ("2026-11-23 17:30", "2026-11-24 09:30"),
        ("2026-11-23 03:00", "2026-11-23 10:00"),
        ("2026-11-23 18:00", "2026-11-24 10:00"),
        ("2026-11-27 17:30", "2026-11-30 09:30"),
        ("2026-11-28 12:00", "2026-11-30 10:00"),
    ],
)
def test_f5_people_work_in_working_hours_on_working_days(begun: str, done: str) -> None:
    assert STAFF.finish(local(begun)) == local(done)


def test_f5_the_calendar_of_the_deadlines_is_that_of_the_staff() -> None:
    holiday = Calendar(holidays=frozenset({local("2026-11-23 00:00").date()}))
    staff = Staff(1, 60, calendar=holiday)
    assert staff.finish(local("2026-11-23 10:00")) == local("2026-11-24 10:00")


def test_f5_a_case_longer_than_a_day_goes_on_the_next() -> None:
    staff = Staff(1, 120, time(9), time(10))
    assert staff.finish(local("2026-11-23 09:30")) == local("2026-11-25 09:30")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 60 * 24 * 20), max_size=30), st.integers(1, 4))
def test_f5_nobody_waits_less_than_the_work_takes_nor_overtakes(
    minutes: list[int], people: int
) -> None:
    staff = Staff(people, 45)
    cases = [
        Handled(f"{number:03}", local("2026-11-01 00:00") + timedelta(minutes=each), None, "R13")
        for number, each in enumerate(minutes)
    ]
    found = waits(cases, staff)
    assert all(each >= timedelta(minutes=45) for each in found)
    done = [
        case.opened + wait
        for case, wait in zip(
            sorted(cases, key=lambda c: (c.opened, c.dispute)), found, strict=True
        )
    ]
    assert done == sorted(done)


def test_f5_a_dispute_that_the_log_never_opened_is_none() -> None:
    log = Log()
    log.ruled("ghost", MONDAY)
    assert handled(log.entries) == ([], {})
