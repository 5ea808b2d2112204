"""A day's reconciliation: what did not match (``features.md``, G6), a stream a day.

``tests/domain/retail/test_importing.py``.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from domain.aggregate import Aggregate, Table
from domain.command import Command
from domain.event import Event, event
from domain.payload import Amount, BuyerId, Count, Currency, MerchantId, ProductId, Reference, Units

RECON_TABLE: Table = {"recon.break_opened": {"open": "open"}}

BreakKind = Literal["refund_without_sale"]


@event("recon.break_opened")
class ReconBreakOpened(Event):
    """Two records of the same money differ, or one is missing."""

    kind: BreakKind
    amount: Amount
    currency: Currency
    units: Count
    merchant: MerchantId | None = None
    product: ProductId | None = None
    buyer: BuyerId | None = None
    row: Units | None = None
    """The row of the source file that says so."""
    party: Reference | None = None
    """The person whom the source names beside it."""


class Recon(Aggregate):
    """One day's reconciliation."""

    TOPIC = "recon"
    PREFIX = "recon/"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": RECON_TABLE}

    __slots__ = ("state",)

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = "open"

    def open_break(self, command: Command, opened: ReconBreakOpened) -> None:
        """Record something that does not match."""
        self.happen(command, opened)
