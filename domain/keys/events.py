"""What can happen to a card key, its vouchers and its units (``features.md``, E, H4, 3.1).

Vouchers and bundles live in the key's stream: whoever has the key's history has theirs.
"""

from typing import TYPE_CHECKING, Literal

from domain.event import Event, event, unchanged, upcaster
from domain.payload import (
    Basis,
    BatchId,
    BuyerId,
    Digest,
    KeyId,
    MerchantId,
    Moment,
    OrderId,
    ProductId,
    Reference,
    RefundId,
    Tag,
    Units,
)

if TYPE_CHECKING:
    from domain.keys.key import Key

FaultCause = Literal["fault", "upstream_unknown", "stolen_list", "upstream_used", "case_collision"]
VoucherEnd = Literal["expired", "revoked"]
StepUpMethod = Literal["passkey", "one_time_code", "face", "password"]
"""How the buyer showed anew who asks."""


@event("key.imported", schema=2)
class KeyImported(Event):
    """A merchant brought the key; a bundle where it has more than one unit."""

    merchant: MerchantId
    product: ProductId
    units: Units
    batch: BatchId | None = None
    fingerprint: Digest | None = None
    """Of the raw key's normal form, keyed."""
    basis: Basis | None = None
    line: Units | None = None
    """Of the batch."""
    index_key: str | None = None
    """Id of the fingerprints' key."""
    folded: Digest | None = None
    """Of the normal form without its case, keyed."""
    collides: KeyId | None = None
    """The first key from which this one differs in case alone."""
    former_key: str | None = None
    """Id of the index key before, while that one is still asked."""
    former_fingerprint: Digest | None = None
    former_folded: Digest | None = None

    def _apply(self, key: "Key") -> None:
        key.merchant, key.product, key.units = self.merchant, self.product, self.units
        key.imported = self
        key.fingerprint = self.fingerprint


upcaster("key.imported", 1)(unchanged)


@event("key.sealed", schema=2)
class KeySealed(Event):
    """The raw key is kept outside the log, encrypted; the reference commits to it."""

    raw_key: Reference
    basis: Basis | None = None
    platform_key: Reference | None = None
    """The platform's own code for the key."""
    platform_tag: Digest | None = None
    """Keyed digest by which that code is found, under the index key of `KeyImported`."""

    def _apply(self, key: "Key") -> None:
        key.raw_key = self.raw_key


upcaster("key.sealed", 1)(unchanged)


@event("key.listed")
class KeyListed(Event):
    """The key can be bought."""


@event("key.unlisted")
class KeyUnlisted(Event):
    """The key was taken off the shelf."""


@event("key.reserved", schema=2)
class KeyReserved(Event):
    """The key is held for one order."""

    order: OrderId
    hold_until: Moment | None = None
    """From then on another order may take it."""

    def _apply(self, key: "Key") -> None:
        key.order, key.hold_until = self.order, self.hold_until


# What was held before version 2 says no end.
upcaster("key.reserved", 1)(unchanged)


@event("key.reservation_released")
class KeyReservationReleased(Event):
    """The order was not paid: the key can be bought again."""

    order: OrderId

    def _apply(self, key: "Key") -> None:
        key.order = key.hold_until = None


@event("key.sold")
class KeySold(Event):
    """The order was paid: the key is the buyer's."""

    order: OrderId


@event("voucher.issued", schema=2)
class VoucherIssued(Event):
    """The buyer has a temporary redemption code for the key."""

    code: Reference | None = None
    expires_at: Moment | None = None
    basis: Basis | None = None
    tag: Tag | None = None
    """By which the key is found when somebody types the code."""

    def _apply(self, key: "Key") -> None:
        key.voucher_live, key.voucher_expires_at = True, self.expires_at
        key.voucher_code, key.voucher_tag, key.voucher_end = self.code, self.tag, None
        key.voucher_locks, key.voucher_locked_until = 0, None


# A code of version 1 is not found by what somebody types.
upcaster("voucher.issued", 1)(unchanged)


@event("voucher.locked")
class VoucherLocked(Event):
    """Too many have tried the code who may not use it: for a time nobody can."""

    until: Moment
    locks: Units
    """The how manieth lock of this code it is; each takes twice as long as the one before."""

    def _apply(self, key: "Key") -> None:
        key.voucher_locked_until, key.voucher_locks = self.until, self.locks


@event("voucher.expired")
class VoucherExpired(Event):
    """The redemption code's time is over; a new one can be asked for."""

    def _apply(self, key: "Key") -> None:
        key.voucher_live, key.voucher_end = False, "expired"


@event("voucher.revoked")
class VoucherRevoked(Event):
    """The redemption code no longer works."""

    def _apply(self, key: "Key") -> None:
        key.voucher_live, key.voucher_end = False, "revoked"


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


@event("key.revealed", schema=2)
class KeyRevealed(Event):
    """The raw key was shown to its buyer; every view is an event."""

    buyer: BuyerId
    purpose: str
    device: Tag | None = None
    view: Units | None = None
    """The how manieth it is."""
    step_up_by: BuyerId | None = None
    """From the second view on: who showed anew who asks, when and how."""
    step_up_at: Moment | None = None
    step_up_method: StepUpMethod | None = None

    def _apply(self, key: "Key") -> None:
        key.revealed = True
        key.views += 1


# Version 1 counted no views and named no device.
upcaster("key.revealed", 1)(unchanged)


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
        key.voucher_code, key.voucher_tag, key.voucher_locked_until = None, None, None
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


# Version 1 did not name the list.
upcaster("key.quarantined", 1)(unchanged)


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
