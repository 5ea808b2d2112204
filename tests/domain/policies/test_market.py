"""The seeded market with a follower beside it: it survives, and never speaks out of turn."""

from collections import Counter

from domain.ledger.journal import LedgerPosted
from domain.market.marketplace import marketplace
from domain.orders.order import Order
from domain.policies.periods import later
from tests.domain.policies.followed import Followed


def test_a_market_that_was_never_followed_is_caught_up_with() -> None:
    world = Followed()
    for action in marketplace(5, 60):
        action.perform(world.trade, world.sealer)
    before = world.size()
    world.now = max(each.event.meta.occurred_at or "" for each in world.causes())
    world.step()
    assert set(world.follower.refused) <= {
        ("deliver", "IllegalTransitionError"),
        ("decide", "IllegalTransitionError"),
        ("hear_appeal", "IllegalTransitionError"),
        ("execute", "WrongPartyError"),
        ("expire_identity", "IllegalTransitionError"),
    }
    new = world.causes()[before:]
    # Whatever it did follows from an entry before it, and is due by now.
    assert all(each.event.meta.causation is not None for each in new)
    assert all((each.event.meta.causation or 0) < each.index for each in new)
    assert world.step() == []
    again = world.follow("another")
    again.step(lambda: world.now)
    assert world.size() == before + len(new)


def test_in_the_end_every_order_is_at_its_end() -> None:
    world = Followed()
    for action in marketplace(7, 40):
        action.perform(world.trade, world.sealer)
    world.now = later("2027-12-01T00:00:00Z", days=400)
    world.step()
    states = Counter(
        world.trade.load(Order, each.event.originator_id).state
        for each in world.causes()
        if each.event.TOPIC == "order.placed"
    )
    assert set(states) <= {"closed_unpaid", "closed_completed", "refunded"}
    assert sum(states.values()) == 40
    assert all(
        sum(line.amount for line in each.event.lines) == 0
        for each in world.causes()
        if isinstance(each.event, LedgerPosted)
    )
    assert all(name != "expire_voucher" for name, _ in world.follower._timers.agenda._set)
