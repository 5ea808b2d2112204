"""What of a resource each kind may see: lists of what is allowed, so that the new is hidden.

``reliability.md``, T8: no member outside the kind's list, and a card secret never but to its
buyer. Sealed values stay closed: their references may be seen, which tell nothing. A buyer
that is masked for a merchant keeps the last four symbols, so that two of one order are told
apart and nobody is found by it. ``tests/api/access/test_readings.py``.
"""

from collections.abc import Mapping
from typing import Any, Final

from api.access.matrix import Cell
from api.principal import Kind

SEEN: Final[dict[str, frozenset[str]]] = {
    "order": frozenset(
        {
            *("order", "state", "funds", "product", "merchant", "buyer", "key", "amount"),
            *("currency", "checkout", "hold_until", "paid_at", "delivered_at", "confirmed_at"),
            *("released_at", "dispute", "units", "units_refunded", "refund", "timeline"),
            *("index", "size", "min_index", "placed_at", "first_index", "guest", "escrow"),
            *("refunded", "payment", "ended_at", "cause"),
        }
    ),
    "dispute": frozenset(
        {
            *("dispute", "order", "state", "opener", "fault", "evidence_until", "due", "outcome"),
            *("key_effect", "amount", "units", "facts", "appeal_until", "appealed", "accepted"),
            *("arbitrator", "buyer", "merchant", "index", "size", "opens_commitment", "row"),
            *("rules", "reason", "relied_on", "first_index", "open", "mode", "opened_at"),
            *("ruled_at", "ended_at"),
        }
    ),
    "key": frozenset(
        {
            *("key", "state", "product", "merchant", "batch", "order", "units", "units_used"),
            *("units_refunded", "activated", "revealed", "hold_until", "index", "size"),
            *("first_index", "buyer", "voucher", "voucher_until", "locked_until", "views"),
            *("activated_at", "upstream", "upstream_at", "cause"),
        }
    ),
    # Views
    "step": frozenset(
        {"order", "topic", "step", "stream", "seq", "role", "moment", "index", "size"}
    ),
    "refund": frozenset(
        {
            *("refund", "order", "buyer", "merchant", "amount", "currency", "units", "state"),
            *("asked_at", "settled_at", "index", "first_index", "size"),
        }
    ),
    "stock": frozenset(
        {
            *("product", "merchant", "code", "title", "category", "price", "currency", "state"),
            *("adjusted", "imported", "available", "reserved", "delivered", "voided"),
            *("quarantined", "returned", "listed", "index", "first_index", "size"),
        }
    ),
    "batch": frozenset(
        {
            *("batch", "merchant", "product", "state", "accepted", "rejected", "duplicates"),
            *("started_at", "finished_at", "imported", "available", "reserved", "delivered"),
            *("voided", "quarantined", "returned", "listed", "index", "first_index", "size"),
        }
    ),
    "merchant": frozenset(
        {
            *("merchant", "account", "state", "submitted_at", "valid_until", "certificate"),
            *("scopes", "votes", "reason", "index", "first_index", "size"),
        }
    ),
    "certificate": frozenset(
        {
            *("certificate", "merchant", "kind", "category", "operator", "state", "issued_at"),
            *("valid_until", "presented", "index", "first_index", "size"),
        }
    ),
    "credit": frozenset(
        {
            *("merchant", "score", "scale", "grade", "weight", "rules", "log_size"),
            *("reason_zh", "reason_en", "deposit", "deposit_required", "deposit_currency"),
            *("index", "first_index", "size"),
        }
    ),
    "sanction": frozenset(
        {
            *("sanction", "merchant", "ground", "level", "state", "starts_at", "ends_at"),
            *("appeal_until", "reason_zh", "reason_en", "index", "first_index", "size"),
        }
    ),
    "work": frozenset(
        {
            *("kind", "stream", "buyer", "merchant", "state", "assignee", "reason", "since"),
            *("due", "done_at", "index", "first_index", "size"),
        }
    ),
    "balance": frozenset(
        {
            *("account", "kind", "merchant", "order", "currency", "amount", "postings"),
            *("index", "first_index", "size"),
        }
    ),
    "day": frozenset(
        {
            *("day", "merchant", "currency", "placed", "placed_amount", "paid", "paid_amount"),
            *("delivered", "confirmed", "released_amount", "unpaid", "refunded", "refunds"),
            *("refunded_amount", "disputes", "index", "first_index", "size"),
        }
    ),
    # cases
    "replay": frozenset({"size", "at", "parts", "checkpoint", "min_index"}),
}
"""By resource: what may be seen of one by whoever may see it at all."""

OWNERS_ALONE: Final[dict[str, frozenset[str]]] = {
    "order": frozenset({"device", "address", "voucher", "guide"}),
    "dispute": frozenset({"messages"}),
    "replay": frozenset(),
    "key": frozenset({"fingerprint", "batch", "line"}),
    "refund": frozenset({"payment", "failures", "transfer"}),
}
"""What is seen beside it by those whose own it is."""

BUYERS_ALONE: Final[dict[str, frozenset[str]]] = {
    "key": frozenset({"raw_key", "code"}),
}
"""What the buyer alone sees."""


def show(resource: str, kind: Kind, cell: Cell, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of *body* somebody of *kind* with *cell* may see.

    Raises:
        LookupError: nobody has said what of such a resource may be seen.
    """
    seen = SEEN[resource]
    if cell in (Cell.OWN, Cell.OWN_MASKED):
        seen = seen | OWNERS_ALONE.get(resource, frozenset())
    if kind is Kind.CONSUMER and cell is Cell.OWN:
        seen = seen | BUYERS_ALONE.get(resource, frozenset())
    found = {name: _closed(value) for name, value in body.items() if name in seen}
    if cell is Cell.OWN_MASKED:
        found |= {name: mask_person(found[name]) for name in ("buyer",) if name in found}
        found = {name: value for name, value in found.items() if name not in ("device", "address")}
    return found


def mask_person(pseudonym: object) -> str:
    """Return what a merchant sees of a buyer's pseudonym."""
    text = str(pseudonym)
    return f"{text.partition('_')[0]}_…{text[-4:]}"


def _closed(value: object) -> object:
    """Return *value* with every opened sealed value closed again."""
    if isinstance(value, Mapping):
        if "sealed" in value:
            return {"sealed": value["sealed"]}
        return {name: _closed(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_closed(each) for each in value]
    return value
