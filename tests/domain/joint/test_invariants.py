"""The invariants of ``features.md``, 3.7, each read off the log of a walk, event by event.

The walk and its model know nothing of this reading, and it knows nothing of them.
"""

from collections import Counter
from itertools import groupby
from random import Random
from typing import Any

import pytest

from domain.event import Event
from tests.domain.joint.walk import Walk

Commands = list[tuple["Event", ...]]
HELD = {"funds.held": "held", "funds.frozen": "frozen", "funds.recalled": "frozen"}
FUNDS = HELD | {
    "funds.unfrozen": "held",
    "funds.released": "released",
    "order.refunded": "refunded",
}
ENDS = ("key.returned", "key.quarantined", "key.voided")
OF_USE = ("key.activated", "key.revealed", "bundle.unit_used", "order.delivered", "key.released")


@pytest.fixture(scope="module")
def commands() -> Commands:
    """Return the commands of a walk, each with its events."""
    events = Walk().run(1_500, Random(11), probes=0).world.events()
    return [tuple(group) for _, group in groupby(events, lambda each: each.meta.command_id)]


def of(event: Event, name: str) -> Any:  # noqa: ANN401 — a member of whatever type
    """Return a member of the event's payload; None if it has none of that name."""
    return getattr(event, name, None)


class Log:
    """What the log says of each order and key, as far as it was read."""

    def __init__(self) -> None:
        self.order: dict[str, str] = {}
        self.funds: dict[str, str] = {}
        self.disputed: dict[str, str] = {}
        self.key_of: dict[str, str] = {}
        self.bound: dict[str, str] = {}
        self.vouchers: Counter[str] = Counter()
        self.shown: set[str] = set()

    def read(self, event: Event) -> None:
        """Take one event in."""
        name, topic = event.originator_id, event.TOPIC
        if topic.startswith("order."):
            self.order[name] = topic
        if topic in FUNDS:
            self.funds[name] = FUNDS[topic]
        if topic == "dispute.opened":
            self.disputed[of(event, "order")] = name
        elif topic in ("dispute.withdrawn", "ruling.executed"):
            self.disputed = {o: d for o, d in self.disputed.items() if d != name}
        elif topic == "key.reserved":
            assert name not in self.bound, "invariant 9: bound twice"
            self.bound[name], self.key_of[of(event, "order")] = of(event, "order"), name
        elif topic == "key.reservation_released" or (topic in ENDS and name in self.bound):
            del self.bound[name]
        elif topic in ("key.activated", "key.revealed"):
            self.shown.add(name)
        if topic == "voucher.issued":
            self.vouchers[name] += 1
        elif topic in ("voucher.revoked", "voucher.expired", "key.activated"):
            self.vouchers[name] -= 1


def replay(commands: Commands) -> Any:  # noqa: ANN401 — a generator of log and command
    """Give the log after each command, and the command."""
    log = Log()
    for command in commands:
        for event in command:
            log.read(event)
        yield log, command


def test_invariant_1_a_dispute_is_open_if_and_only_if_funds_are_frozen(commands: Commands) -> None:
    for log, _ in replay(commands):
        assert {each for each, funds in log.funds.items() if funds == "frozen"} == set(log.disputed)


def test_invariant_2_funds_are_released_only_when_confirmed_and_undisputed(
    commands: Commands,
) -> None:
    log, count = Log(), 0
    for event in (each for command in commands for each in command):
        if event.TOPIC == "funds.released":
            assert log.order[event.originator_id] == "order.confirmed"
            assert event.originator_id not in log.disputed
            count += 1
        log.read(event)
    assert count > 10


def test_invariant_3_refunded_orders_have_ended_keys_and_no_live_voucher(
    commands: Commands,
) -> None:
    ends: Counter[str] = Counter()
    for log, command in replay(commands):
        for event in command:
            if event.TOPIC == "order.refunded":
                key = log.key_of[event.originator_id]
                ends[
                    next(e.TOPIC for e in command if e.originator_id == key and e.TOPIC in ENDS)
                ] += 1
                assert log.vouchers[key] == 0
    assert set(ends) == set(ENDS)


def test_invariant_4_a_refunded_order_s_key_is_used_no_more(commands: Commands) -> None:
    log, dead = Log(), set()
    for event in (each for command in commands for each in command):
        if event.TOPIC == "key.voided":
            dead.add(event.originator_id)
        assert not (event.TOPIC in OF_USE and event.originator_id in dead)
        if event.TOPIC in OF_USE and event.originator_id.startswith("key"):
            assert log.order[log.bound[event.originator_id]] != "order.refunded"
        log.read(event)
    assert dead


def test_invariant_5_unpaid_orders_have_no_funds_and_blocked_ones_no_key(
    commands: Commands,
) -> None:
    for log, _ in replay(commands):
        for order, topic in log.order.items():
            if topic in ("order.placed", "order.held", "order.cleared", "order.blocked"):
                assert order not in log.funds
            if topic == "order.blocked":
                assert order not in log.key_of


def test_invariant_6_no_code_before_the_payment(commands: Commands) -> None:
    log = Log()
    for event in (each for command in commands for each in command):
        if event.TOPIC in ("voucher.issued", "key.revealed"):
            assert log.funds[log.bound[event.originator_id]] in ("held", "released")
        log.read(event)


def test_invariant_7_activated_once_and_never_while_a_dispute_is_open(commands: Commands) -> None:
    log, activated = Log(), Counter[str]()
    for event in (each for command in commands for each in command):
        if event.TOPIC in OF_USE:
            order = log.bound.get(event.originator_id, event.originator_id)
            assert order not in log.disputed
        activated[event.originator_id] += event.TOPIC == "key.activated"
        log.read(event)
    assert max(activated.values()) == 1


def test_invariant_8_only_an_unused_key_goes_back_to_stock(commands: Commands) -> None:
    log, returned = Log(), 0
    for event in (each for command in commands for each in command):
        if event.TOPIC == "key.returned":
            assert event.originator_id not in log.shown
            returned += 1
        log.read(event)
    assert returned


def test_invariant_9_a_key_is_bound_to_at_most_one_order(commands: Commands) -> None:
    for log, _ in replay(commands):
        assert len(set(log.bound.values())) == len(log.bound)


def test_invariant_11_at_most_one_live_voucher(commands: Commands) -> None:
    for log, _ in replay(commands):
        assert set(log.vouchers.values()) <= {0, 1}


def test_invariant_12_refunds_never_exceed_what_was_captured_and_one_execution_a_dispute(
    commands: Commands,
) -> None:
    left: Counter[str] = Counter()
    executed: Counter[str] = Counter()
    for event in (each for command in commands for each in command):
        if event.TOPIC == "funds.held":
            left[event.originator_id] += of(event, "amount")
        elif event.TOPIC == "refund.executed":
            left[event.originator_id] -= of(event, "amount")
            assert left[event.originator_id] >= 0
        executed[event.originator_id] += event.TOPIC == "ruling.executed"
    assert max(executed.values()) == 1


def test_invariant_13_postings_sum_to_zero_and_escrows_to_what_is_held(commands: Commands) -> None:
    accounts: Counter[str] = Counter()
    for log, command in replay(commands):
        for event in command:
            if event.TOPIC == "ledger.posted":
                assert sum(line.amount for line in of(event, "lines")) == 0
                for line in of(event, "lines"):
                    accounts[line.account] += line.amount
        full = {
            name.partition(":")[2] for name, n in accounts.items() if n and name[:6] == "escrow"
        }
        assert full == {each for each, funds in log.funds.items() if funds in ("held", "frozen")}


def test_invariant_14_a_merchant_never_takes_out_more_than_was_released(
    commands: Commands,
) -> None:
    balance: Counter[str] = Counter()
    withdrawn = 0
    for event in (each for command in commands for each in command):
        withdrawn += event.TOPIC == "ledger.withdrawal_requested"
        for line in of(event, "lines") or ():
            if line.account.startswith(("merchant:", "guarantee")):
                balance[line.account] += line.amount
                assert balance[line.account] >= 0
    assert withdrawn
