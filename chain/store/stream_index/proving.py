"""Proofs from the lists of a cover. ``tests/chain/store/stream_index/test_proving.py``."""

from collections.abc import Sequence

from chain.store.stream_index.listing import Listing
from chain.stream_index.heads import HeadProof
from chain.stream_index.rows import name_of


def prove_head(listings: Sequence[Listing], stream: str) -> HeadProof:
    """Return the proof of *stream*'s head, or of its absence, over the cover of *listings*.

    From right to left, and no further than the range that lists it.
    """
    shown = []
    wanted = stream.encode()
    for place in range(len(listings) - 1, -1, -1):
        found = listings[place].show(stream)
        shown.append(found)
        if len(found.rows) == 1 and name_of(found.rows[0]) == wanted:
            return HeadProof(stream, place, tuple(reversed(shown)))
    return HeadProof(stream, None, tuple(reversed(shown)))
