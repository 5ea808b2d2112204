"""The joint machine: how order, key, funds and dispute may stand together (3.6, 3.7).

Exactly 23 combinations are legal. Each order has one row of the register `JOINT_STATES` with
the combination that it is in; the database's CHECK lists the same 23, so that no path, not
even one around this program, leaves an order in another. A row is taken only from the
combination that its command decided on (`chain.register.Register.swap`): order and key are
two streams, and of two commands that each touch one of them the second is refused.
``tests/domain/joint``.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from chain.register import Register
from domain.aggregate import NEW, Aggregate
from domain.errors import IllegalCombinationError
from domain.keys.key import Key
from domain.orders.order import Bearing, Order

UNBOUND: Final = "unbound"
"""The key column of an order that no key is bound to."""

JOINT_STATES: Final = Register(
    "joint_states",
    {
        "order_id": "text",
        "order_state": "text",
        "key_state": "text",
        "funds": "text",
        "disputed": "boolean",
        "key_id": "text",
    },
    key=("order_id",),
    unique={"joint_states_key_id_key": ("key_id",)},
)
"""One row an order. ``key_id`` is null where no key is bound, and elsewhere unique: a key is
bound to at most one order (3.7, invariant 9)."""

Row = dict[str, object]
Find = Callable[[type[Any], str], Any]
"""Returns the order or key of that identifier as the command found it."""


class Standing(NamedTuple):
    """One combination of order, key, funds and dispute."""

    order: str
    key: str
    funds: str
    disputed: bool


def _held_or_frozen(order: str, *keys: str) -> Iterator[Standing]:
    for key in keys:
        yield Standing(order, key, "held", disputed=False)
        yield Standing(order, key, "frozen", disputed=True)


def _calm(order: str, funds: str, *keys: str) -> Iterator[Standing]:
    for key in keys:
        yield Standing(order, key, funds, disputed=False)


LEGAL: Final = frozenset(
    (
        *_calm("placed", "none", UNBOUND, "reserved"),
        *_calm("blocked", "none", UNBOUND),
        *_calm("closed_unpaid", "none", UNBOUND),
        *_held_or_frozen("paid", "sold"),
        *_held_or_frozen("delivered", "vouchered", "activated"),
        *_held_or_frozen("confirmed", "vouchered", "confirmed"),
        *_calm("confirmed", "released", "vouchered", "released"),
        *_held_or_frozen("confirmed", "released"),
        *_calm("closed_completed", "released", "vouchered", "released"),
        *_calm("refunded", "refunded", "returned", "quarantined", "voided"),
    )
)
"""The 23 combinations of section 3.6, in the order of its table."""

_UNBOUND_STATES: Final = frozenset({"under_review", "blocked", "closed_unpaid"})
_FINAL: Final = frozenset({"blocked", "closed_unpaid", "refunded"})
_UNPAID: Final = frozenset({"placed", "blocked", "closed_unpaid"})
_ENDED_KEYS: Final = frozenset({"returned", "quarantined", "voided"})
_RELEASABLE: Final = frozenset({"confirmed", "closed_completed"})


def standing_of(order: Bearing, key: str) -> Standing:
    """Return the combination of *order* with a key in the state *key*."""
    state = "placed" if order.state == "under_review" else order.state
    bound = UNBOUND if order.state in _UNBOUND_STATES else key
    return Standing(state, bound, order.funds, order.is_disputed)


def check_legal(order: str, standing: Standing) -> None:
    """Refuse a combination that section 3.6 does not list.

    Raises:
        IllegalCombinationError: it names *order* and the invariant of 3.7 that is broken.
    """
    if standing not in LEGAL:
        raise IllegalCombinationError(order, tuple(standing), broken_invariant(standing))


def broken_invariant(standing: Standing) -> str:
    """Return the first invariant of 3.7 that *standing* breaks; ``3.6`` where none has words."""
    state, key, funds, disputed = standing
    if disputed != (funds == "frozen"):
        return "invariant 1: a dispute is open if and only if the funds are frozen"
    if funds == "released" and state not in _RELEASABLE:
        return "invariant 2: funds are released only with the order confirmed"
    if (state == "refunded") != (funds == "refunded"):
        return "invariant 3: an order is refunded if and only if its funds are"
    if state == "refunded" and key not in _ENDED_KEYS:
        return "invariant 4: a refunded order has no live key"
    if (state in _UNPAID) != (funds == "none"):
        return "invariant 5: an order is unpaid if and only if its funds are none"
    return "section 3.6: these do not stand together"


def changes(
    touched: Mapping[str, Aggregate], before: Mapping[str, Any], find: Find
) -> Iterator[tuple[Row | None, Row]]:
    """Give the old and the new row of every order that a command bears on.

    An order bears, and so does a key that is bound to one: whatever happens to a sold key
    rests on how its order stood, and is refused if that has changed meanwhile.

    Args:
        touched: by identifier: what something happened to.
        before: by identifier: the bearing of each before the command.
        find: returns what the command rests on without touching it.

    Raises:
        IllegalCombinationError: an order would stand as none may.
    """

    def one(kind: type[Any], name: str) -> Any:  # noqa: ANN401 — an order or a key
        return touched.get(name) or find(kind, name)

    for order_id in _orders(touched, before):
        order: Order = one(Order, order_id)
        now: Bearing = order.bearing()
        was: Bearing = before.get(order_id, now)
        if was.state in _FINAL:
            continue
        key_id = now.key or was.key
        key: Key = one(Key, key_id) if key_id else Key("")
        key_was = before[key_id].state if key_id in touched else key.state
        old = None if was.state == NEW else _row(order_id, was, key_was)
        new = _row(order_id, now, key.state)
        check_legal(order_id, standing_of(now, key.state))
        if new["key_id"] is not None and key.order != order_id:
            reason = f"invariant 9: {key_id} is bound to {key.order or 'no order'}"
            raise IllegalCombinationError(order_id, tuple(standing_of(now, key.state)), reason)
        yield old, new


def _orders(touched: Mapping[str, Aggregate], before: Mapping[str, Any]) -> dict[str, None]:
    found: dict[str, None] = {}
    for each in touched.values():
        if isinstance(each, Order):
            found[each.id] = None
        elif isinstance(each, Key):
            order = before[each.id].order or each.order
            if order is not None:
                found[order] = None
    return found


def _row(order_id: str, order: Bearing, key: str) -> Row:
    standing = standing_of(order, key)
    is_bound = order.state not in _UNBOUND_STATES and order.state != "refunded"
    return {
        "order_id": order_id,
        "order_state": standing.order,
        "key_state": standing.key,
        "funds": standing.funds,
        "disputed": standing.disputed,
        "key_id": order.key if is_bound else None,
    }
