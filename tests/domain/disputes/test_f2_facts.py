"""F2: the facts are a function of the log: which entries decide, and which do not."""

from collections.abc import Iterator
from typing import Any

import pytest

from chain.canonical import parse
from domain.disputes.arbitration import Piece
from domain.disputes.case import Case, case_of
from domain.disputes.events import EvidenceGathered, Terms
from domain.disputes.facts import bundle_bytes, gather
from domain.errors import NotFoundError
from domain.event import EVENTS, Event, event
from domain.keys.intake import Upload
from tests.domain.disputes.court import (
    DISPUTE,
    INSIDE,
    ORDERED,
    OUTSIDE,
    WINDOW_END,
    Court,
    court_with,
)
from tests.domain.disputes.test_f3_table_in_use import REACHABLE
from tests.domain.given import BUYER, SECRET, identifier, key_of_line

TERMS = Terms()


def gathered(court: Court, **named: Any) -> EvidenceGathered:
    """Gather the evidence; return the event."""
    court.gathered(**named)
    found = court.events()[-1]
    assert isinstance(found, EvidenceGathered)
    return found


def decided_by(court: Court, fact: str) -> list[str]:
    """Return the topics of the entries that decided *fact*, by the leaf indexes."""
    found = court.events()
    last = next(each for each in reversed(found) if isinstance(each, EvidenceGathered))
    (indexes,) = [each.indexes for each in last.decided_by or () if each.fact == fact]
    return [found[index].TOPIC for index in indexes]


def test_f2_two_runs_give_equal_bytes() -> None:
    for facts in REACHABLE[::7]:
        court, _ = court_with(facts)
        one, other = court.case(), court.case()
        first = bundle_bytes(one, gather(one, TERMS))
        assert first == bundle_bytes(other, gather(other, TERMS))
        shuffled = case_of(DISPUTE, reversed(one.entries), one.size)
        assert first == bundle_bytes(shuffled, gather(shuffled, TERMS))


def test_f2_the_bundle_holds_the_trade_log_and_who_did_it() -> None:
    court = Court()
    court.opened(court.activated())
    court.do("add_evidence", DISPUTE, Piece("statement", "planted words"), court.now)
    case = court.case()
    bundle = parse(bundle_bytes(case, gather(case, TERMS)))
    assert isinstance(bundle, dict)
    entries = bundle["entries"]
    assert isinstance(entries, list)
    types = [each["type"] for each in entries if isinstance(each, dict)]
    for wanted in ("order.placed", "key.activated", "message.added", "dispute.opened"):
        assert wanted in types
    assert b"planted words" not in bundle_bytes(case, gather(case, TERMS))
    assert {case.order, case.key, DISPUTE} == {
        each["stream"] for each in entries if isinstance(each, dict)
    }


def test_f2_each_fact_names_the_entries_that_decided_it() -> None:
    court = Court()
    order = court.activated()
    court.opened(order)
    court.asked(order, "used", ("wrong_edition",))
    gathered(court)
    assert decided_by(court, "delivered") == ["order.delivered"]
    assert decided_by(court, "activated") == ["key.activated"]
    assert decided_by(court, "in_window") == ["order.delivered", "dispute.opened"]
    assert decided_by(court, "upstream") == ["key.upstream_checked"]
    assert decided_by(court, "merchant_fault") == ["key.upstream_checked"]


def test_f2_the_histories_are_named_with_their_versions() -> None:
    court, order = court_with(REACHABLE[0])
    found = gathered(court)
    for read in found.histories or ():
        before = [e for e in court.events()[: found.log_size] if e.originator_id == read.stream]
        assert read.version == len(before)
    assert {each.stream for each in found.histories or ()} == {DISPUTE, order, court.key_of(order)}


@pytest.mark.parametrize(
    ("opened", "in_window"),
    [(ORDERED, True), (WINDOW_END, True), ("2026-11-29T10:00:01Z", False), (OUTSIDE, False)],
)
def test_the_window_is_168_hours_from_delivery_measured_at_the_opening(
    opened: str, *, in_window: bool
) -> None:
    court = Court()
    court.opened(court.delivered(), opened)
    court.now = "2027-06-01T10:00:00Z"
    assert gathered(court).in_window is in_window


def test_before_delivery_the_window_is_open_however_late() -> None:
    court = Court()
    court.opened(court.paid(), OUTSIDE)
    assert gathered(court).in_window


def test_confirmation_ends_the_window() -> None:
    court = Court()
    court.opened(court.confirmed(), fault="revoked")
    assert not gathered(court).in_window
    assert decided_by(court, "in_window") == ["order.confirmed", "dispute.opened"]


def test_a_clock_moved_back_never_makes_a_right_expire_early() -> None:
    court = Court()
    order = court.paid()
    # The delivery's clock is a month behind; what stands before it in the log is not.
    court.now = "2026-10-22T10:00:00Z"
    court.do("deliver_order", order, "2026-12-23T10:00:00Z")
    court.opened(order, WINDOW_END)
    assert gathered(court).in_window


def test_an_opening_by_a_clock_moved_back_is_inside_the_window() -> None:
    court = Court()
    court.opened(court.delivered(), "2026-10-01T10:00:00Z")
    assert gathered(court).in_window


@pytest.mark.parametrize(
    ("states", "upstream"),
    [
        ([], "unknown"),
        (["unknown"], "unknown"),
        (["unused"], "unused"),
        (["unknown", "used"], "used"),
        (["used", "unknown", "used"], "used"),
        (["unused", "used"], "unknown"),
        (["used", "unused"], "unknown"),
    ],
)
def test_no_answer_a_timeout_and_a_contradiction_are_unknown(
    states: list[Any], upstream: str
) -> None:
    court = Court()
    order = court.opened(court.activated())
    for state in states:
        court.asked(order, state)
    assert gathered(court).upstream == upstream


def test_an_answer_from_before_the_opening_does_not_count() -> None:
    court = Court()
    order = court.delivered()
    court.asked(order, "used", ("revoked",))
    court.opened(order)
    found = gathered(court)
    assert (found.upstream, found.merchant_fault) == ("unknown", "none")


def test_an_operator_that_contradicts_itself_confirms_no_fault() -> None:
    court = Court()
    order = court.opened(court.activated())
    court.asked(order, "used", ("used_by_other",))
    court.asked(order, "unused")
    assert gathered(court).merchant_fault == "none"


def test_a_claim_without_a_check_is_no_fault() -> None:
    court = Court()
    order = court.opened(court.delivered(), fault="revoked")
    court.asked(order, "unused")
    assert gathered(court).merchant_fault == "none"


@pytest.mark.parametrize(
    ("first", "fault"),
    [("2026-11-22T09:59:59Z", "total"), (ORDERED, "none"), ("2026-11-22T10:00:01Z", "none")],
)
def test_a_first_use_before_the_activation_is_total_fault(first: str, fault: str) -> None:
    court = Court()
    order = court.opened(court.activated())
    court.asked(order, "used", first=first)
    assert gathered(court).merchant_fault == fault
    if fault == "total":
        assert decided_by(court, "merchant_fault") == ["key.activated", "key.upstream_checked"]


@pytest.mark.parametrize("minutes", [10, 11])
def test_a_missed_delivery_time_is_part_fault(minutes: int) -> None:
    court = Court()
    order = court.paid()
    court.now = f"2026-11-22T10:{minutes}:00Z"
    court.do("deliver_order", order, OUTSIDE)
    court.opened(order)
    court.asked(order, "unused")
    assert gathered(court).merchant_fault == ("partial" if minutes > 10 else "none")


def test_an_order_that_is_never_delivered_misses_its_time() -> None:
    court = Court()
    order = court.opened(court.paid(), INSIDE)
    court.asked(order, "unused")
    assert gathered(court).merchant_fault == "partial"
    assert decided_by(court, "merchant_fault") == ["order.paid", "dispute.opened"]


def upload_again(court: Court, name: str) -> None:
    """Let another merchant bring the same raw key."""
    court.do("create_product", identifier("prd", name), "M-ZHU", name)
    upload = Upload(identifier("bat", name), "M-ZHU", identifier("prd", name), ["AAAA-BBBB"])
    court.do("import_batch", upload, SECRET, court.taken, key_of_line)


def test_the_same_raw_key_found_elsewhere_after_the_sale_is_part_fault() -> None:
    court = Court()
    order = court.delivered()
    upload_again(court, "after")
    court.opened(order)
    court.asked(order, "unused")
    assert gathered(court).merchant_fault == "partial"
    assert decided_by(court, "merchant_fault") == ["key.duplicate_detected"]


def test_the_same_raw_key_found_before_the_sale_is_none() -> None:
    court = Court()
    key = court.stocked()[0]
    upload_again(court, "before")
    order = court.opened(court.delivered(key))
    court.asked(order, "unused")
    assert gathered(court).merchant_fault == "none"


def test_t14_a_key_sold_again_shows_nothing_of_its_first_order() -> None:
    court = Court()
    first = court.delivered()
    key = court.key_of(first)
    court.do("request_refund", identifier("rfd", "first"), first)
    court.by("merchant", "approve_refund", identifier("rfd", "first"))
    court.do("list_key", key)
    second = court.opened(court.delivered(key, "second"))
    case = court.case()
    assert [each.event.TOPIC for each in case.bound()][:2] == ["key.reserved", "key.sold"]
    assert case.bound()[0].event.data()["order"] == second
    assert first.encode() not in bundle_bytes(case, gather(case, TERMS))


@pytest.mark.parametrize(
    ("used", "shown", "activated"),
    [(0, False, "no"), (2, False, "no"), (3, False, "used"), (2, True, "shown")],
)
def test_of_a_bundle_the_unused_units_are_looked_at(
    used: int, activated: str, *, shown: bool
) -> None:
    court = Court()
    order = court.activated(units=3)
    if used:
        court.do("use_units", order, BUYER, used)
    if shown:
        court.do("reveal_key", order, BUYER, "x")
    court.opened(order)
    assert gathered(court).activated == activated


def hindrances(found: EvidenceGathered) -> list[str]:
    return [each.obstacle for each in found.hindrances or ()]


def test_nothing_hinders_a_plain_case() -> None:
    court = Court()
    court.opened(court.delivered())
    assert hindrances(gathered(court)) == []


def test_a_chargeback_goes_to_a_person() -> None:
    court = Court()
    court.opened(court.delivered(), opener="channel")
    assert hindrances(gathered(court)) == ["chargeback"]
    assert court.decided("arb-01") == "dispute.assigned"


@pytest.mark.parametrize(("limit", "expected"), [(9_799, ["amount_above_limit"]), (9_800, [])])
def test_an_amount_above_the_limit_goes_to_a_person(limit: int, expected: list[str]) -> None:
    court = Court()
    court.opened(court.delivered())
    assert hindrances(gathered(court, terms=Terms(limit=limit))) == expected


def test_a_fact_contested_with_evidence_goes_to_a_person() -> None:
    court = Court()
    court.opened(court.delivered())
    court.do("add_evidence", DISPUTE, Piece("statement", "I never got it"), court.now)
    assert hindrances(gathered(court)) == []
    other = Court()
    other.opened(other.delivered())
    piece = Piece("statement", "never got it", contests="delivered")
    other.do("add_evidence", DISPUTE, piece, other.now)
    assert hindrances(gathered(other)) == ["fact_contested"]
    assert other.decided("arb-01") == "dispute.assigned"
    assert "转人工" in other.events()[-1].data()["reason"]


def test_missing_provenance_goes_to_a_person() -> None:
    court = Court()
    court.opened(court.delivered())
    case = court.case()
    for missing in ("key.imported", "key.sealed"):
        rest = [each for each in case.entries if missing != each.event.TOPIC]
        found = gather(case_of(DISPUTE, rest, case.size), TERMS).hindrances
        assert [each.obstacle for each in found] == ["provenance_missing"]


@pytest.fixture
def waiver() -> Iterator[type[Event]]:
    """The event of another area, in a test's own spelling."""
    known = EVENTS.get("order.waiver_confirmed")
    if known is None:

        @event("order.waiver_confirmed")
        class OrderWaiverConfirmed(Event):
            """The buyer gave up the right of return."""

        known = OrderWaiverConfirmed
        yield known
        del EVENTS["order.waiver_confirmed"]
    else:
        yield known


def test_a_missing_waiver_goes_to_a_person(waiver: type[Event]) -> None:
    court = Court()
    order = court.opened(court.delivered())
    assert hindrances(gathered(court, terms=Terms(needs_waiver=True))) == ["waiver_missing"]
    case = court.case()
    confirmed = case.entries[-1]
    stated = type(confirmed)(3, waiver(order, 99, confirmed.event.meta), ORDERED)
    whole = Case(case.dispute, case.order, case.key, (*case.entries, stated), case.size)
    assert gather(whole, Terms(needs_waiver=True)).hindrances == ()


def test_an_unknown_dispute_has_no_case() -> None:
    court = Court()
    court.delivered()
    with pytest.raises(NotFoundError):
        court.case()
