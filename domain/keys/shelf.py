"""The shelf: which keys of a product can be bought now, as a register.

A key stands on it exactly while its state is ``listed``; `domain.keys.key.Key` keeps it in
step in the transaction of whatever event changes that. It only names candidates: who gets a
key is decided by the key's own stream. ``tests/domain/keys/test_shelf.py``.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from chain.register import Register, RegisterRow
from domain.command import Command
from domain.event import Event

SHELF: Final = Register("shelf", {"product": "text", "key": "text"}, key=("product", "key"))

_COLUMNS: Final = tuple(SHELF.columns)


def keep_shelf(command: Command, product: str, key: str, *, on_it: bool) -> None:
    """Put *key* on the shelf in the transaction of *command*, or take it off."""
    # A batch lists a thousand keys: what SHELF.put would check is known here.
    put = RegisterRow(SHELF, "put", _COLUMNS, (product, key))
    if on_it:
        command.keep(put)
    elif command.beside and command.beside[-1] == put:
        # Put there and taken by one command, as an import of past sales does: nobody sees it.
        command.beside.pop()
    else:
        command.keep(SHELF.drop(product=product, key=key))


def shelf_of(events: Iterable[Event]) -> Iterator[tuple[str, str]]:
    """Give the rows that the register must hold after *events*, all of the log's keys'.

    Does not ask `Key.happen`, whose work it is to prove or to do again.
    """
    products: dict[str, str] = {}
    listed: dict[str, bool] = {}
    for each in events:
        if each.TOPIC == "key.imported":
            products[each.originator_id] = each.product  # type: ignore[attr-defined]
        elif each.TOPIC in LEAVING:
            listed[each.originator_id] = False
        elif each.TOPIC in ENTERING:
            listed[each.originator_id] = True
    rows = ((products[key], key) for key, on_it in listed.items() if on_it)
    yield from sorted(rows)


ENTERING: Final = frozenset({"key.listed", "key.reservation_released"})
LEAVING: Final = frozenset({"key.unlisted", "key.reserved", "key.quarantined", "key.voided"})
