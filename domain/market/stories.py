"""What happens to one order after its payment: the market's stories.

Each story is a generator of actions; the market advances it once its last action is done,
so that a story may put a key back on the shelf when its key really came back.
``tests/domain/market/test_marketplace.py``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from domain.disputes.arbitration import Piece
from domain.disputes.judgement import Judgement
from domain.errors import (
    AlreadyDisputedError,
    ConflictOfInterestError,
    DisputeOpenError,
    IllegalTransitionError,
    VoucherNotLiveError,
    WindowOverError,
)
from domain.event import Role
from domain.keys.upstream import Answer, Finding, UpstreamState
from domain.market.action import Action, moment
from domain.market.stock import Product
from domain.market.teller import DAY, HOUR, MINUTE, Teller

Story = Iterator[Action]
Who = tuple[str, Role, str]

TIMER: Final[Who] = ("timer", "platform", "timer")
RULES: Final[Who] = ("rules", "platform", "timer")
CHANNEL: Final[Who] = ("channel-sandbox", "channel", "api")
STAFF: Final[Who] = ("staff-07", "staff", "desk")
UPSTREAM: Final[Who] = ("operator-sandbox", "upstream", "api")
ARBITRATORS: Final = ("arb-01", "arb-02")


@dataclass(frozen=True, slots=True)
class Bought:
    """One paid order of a checkout, and who is who in it."""

    order: str
    product: Product
    key: str
    buyer: str

    @property
    def consumer(self) -> Who:
        """The buyer."""
        return self.buyer, "consumer", "web"

    @property
    def merchant(self) -> Who:
        """The seller."""
        return self.product.merchant, "merchant", "web"


def after_payment(teller: Teller, bought: Bought) -> Story:
    """Tell one of the stories of a paid order."""
    throw = teller.dice.below(100)
    for share, story in STORIES:
        if throw < share:
            return story(teller, bought)
        throw -= share
    return _used(teller, bought)


def _deliver(teller: Teller, bought: Bought) -> Story:
    teller.wait(5, 5 * MINUTE)
    until = teller.until(DAY)
    yield teller.act(TIMER, "deliver_order", order=bought.order, voucher_until=until)


def _activate(teller: Teller, bought: Bought) -> Action:
    arguments = {"order": bought.order, "buyer": bought.buyer, "now": moment(teller.at)}
    return teller.act(bought.consumer, "activate_key", **arguments)


def _settle(teller: Teller, refund: str, *, fails: bool = False) -> Story:
    teller.wait(HOUR, DAY)
    if fails:
        yield teller.act(CHANNEL, "fail_refund", refund=refund, reason="account closed")
        teller.wait(HOUR, DAY)
    transfer = f"sandbox-{refund[-8:]}"
    yield teller.act(CHANNEL, "settle_refund", refund=refund, transfer=transfer)


def _back_on_shelf(teller: Teller, bought: Bought) -> Story:
    teller.wait(MINUTE, HOUR)
    yield teller.act(RULES, "list_key", key=bought.key)
    bought.product.keys.append(bought.key)


def _finish(teller: Teller, bought: Bought, cause: str) -> Story:
    who = bought.consumer if cause == "consumer" else TIMER
    yield teller.act(who, "confirm_order", order=bought.order, cause=cause)
    teller.wait(DAY, 3 * DAY)
    yield teller.act(TIMER, "release_funds", order=bought.order)


def _used(teller: Teller, bought: Bought) -> Story:
    """The usual: delivered, activated, confirmed by the buyer, released."""
    yield from _deliver(teller, bought)
    teller.wait(MINUTE, 12 * HOUR)
    yield _activate(teller, bought)
    if bought.product.units > 1:
        for _ in range(teller.dice.between(1, 3)):
            teller.wait(HOUR, 2 * DAY)
            yield teller.act(
                bought.consumer, "use_units", order=bought.order, buyer=bought.buyer, units=1
            )
    elif teller.dice.percent(25):
        teller.wait(5, MINUTE)
        purpose = {"order": bought.order, "buyer": bought.buyer, "purpose": "redeem elsewhere"}
        yield teller.act(bought.consumer, "reveal_key", **purpose)
    teller.wait(HOUR, 2 * DAY)
    yield from _finish(teller, bought, "consumer")
    if teller.dice.percent(20):
        teller.at += 180 * DAY
        yield teller.act(TIMER, "close_order", order=bought.order, cause="completed")


def _confirmed_by_timer(teller: Teller, bought: Bought) -> Story:
    """Delivered and never touched: the timer confirms; activated long afterwards."""
    yield from _deliver(teller, bought)
    delivered = teller.at
    teller.at = delivered + DAY + MINUTE
    yield teller.act(TIMER, "expire_voucher", order=bought.order, now=moment(teller.at))
    arguments = {"order": bought.order, "buyer": bought.buyer, "now": moment(teller.at)}
    yield teller.act(bought.consumer, "activate_key", VoucherNotLiveError, **arguments)
    teller.at = delivered + 168 * HOUR
    yield from _finish(teller, bought, "timer")
    teller.wait(DAY, 9 * DAY)
    until = teller.until(DAY)
    yield teller.act(bought.consumer, "renew_voucher", order=bought.order, voucher_until=until)
    teller.wait(MINUTE, HOUR)
    yield _activate(teller, bought)


def _refunded_before_delivery(teller: Teller, bought: Bought) -> Story:
    """The buyer regrets at once; the key goes back to the shelf."""
    teller.wait(30, 3 * MINUTE)
    refund = teller.new("rfd")
    yield teller.act(bought.consumer, "request_refund", refund=refund, order=bought.order)
    teller.wait(MINUTE, HOUR)
    yield teller.act(bought.merchant, "approve_refund", refund=refund)
    yield from _back_on_shelf(teller, bought)
    yield from _settle(teller, refund)


def _refunded_after_delivery(teller: Teller, bought: Bought) -> Story:
    """Delivered, not activated, refunded; the code must not work any more."""
    yield from _deliver(teller, bought)
    teller.wait(HOUR, 3 * DAY)
    refund = teller.new("rfd")
    units = 1 if bought.product.units > 1 else None
    arguments = {"refund": refund, "order": bought.order, "units": units}
    yield teller.act(bought.consumer, "request_refund", **arguments)
    teller.wait(HOUR, DAY)
    yield teller.act(bought.merchant, "approve_refund", refund=refund)
    if units is None:
        arguments = {"order": bought.order, "buyer": bought.buyer, "now": moment(teller.at)}
        yield teller.act(bought.consumer, "activate_key", IllegalTransitionError, **arguments)
        yield from _back_on_shelf(teller, bought)
    yield from _settle(teller, refund, fails=teller.dice.percent(30))


def _open(teller: Teller, bought: Bought, dispute: str, fault: str = "none") -> Story:
    teller.wait(HOUR, 2 * DAY)
    arguments = {"order": bought.order, "opener": "consumer", "fault": fault}
    yield teller.act(bought.consumer, "open_dispute", dispute=dispute, **arguments)


def _ask_upstream(
    teller: Teller, bought: Bought, state: UpstreamState, *findings: Finding
) -> Action:
    teller.wait(2, 40)
    answer = Answer("operator-sandbox", state, findings, sandbox=True)
    return teller.act(UPSTREAM, "check_upstream", key=bought.key, answer=answer)


def _decide(
    teller: Teller, bought: Bought, dispute: str, state: UpstreamState, *findings: Finding
) -> Story:
    """Ask the operator, read the facts from the log, and let the rule table speak."""
    yield _ask_upstream(teller, bought, state, *findings)
    teller.wait(2, MINUTE)
    yield teller.act(RULES, "gather_evidence", dispute=dispute)
    teller.wait(1, 5)
    arguments = {"now": moment(teller.at), "arbitrators": ARBITRATORS}
    yield teller.act(RULES, "decide_dispute", dispute=dispute, **arguments)


def _execute(teller: Teller, dispute: str) -> Story:
    arguments = {"refund": teller.new("rfd"), "now": moment(teller.at)}
    yield teller.act(RULES, "execute_ruling", dispute=dispute, **arguments)


def _withdrawn(teller: Teller, bought: Bought) -> Story:
    """Declined by the merchant, disputed, thought better of."""
    yield from _deliver(teller, bought)
    refund = teller.new("rfd")
    yield teller.act(bought.consumer, "request_refund", refund=refund, order=bought.order)
    teller.wait(HOUR, DAY)
    yield teller.act(bought.merchant, "decline_refund", refund=refund, reason="as described")
    dispute = teller.new("dsp")
    yield from _open(teller, bought, dispute)
    teller.wait(MINUTE, HOUR)
    arguments = {"order": bought.order, "opener": "consumer", "fault": "none"}
    second = {"dispute": teller.new("dsp"), **arguments}
    yield teller.act(bought.consumer, "open_dispute", AlreadyDisputedError, **second)
    arguments = {"order": bought.order, "buyer": bought.buyer, "now": moment(teller.at)}
    yield teller.act(bought.consumer, "activate_key", DisputeOpenError, **arguments)
    teller.wait(HOUR, DAY)
    yield teller.act(bought.consumer, "withdraw_dispute", dispute=dispute)
    until = teller.until(DAY)
    yield teller.act(bought.consumer, "renew_voucher", order=bought.order, voucher_until=until)
    teller.wait(MINUTE, HOUR)
    yield _activate(teller, bought)
    yield from _finish(teller, bought, "consumer")


def _conceded(teller: Teller, bought: Bought) -> Story:
    """The merchant gives in: refunded in full, the key voided."""
    yield from _deliver(teller, bought)
    dispute = teller.new("dsp")
    yield from _open(teller, bought, dispute, "wrong_region")
    teller.wait(HOUR, DAY)
    yield teller.act(bought.merchant, "concede_dispute", dispute=dispute)
    yield from _execute(teller, dispute)


def _ruled_for_buyer(teller: Teller, bought: Bought) -> Story:
    """Not activated, inside the window: the rule table refunds (row R07 or R09)."""
    yield from _deliver(teller, bought)
    dispute, at_fault = teller.new("dsp"), teller.dice.percent(40)
    yield from _open(teller, bought, dispute, "wrong_edition" if at_fault else "none")
    findings: tuple[Finding, ...] = ("wrong_edition",) if at_fault else ()
    yield from _decide(teller, bought, dispute, "unused", *findings)
    arguments = {"refund": teller.new("rfd"), "now": moment(teller.at)}
    yield teller.act(RULES, "execute_ruling", WindowOverError, dispute=dispute, **arguments)
    teller.wait(HOUR, DAY)
    yield teller.act(bought.merchant, "accept_ruling", dispute=dispute)
    yield from _execute(teller, dispute)
    if not at_fault:
        yield from _back_on_shelf(teller, bought)


def _ruled_for_merchant(teller: Teller, bought: Bought) -> Story:
    """Activated and used: no refund (row R12); the appeal window passes."""
    yield from _deliver(teller, bought)
    teller.wait(MINUTE, HOUR)
    yield _activate(teller, bought)
    if bought.product.units > 1:
        # Of a bundle the table asks for the units that nobody used.
        use = {"order": bought.order, "buyer": bought.buyer, "units": bought.product.units}
        yield teller.act(bought.consumer, "use_units", **use)
    dispute = teller.new("dsp")
    yield from _open(teller, bought, dispute)
    yield from _decide(teller, bought, dispute, "used")
    teller.at += 73 * HOUR
    yield from _execute(teller, dispute)
    yield from _finish(teller, bought, "timer")


def _appealed(teller: Teller, bought: Bought) -> Story:
    """A hard case: ruled by a person, appealed, ruled by another: a part goes back."""
    yield from _deliver(teller, bought)
    teller.wait(MINUTE, HOUR)
    yield _activate(teller, bought)
    dispute = teller.new("dsp")
    yield from _open(teller, bought, dispute, "wrong_duration")
    piece = Piece("listing", "the listing promised 30 days", contests="merchant_fault")
    arguments: dict[str, object] = {"piece": piece, "now": moment(teller.at)}
    yield teller.act(bought.consumer, "add_evidence", dispute=dispute, **arguments)
    yield from _decide(teller, bought, dispute, "used", "wrong_duration")
    teller.wait(HOUR, DAY)
    yield _judge(teller, bought, dispute, "arb-01", None)
    teller.wait(HOUR, 2 * DAY)
    arguments = {"reason": "the listing promised 30 days", "now": moment(teller.at)}
    yield teller.act(bought.consumer, "appeal_ruling", dispute=dispute, **arguments)
    same = {"arbitrator": "arb-01", "reason": "appeal", "now": moment(teller.at)}
    yield teller.act(STAFF, "assign_dispute", ConflictOfInterestError, dispute=dispute, **same)
    yield _assign(teller, dispute, "arb-02")
    teller.wait(HOUR, DAY)
    yield _judge(teller, bought, dispute, "arb-02", bought.product.price.amount // 2)
    yield from _execute(teller, dispute)
    yield from _finish(teller, bought, "timer")


def _assign(teller: Teller, dispute: str, arbitrator: str) -> Action:
    teller.wait(HOUR, DAY)
    arguments = {"arbitrator": arbitrator, "reason": "appeal", "now": moment(teller.at)}
    return teller.act(STAFF, "assign_dispute", dispute=dispute, **arguments)


def _judge(
    teller: Teller, bought: Bought, dispute: str, arbitrator: str, amount: int | None
) -> Action:
    """Let *arbitrator* refund *amount*, or nothing."""
    judgement = Judgement(
        "rejected" if amount is None else "partial_refund",
        "unchanged",
        "order and listing compared",
        (f"{bought.order}/1", f"{bought.key}/1"),
        amount,
    )
    arguments = {"judgement": judgement, "now": moment(teller.at)}
    return teller.act((arbitrator, "arbitrator", "desk"), "rule", dispute=dispute, **arguments)


def _claimed_late(teller: Teller, bought: Bought) -> Story:
    """Paid out already, then the operator revokes the key: recalled, refunded, voided."""
    yield from _deliver(teller, bought)
    teller.wait(MINUTE, HOUR)
    yield _activate(teller, bought)
    teller.wait(HOUR, DAY)
    yield from _finish(teller, bought, "consumer")
    teller.wait(10 * DAY, 90 * DAY)
    dispute = teller.new("dsp")
    yield from _open(teller, bought, dispute, "revoked")
    teller.wait(HOUR, DAY)
    yield teller.act(bought.merchant, "concede_dispute", dispute=dispute)
    refund = teller.new("rfd")
    arguments = {"refund": refund, "now": moment(teller.at)}
    yield teller.act(RULES, "execute_ruling", dispute=dispute, **arguments)
    yield from _settle(teller, refund)


def _twice(teller: Teller, bought: Bought) -> Story:
    """A second activation and a second delivery are refused."""
    yield from _deliver(teller, bought)
    until = teller.until(DAY)
    again = {"order": bought.order, "voucher_until": until}
    yield teller.act(TIMER, "deliver_order", IllegalTransitionError, **again)
    teller.wait(MINUTE, HOUR)
    yield _activate(teller, bought)
    arguments = {"order": bought.order, "buyer": bought.buyer, "now": moment(teller.at)}
    yield teller.act(bought.consumer, "activate_key", VoucherNotLiveError, **arguments)
    teller.wait(HOUR, DAY)
    yield from _finish(teller, bought, "consumer")


STORIES: Final[tuple[tuple[int, Callable[[Teller, Bought], Story]], ...]] = (
    (5, _refunded_before_delivery),
    (8, _refunded_after_delivery),
    (3, _withdrawn),
    (3, _conceded),
    (4, _ruled_for_buyer),
    (3, _ruled_for_merchant),
    (3, _appealed),
    (2, _twice),
    (2, _claimed_late),
    (14, _confirmed_by_timer),
)
"""Shares in per cent; the rest is the usual."""
