"""A verification: one try to find out who is behind an account (``features.md``, A1 to A5, A7).

Source, face, document and bank card are checked in any order, each once for good: a pending
check is asked again, a passed or failed one is not. A failed check refuses the verification
at once. It is verified only if all four have passed and are about one person: claim, face,
document and bank card; else every pair that disagrees is named.
``tests/domain/identity/test_a1_source.py`` to ``test_a5_agreement.py``.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import ClassVar, Final, Literal, cast

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.errors import AlreadyCheckedError, ChecksPendingError, NotYetError, WrongPartyError
from domain.identity import events
from domain.identity.limits import Limits

Check = Literal["source", "face", "document", "bankcard"]
CHECKS: Final[tuple[Check, ...]] = ("source", "document", "face", "bankcard")
STATEMENTS: Final = ("claim", "document", "face", "bankcard")
"""Who says who the person is, in the order in which pairs are named."""

_DURING: Final = {"open": "open"}

VERIFICATION_TABLE: Table = {
    "identity.requested": {NEW: "open"},
    "identity.source_checked": _DURING,
    "identity.face_compared": _DURING,
    "identity.document_read": _DURING,
    "identity.bankcard_checked": _DURING,
    "identity.verified": {"open": "verified"},
    "identity.refused": {"open": "refused"},
    "identity.expired": {"verified": "expired"},
    "identity.revoked": {"verified": "revoked"},
}

Checked = (
    events.IdentitySourceChecked
    | events.IdentityFaceCompared
    | events.IdentityDocumentRead
    | events.IdentityBankcardChecked
)


class Verification(Aggregate):
    """Who is behind an account, as far as it was found out."""

    TOPIC = "verification"
    PREFIX = "idv"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": VERIFICATION_TABLE}

    __slots__ = (
        *("account", "document_until", "party", "people", "sandbox", "state", "valid_until"),
        "verdicts",
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.account = self.party = ""
        self.people: dict[str, str] = {}
        self.verdicts: dict[str, events.Verdict] = {}
        self.document_until: str | None = None
        self.valid_until: str | None = None
        self.sandbox = False

    @property
    def sandbox_mark(self) -> bool | None:
        """True where a sandbox had a part in it; absent otherwise."""
        return self.sandbox or None

    def note(
        self, check: Check, verdict: events.Verdict, person: str | None, *, sandbox: bool | None
    ) -> None:
        """Take over what an event says of *check*."""
        self.verdicts[check] = verdict
        self.sandbox = self.sandbox or bool(sandbox)
        if person is not None:
            self.people[check] = person

    def begin(self, command: Command, requested: events.IdentityRequested) -> None:
        """Take the claim."""
        self.happen(command, requested)

    def check_open(self, check: Check) -> None:
        """Refuse unless *check* may still be made: before anybody outside is asked.

        Raises:
            IllegalTransitionError: the verification is decided.
            AlreadyCheckedError: the check is.
        """
        self.check("identity.verified")
        if self.verdicts.get(check, "pending") != "pending":
            raise AlreadyCheckedError(f"{self.id}: {check} has {self.verdicts[check]} already")

    def check_claimed(self, person: str) -> None:
        """Refuse a *person*, by fingerprint, whom the account does not claim to be.

        Raises:
            WrongPartyError: it is another.
        """
        if self.people["claim"] != person:
            raise WrongPartyError(f"{self.id}: the claim is another person's")

    def take(self, command: Command, checked: Checked, cause: events.RefusalCause) -> None:
        """Record a check; a failed one refuses the verification for *cause*."""
        self.happen(command, checked)
        if checked.verdict == "failed":
            self._refuse(command, cause, ())

    def decide(self, command: Command, now: str, limits: Limits) -> bool:
        """Verify the person, or refuse and name the pairs that disagree.

        Returns:
            True if the person is verified.

        Raises:
            ChecksPendingError: a check waits, or was never made.
        """
        self.check("identity.verified")
        missing = [each for each in CHECKS if self.verdicts.get(each) != "passed"]
        if missing or self.document_until is None:
            raise ChecksPendingError(f"{self.id}: not yet passed: {', '.join(missing)}")
        pairs = disagreeing(self.people)
        if pairs:
            self._refuse(command, "disagreement", pairs)
            return False
        until = limits.good_until(now, self.document_until)
        follows = self.follows(command)
        self.happen(
            command,
            events.IdentityVerified(*follows, self.people["claim"], until, self.sandbox_mark),
        )
        return True

    def expire(self, command: Command, now: str) -> None:
        """End the verification, whose time is over at *now*.

        Raises:
            NotYetError: it is not.
        """
        self.check("identity.expired")
        if self.valid_until is None or now < self.valid_until:
            raise NotYetError(f"{self.id}: good until {self.valid_until}")
        self.happen(command, events.IdentityExpired(*self.follows(command), self.valid_until))

    def revoke(self, command: Command, cause: events.RevocationCause) -> None:
        """Withdraw the verification."""
        self.happen(command, events.IdentityRevoked(*self.follows(command), cause))

    def _refuse(
        self, command: Command, cause: events.RefusalCause, pairs: tuple[events.Pair, ...]
    ) -> None:
        follows = self.follows(command)
        self.happen(command, events.IdentityRefused(*follows, cause, pairs, self.sandbox_mark))


def disagreeing(people: Mapping[str, str]) -> tuple[events.Pair, ...]:
    """Return the pairs of `STATEMENTS` that are about different people, by fingerprint."""
    return tuple(
        cast("events.Pair", f"{one}/{other}")
        for one, other in combinations(STATEMENTS, 2)
        if people[one] != people[other]
    )
