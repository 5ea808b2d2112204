"""Proofs against a commitment that stands in the log: what an evidence package is made of.

A checkpoint covers commitments; the newest of them says where each stream ends, and its
lists prove it. They are in the index's files, or are made again from the log where a merge
has taken a file away, or where one is damaged: what is handed out has always been verified
against the committed roots. ``tests/chain/store/stream_index/test_committed.py``.
"""

import struct
from pathlib import Path
from typing import Any, Protocol, Self

from chain.errors import ChainError, VerificationError
from chain.hashes import TreeHash
from chain.store.scratch import Scratch
from chain.store.stream_index.listing import Listing
from chain.store.stream_index.proving import prove_head
from chain.store.stream_index.range_file import RangeFile
from chain.store.stream_index.remaking import Read, remake
from chain.store.stream_index.stored_log import Committed, StoredLog
from chain.stream_index.commitment import RangeRoots
from chain.stream_index.heads import HeadProof
from chain.stream_index.rows import name_of
from chain.stream_index.shown import IndexUntrueError, Shown, check_listed, check_not_listed

DAMAGED = (ChainError, ValueError, IndexError, struct.error)
"""What reading a damaged file may end with; what is made from the log is not damaged."""


class NoCommitmentError(ChainError):
    """No commitment of the stream index is among the entries of a checkpoint."""


class HeadProver(Protocol):
    """Who can prove where a stream ends."""

    def prove_head(self, stream: str) -> tuple[int, dict[str, Any]]:
        """Return the leaf index of the commitment's entry, and the members of a head proof."""


class CommittedIndex:
    """The index as the newest commitment among the first *size* entries has it.

    A `HeadProver`; a context manager, which removes what was made again.

    Args:
        folder: of the index's ranges, such as `indexer.ranges_folder` names; it may be empty.
        log: the log.
        size: of the checkpoint; the commitment's entry is below it.

    Raises:
        NoCommitmentError: there is none.
    """

    def __init__(self, folder: Path, log: StoredLog, size: int) -> None:
        committed = log.newest(size)
        if committed is None:
            raise NoCommitmentError(
                f"the first {size} entries have no commitment of the stream index: run xiyou index"
                " commit, then xiyou publish"
            )
        self.committed: Committed = committed
        self._scratch = Scratch("xiyou-index-")
        self._listings = [
            _Verified(each, folder, log.entries, self._scratch)
            for each in committed.commitment.ranges
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was made again."""
        self._scratch.close()

    def prove(self, stream: str) -> HeadProof:
        """Return the proof of where *stream* ends, or that it is not there.

        Raises:
            VerificationError: the commitment is not true of the log.
        """
        return prove_head(self._listings, stream)

    def prove_head(self, stream: str) -> tuple[int, dict[str, Any]]:
        """See `HeadProver.prove_head` and `prove`."""
        return self.committed.leaf_index, self.prove(stream).members()


class _Verified:
    """The lists of one committed range; what they show has been verified."""

    def __init__(self, roots: RangeRoots, folder: Path, read: Read, scratch: Scratch) -> None:
        self.roots = roots
        self._folder = folder
        self._read = read
        self._scratch = scratch
        self._listing: Listing | None = None
        self._remade = False

    def show(self, stream: str) -> Shown:
        """See `Listing.show`."""
        try:
            return self._shown(self._open(), stream)
        except DAMAGED:
            return self._shown(self._make_again(), stream)

    def show_type(self, kind: str) -> Shown:
        """See `Listing.show_type`."""
        try:
            return self._type_shown(self._open(), kind)
        except DAMAGED:
            return self._type_shown(self._make_again(), kind)

    def _shown(self, listing: Listing, stream: str) -> Shown:
        shown = listing.show(stream)
        _check(shown, stream, self.roots.streams, self.roots.stream_root)
        return shown

    def _type_shown(self, listing: Listing, kind: str) -> Shown:
        shown = listing.show_type(kind)
        _check(shown, kind, self.roots.types, self.roots.type_root)
        return shown

    def _open(self) -> Listing:
        if self._listing is None:
            try:
                found = RangeFile(self._folder, self.roots.range)
            except (OSError, VerificationError):
                return self._make_again()
            if found.roots != self.roots:
                return self._make_again()
            self._listing = found
        return self._listing

    def _make_again(self) -> Listing:
        """Make the lists from the log.

        Raises:
            IndexUntrueError: ``index_lie``: they are not what was committed.
        """
        if not self._remade:
            part = self.roots.range
            self._listing = remake(part, self._read, self._scratch.folder())
            self._remade = True
        if self._listing is None or self._listing.roots != self.roots:
            raise IndexUntrueError(
                "index_lie",
                f"range {self.roots.range.number} of level {self.roots.range.level} is committed"
                " with other roots than its entries have: run xiyou audit",
            )
        return self._listing


def _check(shown: Shown, name: str, size: int, root: TreeHash) -> None:
    if len(shown.rows) == 1 and name_of(shown.rows[0]) == name.encode():
        check_listed(shown, size, root)
    else:
        check_not_listed(shown, name, size, root)
