"""Proofs about a stream's head: that a history is complete at N, or that there is none.

``docs/stream-index.md``, 4. Complete: the stream's last entry is listed, as its last, in the
range that holds it, and the stream is in no range to the right. Absent: it is in no range.
Both rest on a commitment that the caller has verified in the log by its own inclusion proof.
``tests/chain/stream_index/test_heads.py``.
"""

from typing import Any, NamedTuple, Self

from chain.entry import check_stream
from chain.errors import MalformedError
from chain.stream_index.commitment import MAX_RANGES, Commitment
from chain.stream_index.ranges import place_in
from chain.stream_index.rows import StreamRow
from chain.stream_index.shown import (
    IndexUntrueError,
    Shown,
    check_all,
    check_listed,
    check_not_listed,
)


class HeadProof(NamedTuple):
    """What the lists say of one stream, from the range of its last entry to the right."""

    stream: str
    at: int | None
    """Place in the cover of the range that lists it; None where no range does."""
    shown: tuple[Shown, ...]
    """For that range and each to the right; for all of them where *at* is None."""

    def members(self) -> dict[str, Any]:
        """Return it as JSON members."""
        shown = [each.members() for each in self.shown]
        return {"at": self.at, "ranges": shown, "stream": self.stream}

    @classmethod
    def of_members(cls, members: object) -> Self:
        """Return what `members` gave.

        Raises:
            MalformedError: it did not.
        """
        if not isinstance(members, dict) or members.keys() != {"at", "ranges", "stream"}:
            raise MalformedError("head proof: must have exactly the members at, ranges, stream")
        at, shown, stream = members["at"], members["ranges"], members["stream"]
        if at is not None and (type(at) is not int or at < 0):
            raise MalformedError("head proof: at: must be a place in the cover or null")
        if not isinstance(shown, list) or not 0 < len(shown) <= MAX_RANGES:
            raise MalformedError(f"head proof: ranges: must be a list of 1 to {MAX_RANGES}")
        if not isinstance(stream, str):
            raise MalformedError("head proof: stream: must be a string")
        check_stream(stream)
        return cls(stream, at, tuple(Shown.of_members(each) for each in shown))


def verify_complete(proof: HeadProof, commitment: Commitment, row: StreamRow, index: int) -> None:
    """Check that *row*, whose entry is at leaf *index*, is its stream's head at N.

    Args:
        proof: for that stream.
        commitment: verified by its inclusion in the log; N is its size.
        row: stream, seq and leaf hash of the last entry that is known of the stream.
        index: of that entry.

    Raises:
        MalformedError: a path does not fit its list.
        IndexUntrueError: ``not_head``: this range or one to the right lists a later entry of
            the stream; ``index_stale``: the entry is not covered; ``index_stream``: the proof
            is another stream's; ``index_range``: another range would have to list it;
            ``index_head``: the range lists another entry as its last, and no later one; and
            the codes of `check_all`, `check_listed` and `check_not_listed`.
    """
    if proof.stream != row.stream:
        raise IndexUntrueError("index_stream", f"the proof is about {proof.stream}")
    if index >= commitment.size:
        raise IndexUntrueError(
            "index_stale", f"entry {index} came after the {commitment.size} that are committed"
        )
    place = place_in(commitment.cover, index)
    if proof.at is None or proof.at < place or proof.at >= len(commitment.ranges):
        raise IndexUntrueError("index_range", f"entry {index} is in range {place} of the cover")
    check_all(proof.shown, len(commitment.ranges) - proof.at)
    listed, roots = proof.shown[0], commitment.ranges[proof.at]
    check_listed(listed, roots.streams, roots.stream_root)
    _check_no_later(listed, row)
    if proof.at > place:
        raise IndexUntrueError("index_range", f"entry {index} is in range {place} of the cover")
    if listed.rows != (row.to_bytes(),):
        raise IndexUntrueError(
            "index_head", f"version {row.seq} is not the last of {row.stream} in its range"
        )
    for each, beside in zip(proof.shown[1:], commitment.ranges[place + 1 :], strict=True):
        try:
            check_not_listed(each, row.stream, beside.streams, beside.stream_root)
        except IndexUntrueError as error:
            if error.code == "index_listed":
                _check_no_later(each, row)
            raise


def verify_absent(proof: HeadProof, commitment: Commitment) -> None:
    """Check that the proof's stream has no entry among the first N.

    Raises:
        MalformedError: a path does not fit its list.
        IndexUntrueError: ``index_range``: the proof says that a range lists it; and the codes
            of `check_all` and `check_not_listed`.
    """
    if proof.at is not None:
        raise IndexUntrueError("index_range", f"range {proof.at} lists {proof.stream}")
    check_all(proof.shown, len(commitment.ranges))
    _check_absent(proof.stream, proof.shown, commitment, 0)


def _check_absent(
    stream: str, shown: tuple[Shown, ...], commitment: Commitment, first: int
) -> None:
    for each, roots in zip(shown, commitment.ranges[first:], strict=True):
        check_not_listed(each, stream, roots.streams, roots.stream_root)


def _check_no_later(listed: Shown, row: StreamRow) -> None:
    """Check that none of the rows *listed*, whose path holds, is of a later entry than *row*.

    Raises:
        IndexUntrueError: ``not_head``.
    """
    for each in listed.rows:
        try:
            found = StreamRow.parse(each)
        except MalformedError:
            continue
        if found.stream == row.stream and found.seq > row.seq:
            raise IndexUntrueError(
                "not_head", f"version {row.seq} of {row.stream} is followed by {found.seq}"
            )
