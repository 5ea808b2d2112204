"""Use cases over single keys: the operator's live check, and the quarantine (B3, B5).

``tests/domain/qualification/test_b3_stolen.py`` and ``test_b5_operator.py``.
"""

from collections.abc import Iterator

from chain.errors import MalformedError
from domain.catalogue.product import Product
from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import (
    NoGroundForQuarantineError,
    StolenKeyError,
    UpstreamNotUnusedError,
    WrongPartyError,
)
from domain.keys.events import KeyImported, KeyQuarantineLifted
from domain.keys.key import Key
from domain.keys.upstream import Answer, KeyUpstreamChecked
from domain.outside.hidden import Hidden
from domain.outside.party import PartyError, UntrustedAnswerError, WaitCause
from domain.qualification.categories import VERSION_1, after
from domain.qualification.events import QualificationReviewed
from domain.qualification.history import read_events
from domain.qualification.operator import KeyQuestion, UpstreamOperator
from domain.qualification.stolen import Listing, StolenList
from domain.qualification.voting import check_reason, check_staff, first_of_two


class Screening(Desk):
    """Finding out which keys may be sold."""

    @use_case
    def ask_operator(
        self, command: Command, key: str, operator: str, system: UpstreamOperator, now: str
    ) -> None:
        """Ask the operator about a key, and record what it says, or that it said nothing (B5).

        The raw key is opened for the operator's eyes alone; this event is the record of that.
        A timeout is recorded as ``unknown``, which lists and shows no key.

        Args:
            command: of the platform; its id makes the question's idempotency key.
            key: that is asked about.
            operator: whose key it is said to be, as the merchant's scope names it.
            system: where the operator answers.
            now: RFC 3339, UTC.

        Raises:
            IllegalTransitionError: the key is dead.
            MalformedError: it has no raw key.
        """
        found = self.load(Key, key)
        found.check("key.upstream_checked")
        raw = None if found.raw_key is None else command.unseal(found.raw_key)
        if not isinstance(raw, str):
            raise MalformedError(f"{key}: has no raw key that an operator could be asked about")
        question = KeyQuestion(Hidden(raw), self.load(Product, found.product).code, operator)
        answer, waits = _ask(system, question, f"{command.id}/upstream")
        checked = KeyUpstreamChecked(
            *found.follows(command),
            operator=operator,
            state=answer.state,
            findings=answer.findings,
            first_used_at=answer.first_used_at,
            sandbox=answer.sandbox or None,
            checked_at=now,
            waits=waits,
        )
        found.happen(command, checked)

    def stolen_in_stock(self) -> Iterator[str]:
        """Give the keys that stand on a stolen list and are not set aside yet.

        For whoever has brought a new list: `quarantine_key` takes one after the other. Keys
        that are held for an order or sold are not among them; their refund sets them aside.
        """
        for each in read_events(self, ["key.imported"]):
            mark = each.fingerprint if isinstance(each, KeyImported) else None
            if mark is not None and self.stolen.find(mark) is not None:
                key = self.load(Key, each.originator_id)
                if key.state in ("imported", "sealed", "listed"):
                    yield key.id

    @use_case
    def quarantine_key(self, command: Command, key: str, stolen: StolenList | None = None) -> None:
        """Set aside a key that stands on a stolen list, or that its operator says was used (B3).

        Args:
            command: of a rule or of staff.
            key: on no order; a sold one is set aside by its refund.
            stolen: the list that holds it; by default those of the application.

        Raises:
            NoGroundForQuarantineError: neither is so.
            WrongPartyError: it is held for an order, or a buyer's.
        """
        found = self.load(Key, key)
        if found.order is not None:
            raise WrongPartyError(f"{key}: is held for {found.order}; refund that order instead")
        listing = _listing(stolen or self.stolen, found)
        if listing is not None:
            found.quarantine(command, "stolen_list", listing)
        elif found.upstream is not None and found.upstream.state == "used":
            found.quarantine(command, "upstream_used")
        else:
            raise NoGroundForQuarantineError(f"{key}: is on no list, and not used upstream")

    @use_case
    def propose_lifting(self, command: Command, key: str, reason: str, now: str) -> None:
        """Record the vote of the first of two persons to let a key out of quarantine (B3)."""
        found = self.load(Key, key)
        check_staff(command, key)
        reviewed = QualificationReviewed(
            *found.follows(command),
            purpose="lifting",
            reviewed_at=now,
            documents=(),
            reason=check_reason(reason, key),
            key=key,
        )
        found.happen(command, reviewed)

    @use_case
    def lift_quarantine(self, command: Command, key: str, reason: str, now: str) -> None:
        """Let the second of two persons let a key out of quarantine (B3).

        Raises:
            SecondPersonMissingError: nobody has voted for it.
            ConflictOfInterestError: the same person has.
            StolenKeyError: it still stands on a stolen list.
            UpstreamNotUnusedError: its operator was not asked since it was set aside, or
                has not said within a day that it is unused.
        """
        found = self.load(Key, key)
        found.check("key.quarantine_lifted")
        first = first_of_two(command, found, "lifting")
        listing = _listing(self.stolen, found)
        if listing is not None:
            raise StolenKeyError(f"{key}: stands on {listing.name}, version {listing.version}")
        since = after(now, hours=-VERSION_1.upstream_hours)
        if found.upstream is None or not found.upstream.is_good(None, since):
            raise UpstreamNotUnusedError(f"{key}: ask its operator anew; it must be unused")
        lifted = KeyQuarantineLifted(
            *found.follows(command), now, check_reason(reason, key), first.meta.actor
        )
        found.happen(command, lifted)


def _ask(
    system: UpstreamOperator, question: KeyQuestion, key: str
) -> tuple[Answer, WaitCause | None]:
    """Return the operator's answer, or that there is none and why."""
    try:
        answer = system.check_key(question, key)
        if answer.first_used_at is not None and answer.state != "used":
            raise UntrustedAnswerError("first_used_at: of a key that is not used")
    except PartyError as error:
        return Answer(question.operator, "unknown"), error.cause
    return answer, None


def _listing(stolen: StolenList, key: Key) -> Listing | None:
    return None if key.fingerprint is None else stolen.find(key.fingerprint)
