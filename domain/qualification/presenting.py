"""The use case of a badge that is shown to a platform customer (``features.md``, B7).

``tests/domain/qualification/test_b7_presented.py``.
"""

from collections.abc import Sequence
from hashlib import sha256

from chain.errors import VerificationError
from chain.vkey import VerifierKey
from domain.command import Command
from domain.desk import Desk, use_case
from domain.errors import BadgeNotGoodError
from domain.qualification.badge import open_badge
from domain.qualification.certificate import CertificateRecord
from domain.qualification.status import verify_badge


class Presenting(Desk):
    """Letting others rely on a certification."""

    @use_case
    def present_certificate(
        self,
        command: Command,
        audience: str,
        badge: bytes,
        status: bytes,
        keys: Sequence[VerifierKey],
        now: str,
    ) -> None:
        """Record that *audience* was shown *badge*, and that it verified with *status*.

        Args:
            command: of the platform customer, or of the merchant.
            audience: the platform customer's client id.
            badge: as it was shown.
            status: the list that it was verified with.
            keys: the issuer's.
            now: RFC 3339, UTC.

        Raises:
            BadgeNotGoodError: it does not verify.
            IllegalTransitionError: the log knows better than the list: it is suspended or
                revoked meanwhile.
        """
        try:
            verify_badge(badge, status, keys, now)
            certificate = open_badge(badge, keys)
        except VerificationError as error:
            raise BadgeNotGoodError(str(error)) from None
        found = self.load(CertificateRecord, certificate.certificate)
        digests = sha256(badge).hexdigest(), sha256(status).hexdigest()
        found.present(command, audience, digests, now)
