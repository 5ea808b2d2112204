"""Refusals: a command broke a rule of the business, and nothing was recorded.

Each is named by its business reason (``style.md``, section 3.3), not by the layer that
noticed it. What is not a refusal: `chain.errors.MalformedError` for text that is in no
format at all. ``api/errors.py`` gives each one its status.
"""


class Refusal(Exception):  # noqa: N818 — the glossary's word; every subclass ends in Error
    """Root of every refusal. Whoever catches it knows that nothing was recorded."""


class NotFoundError(Refusal):
    """The command names a thing that the log does not know."""


class IllegalTransitionError(Refusal):
    """The thing is in a state from which this may not happen (``features.md``, section 3)."""

    def __init__(self, subject: str, event: str, state: str) -> None:
        """Say that *event* was asked of *subject*, which is in *state*."""
        super().__init__(f"{event} is refused: {subject} is {state}")
        self.subject = subject
        self.event = event
        self.state = state


class IllegalCombinationError(Refusal):
    """Order, key, funds and dispute would stand together as none may (``features.md``, 3.6)."""

    def __init__(self, order: str, standing: tuple[object, ...], invariant: str) -> None:
        """Say that *order* would stand like *standing*, and which *invariant* forbids it."""
        stands = ", ".join(map(str, standing))
        super().__init__(f"{order} would be ({stands}): {invariant}")
        self.order = order
        self.standing = standing
        self.invariant = invariant


class SoldOutError(Refusal):
    """The key is reserved or sold to somebody else: there is none left for this order."""


class HoldLimitError(Refusal):
    """The buyer has as many unpaid orders as one person may: pay one, or let one end."""


class NotOfferedError(Refusal):
    """Its merchant offers the product no longer."""


class CallbackRefusedError(Refusal):
    """A channel's message is not believed, or is not about what we know. Says no more."""

    def __init__(self, reason: str) -> None:
        """Keep the *reason*, for the log and not for the sender."""
        super().__init__("the callback is not accepted")
        self.reason = reason


class ConcurrentChangeError(Refusal):
    """Somebody else changed the same thing first; load it again and decide anew."""


class DuplicateKeyError(Refusal):
    """The same raw key is in stock already, of this merchant or another."""


class OtherFileError(Refusal):
    """The batch was begun with another file, or for another product: go on with that one."""


class WrongPartyError(Refusal):
    """The things named do not belong together: another buyer, merchant, order or key."""


class AmountMismatchError(Refusal):
    """Amount or currency differ from the server's own record of what is due."""


class DisputeOpenError(Refusal):
    """Not while a dispute over the order is open."""


class AlreadyDisputedError(Refusal):
    """The order has an open dispute; there is at most one."""


class NoGroundForDisputeError(Refusal):
    """After confirmation a dispute needs a named fault of the goods, or a chargeback."""


class RefundTooLargeError(Refusal):
    """More units or money than the escrow of the order still holds."""


class AlreadyUsedError(Refusal):
    """The unit or key was used, or its secret was shown: it cannot go back to stock."""


class VoucherNotLiveError(Refusal):
    """The redemption code was revoked, has expired, or was never issued."""


class WindowOverError(Refusal):
    """The time inside which this may be asked has passed."""


class ConflictOfInterestError(Refusal):
    """The arbitrator has ruled in this dispute before, or the person is a party to it."""


class ReasonMissingError(Refusal):
    """A manual decision states its reason and the events that it rests on."""


class WrongEvidenceError(Refusal):
    """What was brought does not bear on what the dispute is about."""


class UnlawfulRulingError(Refusal):
    """The ruling orders what no ruling may: see sections 3.1 and 4 of ``features.md``."""


class UnverifiedError(Refusal):
    """Nobody verified is behind the account: it cannot list, sell, withdraw, or buy for more."""


class AlreadyCheckedError(Refusal):
    """That check of a verification has its verdict; begin another verification."""


class ChecksPendingError(Refusal):
    """A check waits for an outside party, or was never made: there is no verdict without it."""


class NotYetError(Refusal):
    """Its time has not come: a right still runs, or a duty to keep, or nobody asked."""


class DocumentsMissingError(Refusal):
    """Mandatory documents are missing or have ended; `missing` names them all."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        """Say what is *missing*: a kind of document, or ``category: kind``."""
        super().__init__(f"documents missing: {'; '.join(missing)}")
        self.missing = missing


class UnqualifiedError(Refusal):
    """The merchant is not approved: it can neither list keys nor have them reserved."""


class OutOfScopeError(Refusal):
    """No scope in force covers the goods, or the scope is not one that can be granted."""


class UpstreamNotUnusedError(Refusal):
    """The operator has not said of late that the key is unused and as it should be."""


class StolenKeyError(Refusal):
    """The key stands on a list of stolen keys."""


class NoGroundForQuarantineError(Refusal):
    """The key is on no list of stolen keys, and its operator does not say that it was used."""


class SecondPersonMissingError(Refusal):
    """It takes two persons, and the first has not voted for it."""


class BadgeNotGoodError(Refusal):
    """The badge that was shown does not verify now."""


class UnbalancedError(Refusal):
    """The lines of a posting do not sum to zero."""


class OverdrawnError(Refusal):
    """More than the merchant's balance, less what it owes (``features.md``, 3.7, invariant 14)."""


class DepositUnpaidError(Refusal):
    """The merchant's deposit is short of what its grade demands: top it up first."""


class DepositTooSmallError(Refusal):
    """More than the deposit holds, or than may be taken from it now."""


class SanctionedError(Refusal):
    """A sanction in force does not allow it."""


class NeverShownError(Refusal):
    """The product's release policy does not show the raw key, or does not show it yet."""


class RestrictedError(Refusal):
    """A person's value is kept under a duty alone: it is not used, nor shown to anybody."""


class ErasedError(Refusal):
    """What it needs was erased; it is on record which entry says so."""


class StepUpNeededError(Refusal):
    """The raw key was shown before: the buyer must show anew who asks, just now."""


class CodeRefusedError(Exception):
    """A code was tried and not accepted: the one answer there is, whatever the cause.

    No `Refusal`, for it is recorded: the true cause stands in ``key.activation_refused``.
    """

    def __init__(self) -> None:
        """Say what is said in every case (``features.md``, section 6, rule 9)."""
        super().__init__("兑换码无效或暂不可用。 / This code is not valid or cannot be used now.")
