"""A card key: from the merchant's batch to the buyer, once (``features.md``, 3.1 and 3.7).

The expected version of the key's stream is what decides who gets the last key: reserving
appends one event, and of two writers the log takes one. Proved by
``tests/domain/keys/test_key.py``.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from domain.aggregate import NEW, Aggregate, E, Table
from domain.command import Command
from domain.errors import (
    AlreadyUsedError,
    RefundTooLargeError,
    SoldOutError,
    VoucherNotLiveError,
    WrongPartyError,
)
from domain.keys import events
from domain.keys.code import VOUCHER_SYMBOLS, draw_code
from domain.keys.register import CODE, CODES
from domain.keys.shelf import keep_shelf
from domain.keys.stepup import StepUp

if TYPE_CHECKING:
    from domain.keys.upstream import KeyUpstreamChecked
    from domain.qualification.voting import Votes

Effect = Literal["returned", "quarantined", "voided"]
"""What a full refund does to the key."""

_KNOWN = (
    *("imported", "sealed", "listed", "reserved", "sold", "vouchered"),
    *("activated", "confirmed", "released", "returned", "quarantined"),
)
_USED = {"activated": "activated", "confirmed": "confirmed", "released": "released"}

KEY_TABLE: Table = {
    "key.imported": {NEW: "imported"},
    "key.sealed": {"imported": "sealed"},
    "key.quarantined": dict.fromkeys(
        ("imported", "sealed", "listed", "sold", "vouchered"), "quarantined"
    ),
    "key.quarantine_lifted": {"quarantined": "sealed"},
    # The vote of the first of two persons who let it out.
    "qualification.reviewed": {"quarantined": "quarantined"},
    "key.upstream_checked": {state: state for state in _KNOWN},
    "key.listed": {"sealed": "listed", "returned": "listed"},
    "key.unlisted": {"listed": "sealed"},
    "key.reserved": {"listed": "reserved"},
    "key.reservation_released": {"reserved": "listed"},
    "key.sold": {"reserved": "sold"},
    "voucher.issued": {"sold": "vouchered", "vouchered": "vouchered"},
    "voucher.expired": {"vouchered": "vouchered"},
    "voucher.revoked": {"vouchered": "vouchered"},
    "voucher.locked": {"vouchered": "vouchered"},
    "bundle.issued": {"vouchered": "vouchered"},
    "bundle.unit_used": _USED,
    "bundle.units_refunded": {"sold": "sold", "vouchered": "vouchered", **_USED},
    "key.activated": {"vouchered": "activated"},
    "key.confirmed": {"activated": "confirmed"},
    "key.released": {"confirmed": "released"},
    "key.revealed": _USED,
    "key.returned": {"sold": "returned", "vouchered": "returned"},
    "key.voided": dict.fromkeys(
        (
            *("sold", "vouchered", "activated", "confirmed", "released"),
            *("sealed", "returned", "quarantined"),
        ),
        "voided",
    ),
}


class Key(Aggregate):
    """A card key, or a bundle of several units under one code."""

    TOPIC = "key"
    PREFIX = "key"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": KEY_TABLE}

    __slots__ = (
        *("activated", "fingerprint", "hold_until", "merchant", "order", "product", "raw_key"),
        *("revealed", "state", "units", "units_refunded", "units_used", "upstream", "views"),
        *("votes", "voucher_code", "voucher_end", "voucher_expires_at", "voucher_live"),
        *("voucher_locked_until", "voucher_locks", "voucher_tag"),
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.merchant = ""
        self.product = ""
        self.order: str | None = None
        self.hold_until: str | None = None
        self.units = 0
        self.units_used = 0
        self.units_refunded = 0
        self.activated = False
        self.revealed = False
        self.voucher_live = False
        self.voucher_expires_at: str | None = None
        self.voucher_code: dict[str, str] | None = None
        self.voucher_tag: str | None = None
        self.voucher_end: events.VoucherEnd | None = None
        self.voucher_locked_until: str | None = None
        self.voucher_locks = 0
        self.views = 0
        self.fingerprint: str | None = None
        self.raw_key: dict[str, str] | None = None
        self.upstream: KeyUpstreamChecked | None = None
        """The operator's last answer; none that is older than a quarantine or a return."""
        self.votes: Votes = {}

    @classmethod
    def as_vouchered(cls, key_id: str, version: int, order: str, units: int, refunded: int) -> Self:
        """Return a delivered, unused key as a caller knows it who recorded all of it itself."""
        key = cls(key_id)
        key.version, key.state, key.voucher_live = version, "vouchered", True
        key.order, key.units, key.units_refunded = order, units, refunded
        return key

    @property
    def units_left(self) -> int:
        """Units bought, neither used nor refunded."""
        return self.units - self.units_used - self.units_refunded

    def happen(self, command: Command, event: E) -> E:
        """Let *event* happen, and keep the shelf in step with it."""
        before = self.state
        super().happen(command, event)
        if before != self.state and "listed" in (before, self.state):
            keep_shelf(command, self.product, self.id, on_it=self.state == "listed")
        return event

    def take_in(
        self,
        command: Command,
        imported: events.KeyImported,
        raw_key: str,
    ) -> None:
        """Import the key, seal *raw_key* under its merchant's data key, and list it."""
        self.seal_in(command, imported, raw_key)
        self.offer(command)

    def seal_in(self, command: Command, imported: events.KeyImported, raw_key: str) -> None:
        """Import the key and seal *raw_key* under its merchant's data key."""
        self.happen(command, imported)
        reference = command.seal(imported.merchant, raw_key)
        self.happen(
            command, events.KeySealed(*self.follows(command), reference, basis=imported.basis)
        )

    def offer(self, command: Command) -> None:
        """Put the key on the shelf."""
        self.happen(command, events.KeyListed(*self.follows(command)))

    def take_off(self, command: Command) -> None:
        """Take the key off the shelf."""
        self.happen(command, events.KeyUnlisted(*self.follows(command)))

    def void(self, command: Command) -> None:
        """Withdraw a key that nobody has bought.

        Raises:
            WrongPartyError: it is a buyer's.
        """
        if self.order is not None:
            raise WrongPartyError(f"{self.id} belongs to {self.order}: refund that order instead")
        self.happen(command, events.KeyVoided(*self.follows(command)))

    def quarantine(
        self,
        command: Command,
        cause: events.FaultCause,
        listing: tuple[str, str] | None = None,
    ) -> None:
        """Set the key aside; *listing* names the stolen list that holds it, and its version."""
        stolen, version = listing or (None, None)
        self.happen(
            command,
            events.KeyQuarantined(
                *self.follows(command), cause, stolen_list=stolen, list_version=version
            ),
        )

    def reserve(self, command: Command, order: str, hold_until: str | None = None) -> None:
        """Hold the key for *order*, up to *hold_until*.

        Raises:
            SoldOutError: somebody else holds it or has bought it.
        """
        if self.state != "listed":
            raise SoldOutError(f"{self.id} is {self.state}: choose another key of the product")
        self.happen(command, events.KeyReserved(*self.follows(command), order, hold_until))

    def release_reservation(self, command: Command, order: str) -> None:
        """Put the key back on the shelf: *order* was not paid."""
        self._check_order(order)
        self.happen(command, events.KeyReservationReleased(*self.follows(command), order))

    def sell(self, command: Command, order: str) -> None:
        """Make the reserved key the buyer's."""
        self._check_order(order)
        self.happen(command, events.KeySold(*self.follows(command), order))

    def issue_voucher(self, command: Command, buyer: str, expires_at: str | None) -> None:
        """Draw a new redemption code, sealed for *buyer*; a live one is revoked first."""
        self.check("voucher.issued")  # before there is a code that nobody has paid for
        if self.voucher_live:
            self.happen(command, events.VoucherRevoked(*self.follows(command)))
        code = draw_code(VOUCHER_SYMBOLS, command.draw)
        tag, sealed = command.tag(CODE, code), command.seal(buyer, code)
        follows = self.follows(command)
        self.happen(command, events.VoucherIssued(*follows, sealed, expires_at, tag=tag))
        command.keep(CODES.new(tag=tag, key=self.id, order_id=self.order or ""))

    def assume_voucher(self, command: Command) -> None:
        """Record that a buyer of the past was served, by no code that we know of."""
        self.happen(command, events.VoucherIssued(*self.follows(command), basis="assumed"))

    def expire_voucher(self, command: Command, now: str) -> None:
        """End the live redemption code, whose time is over at *now*.

        Raises:
            VoucherNotLiveError: there is none, or its time is not over.
        """
        until = self.voucher_expires_at
        if not self.voucher_live or until is None or now < until:
            raise VoucherNotLiveError(f"{self.id}: no code of it has expired at {now}")
        self.happen(command, events.VoucherExpired(*self.follows(command)))

    def voucher_expired(self, now: str) -> bool:
        """Say whether the code's time is over at *now*."""
        return self.voucher_expires_at is not None and now >= self.voucher_expires_at

    def voucher_locked(self, now: str) -> bool:
        """Say whether nobody can use the code at *now*, for others have tried it."""
        return self.voucher_locked_until is not None and now < self.voucher_locked_until

    def lock_voucher(self, command: Command, until: str) -> None:
        """Lock the code until *until*."""
        locks = self.voucher_locks + 1
        self.happen(command, events.VoucherLocked(*self.follows(command), until, locks))

    def issue_bundle(self, command: Command) -> None:
        """State how many units the buyer may use."""
        self.happen(command, events.BundleIssued(*self.follows(command), self.units))

    def activate(self, command: Command, buyer: str, now: str) -> None:
        """Redeem the key for *buyer*: happens once.

        Raises:
            VoucherNotLiveError: revoked, used, or expired or locked at *now*.
        """
        if not self.voucher_live or self.voucher_expired(now) or self.voucher_locked(now):
            raise VoucherNotLiveError(f"{self.id}: this code is not valid or cannot be used now")
        self.happen(command, events.KeyActivated(*self.follows(command), buyer))

    def use_units(self, command: Command, units: int) -> None:
        """Use *units* of an activated bundle.

        Raises:
            AlreadyUsedError: fewer are left.
        """
        if units > self.units_left:
            raise AlreadyUsedError(f"{self.id}: {self.units_left} units are left, not {units}")
        self.happen(command, events.BundleUnitUsed(*self.follows(command), units))

    def reveal(
        self,
        command: Command,
        buyer: str,
        purpose: str,
        device: str | None = None,
        step_up: StepUp | None = None,
    ) -> None:
        """Record one view of the raw key by its buyer; *device* is a tag."""
        self.happen(
            command,
            events.KeyRevealed(
                *self.follows(command),
                buyer,
                purpose,
                device=device,
                view=self.views + 1,
                step_up_by=step_up.by if step_up else None,
                step_up_at=step_up.at if step_up else None,
                step_up_method=step_up.method if step_up else None,
            ),
        )

    def refund_units(self, command: Command, units: int, refund: str) -> None:
        """Take back *units* that nobody used.

        Raises:
            RefundTooLargeError: fewer are left.
        """
        if units > self.units_left:
            raise RefundTooLargeError(f"{self.id}: {self.units_left} units are left, not {units}")
        self.happen(command, events.BundleUnitsRefunded(*self.follows(command), units, refund))

    def end(
        self, command: Command, effect: Effect, refund: str, cause: events.FaultCause = "fault"
    ) -> None:
        """Carry out what the full refund of its order does to the key.

        Args:
            command: the refund's.
            effect: what becomes of the key.
            refund: of its order.
            cause: why it is set aside, if it is.

        Raises:
            AlreadyUsedError: it was activated or shown and cannot go back to stock.
        """
        if effect == "returned" and (self.activated or self.revealed):
            raise AlreadyUsedError(f"{self.id} was activated or shown: it can only be voided")
        if self.voucher_live:
            self.happen(command, events.VoucherRevoked(*self.follows(command)))
        follows = self.follows(command)
        if effect == "returned":
            self.happen(command, events.KeyReturned(*follows, refund))
        elif effect == "quarantined":
            self.happen(command, events.KeyQuarantined(*follows, cause, refund))
        else:
            self.happen(command, events.KeyVoided(*follows, refund))

    def order_confirmed(self, command: Command) -> None:
        """Follow the order's confirmation, if the key was activated."""
        if self.state == "activated":
            self.happen(command, events.KeyConfirmed(*self.follows(command)))

    def funds_released(self, command: Command) -> None:
        """Follow the release of the funds, if the key was confirmed."""
        if self.state == "confirmed":
            self.happen(command, events.KeyReleased(*self.follows(command)))

    def _check_order(self, order: str) -> None:
        if self.order != order:
            raise WrongPartyError(f"{self.id} is held for {self.order}, not for {order}")
