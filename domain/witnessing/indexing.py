"""Use case of the stream index: to commit in the log to what its streams come to.

The lists are made by `chain.store.stream_index`; here the log is told their roots.
``tests/domain/witnessing/test_index.py``.
"""

from hashlib import sha256
from typing import Final

from chain.canonical import to_bytes
from chain.stream_index.commitment import Commitment
from domain.command import Command
from domain.credit.register import Register
from domain.desk import use_case
from domain.errors import ConcurrentChangeError
from domain.event import Meta
from domain.sealing import Entropy, Sealer
from domain.witnessing.index import CommittedRange, IndexCommitted, StreamIndex

INDEXER: Final = "indexer"
"""The actor of every commitment."""


def index_command(commitment: Commitment, sealer: Sealer, entropy: Entropy) -> Command:
    """Return the command that records *commitment*: the same one has the same id.

    So whoever does not know whether it was recorded may ask again.
    """
    digest = sha256(to_bytes(commitment.members())).hexdigest()
    name = f"index/{commitment.size}/{digest[:32]}"
    return Command(Meta(INDEXER, "platform", "xiyou", "timer", name, name), sealer, entropy)


class Indexing(Register):
    """Commits to the stream index."""

    @use_case
    def commit_index(self, command: Command, commitment: Commitment) -> None:
        """Record *commitment*, which was made from the log's own first entries.

        Raises:
            ConcurrentChangeError: another one covers as many entries already; nothing was
                recorded.
        """
        found = self.kept(StreamIndex, "")
        if commitment.size <= found.size:
            raise ConcurrentChangeError(
                f"{found.id}: {found.size} entries are committed already, not only"
                f" {commitment.size}"
            )
        ranges = tuple(CommittedRange(**each.members()) for each in commitment.ranges)
        found.happen(command, IndexCommitted(*found.follows(command), ranges, commitment.size))
