"""Use case of the stream index: to commit in the log to what its streams come to.

The lists are made by `chain.store.stream_index`; here the log is told their roots.
``tests/domain/witnessing/test_index.py``.
"""

from chain.stream_index.commitment import Commitment
from domain.command import Command
from domain.credit.register import Register
from domain.desk import use_case
from domain.errors import ConcurrentChangeError
from domain.witnessing.index import CommittedRange, IndexCommitted, StreamIndex


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
