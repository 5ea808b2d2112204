"""Use cases over an approved merchant: scopes, suspension, and how it ends (B4, B6, 3.5).

Two persons decide: `propose_decision` records the vote of the first, the use case itself that
of the second. What a decision does to the merchant's badges stands in the same command.
``tests/domain/qualification/test_b4_scopes.py`` and ``test_b6_certificates.py``.
"""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from chain.errors import MalformedError
from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import IllegalTransitionError, WrongPartyError
from domain.keys.key import Key
from domain.qualification.badge import BadgeSigner, Certificate
from domain.qualification.categories import VERSION_1
from domain.qualification.certificate import CertificateRecord
from domain.qualification.documents import DocumentStore, file_papers
from domain.qualification.qualification import Qualification, Scope
from domain.qualification.standing import find_qualification, keep_standing, load_qualification

Decision = Literal["suspension", "reinstatement", "revocation"]


class Decisions(Desk):
    """What becomes of merchants that were let in."""

    @use_case
    def propose_decision(
        self, command: Command, merchant: str, purpose: Decision, reason: str, now: str
    ) -> None:
        """Record the vote of the first of two persons for a suspension or what ends one.

        Raises:
            MalformedError: *purpose* is none of these.
            IllegalTransitionError: the merchant is not approved or suspended.
            ConflictOfInterestError: the caller is not of the staff.
        """
        if purpose not in get_args(Decision):
            raise MalformedError(f"purpose: must be one of {', '.join(get_args(Decision))}")
        load_qualification(self, merchant).propose(command, purpose, reason, now)

    @use_case
    def propose_scope(
        self,
        command: Command,
        merchant: str,
        scope: Scope,
        store: DocumentStore,
        reason: str,
        now: str,
    ) -> None:
        """Record the vote of the first of two persons for a scope (B4).

        Args:
            command: of staff.
            merchant: who is to have it.
            scope: category, operator, end, and further documents.
            store: keeps them.
            reason: of the vote.
            now: RFC 3339, UTC.
        """
        found = load_qualification(self, merchant)
        VERSION_1.demand(scope.category)
        filed = file_papers(scope.papers, store, VERSION_1)
        found.propose(command, "scope", reason, now, scope, filed)

    @use_case
    def grant_scope(
        self,
        command: Command,
        merchant: str,
        scope: Scope,
        store: DocumentStore,
        certificate: str,
        signer: BadgeSigner,
        now: str,
    ) -> None:
        """Let the second of two persons grant the scope that the first has voted for (B4).

        The goods' badge is issued with it.

        Raises:
            SecondPersonMissingError: nobody has voted for it.
            ConflictOfInterestError: the same person has.
            WrongEvidenceError: the first has voted for another scope, or on other documents.
            DocumentsMissingError: the category asks for a document that is not filed.
        """
        found = load_qualification(self, merchant)
        filed = file_papers(scope.papers, store, VERSION_1)
        old = found.scopes.get(scope.category)
        until = found.grant(command, scope, filed, certificate, now, VERSION_1)
        if old is not None:
            # Its time was over and nobody has recorded it: its badge goes with the new one.
            self.load(CertificateRecord, old.certificate).revoke(command)
        badge = Certificate(
            certificate=certificate,
            merchant=merchant,
            kind="goods",
            issuer=signer.key.name,
            issued_at=now,
            valid_until=until,
            category=scope.category,
            operator=scope.operator,
        )
        CertificateRecord(certificate).issue(command, badge, signer)

    @use_case
    def propose_scope_end(
        self, command: Command, merchant: str, category: str, reason: str, now: str
    ) -> None:
        """Record the vote of the first of two persons for the end of a scope."""
        found = load_qualification(self, merchant)
        granted = found.scopes.get(category)
        if granted is None:
            raise IllegalTransitionError(
                found.id, "qualification.scope_ended", "without that scope"
            )
        scope = Scope(category, granted.valid_until, granted.operator)
        found.propose(command, "scope_end", reason, now, scope)

    @use_case
    def end_scope(
        self, command: Command, merchant: str, category: str, reason: str, now: str
    ) -> None:
        """End a scope and revoke its badge: two persons, or the timer at its end date (B4)."""
        found = load_qualification(self, merchant)
        certificate = found.certificates.get(category)
        found.end_scope(command, category, reason, now)
        if certificate is not None:
            self.load(CertificateRecord, certificate).revoke(command)

    @use_case
    def suspend_qualification(self, command: Command, merchant: str, reason: str, now: str) -> None:
        """Stop a merchant's trade: two persons, or a rule of the platform (B6).

        From this event on none of its keys can be listed or reserved; its badges fail with
        the next status list. Orders that are paid run to their end.
        """
        self._over(merchant, command, lambda found: found.suspend(command, reason, now), "suspend")

    @use_case
    def reinstate_qualification(
        self, command: Command, merchant: str, reason: str, now: str
    ) -> None:
        """Let a suspended merchant trade again: two persons."""
        self._over(
            merchant, command, lambda found: found.reinstate(command, reason, now), "reinstate"
        )

    @use_case
    def expire_qualification(self, command: Command, merchant: str, now: str) -> None:
        """Record that a merchant's time is over; its badges are revoked."""
        self._over(merchant, command, lambda found: found.expire(command, now), "revoke")

    @use_case
    def revoke_qualification(self, command: Command, merchant: str, reason: str, now: str) -> None:
        """Shut a merchant out, for good: two persons; its badges are revoked."""
        self._over(merchant, command, lambda found: found.revoke(command, reason, now), "revoke")

    @use_case
    def clear_shelf(self, command: Command, merchant: str, keys: Sequence[str], now: str) -> None:
        """Take *keys* of a merchant that is not approved off the shelf, a batch at a time.

        Keys that are not on the shelf any more are passed over.

        Raises:
            IllegalTransitionError: the merchant is approved, or was never held to anything.
            WrongPartyError: a key is another merchant's.
        """
        found = find_qualification(self, merchant)
        if found is None or found.is_approved(now):
            state = "approved" if found else "not held to a qualification"
            raise IllegalTransitionError(merchant, "key.unlisted", state)
        for each in dict.fromkeys(keys):
            key = self.load(Key, each)
            if key.merchant != merchant:
                raise WrongPartyError(f"{each}: is of {key.merchant}, not of {merchant}")
            if key.state == "listed":
                key.take_off(command)

    def _over(
        self,
        merchant: str,
        command: Command,
        decide: Callable[[Qualification], None],
        effect: str,
    ) -> None:
        """Let the merchant's state change, and all its badges with it."""
        found = load_qualification(self, merchant)
        badges = list(found.certificates.values())
        decide(found)
        for each in badges:
            record = self.load(CertificateRecord, each)
            if effect == "suspend":
                record.suspend(command)
            elif effect == "reinstate":
                record.reinstate(command)
            else:
                record.revoke(command)
        keep_standing(command, found)
