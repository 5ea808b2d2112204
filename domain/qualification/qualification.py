"""A merchant's qualification: submitted, reviewed by two, approved, and how it ends.

``features.md``, 3.5. One stream a merchant, named ``qualification/<merchant>``, so that who
was once revoked cannot begin anew under another identifier. What is over is over, whether or
not anybody has recorded it: what is in force is asked with a moment.
``tests/domain/qualification/test_qualification.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.command import Command
from domain.errors import (
    ConflictOfInterestError,
    IllegalTransitionError,
    NotYetError,
    OutOfScopeError,
    WrongEvidenceError,
)
from domain.qualification import events
from domain.qualification.categories import Rules, after
from domain.qualification.documents import FiledDocument, Paper, check_complete, good_until
from domain.qualification.voting import Votes, check_reason, check_staff, first_of_two

QUALIFICATION_TABLE: Table = {
    "qualification.submitted": dict.fromkeys((NEW, "rejected", "expired"), "submitted"),
    "qualification.reviewed": {
        "submitted": "in_review",
        "in_review": "in_review",
        # The vote of the first of two persons.
        "approved": "approved",
        "suspended": "suspended",
    },
    "qualification.approved": {"in_review": "approved"},
    "qualification.rejected": {"submitted": "rejected", "in_review": "rejected"},
    "qualification.scope_granted": {"approved": "approved"},
    "qualification.scope_ended": {"approved": "approved"},
    "qualification.suspended": {"approved": "suspended"},
    "qualification.reinstated": {"suspended": "approved"},
    "qualification.expired": {"approved": "expired", "suspended": "expired"},
    "qualification.revoked": {"approved": "revoked", "suspended": "revoked"},
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What two persons allow: goods of a category, of an operator, up to a moment."""

    category: str
    valid_until: str
    operator: str | None = None
    papers: tuple[Paper, ...] = ()
    """Documents of the category that were not filed with the submission."""


class Qualification(Aggregate):
    """Whether, and with what, one merchant may trade."""

    TOPIC = "qualification"
    PREFIX = "qualification/"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": QUALIFICATION_TABLE}

    __slots__ = (
        *("categories", "certificates", "documents", "scopes", "state", "submitted_at"),
        *("submitter", "valid_until", "votes"),
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what an earlier submission has led to."""
        self.submitter = self.submitted_at = self.valid_until = ""
        self.categories: tuple[str, ...] = ()
        self.documents: tuple[FiledDocument, ...] = ()
        self.votes: Votes = {}
        self.scopes: dict[str, events.QualificationScopeGranted] = {}
        self.certificates: dict[str | None, str] = {}
        """By category, None for the merchant's own; those that are not revoked."""

    @property
    def merchant(self) -> str:
        """Whose it is."""
        return self.id.removeprefix(self.PREFIX)

    def is_approved(self, now: str) -> bool:
        """Say whether the merchant may trade at *now*."""
        return self.state == "approved" and now < self.valid_until

    def scope(self, category: str, now: str) -> events.QualificationScopeGranted | None:
        """Return the scope of *category* that is in force at *now*, if there is one."""
        found = self.scopes.get(category)
        return found if found is not None and now < found.valid_until else None

    def submit(
        self,
        command: Command,
        categories: Sequence[str],
        documents: tuple[FiledDocument, ...],
        now: str,
        rules: Rules,
    ) -> None:
        """Take in the merchant's request.

        Raises:
            DocumentsMissingError: a mandatory document is not there, or has ended.
        """
        self.check("qualification.submitted")
        check_complete(categories, documents, now, rules)
        submitted = events.QualificationSubmitted(
            *self.follows(command), self.merchant, tuple(categories), documents, now, rules.version
        )
        self.happen(command, submitted)

    def check_unreviewed(self) -> None:
        """Refuse where there is a first reviewer, or nothing to review.

        Raises:
            IllegalTransitionError: so it is.
        """
        if self.state != "submitted":
            raise IllegalTransitionError(self.id, "qualification.reviewed", self.state)

    def review(self, command: Command, read: Sequence[str], now: str) -> None:
        """Record that a reviewer has read the documents and found them in order.

        Raises:
            ConflictOfInterestError: the reviewer has submitted them.
            WrongEvidenceError: others were read, or not all.
        """
        self._check_reviewer(command)
        if sorted(read) != sorted(each.sha256 for each in self.documents):
            raise WrongEvidenceError(f"{self.id}: a reviewer reads what was filed, all of it")
        self._vote(command, "admission", now, read)

    def approve(
        self, command: Command, read: Sequence[str], certificate: str, now: str, rules: Rules
    ) -> str:
        """Add the second reviewer's vote, and let the merchant in; return until when.

        Raises:
            SecondPersonMissingError: nobody has reviewed it before.
            ConflictOfInterestError: the same person has, or has submitted it.
            DocumentsMissingError: a mandatory document has ended meanwhile.
        """
        if self.state != "submitted":
            self.check("qualification.approved")
        # Where it was submitted and nobody has reviewed it, that is what is missing.
        first = first_of_two(command, self, "admission")
        check_complete(self.categories, self.documents, now, rules)
        self.review(command, read, now)
        until = good_until(self.documents, None, after(now, days=rules.life_days))
        follows = self.follows(command)
        approved = events.QualificationApproved(
            *follows, self.merchant, now, until, first.meta.actor, certificate
        )
        self.happen(command, approved)
        return until

    def reject(self, command: Command, reason: str, now: str) -> None:
        """Say no; one reviewer can."""
        self._check_reviewer(command)
        reason = check_reason(reason, self.id)
        follows = self.follows(command)
        self.happen(command, events.QualificationRejected(*follows, self.merchant, now, reason))

    def propose(
        self,
        command: Command,
        purpose: events.Purpose,
        reason: str,
        now: str,
        scope: Scope | None = None,
        documents: Sequence[FiledDocument] = (),
    ) -> None:
        """Record the vote of the first of two persons.

        Args:
            command: of staff.
            purpose: what the two decide.
            reason: of the vote.
            now: RFC 3339, UTC.
            scope: that is to be granted or ended.
            documents: that were filed for it.

        Raises:
            IllegalTransitionError: there is nothing of the kind to decide in this state.
        """
        if self.state not in ("approved", "suspended"):
            raise IllegalTransitionError(self.id, "qualification.reviewed", self.state)
        check_staff(command, self.id)
        check_reason(reason, self.id)
        self._vote(command, purpose, now, [each.sha256 for each in documents], reason, scope)

    def grant(
        self,
        command: Command,
        scope: Scope,
        filed: tuple[FiledDocument, ...],
        certificate: str,
        now: str,
        rules: Rules,
    ) -> str:
        """Let the merchant list goods of a category; return until when.

        Raises:
            OutOfScopeError: there is one in force, or the operator is missing or out of place.
            WrongEvidenceError: the first person has voted for something else.
            DocumentsMissingError: the category asks for a document that is not filed.
        """
        self.check("qualification.scope_granted")
        demand = rules.demand(scope.category)
        if demand.operator != (scope.operator is not None):
            what = "name" if demand.operator else "do not name"
            raise OutOfScopeError(f"{scope.category}: {what} the operator who authorised it")
        if self.scope(scope.category, now) is not None:
            raise OutOfScopeError(f"{self.id}: {scope.category} is in force; end it first")
        first = first_of_two(command, self, "scope", scope.category)
        voted = (first.operator, first.valid_until, list(first.documents))
        if voted != (scope.operator, scope.valid_until, [each.sha256 for each in filed]):
            raise WrongEvidenceError(f"{self.id}: the first person has voted for another scope")
        check_complete([scope.category], (*self.documents, *filed), now, rules)
        until = min(scope.valid_until, self.valid_until)
        until = good_until((*self.documents, *filed), scope.category, until)
        if until <= now:
            raise OutOfScopeError(f"{scope.category}: the scope would be over already")
        granted = events.QualificationScopeGranted(
            *self.follows(command),
            merchant=self.merchant,
            category=scope.category,
            granted_at=now,
            valid_until=until,
            proposed_by=first.meta.actor,
            certificate=certificate,
            documents=filed,
            operator=scope.operator,
        )
        self.happen(command, granted)
        return until

    def end_scope(self, command: Command, category: str, reason: str, now: str) -> None:
        """End a scope: two persons, or the timer once its time is over.

        Raises:
            OutOfScopeError: there is none.
            NotYetError: the platform's rule comes before its end date.
        """
        found = self.scopes.get(category)
        if found is None:
            raise OutOfScopeError(f"{self.id}: has no scope for {category}")
        first = None
        if command.meta.role != "platform":
            first = first_of_two(command, self, "scope_end", category).meta.actor
        elif now < found.valid_until:
            raise NotYetError(f"{self.id}: {category} is in force until {found.valid_until}")
        reason = check_reason(reason, self.id)
        ended = events.QualificationScopeEnded(
            *self.follows(command), self.merchant, category, now, reason, first
        )
        self.happen(command, ended)

    def suspend(self, command: Command, reason: str, now: str) -> None:
        """Stop the merchant's trade: two persons, or a rule of the platform alone."""
        self.check("qualification.suspended")
        first = None
        if command.meta.role != "platform":
            first = first_of_two(command, self, "suspension").meta.actor
        reason = check_reason(reason, self.id)
        follows = self.follows(command)
        suspended = events.QualificationSuspended(*follows, self.merchant, now, reason, first)
        self.happen(command, suspended)

    def reinstate(self, command: Command, reason: str, now: str) -> None:
        """Let the merchant trade again: two persons."""
        self.check("qualification.reinstated")
        first = first_of_two(command, self, "reinstatement").meta.actor
        reason = check_reason(reason, self.id)
        follows = self.follows(command)
        reinstated = events.QualificationReinstated(*follows, self.merchant, now, reason, first)
        self.happen(command, reinstated)

    def expire(self, command: Command, now: str) -> None:
        """Record that its time is over at *now*.

        Raises:
            NotYetError: it is not.
        """
        self.check("qualification.expired")
        if now < self.valid_until:
            raise NotYetError(f"{self.id}: is good until {self.valid_until}")
        follows = self.follows(command)
        self.happen(command, events.QualificationExpired(*follows, self.merchant, now))

    def revoke(self, command: Command, reason: str, now: str) -> None:
        """Shut the merchant out, for good: two persons."""
        self.check("qualification.revoked")
        first = first_of_two(command, self, "revocation").meta.actor
        reason = check_reason(reason, self.id)
        follows = self.follows(command)
        revoked = events.QualificationRevoked(*follows, self.merchant, now, reason, first)
        self.happen(command, revoked)

    def _check_reviewer(self, command: Command) -> None:
        check_staff(command, self.id)
        if command.meta.actor == self.submitter:
            raise ConflictOfInterestError(f"{self.id}: the reviewer has submitted it")

    def _vote(
        self,
        command: Command,
        purpose: events.Purpose,
        now: str,
        documents: Sequence[str],
        reason: str | None = None,
        scope: Scope | None = None,
    ) -> None:
        reviewed = events.QualificationReviewed(
            *self.follows(command),
            purpose=purpose,
            reviewed_at=now,
            documents=tuple(documents),
            reason=reason,
            category=scope.category if scope else None,
            operator=scope.operator if scope else None,
            valid_until=scope.valid_until if scope else None,
        )
        self.happen(command, reviewed)
