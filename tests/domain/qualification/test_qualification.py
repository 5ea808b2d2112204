"""The machine of 3.5: exactly its rows, whoever asks and in whatever order."""

from collections import deque
from collections.abc import Callable

import pytest

from domain.aggregate import NEW
from domain.errors import (
    ConflictOfInterestError,
    IllegalTransitionError,
    NotYetError,
    Refusal,
    SecondPersonMissingError,
)
from domain.qualification.qualification import QUALIFICATION_TABLE
from tests.domain.given import MERCHANT, NOW
from tests.domain.qualification.applying import (
    ANN,
    BEN,
    CAT,
    RULE,
    YEAR_LATER,
    Applying,
    Who,
    digests,
    papers,
)

ROWS = {
    (NEW, "submitted", "qualification.submitted"),
    ("rejected", "submitted", "qualification.submitted"),
    ("expired", "submitted", "qualification.submitted"),
    ("submitted", "in_review", "qualification.reviewed"),
    ("in_review", "in_review", "qualification.reviewed"),
    ("in_review", "approved", "qualification.approved"),
    ("submitted", "rejected", "qualification.rejected"),
    ("in_review", "rejected", "qualification.rejected"),
    ("approved", "approved", "qualification.scope_granted"),
    ("approved", "approved", "qualification.scope_ended"),
    ("approved", "suspended", "qualification.suspended"),
    ("suspended", "approved", "qualification.reinstated"),
    ("approved", "expired", "qualification.expired"),
    ("suspended", "expired", "qualification.expired"),
    ("approved", "revoked", "qualification.revoked"),
    ("suspended", "revoked", "qualification.revoked"),
}
"""``features.md``, 3.5."""
VOTES = {("approved", "approved"), ("suspended", "suspended")}
"""And the first of two persons' votes, which change no state."""


def test_the_table_is_the_one_of_the_design() -> None:
    rows = {
        (before, after, topic)
        for topic, changes in QUALIFICATION_TABLE.items()
        for before, after in changes.items()
    }
    assert rows == ROWS | {(*each, "qualification.reviewed") for each in VOTES}


MOVES: dict[str, Callable[[Applying], object]] = {
    "submit": lambda world: world.submit(),
    "review": lambda world: world.review(ANN),
    "approve": lambda world: world.approve(BEN),
    "reject": lambda world: world.by(CAT, "reject_qualification", MERCHANT, "no", NOW),
    "suspend": lambda world: world.by(RULE, "suspend_qualification", MERCHANT, "x", NOW),
    "reinstate": lambda world: world.two("reinstatement", "reinstate_qualification"),
    "expire": lambda world: world.by(RULE, "expire_qualification", MERCHANT, YEAR_LATER),
    "revoke": lambda world: world.two("revocation", "revoke_qualification"),
}
DEPTH = 5


def test_a_walk_over_all_moves_reaches_the_states_of_the_design_and_no_other() -> None:
    reached: set[tuple[str, str]] = set()
    waiting: deque[tuple[str, ...]] = deque([()])
    seen: set[str] = set()
    while waiting:
        path = waiting.popleft()
        for move, act in MOVES.items():
            world = Applying()
            world.verified()
            for each in path:
                MOVES[each](world)
            before = _state(world)
            try:
                # A badge's identifier is used once: a merchant that comes back gets another.
                if move == "approve" and "expire" in path:
                    continue
                act(world)
            except Refusal:
                assert _state(world) == before
                continue
            reached.add((before, _state(world)))
            if _state(world) not in seen and len(path) < DEPTH:
                seen.add(_state(world))
                waiting.append((*path, move))
    assert reached <= {row[:2] for row in ROWS} | VOTES
    assert {after for _, after in reached} == {
        *("submitted", "in_review", "approved", "rejected"),
        *("suspended", "expired", "revoked"),
    }


def _state(world: Applying) -> str:
    if "qualification.submitted" not in world.topics():
        return NEW
    return world.qualification.state


def test_a_revoked_merchant_never_comes_back() -> None:
    world = Applying()
    world.admitted()
    world.two("revocation", "revoke_qualification")
    for move in MOVES.values():
        with pytest.raises(Refusal):
            move(world)
    assert world.qualification.state == "revoked"


@pytest.mark.parametrize(
    ("purpose", "decision"),
    [
        ("suspension", "suspend_qualification"),
        ("reinstatement", "reinstate_qualification"),
        ("revocation", "revoke_qualification"),
    ],
)
def test_one_person_decides_nothing(purpose: str, decision: str) -> None:
    world = Applying()
    world.admitted()
    if purpose == "reinstatement":
        world.by(RULE, "suspend_qualification", MERCHANT, "x", NOW)
    before = world.qualification.state
    with pytest.raises(SecondPersonMissingError):
        world.by(BEN, decision, MERCHANT, "so it is", NOW)
    world.by(BEN, "propose_decision", MERCHANT, purpose, "they say so", NOW)
    with pytest.raises(ConflictOfInterestError):
        world.by(BEN, decision, MERCHANT, "so it is", NOW)
    others = {"suspension", "reinstatement", "revocation"} - {purpose}
    for other in sorted(others):
        with pytest.raises((SecondPersonMissingError, IllegalTransitionError)):
            world.by(ANN, _decision(other), MERCHANT, "so it is", NOW)
    assert world.qualification.state == before
    world.by(ANN, decision, MERCHANT, "so it is", NOW)
    assert world.qualification.state != before


def _decision(purpose: str) -> str:
    return {
        "suspension": "suspend_qualification",
        "reinstatement": "reinstate_qualification",
        "revocation": "revoke_qualification",
    }[purpose]


@pytest.mark.parametrize("who", [RULE, ("arb-01", "arbitrator"), (MERCHANT, "merchant")])
def test_only_staff_reinstates_or_revokes(who: Who) -> None:
    world = Applying()
    world.admitted()
    world.by(ANN, "propose_decision", MERCHANT, "revocation", "they say so", NOW)
    with pytest.raises(ConflictOfInterestError):
        world.by(who, "revoke_qualification", MERCHANT, "x", NOW)
    with pytest.raises(ConflictOfInterestError):
        world.by(who, "propose_decision", MERCHANT, "revocation", "x", NOW)


def test_a_vote_does_not_outlive_the_state_that_it_was_about() -> None:
    world = Applying()
    world.admitted()
    world.by(ANN, "propose_decision", MERCHANT, "revocation", "they say so", NOW)
    world.by(RULE, "suspend_qualification", MERCHANT, "x", NOW)
    with pytest.raises(SecondPersonMissingError):
        world.by(BEN, "revoke_qualification", MERCHANT, "so it is", NOW)


def test_nothing_expires_before_its_time() -> None:
    world = Applying()
    world.admitted("2026-12-22T10:00:00Z")
    with pytest.raises(NotYetError, match="2026-12-22"):
        world.by(RULE, "expire_qualification", MERCHANT, "2026-12-22T09:59:59Z")
    topics = world.by(RULE, "expire_qualification", MERCHANT, "2026-12-22T10:00:00Z")
    assert topics == ["qualification.expired", "certificate.revoked"]


def test_whoever_expired_begins_anew_without_the_old_scopes() -> None:
    world = Applying()
    world.admitted()
    world.granted()
    world.by(RULE, "expire_qualification", MERCHANT, YEAR_LATER)
    world.submit(at=YEAR_LATER)
    assert world.qualification.scopes == {}
    assert world.qualification.certificates == {}
    world.review(at=YEAR_LATER)
    assert digests(papers()) == [each.sha256 for each in world.qualification.documents]
