"""Waiting until the log is published as far as a package needs, and proofs by what is.

``tests/scripts/test_evidence.py``.
"""

from contextlib import suppress
from time import monotonic, sleep
from typing import Final

from api.bootstrap import Deployment
from chain.checkpoint import Checkpoint
from chain.hashes import TreeHash
from chain.store.files import LockedError, MissingFileError
from chain.tlog_proof import TlogProof

PUBLISHER_SECONDS: Final = 60
"""So long a publisher that runs elsewhere may take."""


class NotPublishedError(MissingFileError):
    """The log is not published far enough, and nobody publishes it."""


def published_up_to(ledger: Deployment, size: int) -> tuple[Checkpoint, bytes]:
    """Return the newest checkpoint once it covers *size* entries, and publish if nobody does.

    Raises:
        NotPublishedError: a publisher runs elsewhere and does not get there.
    """
    ends = monotonic() + PUBLISHER_SECONDS
    while True:
        try:
            checkpoint, note = ledger.prover.checkpoint()
            if checkpoint.size >= size:
                return checkpoint, note
        except MissingFileError:
            pass
        if monotonic() > ends:
            raise NotPublishedError(
                f"size {size}: is not published yet: see that xiyou publish works and that the"
                " witnesses answer, and export again"
            )
        # Another process may publish here, and witnesses may take their time.
        with suppress(LockedError):
            ledger.publisher.publish_once()
        if _published_size(ledger) < size:
            sleep(0.2)


def _published_size(ledger: Deployment) -> int:
    try:
        return ledger.prover.checkpoint()[0].size
    except MissingFileError:
        return 0


def hashes_of(ledger: Deployment, index: int, size: int) -> tuple[TreeHash, ...]:
    """Return the inclusion proof of the entry at *index* in the tree of *size* leaves."""
    return TlogProof.parse(ledger.prover.prove(index, size)).hashes
