"""Which histories of a matter are shown to end, and that nothing untrue is handed out."""

from dataclasses import replace

import pytest

from chain.entry import Entry
from chain.evidence.writing import ProvenEntry
from chain.hashes import leaf_hash
from chain.store.stream_index.builder import commitment_of
from chain.store.stream_index.listing import Indexed, MemoryListing
from chain.store.stream_index.proving import prove_head
from chain.stream_index.commitment import Commitment
from chain.stream_index.heads import HeadProof
from chain.stream_index.ranges import coarsest_cover
from chain.stream_index.shown import IndexUntrueError
from domain.disputes.case import Histories
from domain.evidence.heads import ProveHead, heads_of, last_of_matter
from domain.evidence.selection import Selection, select_order
from tests.domain.given import World

ENTRY = ProvenEntry(0, b"", ())


def indexed(world: World, size: int) -> tuple[Commitment, ProveHead]:
    """Return the index of the world's first *size* entries."""
    log = world.trade.recorder
    found = [Entry.parse(entry) for entry in entries_of(world)[:size]]
    rows = [Indexed(e.stream, e.seq, e.type, leaf_hash(e.to_bytes())) for e in found]
    listings = [MemoryListing(p, rows[p.start : p.end]) for p in coarsest_cover(0, size)]
    assert isinstance(log, Histories)

    def prove(stream: str) -> HeadProof:
        return prove_head(listings, stream)

    return commitment_of(listings), prove


def entries_of(world: World) -> list[bytes]:
    log = world.trade.recorder
    assert isinstance(log, Histories)
    streams = {str(each.originator_id) for each in log.select_notifications(1, 10_000)}
    held = {i: entry for stream in streams for i, entry in log.select_history(stream)}
    return [held[index] for index in sorted(held)]


def matter(world: World, order: str) -> Selection:
    log = world.trade.recorder
    assert isinstance(log, Histories)
    return select_order(log, order, world.size())


def test_every_history_of_the_matter_is_shown_to_end() -> None:
    world = World()
    first, second = world.stocked(["AAAA-BBBB", "CCCC-DDDD"])
    order = world.delivered(first)
    world.delivered(second, "b")
    selection = matter(world, order)
    found = heads_of(selection, ENTRY, *indexed(world, world.size()))
    assert {each.stream for each in found.proofs.values()} == {order, first}
    assert max(found.proofs) == last_of_matter(selection)


def test_a_supporting_entry_needs_no_end() -> None:
    world = World()
    order = world.delivered()
    selection = matter(world, order)
    size = world.size()
    header = b'{"at":"2026-11-24T10:00:00.000000Z","prev":null,"seq":1,"stream":"erasure/1"'
    entry = header + b',"type":"privacy.erased","v":1}\n{}\n'
    supported = replace(
        selection,
        entries={**selection.entries, size + 5: entry},
        supporting=frozenset({"erasure/1"}),
    )
    assert last_of_matter(supported) == last_of_matter(selection)
    found = heads_of(supported, ENTRY, *indexed(world, size))
    assert "erasure/1" not in {each.stream for each in found.proofs.values()}


def test_a_history_that_went_on_is_not_shown_as_ended() -> None:
    world = World()
    order = world.delivered()
    selection = matter(world, order)
    assert last_of_matter(selection) < world.size()
    short = Selection(
        {i: e for i, e in selection.entries.items() if i != last_of_matter(selection)},
        selection.size,
        order,
    )
    with pytest.raises(IndexUntrueError) as caught:
        heads_of(short, ENTRY, *indexed(world, world.size()))
    assert caught.value.code == "not_head"


def test_a_commitment_that_is_too_old_is_not_taken() -> None:
    world = World()
    order = world.delivered()
    selection = matter(world, order)
    with pytest.raises(IndexUntrueError) as caught:
        heads_of(selection, ENTRY, *indexed(world, last_of_matter(selection)))
    assert caught.value.code == "index_stale"
