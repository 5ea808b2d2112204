"""The guards: strangers, those held to a qualification, and whoever must have one."""

from collections.abc import Sequence
from http import HTTPStatus

import pytest

from api.errors import answer_of
from domain.command import Command
from domain.errors import (
    DocumentsMissingError,
    IllegalTransitionError,
    OutOfScopeError,
    StolenKeyError,
    UnqualifiedError,
    UpstreamNotUnusedError,
    WrongPartyError,
)
from domain.qualification.standing import REQUIRED, STANDINGS, standings_of
from tests.domain.given import BUYER, LATER, MERCHANT, NOW, PRICE, MemoryTrade, identifier
from tests.domain.qualification.applying import ANN, HOUR_LATER, RULE, Applying, Who


def test_a_merchant_that_never_applied_does_as_it_always_did() -> None:
    world = Applying()
    (key,) = world.brought(category=None)
    assert world.state(key) == "listed"
    assert "key.reserved" in world.place(key)


def test_where_qualification_is_required_a_stranger_counts_as_not_approved() -> None:
    world = Applying()
    world.trade = MemoryTrade({REQUIRED: "yes"})
    with pytest.raises(UnqualifiedError, match="is new"):
        world.brought()
    assert "key.imported" not in world.topics()
    key = world.listed("GOOD-0002")
    assert "key.reserved" in world.place(key)


def test_whoever_applies_is_held_to_it_from_then_on() -> None:
    world = Applying()
    (key,) = world.brought()
    world.submit()
    with pytest.raises(UnqualifiedError, match="submitted"):
        world.place(key)
    with pytest.raises(UnqualifiedError, match="submitted"):
        world.brought(["OTHER-1"])
    world.do("unlist_key", key)
    with pytest.raises(UnqualifiedError):
        world.do("list_key", key, NOW)


@pytest.mark.parametrize("ended", ["suspended", "revoked", "expired"])
def test_from_the_event_that_leaves_approved_no_key_can_be_reserved(ended: str) -> None:
    world = Applying()
    key = world.listed()
    late = "2027-11-22T10:00:00Z"
    if ended == "suspended":
        world.two("suspension", "suspend_qualification")
    elif ended == "revoked":
        world.two("revocation", "revoke_qualification")
    else:
        world.by(RULE, "expire_qualification", MERCHANT, late)
    before = world.size()
    with pytest.raises(UnqualifiedError, match=ended):
        world.place(key)
    assert world.size() == before
    assert world.state(key) == "listed"


def test_an_approval_that_is_over_counts_for_nothing_even_if_nobody_records_it() -> None:
    world = Applying()
    key = world.listed()
    with pytest.raises(UnqualifiedError, match="its time is over"):
        world.place(key, at="2027-11-22T10:00:00Z")


def test_paid_orders_run_to_their_end() -> None:
    world = Applying()
    key = world.listed()
    world.place(key)
    order, payment = identifier("ord"), identifier("pay")
    world.two("revocation", "revoke_qualification")
    world.do("initiate_payment", payment, identifier("chk"), PRICE)
    world.do("capture_payment", payment, PRICE, [order], {"name": "somebody"})
    world.do("deliver_order", order, LATER)
    world.do("activate_key", order, BUYER, NOW)
    assert world.do("confirm_order", order, "consumer") == ["order.confirmed", "key.confirmed"]
    assert world.do("release_funds", order) == ["funds.released", "key.released"]


def test_the_shelf_is_cleared_in_batches() -> None:
    world = Applying()
    first = world.listed()
    others = world.brought(["GOOD-0002", "GOOD-0003", "GOOD-0004"])
    for key in others[:2]:
        world.ask(key)
        world.do("list_key", key, NOW)
    world.place(others[0])
    with pytest.raises(IllegalTransitionError, match="approved"):
        world.by(RULE, "clear_shelf", MERCHANT, [first], NOW)
    world.by(RULE, "suspend_qualification", MERCHANT, "complaints", NOW)
    # The reserved one is the buyer's to pay, the sealed one was never out.
    topics = world.by(RULE, "clear_shelf", MERCHANT, [first, first, *others], NOW)
    assert topics == ["key.unlisted", "key.unlisted"]
    assert world.by(RULE, "clear_shelf", MERCHANT, [first], NOW) == []


def test_nobody_s_shelf_is_cleared_for_another() -> None:
    world = Applying()
    (other,) = world.brought(["OTHER-1"], merchant="M-ZHU")
    world.admitted()
    world.by(RULE, "suspend_qualification", MERCHANT, "complaints", NOW)
    with pytest.raises(WrongPartyError):
        world.by(RULE, "clear_shelf", MERCHANT, [other], NOW)
    with pytest.raises(IllegalTransitionError, match="not held"):
        world.by(RULE, "clear_shelf", "M-ZHU", [other], NOW)


def test_without_a_time_nobody_guesses() -> None:
    world = Applying()
    key = world.listed()
    command = world.command()
    command.meta = type(command.meta)(
        **{
            name: getattr(command.meta, name)
            for name in ("actor", "role", "source", "channel", "command_id", "correlation_id")
        }
    )
    with pytest.raises(UnqualifiedError, match="name the time"):
        world.trade.list_key(command, key)


def test_the_register_says_what_the_log_says() -> None:
    world = Applying()

    def register() -> dict[str, str]:
        return dict(world.trade.rows_of(STANDINGS))

    seen = []
    steps = (
        world.verified,
        world.submit,
        world.review,
        world.approve,
        world.granted,
        lambda: world.two("suspension", "suspend_qualification"),
        lambda: world.two("reinstatement", "reinstate_qualification"),
        lambda: world.place(_on_the_shelf(world)),
        lambda: world.two("revocation", "revoke_qualification"),
    )
    for step in steps:
        step()
        assert register() == standings_of(world.events())
        seen.append(register().get(MERCHANT))
    assert seen == [
        None,
        "submitted",
        "in_review",
        *["approved"] * 2,
        "suspended",
        *["approved"] * 2,
        "revoked",
    ]


def _on_the_shelf(world: Applying) -> str:
    (key,) = world.brought()
    world.ask(key)
    world.do("list_key", key, NOW)
    return key


def test_an_order_that_meets_a_suspension_at_the_same_moment_comes_too_late() -> None:
    """The order has looked, the suspension is committed, the order commits."""
    world = Applying()
    key = world.listed()
    trade, size = world.trade, world.size()
    record = trade.record

    def too_late(command: Command) -> Sequence[int]:
        trade.record = record  # type: ignore[method-assign]
        world.by(RULE, "suspend_qualification", MERCHANT, "complaints", NOW)
        return record(command)

    trade.record = too_late  # type: ignore[method-assign]
    with pytest.raises(UnqualifiedError, match="just ended"):
        world.place(key)
    assert world.topics()[size:] == ["qualification.suspended", *["certificate.suspended"] * 2]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UnqualifiedError("x"), HTTPStatus.FORBIDDEN, "qualification_required"),
        (OutOfScopeError("x"), HTTPStatus.FORBIDDEN, "scope_required"),
        (DocumentsMissingError(("x",)), HTTPStatus.UNPROCESSABLE_ENTITY, "documents_missing"),
        (UpstreamNotUnusedError("x"), HTTPStatus.CONFLICT, "upstream_not_unused"),
        (StolenKeyError("x"), HTTPStatus.CONFLICT, "stolen_key"),
    ],
)
def test_a_refusal_is_answered_by_its_reason(
    error: Exception, status: HTTPStatus, code: str
) -> None:
    answer = answer_of(error)
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize("who", [RULE, ANN])
def test_a_reinstated_merchant_trades_again(who: Who) -> None:
    world = Applying()
    key = world.listed()
    if who == RULE:
        world.by(RULE, "suspend_qualification", MERCHANT, "complaints", NOW)
    else:
        world.two("suspension", "suspend_qualification")
    world.two("reinstatement", "reinstate_qualification", HOUR_LATER)
    assert "key.reserved" in world.place(key, at=HOUR_LATER)
