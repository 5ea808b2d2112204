"""The joint row and the postings of every command, added when it is recorded (3.3, 3.6).

No use case has to remember them: what a command did to orders and keys is known from the
command itself, and so is what its postings did to the accounts. ``tests/domain/joint``.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from chain.register import RegisterConflictError
from domain.aggregate import AGGREGATES, Aggregate
from domain.command import Command
from domain.desk import Desk
from domain.errors import (
    ConcurrentChangeError,
    IllegalCombinationError,
    Refusal,
    UnbalancedError,
)
from domain.event import Event
from domain.keys.key import Key
from domain.ledger import accounts
from domain.ledger.balances import BALANCES, additions, guarded
from domain.ledger.journal import LedgerPosted
from domain.orders.joint import JOINT_STATES, Row, changes
from domain.orders.order import Order

MOVES: Final = frozenset(
    {
        *("payment.captured", "funds.held", "funds.released", "funds.recalled"),
        *("refund.executed", "refund.settled"),
    }
)
"""Events that move an order's money: the next event of their stream is the posting."""


class Standings(Desk):
    """Keeps one row an order, and the balances, in step with the log."""

    def complete(self, command: Command) -> None:
        """Add the joint rows and the balances that *command* moves.

        Raises:
            IllegalCombinationError: an order would stand as none may.
            UnbalancedError: money would move without its posting, or by another amount.
        """
        super().complete(command)
        check_postings(command)

        def find(kind: type[Any], name: str) -> Any:  # noqa: ANN401 — an order or a key
            return command.loaded.get(name) or self.load(kind, name)

        meanwhile = ConcurrentChangeError(f"{command.id}: order or key was changed meanwhile")
        for old, new in changes(command.touched, command.before, find):
            command.keep(JOINT_STATES.swap(old, **new), meanwhile)
        spent = ConcurrentChangeError(f"{command.id}: the money was taken meanwhile")
        for row in additions(command.events):
            command.keep(row, spent)

    def differences(self) -> Iterator[str]:
        """Compare the registers with the log; give a sentence for each difference."""
        events = list(self._all_events())
        wanted = standings_of(events)
        for values in self.rows_of(JOINT_STATES):
            row = dict(zip(JOINT_STATES.columns, values, strict=True))
            if wanted.pop(str(row["order_id"]), None) != row:
                yield f"{row['order_id']}: the register says {row}, the log another thing"
        yield from (f"{order}: the register has no row of it" for order in wanted)
        owed = guarded(events)
        for account, currency, amount in self.rows_of(BALANCES):
            if owed.pop((account, currency), 0) != amount:
                yield f"{account}: the register says {amount} {currency}, the log another sum"
        yield from (f"{account}: the register has no row of it" for account, _ in owed)

    def _all_events(self) -> Iterator[Event]:
        start, page = 1, 1_000
        while True:
            found = self.recorder.select_notifications(start, page)
            for each in found:
                event: Any = self.mapper.to_domain_event(each)
                yield event
            if len(found) < page:
                return
            start = found[-1].id + 1

    def _explain(self, command: Command, error: Any) -> Refusal:  # noqa: ANN401 — as the desk has it
        cause = error.__cause__
        if isinstance(cause, RegisterConflictError) and cause.constraint == "joint_states_legal":
            orders = tuple(each.id for each in command.touched.values() if isinstance(each, Order))
            return IllegalCombinationError(", ".join(orders), (), "section 3.6, by the database")
        return super()._explain(command, error)


def check_postings(command: Command) -> None:
    """Refuse a command that moves money otherwise than its postings say (3.3, 3.7: 13).

    Raises:
        UnbalancedError: an event that moves money is not followed by its posting, or an
            escrow changed by another amount than was posted to its account.
    """
    awaiting: dict[str, Event] = {}
    posted: dict[str, int] = {}
    for event in command.events:
        before = awaiting.pop(event.originator_id, None)
        if isinstance(event, LedgerPosted):
            for line in event.lines:
                posted[line.account] = posted.get(line.account, 0) + line.amount
        elif before is not None:
            break
        elif event.TOPIC in MOVES and getattr(event, "amount", True):
            awaiting[event.originator_id] = event
    else:
        before = next(iter(awaiting.values()), None)
    if before is not None:
        raise UnbalancedError(f"{before.originator_id}: {before.TOPIC} carries no ledger.posted")
    for each in command.touched.values():
        if isinstance(each, Order):
            moved = each.escrow - command.before[each.id].escrow
            if moved != posted.get(accounts.escrow(each.id), 0):
                raise UnbalancedError(f"{each.id}: the escrow moved by {moved}, posted otherwise")


def standings_of(events: Iterable[Event]) -> dict[str, Row]:
    """Return the rows of `JOINT_STATES` that *events*, the whole log in its order, lead to.

    Raises:
        IllegalCombinationError: a command of the log left an order as none may stand.
    """
    known: dict[str, Aggregate] = {}
    rows: dict[str, Row] = {}
    for _, group in groupby(events, lambda each: each.meta.command_id):
        touched: dict[str, Aggregate] = {}
        before: dict[str, Any] = {}
        for event in group:
            kind = AGGREGATES.get(event.originator_id.partition("_")[0])
            if kind not in (Order, Key):
                continue
            each = known.setdefault(event.originator_id, kind(event.originator_id))
            if each.id not in touched:
                touched[each.id], before[each.id] = each, each.bearing()
            each.evolve(event)
        for _, row in changes(touched, before, lambda _, name: known[name]):
            rows[str(row["order_id"])] = row
    return rows
