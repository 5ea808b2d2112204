"""Certificates of packages: printed, and sealed with the deployment's seal.

``tests/scripts/test_evidence.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api.bootstrap import Deployment
from chain.evidence import names
from chain.evidence.claims import MAX_MEMBER

if TYPE_CHECKING:
    from chain.evidence.store.sealing import SealKey


@dataclass(frozen=True)
class Certifier:
    """Prints and seals certificates of a deployment; a fault of its seal is found at once."""

    ledger: Deployment
    seal: "SealKey" = field(init=False)

    def __post_init__(self) -> None:
        """Open the seal."""
        # Reading and writing PDF takes half a second to import, and few commands ask for it.
        from chain.evidence.store.sealing import open_seal  # noqa: PLC0415 — see above

        object.__setattr__(self, "seal", open_seal(self.ledger.home, datetime.now(UTC)))

    @property
    def verify_page(self) -> str:
        """Where readers find the page: as set, or else where the log's name points."""
        return self.ledger.settings.verify_page or f"https://{self.ledger.origin}/verify.html"

    def certificate(self, members: Mapping[str, bytes]) -> bytes | None:
        """Return the certificate of a package with *members*; None where it is too large.

        Raises:
            Fault: the package is not in its format.
            MalformedError: the seal's certificate is no longer valid.
        """
        from chain.evidence.paper.certificate import Issued  # noqa: PLC0415 — see above
        from chain.evidence.paper.position import heads_in  # noqa: PLC0415 — see above
        from chain.evidence.store.press import print_certificate  # noqa: PLC0415 — see above
        from chain.evidence.store.sealing import seal_pdf  # noqa: PLC0415 — see above

        issued = Issued(members, self.verify_page, self.seal.said(), heads_in(members))
        pdf = print_certificate(issued)
        sealed = seal_pdf(pdf, members[names.BUNDLE], self.seal, datetime.now(UTC))
        return sealed if len(sealed) <= MAX_MEMBER else None
