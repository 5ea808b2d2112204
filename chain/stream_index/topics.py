"""Proofs about types: these are all entries of some types in a range, and there are no more.

``docs/stream-index.md``, 5. Whoever holds the entries of a type within a range computes their
node anew and compares it with the row that is committed; a type without entries is proven
absent. So a feed that shows some topics only is as checkable as one that shows everything.
``tests/chain/stream_index/test_topics.py``.
"""

from collections.abc import Mapping, Sequence

from chain.errors import MalformedError
from chain.stream_index.commitment import RangeRoots
from chain.stream_index.rows import TypeRow, type_node
from chain.stream_index.shown import IndexUntrueError, Shown, check_listed, check_not_listed


def verify_topics(
    found: Mapping[str, Sequence[tuple[int, bytes]]], shown: Mapping[str, Shown], roots: RangeRoots
) -> None:
    """Check that *found* is everything of its types within one range.

    Args:
        found: by type, leaf index and leaf hash of its entries in the range, rising; none for
            a type without any.
        shown: by type, what the range's list of types says of it.
        roots: of the range, from a commitment that was verified in the log.

    Raises:
        MalformedError: a type has no proof, entries do not rise or are outside the range, or
            a path does not fit.
        IndexUntrueError: ``topic_incomplete``: the list says that there are other entries, or
            more, or fewer; and the codes of `check_listed` and `check_not_listed`.
    """
    for kind, entries in found.items():
        if kind not in shown:
            raise MalformedError(f"topic {kind}: nothing is shown of it")
        if not entries:
            check_not_listed(shown[kind], kind, roots.types, roots.type_root)
            continue
        check_listed(shown[kind], roots.types, roots.type_root)
        node = type_node(entries, roots.range.level, roots.range.number)
        row = TypeRow(kind, len(entries), node)
        if shown[kind].rows != (row.to_bytes(),):
            raise IndexUntrueError(
                "topic_incomplete",
                f"range {roots.range.number} of level {roots.range.level} has other entries of"
                f" {kind} than the {len(entries)} that are here",
            )
