"""Builder, proofs and verification against the slow reference, for every size up to 300."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.store.stream_index.builder import IndexBuilder, commitment_of
from chain.store.stream_index.listing import Indexed, Listing
from chain.store.stream_index.proving import prove_head
from chain.stream_index.commitment import Commitment
from chain.stream_index.heads import HeadProof, verify_absent, verify_complete
from chain.stream_index.rows import StreamRow
from chain.stream_index.shown import IndexUntrueError
from chain.stream_index.topics import verify_topics
from tests.chain.stream_index import reference
from tests.chain.stream_index.writing import TYPES, written

SMALL = 2
"""Base level at which a few hundred entries make merges of several levels."""


def check_all(entries: list[Indexed], listings: list[Listing]) -> None:
    commitment = commitment_of(listings)
    plain = [tuple(each) for each in entries]
    assert commitment.members() == {
        "ranges": [reference.roots(plain, *each.range) for each in commitment.ranges],  # type: ignore[arg-type]
        "size": len(entries),
    }
    assert Commitment.of_members(commitment.members()) == commitment
    heads = reference.heads(plain)  # type: ignore[arg-type]
    for stream, (index, seq, leaf) in heads.items():
        proof = HeadProof.of_members(prove_head(listings, stream).members())
        verify_complete(proof, commitment, StreamRow(stream, seq, leaf), index)  # type: ignore[arg-type]
        with pytest.raises(IndexUntrueError):
            verify_absent(proof, commitment)
    for stranger in ("!", "ord_", "ord_x1x", "zzz", "a/0"):
        proof = HeadProof.of_members(prove_head(listings, stranger).members())
        verify_absent(proof, commitment)
    for listing in listings:
        part = listing.roots.range
        found = {
            kind: [
                (index, entries[index].leaf)
                for index in range(part.start, part.end)
                if entries[index].type == kind
            ]
            for kind in (*TYPES, "refund.executed")
        }
        shown = {kind: listing.show_type(kind) for kind in found}
        verify_topics(found, shown, listing.roots)


def test_every_size_up_to_300(tmp_path: Path) -> None:
    entries = written(300)
    with IndexBuilder(tmp_path / "index", SMALL, durable=False) as builder:
        for size, each in enumerate(entries, 1):
            builder.add([each])
            assert builder.size == size
            check_all(entries[:size], builder.listings())


@settings(max_examples=15, deadline=None)
@given(st.integers(301, 4_000), st.integers(1, 3_000), st.integers(0, 10**6), st.integers(2, 6))
def test_any_size_above(
    tmp_path_factory: pytest.TempPathFactory, size: int, streams: int, seed: int, base: int
) -> None:
    entries = written(size, streams, seed)
    with IndexBuilder(tmp_path_factory.mktemp("index"), base, durable=False) as builder:
        builder.add(entries)
        check_some(entries, builder.listings())
        builder.settle()
        check_some(entries, builder.listings())


def check_some(entries: list[Indexed], listings: list[Listing]) -> None:
    commitment = commitment_of(listings)
    plain = [tuple(each) for each in entries]
    for each in commitment.ranges:
        assert each.members() == reference.roots(plain, *each.range)  # type: ignore[arg-type]
    heads = list(reference.heads(plain).items())  # type: ignore[arg-type]
    for stream, (index, seq, leaf) in heads[:: max(1, len(heads) // 50)]:
        row = StreamRow(stream, seq, leaf)  # type: ignore[arg-type]
        verify_complete(prove_head(listings, stream), commitment, row, index)
        verify_absent(prove_head(listings, f"{stream}!"), commitment)


def test_a_builder_that_was_killed_goes_on_from_what_is_whole(tmp_path: Path) -> None:
    entries = written(700)
    folder = tmp_path / "index"
    builder = IndexBuilder(folder, SMALL, durable=False)
    at = 0
    for stop in (3, 17, 90, 91, 400, 700):
        builder.add(entries[at:stop])
        builder.close()  # a process that dies does no more
        builder = IndexBuilder(folder, SMALL, durable=False)
        at = builder.size
        assert at <= stop
        assert stop - at < 1 << SMALL
    builder.add(entries[at:])
    check_some(entries, builder.listings())
    builder.close()


def test_the_cover_stays_short_though_merges_lag(tmp_path: Path) -> None:
    entries = written(6_000, streams=2_000)
    longest = 0
    with IndexBuilder(tmp_path / "index", SMALL, durable=False) as builder:
        for at in range(0, 6_000, 4):
            builder.add(entries[at : at + 4])
            longest = max(longest, len(builder.listings()))
    assert longest <= 24
