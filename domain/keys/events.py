"""What can happen to a card key, its vouchers and its units (``features.md``, E, H4, 3.1).

Vouchers and bundles live in the key's stream: whoever has the key's history has theirs.
"""

from typing import TYPE_CHECKING, Any, Literal

from domain.event import Event, event, upcaster
from domain.payload import (
    Basis,
    BatchId,
    BuyerId,
    Digest,
    MerchantId,
    Moment,
    OrderId,
    ProductId,
    Reference,
    RefundId,
    Units,
)

if TYPE_CHECKING:
    from domain.keys.key import Key

FaultCause = Literal["fault", "upstream_unknown", "stolen_list", "upstream_used", "case_collision"]


@event("key.imported")
class KeyImported(Event):
    """A merchant brought the key; a bundle where it has more than one unit."""

    merchant: MerchantId
    product: ProductId
    units: Units
    batch: BatchId | None = None
    fingerprint: Digest | None = None
    basis: Basis | None = None

    def _apply(self, key: "Key") -> None:
        key.merchant, key.product, key.units = self.merchant, self.product, self.units
        key.fingerprint = self.fingerprint


@event("key.sealed")
class KeySealed(Event):
    """The raw key is kept outside the log, encrypted; the reference commits to it."""

    raw_key: Reference
    basis: Basis | None = None

    def _apply(self, key: "Key") -> None:
        key.raw_key = self.raw_key


@event("key.listed")
class KeyListed(Event):
    """The key can be bought."""


@event("key.unlisted")
class KeyUnlisted(Event):
    """The key was taken off the shelf."""


@event("key.reserved")
class KeyReserved(Event):
    """The key is held for one order."""

    order: OrderId

    def _apply(self, key: "Key") -> None:
        key.order = self.order


@event("key.reservation_released")
class KeyReservationReleased(Event):
    """The order was not paid: the key can be bought again."""

    order: OrderId

    def _apply(self, key: "Key") -> None:
        key.order = None


@event("key.sold")
class KeySold(Event):
    """The order was paid: the key is the buyer's."""

    order: OrderId


@event("voucher.issued")
class VoucherIssued(Event):
    """The buyer has a temporary redemption code for the key."""

    code: Reference | None = None
    expires_at: Moment | None = None
    basis: Basis | None = None

    def _apply(self, key: "Key") -> None:
        key.voucher_live, key.voucher_expires_at = True, self.expires_at


@event("voucher.expired")
class VoucherExpired(Event):
    """The redemption code's time is over; a new one can be asked for."""

    def _apply(self, key: "Key") -> None:
        key.voucher_live = False


@event("voucher.revoked")
class VoucherRevoked(Event):
    """The redemption code no longer works."""

    def _apply(self, key: "Key") -> None:
        key.voucher_live = False


@event("bundle.issued")
class BundleIssued(Event):
    """The buyer may use this many units of the key."""

    units: Units


@event("bundle.unit_used")
class BundleUnitUsed(Event):
    """One unit was used."""

    units: Units

    def _apply(self, key: "Key") -> None:
        key.units_used += self.units


@event("bundle.units_refunded")
class BundleUnitsRefunded(Event):
    """Units were given back; the others stay usable."""

    units: Units
    refund: RefundId

    def _apply(self, key: "Key") -> None:
        key.units_refunded += self.units


@event("key.activated")
class KeyActivated(Event):
    """The buyer redeemed the key on the platform; happens once."""

    buyer: BuyerId

    def _apply(self, key: "Key") -> None:
        key.activated = True
        key.voucher_live = False


@event("key.revealed")
class KeyRevealed(Event):
    """The raw key was shown to its buyer; every view is an event."""

    buyer: BuyerId
    purpose: str

    def _apply(self, key: "Key") -> None:
        key.revealed = True


@event("key.confirmed")
class KeyConfirmed(Event):
    """The order of the activated key was confirmed."""


@event("key.released")
class KeyReleased(Event):
    """The merchant was paid for the confirmed key."""


@event("key.returned")
class KeyReturned(Event):
    """Refunded, neither activated nor shown: the merchant's stock again."""

    refund: RefundId

    def _apply(self, key: "Key") -> None:
        # A key sold again shows nothing of its first order.
        key.order, key.units_refunded, key.voucher_expires_at = None, 0, None
        key.upstream = None


@event("key.quarantined", schema=2)
class KeyQuarantined(Event):
    """The key is set aside until somebody has looked into it."""

    cause: FaultCause
    refund: RefundId | None = None
    stolen_list: str | None = None
    """Name of the list that holds its fingerprint, and the list's version."""
    list_version: str | None = None

    def _apply(self, key: "Key") -> None:
        if self.refund is not None:
            key.order = None
        # What was known before it was set aside does not get it out again.
        key.upstream = None
        key.votes.clear()


@upcaster("key.quarantined", 1)
def without_a_list(data: dict[str, Any]) -> dict[str, Any]:
    """Return *data* as it is: version 1 did not name the list."""
    return data


@event("key.quarantine_lifted")
class KeyQuarantineLifted(Event):
    """Two persons found nothing wrong with the key, and its operator says that it is unused."""

    lifted_at: Moment
    reason: str
    proposed_by: str

    def _apply(self, key: "Key") -> None:
        key.votes.clear()


@event("key.voided")
class KeyVoided(Event):
    """The key is dead: it can be neither activated nor sold again."""

    refund: RefundId | None = None
