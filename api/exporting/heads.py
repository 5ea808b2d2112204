"""The head index of a package: a commitment that covers the matter, and proofs by it.

Where the indexer runs, the export waits for its next commitment; where none does, it makes
one itself, unless so much is not indexed yet that this is not the time for it. Without one
the export goes on, and says that the package does not show where its histories end.
``tests/scripts/test_evidence_heads.py``.
"""

from contextlib import suppress
from time import monotonic, sleep
from typing import Final

from api.bootstrap import Deployment
from chain.evidence.writing import HeadIndex, ProvenEntry
from chain.store.files import LockedError
from chain.store.stream_index.indexer import INTERVAL
from chain.store.stream_index.stored_log import Committed, StoredLog
from chain.tlog_proof import TlogProof
from domain.errors import ConcurrentChangeError
from domain.evidence.heads import heads_of, last_of_matter
from domain.evidence.selection import Selection

INDEXER_SECONDS: Final = INTERVAL + 30
"""So long an indexer that runs elsewhere may take."""
MAX_BACKLOG: Final = 1 << 20
"""Entries that an export indexes itself: some twenty seconds."""


def committed_for(
    ledger: Deployment, selection: Selection, seconds: float = INDEXER_SECONDS
) -> Committed | None:
    """Return a commitment that covers the matter of *selection*; None where there is none.

    Args:
        ledger: the log.
        selection: what is to be shown.
        seconds: to wait for an indexer that runs elsewhere.
    """
    log, ends = StoredLog(ledger.reader), monotonic() + seconds
    wanted = last_of_matter(selection) + 1
    while True:
        found = _covering(log, wanted)
        if found is not None:
            return found
        with suppress(LockedError, ConcurrentChangeError):
            _commit(ledger, log)
            # Of the index's own stream the newest entry is always beyond what it covers.
            return _covering(log, wanted)
        # Another process indexes here.
        if monotonic() > ends:
            return None
        sleep(0.2)


def _covering(log: StoredLog, wanted: int) -> Committed | None:
    newest = log.newest(log.size())
    return newest if newest is not None and newest.commitment.size >= wanted else None


def _commit(ledger: Deployment, log: StoredLog) -> None:
    """Have the index committed to, unless it has far to go.

    Raises:
        LockedError: another process does that.
    """
    indexer, size = ledger.indexer, log.size()
    newest = log.newest(size)
    if size - (newest.commitment.size if newest else 0) <= MAX_BACKLOG:
        indexer.commit_once()


def heads_under(
    ledger: Deployment, selection: Selection, committed: Committed, size: int
) -> HeadIndex:
    """Return the head index of a package under the checkpoint of *size* entries.

    Raises:
        IndexUntrueError: the commitment is not true of the log, or *selection* is older.
    """
    at = committed.leaf_index
    hashes = TlogProof.parse(ledger.prover.prove(at, size)).hashes
    entry = ProvenEntry(at, ledger.reader.entry(at).entry, hashes)
    # Of the first entries up to this commitment it is the newest.
    index = ledger.committed_index(at + 1)
    return heads_of(selection, entry, committed.commitment, index.prove)
