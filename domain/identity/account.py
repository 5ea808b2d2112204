"""An account: what a party may do, by what is known of the person behind it (A6 and A7).

Restricted from its first event on; unlocked by a verification; restricted again when that one
expires or is revoked. Erasure takes two persons and the end of every duty to keep: the
account is restricted when it is asked for, and ``privacy.erased`` ends it once the second
person agrees. What is then destroyed stands in the streams of `domain.identity.erasure`.
``tests/domain/identity/test_a6_no_anonymous.py`` and ``test_a7_end.py``.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, Literal

from chain.errors import MalformedError
from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.errors import ConflictOfInterestError, NotYetError
from domain.event import Event, event, unchanged, upcaster
from domain.identifiers import derive
from domain.identity.events import PartyId, VerificationId
from domain.identity.limits import Limits
from domain.identity.person import Fingerprint
from domain.money import Money
from domain.payload import Digest, Moment

RestrictionCause = Literal["unverified", "expired", "revoked", "erasure_asked", "erased"]
Right = Literal["list", "sell", "withdraw", "buy"]

MAX_DIGESTS: Final = 900
"""Of one entry: they stay below its 65,535 bytes."""

_LIVE: Final = ("restricted", "unlocked")

ACCOUNT_TABLE: Table = {
    "identity.account_restricted": {
        NEW: "restricted",
        "restricted": "restricted",
        "unlocked": "restricted",
    },
    "identity.account_unlocked": dict.fromkeys(_LIVE, "unlocked"),
    "privacy.erased": {"restricted": "erased"},
}


@event("identity.account_restricted", schema=2)
class IdentityAccountRestricted(Event):
    """The account can do no more than an unverified one may."""

    party: PartyId
    cause: RestrictionCause
    verification: VerificationId | None = None
    keep_until: Moment | None = None
    """With an erasure that was asked for: the end of the duty to keep."""
    duty: str | None = None
    """With that: which duty, and over what."""

    def _apply(self, account: "Account") -> None:
        account.party, account.verification = self.party, None
        if self.cause == "erasure_asked":
            account.asked_by, account.keep_until = self.meta.actor, self.keep_until
            account.duty = self.duty


# Version 2 names the duty to keep.
upcaster("identity.account_restricted", 1)(unchanged)


@event("identity.account_unlocked")
class IdentityAccountUnlocked(Event):
    """A verified person is behind the account."""

    party: PartyId
    verification: VerificationId
    person: Fingerprint

    def _apply(self, account: "Account") -> None:
        account.verification, account.person = self.verification, self.person


@event("privacy.erased", schema=2)
class PrivacyErased(Event):
    """Erased for good: all of a person's values, or, in a day's stream, the ones that are listed.

    In an account's stream two persons have decided it; in `domain.identity.erasure`'s, it is
    said which values are destroyed. Never both in one: nothing says whose digests they are.
    """

    party: PartyId | None = None
    """Of an account; two persons have decided it."""
    subjects: tuple[str, ...] | None = None
    """In version 1: the data subjects, all of whose values are erased. No digests were listed."""
    asked_by: str | None = None
    """Of an account: the first of the two; the second is the actor."""
    digests: tuple[Digest, ...] | None = None
    """Of a day: sorted, each once, 1 to 900; see `check_erased`."""

    def _apply(self, erased: "Account") -> None:
        if self.digests is None:
            erased.person = None


# Version 2 lists a day's digests, and leaves an account's data subjects out: `subjects_of`.
upcaster("privacy.erased", 1)(unchanged)


def check_erased(erased: PrivacyErased) -> None:
    """Refuse an event that is neither of an account nor of a day, or is both.

    Raises:
        MalformedError: it is; what is wrong is named.
    """
    digests, stream = erased.digests, erased.originator_id
    if digests is None:
        if erased.party is None or erased.asked_by is None:
            raise MalformedError(f"{stream}: party, asked_by: of an account, both are needed")
    elif (erased.party, erased.subjects, erased.asked_by) != (None, None, None):
        raise MalformedError(f"{stream}: digests: do not stand beside a party")
    elif not 1 <= len(digests) <= MAX_DIGESTS:
        raise MalformedError(f"{stream}: digests: must be 1 to {MAX_DIGESTS}")
    elif list(digests) != sorted(set(digests)):
        raise MalformedError(f"{stream}: digests: must ascend, each once")


class Account(Aggregate):
    """One party's rights."""

    TOPIC = "account"
    PREFIX = "acc"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": ACCOUNT_TABLE}

    __slots__ = ("asked_by", "duty", "keep_until", "party", "person", "state", "verification")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.party = ""
        self.verification: str | None = None
        self.person: str | None = None
        self.asked_by: str | None = None
        self.keep_until: str | None = None
        self.duty: str | None = None

    def allows(self, right: Right, money: Money | None, limits: Limits) -> bool:
        """Say whether the account has *right*; buying is limited for the unverified."""
        if self.state == "unlocked":
            return True
        # What is kept for a duty's sake alone is not used for new trade.
        is_leaving = self.state == "erased" or self.asked_by is not None
        if is_leaving or right != "buy" or money is None:
            return False
        return money.amount <= limits.unverified_order.get(money.currency, -1)

    def restrict(
        self,
        command: Command,
        party: str,
        cause: RestrictionCause,
        verification: str | None = None,
    ) -> None:
        """Take the rights away, or begin without them."""
        follows = self.follows(command)
        self.happen(command, IdentityAccountRestricted(*follows, party, cause, verification))

    def unlock(self, command: Command, verification: str, person: str) -> None:
        """Give the rights that a verified person has.

        Raises:
            NotYetError: the account's erasure was asked for.
        """
        self.check("identity.account_unlocked")
        if self.asked_by is not None:
            raise NotYetError(f"{self.id}: its erasure was asked for; open another account")
        follows = self.follows(command)
        self.happen(command, IdentityAccountUnlocked(*follows, self.party, verification, person))

    def verification_ended(
        self, command: Command, verification: str, cause: RestrictionCause
    ) -> None:
        """Follow the end of *verification*, if it is the one that the rights rest on."""
        if self.verification == verification:
            self.restrict(command, self.party, cause, verification)

    def ask_erasure(self, command: Command, keep_until: str, duty: str | None = None) -> None:
        """Restrict the account until its data may be erased, not before *keep_until*."""
        self.happen(
            command,
            IdentityAccountRestricted(
                *self.follows(command), self.party, "erasure_asked", None, keep_until, duty
            ),
        )

    def erase(self, command: Command, now: str) -> None:
        """Record that the person's data are erased.

        Raises:
            NotYetError: nobody asked for it, or a duty to keep them still runs.
            ConflictOfInterestError: whoever asked for it also approves it.
        """
        self.check("privacy.erased")
        if self.asked_by is None or self.keep_until is None:
            raise NotYetError(f"{self.id}: nobody has asked for its erasure")
        if now < self.keep_until:
            raise NotYetError(f"{self.id}: must be kept until {self.keep_until}")
        if command.meta.actor == self.asked_by:
            raise ConflictOfInterestError(f"{self.id}: asked for and approved by one person")
        follows = self.follows(command)
        self.happen(command, PrivacyErased(*follows, party=self.party, asked_by=self.asked_by))


def account_of(party: str) -> str:
    """Return the account of a consumer or merchant, by its pseudonym."""
    return derive("acc", 0, party)


def subjects_of(party: str) -> tuple[str, ...]:
    """Return the data subjects under which a party's personal values are sealed.

    A consumer's own, and the account's. A merchant's own holds its raw keys, which are goods
    and not personal data: they stay.
    """
    account = account_of(party)
    return (account, party) if party.startswith("usr_") else (account,)
