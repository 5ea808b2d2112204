"""Holds: an unpaid order keeps its key for a while, and a person has few such orders.

``features.md``, 3.8: 15 minutes, at most three unpaid holds per verified buyer. A hold has one
of its holder's three slots; the register's constraint is what refuses a fourth, however many
ask at once. A hold whose time is over counts no longer, whether or not a worker has closed its
order: whoever needs its slot or its key closes that order in the same command.
``tests/domain/orders/test_holds.py``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast

from chain.errors import MalformedError
from chain.register import Register
from domain.command import Command
from domain.desk import Desk
from domain.errors import HoldLimitError
from domain.event import Event
from domain.identity.account import IdentityAccountUnlocked, PrivacyErased
from domain.identity.standing import find_account
from domain.keys.key import Key
from domain.orders.events import OrderPlaced
from domain.orders.order import Order

HOLD_MINUTES: Final = 15
LIMIT: Final = 3
"""Unpaid holds of one person; the migration that made the register knows it, too."""

HOLDS: Final = Register(
    "holds",
    {
        "until": "text",
        "order": "text",
        "holder": "text",
        "slot": "bigint",
        "product": "text",
        "key": "text",
    },
    # The first to end comes first.
    key=("until", "order"),
    unique={"holds_key_key": ("key",), "holds_holder_slot_key": ("holder", "slot")},
)

_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"


class Hold(NamedTuple):
    """A row of the register."""

    until: str
    order: str
    holder: str
    slot: int
    product: str
    key: str


def hold_until(now: str) -> str:
    """Return when a hold that begins at *now* ends.

    Raises:
        MalformedError: *now* is not RFC 3339 in UTC, in seconds.
    """
    try:
        begun = datetime.strptime(now, _FORM)  # noqa: DTZ007 — the form says UTC
    except ValueError:
        raise MalformedError(
            f"now: {now!a:.40} is no moment such as 2026-11-22T10:00:00Z"
        ) from None
    return (begun + timedelta(minutes=HOLD_MINUTES)).strftime(_FORM)


def holder_of(desk: Desk, buyer: str) -> str:
    """Return whose holds those of *buyer* are: the person's, if one is known, over all accounts."""
    account = find_account(desk, buyer)
    return buyer if account is None or account.person is None else account.person


def is_over(order: Order, now: str) -> bool:
    """Say whether *order* waits for its money no longer at *now*."""
    return order.state == "placed" and order.hold_until is not None and order.hold_until <= now


def end_hold(command: Command, order: Order) -> None:
    """Let go of the slot of *order*, which leaves ``placed`` in this command."""
    if order.hold_until is not None:
        command.keep(HOLDS.drop(until=order.hold_until, order=order.id))


class Expiring:
    """Closes orders whose hold is over, inside a command that has another purpose.

    A key is loaded once, so that the order that is closed and the one that follows it go on
    from each other's events.

    Args:
        desk: where orders and keys are.
        command: which they are closed in.
        now: the moment.
    """

    def __init__(self, desk: Desk, command: Command, now: str) -> None:
        self._desk = desk
        self._command = command
        self._now = now
        self._keys: dict[str, Key] = {}
        self._closed: set[str] = set()

    def key(self, key_id: str) -> Key:
        """Return the key, with what this command did to it."""
        if key_id not in self._keys:
            self._keys[key_id] = self._desk.load(Key, key_id)
        return self._keys[key_id]

    def close(self, order_id: str) -> None:
        """Close the order, if its time is over and this command has not closed it yet."""
        if order_id in self._closed:
            return
        order = self._desk.load(Order, order_id)
        if is_over(order, self._now):
            self._closed.add(order_id)
            close_expired(self._command, order, self.key(order.key))


def close_expired(command: Command, order: Order, key: Key) -> None:
    """Close an order whose hold is over: by the platform's rule, whoever asks for what."""
    asked = command.meta
    command.meta = replace(asked, actor="hold", role="platform", channel="timer")
    order.close(command, "expired")
    key.release_reservation(command, order.id)
    end_hold(command, order)
    command.meta = asked


def take_slot(desk: Desk, command: Command, expiring: Expiring, order: Hold, now: str) -> None:
    """Give *order* a slot of its holder, whatever slot it names.

    Raises:
        HoldLimitError: three other orders of the holder wait for their money.
    """
    known = [Hold(*row) for row in desk.rows_of(HOLDS, holder=order.holder)]
    for each in known:
        if each.until <= now:
            expiring.close(each.order)
    taken = {each.slot for each in known if each.until > now}
    refusal = HoldLimitError(f"{LIMIT} unpaid orders at once: pay one, or wait for its end")
    if len(taken) >= LIMIT:
        raise refusal
    slot = min(set(range(LIMIT)) - taken)
    command.keep(HOLDS.new(**order._replace(slot=slot)._asdict()), refusal)


def holds_of(events: Iterable[Event]) -> Iterator[Hold]:
    """Give the rows that the register must hold after *events*, all of the log's.

    A slot is the smallest that was free when the order was placed; orders that were decided
    at the same time may have them the other way round.
    """
    persons: dict[str, str] = {}
    held: dict[str, Hold] = {}
    taken: dict[str, set[int]] = {}
    for each in events:
        if isinstance(each, IdentityAccountUnlocked):
            persons[each.party] = each.person
        elif isinstance(each, PrivacyErased) and each.party is not None:
            persons.pop(each.party, None)
        elif isinstance(each, OrderPlaced) and each.hold_until is not None:
            holder = persons.get(each.buyer, each.buyer)
            slots = taken.setdefault(holder, set())
            slot = min(set(range(LIMIT)) - slots)
            slots.add(slot)
            until, order = each.hold_until, each.originator_id
            held[order] = Hold(until, order, holder, slot, each.product, each.key or "")
        elif each.TOPIC in ("order.paid", "order.closed", "order.blocked"):
            ended = held.pop(each.originator_id, None)
            if ended is not None:
                taken[ended.holder].discard(ended.slot)
    yield from sorted(held.values())


def expired_holds(desk: Desk, now: str, limit: int, product: str | None = None) -> list[Hold]:
    """Return up to *limit* holds that are over at *now*, of one product or of all."""
    where = {} if product is None else {"product": product}
    rows = (
        Hold(*cast("tuple[str, str, str, int, str, str]", each))
        for each in desk.rows_of(HOLDS, limit, **where)
    )
    return [each for each in rows if each.until <= now]
