"""B2: two reviewers, neither the submitter nor each other; the waiting time is shown."""

from itertools import product

import pytest

from domain.errors import (
    ConflictOfInterestError,
    IllegalTransitionError,
    NotFoundError,
    ReasonMissingError,
    SecondPersonMissingError,
    UnverifiedError,
    WrongEvidenceError,
)
from domain.qualification.admission import Request
from domain.qualification.waiting import Waiting
from tests.domain.given import LATER, MERCHANT, NOW
from tests.domain.qualification.applying import (
    ANN,
    BEN,
    CAT,
    HOUR_LATER,
    RULE,
    SELLER,
    Applying,
    Who,
    digests,
    papers,
)


def submitted(who: Who = SELLER) -> Applying:
    world = Applying()
    world.verified()
    world.submit(who=who)
    return world


def test_b2_two_reviewers_approve_and_the_badge_comes_with_it() -> None:
    world = submitted()
    assert world.review(ANN) == ["qualification.reviewed"]
    assert world.approve(BEN) == [
        "qualification.reviewed",
        "qualification.approved",
        "certificate.issued",
    ]
    assert world.qualification.state == "approved"
    assert world.last("qualification.approved")["first_reviewer"] == ANN[0]


def test_b2_one_reviewer_cannot_approve_alone() -> None:
    world = submitted()
    with pytest.raises(SecondPersonMissingError):
        world.approve(ANN)
    world.review(ANN)
    with pytest.raises(ConflictOfInterestError, match="these are one"):
        world.approve(ANN)
    assert world.qualification.state == "in_review"


@pytest.mark.parametrize("who", [SELLER, RULE, ("arb-01", "arbitrator"), ("cli-1", "channel")])
def test_b2_only_staff_reviews(who: Who) -> None:
    world = submitted()
    with pytest.raises(ConflictOfInterestError):
        world.review(who)
    world.review(ANN)
    with pytest.raises(ConflictOfInterestError):
        world.approve(who)


def test_b2_of_all_pairs_only_two_others_than_the_submitter_succeed() -> None:
    staff = (ANN, BEN, CAT)
    for submitter, first, second in product(staff, repeat=3):
        world = submitted(submitter)
        good = len({submitter, first, second}) == 3
        try:
            world.review(first)
            world.approve(second)
        except ConflictOfInterestError:
            assert not good
            assert world.qualification.state != "approved"
        else:
            assert good


def test_b2_a_submitter_on_the_staff_cannot_reject_either() -> None:
    world = submitted(ANN)
    with pytest.raises(ConflictOfInterestError, match="submitted"):
        world.by(ANN, "reject_qualification", MERCHANT, "no", NOW)


def test_b2_a_reviewer_reads_all_that_was_filed_and_nothing_else() -> None:
    world = submitted()
    whole = digests(papers())
    for read in ([], whole[:-1], [*whole, "0" * 64], [*whole[:-1], "0" * 64]):
        with pytest.raises(WrongEvidenceError):
            world.review(ANN, read)
    world.review(ANN, whole[::-1])
    with pytest.raises(WrongEvidenceError):
        world.approve(BEN, whole[:-1])


def test_b2_the_first_review_is_made_once() -> None:
    world = submitted()
    world.review(ANN)
    with pytest.raises(IllegalTransitionError):
        world.review(BEN)


def test_b2_nobody_anonymous_is_approved() -> None:
    """3.5: the second reviewer's row demands a verified identity."""
    world = Applying()
    world.submit()
    world.review()
    with pytest.raises(UnverifiedError):
        world.approve()
    world.do("open_account", MERCHANT)
    with pytest.raises(UnverifiedError):
        world.approve()
    assert "certificate.issued" not in world.topics()
    world.verified()
    assert "certificate.issued" in world.approve()


@pytest.mark.parametrize("reviewed", [False, True])
def test_b2_either_reviewer_rejects_with_a_reason(*, reviewed: bool) -> None:
    world = submitted()
    if reviewed:
        world.review(ANN)
    with pytest.raises(ReasonMissingError):
        world.by(BEN, "reject_qualification", MERCHANT, "  ", NOW)
    topics = world.by(BEN, "reject_qualification", MERCHANT, "the letter is a copy", NOW)
    assert topics == ["qualification.rejected"]
    assert world.last("qualification.rejected")["reason"] == "the letter is a copy"


def test_b2_a_vote_for_a_rejected_submission_does_not_count_for_the_next() -> None:
    world = submitted()
    world.review(ANN)
    world.by(BEN, "reject_qualification", MERCHANT, "no", NOW)
    world.submit()
    with pytest.raises(SecondPersonMissingError):
        world.approve(BEN)


def test_b2_the_waiting_time_is_shown() -> None:
    world = submitted(CAT)
    assert world.trade.waiting_reviews(HOUR_LATER) == [
        Waiting(MERCHANT, "first_reviewer", NOW, 3_600, (CAT[0],))
    ]
    world.review(ANN, at=HOUR_LATER)
    assert world.trade.waiting_reviews(LATER) == [
        Waiting(MERCHANT, "second_reviewer", NOW, 86_400, (CAT[0], ANN[0]))
    ]
    world.approve(BEN)
    assert world.trade.waiting_reviews(LATER) == []


def test_b2_the_longest_wait_stands_first_and_none_is_less_than_nothing() -> None:
    world = submitted()
    world.by(ANN, "reject_qualification", MERCHANT, "no", NOW)
    world.submit(at=HOUR_LATER)
    request = Request("M-ZHU", ("game_card",), papers())
    world.by(SELLER, "submit_qualification", request, world.store, NOW)
    waiting = world.trade.waiting_reviews(HOUR_LATER)
    assert [(each.merchant, each.seconds) for each in waiting] == [("M-ZHU", 3_600), (MERCHANT, 0)]
    assert [each.seconds for each in world.trade.waiting_reviews(NOW)] == [0, 0]


def test_b2_votes_on_other_matters_are_nobodys_wait() -> None:
    world = Applying()
    world.admitted()
    world.by(ANN, "propose_decision", MERCHANT, "suspension", "complaints", NOW)
    assert world.trade.waiting_reviews(LATER) == []


def test_b2_nobody_reviews_whom_nobody_knows() -> None:
    world = Applying()
    with pytest.raises(NotFoundError, match="never applied"):
        world.review()


def test_b2_the_same_command_again_is_answered_with_its_first_receipt() -> None:
    world = submitted()
    world.caller = ANN
    command = world.command("cmd/review/once")
    again = world.command("cmd/review/once")
    first = world.trade.review_qualification(command, MERCHANT, digests(papers()), NOW)
    assert world.trade.review_qualification(again, MERCHANT, digests(papers()), NOW) == first
