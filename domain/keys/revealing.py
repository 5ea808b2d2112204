"""Showing the raw key: to its buyer alone, each view an event first (``features.md``, E9).

Nobody else has a way to it: no member of staff, no merchant, no arbitrator. In a dispute the
buyer submits what was received, and the answer is whether it is what was sealed at intake.
``tests/domain/keys/test_e9_reveal.py``.
"""

import hmac
from unicodedata import normalize

from domain.catalogue.product import Product, ReleasePolicy
from domain.command import Command
from domain.desk import use_case
from domain.errors import NeverShownError, StepUpNeededError, VoucherNotLiveError, WrongPartyError
from domain.keys.key import Key
from domain.keys.register import DEVICE
from domain.keys.stepup import StepUp
from domain.orders.order import Order
from domain.orders.sales import Sales
from domain.outside.hidden import Hidden
from domain.qualification.standing import require_revealable


class Revealing(Sales):
    """Views of raw keys and codes by those whose they are."""

    def view_key(
        self,
        command: Command,
        order: str,
        buyer: str,
        purpose: str,
        device: Hidden | None = None,
        step_up: StepUp | None = None,
        now: str | None = None,
    ) -> Hidden:
        """Record one view of the raw key, then hand it out.

        A view is given once: whoever has lost the answer asks for another, with a step-up.

        Raises:
            Refusal: see `reveal_key`; nothing was recorded.
            StepUpNeededError: the command was answered before.
            ChainError: the vault is out of reach; nothing was recorded, no view is spent.
        """
        if self.find_receipt(command.id) is not None:
            raise StepUpNeededError("this view was given: ask for another, with a step-up")
        _, key = self.key_for_use(order, buyer, "key.revealed")
        # Opened before and handed out after the event: a vault that is away spends no view,
        # and dying in between shows nothing.
        raw_key = _raw_key(command, key)
        self.reveal_key(command, order, buyer, purpose, device, step_up, now)
        return raw_key

    @use_case
    def reveal_key(
        self,
        command: Command,
        order: str,
        buyer: str,
        purpose: str,
        device: Hidden | None = None,
        step_up: StepUp | None = None,
        now: str | None = None,
    ) -> None:
        """Record that the buyer sees the raw key.

        Args:
            command: the buyer's own.
            order: whose key it is.
            buyer: who asks.
            purpose: what for.
            device: on which; its tag is recorded.
            step_up: needed from the second view on.
            now: by default the moment that the command itself names.

        Raises:
            WrongPartyError: *buyer* did not buy it, or somebody else asks.
            NeverShownError: the product's release policy does not show it, or not yet.
            StepUpNeededError: it was shown before, and *step_up* is missing or too old.
            UpstreamNotUnusedError: nobody has asked its operator of late, or it is not unused.
        """
        if command.meta.role != "consumer" or command.meta.actor != buyer:
            raise WrongPartyError(f"{order}: a raw key is shown to its buyer and to nobody else")
        _, key = self.key_for_use(order, buyer, "key.revealed")
        key.check("key.revealed")
        _check_policy(key, self.load(Product, key.product).release_policy)
        require_revealable(self, command, key, now)
        if key.revealed:
            if step_up is None:
                raise StepUpNeededError(f"{order}: shown before; confirm again who you are")
            step_up.check(buyer, now or command.meta.occurred_at or "")
        tag = command.tag(DEVICE, device.reveal()) if device else None
        key.reveal(command, buyer, purpose, tag, step_up)

    def show_code(self, command: Command, order: str, buyer: str) -> Hidden:
        """Return the live redemption code of the buyer's own order, under "my orders" (T24).

        Raises:
            WrongPartyError: *buyer* did not buy it, or somebody else asks.
            VoucherNotLiveError: there is no live code: ask for a new one.
        """
        found = self.load(Order, order)
        if found.buyer != buyer or command.meta.actor != buyer:
            raise WrongPartyError(f"{order} was not bought by {buyer}")
        key = self.load(Key, found.key)
        if key.order != order or not key.voucher_live or key.voucher_code is None:
            raise VoucherNotLiveError(f"{order}: has no live code")
        return Hidden(str(command.unseal(key.voucher_code)))

    def opens_commitment(self, command: Command, order: str, submitted: Hidden) -> bool:
        """Say whether *submitted*, what the buyer received, is what was sealed at intake.

        The verdict alone is given, and only while a dispute over the order is open.

        Raises:
            WrongPartyError: no dispute over the order is open.
        """
        found = self.load(Order, order)
        if found.dispute is None:
            raise WrongPartyError(f"{order}: nothing is disputed, so nothing is compared")
        committed = _raw_key(command, self.load(Key, found.key)).reveal()
        given = normalize("NFC", submitted.reveal()).strip()
        return hmac.compare_digest(committed.encode(), given.encode())


def _check_policy(key: Key, policy: ReleasePolicy) -> None:
    """Refuse a view that *policy* does not give.

    Raises:
        NeverShownError: it does not.
    """
    if policy == "redeem_on_platform":
        raise NeverShownError(f"{key.id}: is redeemed on the platform and never shown")
    if policy == "reveal_after_confirmation" and key.state == "activated":
        raise NeverShownError(f"{key.id}: is shown once receipt is confirmed")


def _raw_key(command: Command, key: Key) -> Hidden:
    if key.raw_key is None:
        raise NeverShownError(f"{key.id}: has no raw key of its own")
    return Hidden(str(command.unseal(key.raw_key)))
