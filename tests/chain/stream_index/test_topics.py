"""Feeds by type: what is left out, added or moved is found."""

import pytest

from chain.errors import MalformedError
from chain.hashes import LeafHash, TreeHash
from chain.store.stream_index.listing import MemoryListing
from chain.stream_index.ranges import Range
from chain.stream_index.rows import TypeRow, merge_types, type_node
from chain.stream_index.shown import IndexUntrueError
from chain.stream_index.topics import verify_topics
from tests.chain.stream_index.writing import TYPES, written

ENTRIES = written(64)
LISTING = MemoryListing(Range(6, 0), ENTRIES)
KIND = "order.paid"
Found = list[tuple[int, bytes]]


def found(kind: str = KIND) -> Found:
    return [(i, each.leaf) for i, each in enumerate(ENTRIES) if each.type == kind]


def code(entries: Found, kind: str = KIND, shown: str | None = None) -> str:
    with pytest.raises(IndexUntrueError) as caught:
        verify_topics({kind: entries}, {kind: LISTING.show_type(shown or kind)}, LISTING.roots)
    return caught.value.code


def test_all_entries_of_every_type_are_complete() -> None:
    kinds = (*TYPES, "refund.executed", "a", "zz.z")
    shown = {kind: LISTING.show_type(kind) for kind in kinds}
    verify_topics({kind: found(kind) for kind in kinds}, shown, LISTING.roots)


@pytest.mark.parametrize("place", range(len(found())))
def test_each_entry_that_is_left_out_is_found(place: int) -> None:
    assert code([each for at, each in enumerate(found()) if at != place]) == "topic_incomplete"


def test_an_entry_of_another_type_that_is_added_is_found() -> None:
    assert code(sorted([*found(), *found("order.placed")[:1]])) == "topic_incomplete"


def test_an_entry_that_moved_is_found() -> None:
    (index, leaf), *rest = found()
    free = next(i for i in range(64) if i not in dict(found()))
    assert index != free
    assert code(sorted([(free, leaf), *rest])) == "topic_incomplete"


def test_a_type_that_is_said_to_have_no_entry_is_found() -> None:
    assert code([]) == "index_listed"
    assert code([], shown="zz") == "index_neighbours"


def test_the_row_of_another_type_proves_nothing() -> None:
    assert code(found(), shown="order.placed") == "topic_incomplete"


def test_entries_outside_the_range_or_out_of_order_are_malformed() -> None:
    for wrong in ([(64, b"x" * 32)], [(3, b"x" * 32), (3, b"y" * 32)], found()[::-1]):
        with pytest.raises(MalformedError):
            verify_topics({KIND: wrong}, {KIND: LISTING.show_type(KIND)}, LISTING.roots)
    with pytest.raises(MalformedError, match="nothing is shown"):
        verify_topics({KIND: found()}, {}, LISTING.roots)
    with pytest.raises(MalformedError, match="has no node"):
        type_node([], 3, 0)


def test_a_range_has_the_types_of_its_halves() -> None:
    left = MemoryListing(Range(5, 0), ENTRIES[:32]).types
    right = MemoryListing(Range(5, 1), ENTRIES[32:]).types
    assert merge_types(left, right) == LISTING.types
    only = {"a.b": TypeRow("a.b", 1, TreeHash(LeafHash(b"x" * 32)))}
    assert merge_types(only, {}) == merge_types({}, only) == only
