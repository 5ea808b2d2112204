"""The guards that other areas ask: may this merchant, and this key, be traded now?

``features.md``, 3.1 and invariant 15. A merchant that never applied may do everything, unless
the application is configured with ``QUALIFICATION_REQUIRED=yes``; then it counts as not
approved. Whoever has a qualification is held to it in any case. A stolen key is refused
whoever brings it. ``tests/domain/qualification/test_standing.py``.

Approval is kept in the register ``standings`` as well: an order takes the merchant's row and
puts it back, so that of an order and a suspension at the same moment the log takes the order
only if it comes first. What else the guards read is what is committed: a scope that ends while
a command is under way ends with the next one.
"""

from collections.abc import Iterable
from typing import Any, Final, cast

from eventsourcing.application import AggregateNotFoundError

from chain.register import Register
from domain.catalogue.product import Product
from domain.command import Command
from domain.desk import Desk
from domain.errors import (
    NotFoundError,
    OutOfScopeError,
    StolenKeyError,
    UnqualifiedError,
    UpstreamNotUnusedError,
)
from domain.event import Event
from domain.keys.fingerprint import Fingerprint
from domain.keys.key import Key
from domain.qualification.categories import VERSION_1, after
from domain.qualification.qualification import Qualification
from domain.qualification.stolen import find_any

REQUIRED: Final = "QUALIFICATION_REQUIRED"
"""Of the application's environment: ``yes`` makes strangers unqualified."""

STANDINGS: Final = Register("standings", {"merchant": "text", "state": "text"}, key=("merchant",))
"""By merchant: the state of its qualification, as the last event of its stream left it."""


def find_qualification(desk: Desk, merchant: str) -> Qualification | None:
    """Return the qualification of *merchant*; None if it never applied."""
    stream = f"{Qualification.PREFIX}{merchant}"
    project = cast("Any", Qualification.project)
    try:
        return cast("Qualification", desk.repository.get(stream, projector_func=project))
    except AggregateNotFoundError:
        return None


def load_qualification(desk: Desk, merchant: str) -> Qualification:
    """Return the qualification of *merchant*.

    Raises:
        NotFoundError: it never applied.
    """
    found = find_qualification(desk, merchant)
    if found is None:
        raise NotFoundError(f"{merchant}: has never applied for qualification")
    return found


def keep_standing(command: Command, found: Qualification) -> None:
    """Write the state of *found* to the register, together with the event that made it."""
    command.keep(STANDINGS.put(merchant=found.merchant, state=found.state))


def standings_of(history: Iterable[Event]) -> dict[str, str]:
    """Return the register's rows, state by merchant, made again from the log.

    Args:
        history: all events of the area ``qualification``, in the log's order.
    """
    found: dict[str, Qualification] = {}
    for each in history:
        if each.originator_id.startswith(Qualification.PREFIX):
            stream = each.originator_id
            found.setdefault(stream, Qualification(stream)).evolve(each)
    return {each.merchant: each.state for each in found.values()}


def require_approved(
    desk: Desk, command: Command, merchant: str, now: str | None
) -> Qualification | None:
    """Refuse unless *merchant* is approved; return what it is held to, None for a stranger.

    Args:
        desk: that loads.
        command: that lists or orders.
        merchant: who sells.
        now: RFC 3339, UTC; by default the moment that the command itself names.

    Raises:
        UnqualifiedError: it is not, or may not be and nobody says what time it is.
    """
    found = _held_to(desk, merchant)
    if found is not None and not found.is_approved(_moment(command, merchant, now)):
        over = " and its time is over" if found.state == "approved" else ""
        raise UnqualifiedError(f"{merchant}: its qualification is {found.state}{over}")
    return found


def require_listable(
    desk: Desk, command: Command, key: Key, now: str | None
) -> Qualification | None:
    """Refuse a key that may not stand on the shelf; return as `require_approved`.

    Raises:
        StolenKeyError: it stands on a list of stolen keys.
        UnqualifiedError: its merchant is not approved.
        OutOfScopeError: no scope in force covers its category.
        UpstreamNotUnusedError: its operator has not said within a day that it is unused.
    """
    listing = None if key.fingerprint is None else desk.stolen.find(key.fingerprint)
    if listing is not None:
        raise StolenKeyError(f"{key.id}: stands on {listing.name}, version {listing.version}")
    found = require_approved(desk, command, key.merchant, now)
    if found is None:
        return None
    moment = _moment(command, key.merchant, now)
    category = desk.load(Product, key.product).category
    if category is None:
        raise OutOfScopeError(f"{key.product}: has no category, so that no scope covers it")
    scope = found.scope(category, moment)
    if scope is None:
        raise OutOfScopeError(f"{key.merchant}: has no scope in force for {category}")
    if VERSION_1.demand(category).operator:
        _require_unused(key, scope.operator, moment)
    return found


def require_reservable(desk: Desk, command: Command, key: Key, now: str | None) -> None:
    """Refuse to reserve a key that could not be listed now; raises as `require_listable`.

    The merchant's approval is held against its register once more at the commit.
    """
    if require_listable(desk, command, key, now) is not None:
        row = {"merchant": key.merchant, "state": "approved"}
        refusal = UnqualifiedError(f"{key.merchant}: its qualification has just ended")
        command.keep(STANDINGS.drop(**row))
        command.keep(STANDINGS.new(**row), refusal)


def require_revealable(desk: Desk, command: Command, key: Key, now: str | None) -> None:
    """Refuse to show a raw key for the first time unless its operator says it is unused.

    Paid orders run to their end: neither approval nor scope is asked for.

    Raises:
        UpstreamNotUnusedError: it has not said so within a day.
    """
    if key.revealed or _held_to(desk, key.merchant) is None:
        return
    category = desk.load(Product, key.product).category
    if category is not None and VERSION_1.demand(category).operator:
        _require_unused(key, None, _moment(command, key.merchant, now))


def is_held(desk: Desk, merchant: str) -> bool:
    """Say whether *merchant* is held to a qualification; asked once for a whole batch."""
    return _held_to(desk, merchant) is not None


def shelve(desk: Desk, command: Command, key: Key, marks: Fingerprint, *, held: bool) -> None:
    """Decide what becomes of a key that was just imported and sealed; reads nothing.

    A stolen one is set aside, whichever merchant has brought it. A merchant that is *held* to
    its qualification lists each key once the operator was asked; anybody else's is listed.
    """
    listing = find_any(desk.stolen, marks)
    if listing is not None:
        key.quarantine(command, "stolen_list", listing)
    elif not held:
        key.offer(command)


def _held_to(desk: Desk, merchant: str) -> Qualification | None:
    found = find_qualification(desk, merchant)
    if found is None and desk.env.get(REQUIRED) == "yes":
        return Qualification(f"{Qualification.PREFIX}{merchant}")
    return found


def _moment(command: Command, merchant: str, now: str | None) -> str:
    moment = now or command.meta.occurred_at
    if moment is None:
        # Without a time nobody can say that an approval is not over: refuse, do not guess.
        raise UnqualifiedError(f"{merchant}: name the time of asking")
    return moment


def _require_unused(key: Key, operator: str | None, now: str) -> None:
    since = after(now, hours=-VERSION_1.upstream_hours)
    checked = key.upstream
    if checked is None or not checked.is_good(operator, since):
        raise UpstreamNotUnusedError(
            f"{key.id}: ask {operator or 'its operator'} again; nobody has said since {since}"
            " that it is unused and as it should be"
        )
