"""The edge of tiles grows exactly the tiles that the layout names."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import MalformedError
from chain.hashes import LeafHash, TreeHash, leaf_hash
from chain.merkle import Node, RightEdge, root_of
from chain.tile_edge import TileEdge, superseded_folders
from chain.tiles import TileReader, new_tiles, tiles_of

LEAVES = [leaf_hash(b"%d" % i) for i in range(66_000)]


def grow(sizes: list[int], leaves: list[LeafHash] = LEAVES) -> tuple[TileEdge, dict[str, bytes]]:
    """Return the edge after *sizes* one by one, and all tiles written on the way."""
    edge, written, at = TileEdge(), dict[str, bytes](), 0
    for size in sizes:
        new = dict(edge.extend(leaves[at:size])) | dict(edge.partial_tiles())
        assert set(new) - set(written) == {tile.path for tile in new_tiles(at, size)}
        written |= new
        at = size
    return edge, written


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537])
def test_the_tiles_are_those_of_the_layout_and_lead_to_the_root(size: int) -> None:
    edge, written = grow([size])
    assert set(written) == {tile.path for tile in tiles_of(size)}
    assert edge.root() == root_of(LEAVES[:size])
    reader = TileReader(size, written.__getitem__)
    if size:
        assert reader([Node(0, size - 1)]) == [TreeHash(LEAVES[size - 1])]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 1500), min_size=1, max_size=8).map(sorted))
def test_growth_in_steps_makes_the_same_tree(sizes: list[int]) -> None:
    edge, written = grow(sizes)
    assert edge.root() == root_of(LEAVES[: sizes[-1]])
    right = RightEdge()
    right.extend(LEAVES[: sizes[-1]])
    assert edge.edge() == right
    _, at_once = grow(sizes[-1:])
    assert at_once.items() <= written.items()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1200), st.integers(0, 700))
def test_an_edge_read_from_tiles_goes_on_like_the_one_that_wrote_them(old: int, more: int) -> None:
    edge, written = grow([old])
    read = TileEdge.read(old, written.__getitem__)
    assert read.leaves == edge.leaves
    assert read.root() == edge.root()
    new = LEAVES[old : old + more]
    assert list(read.extend(new)) == list(edge.extend(new))
    assert list(read.partial_tiles()) == list(edge.partial_tiles())


def test_a_copy_grows_apart() -> None:
    edge, _ = grow([300])
    other = edge.copy()
    list(other.extend(LEAVES[300:600]))
    assert edge.root() == root_of(LEAVES[:300])
    assert other.root() == root_of(LEAVES[:600])


def test_a_tile_of_the_wrong_length_is_refused() -> None:
    _, written = grow([300])
    with pytest.raises(MalformedError, match="are not 45 hashes"):
        TileEdge.read(301, partial(lambda _path, found: found, found=written["tile/0/001.p/44"]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1200), st.integers(0, 900))
def test_superseded_are_the_partials_whose_tile_became_full(old: int, more: int) -> None:
    was = {tile.path for tile in tiles_of(old)}
    full = {tile.path for tile in tiles_of(old + more)}
    expected = {path.split(".p/")[0] for path in was if ".p/" in path} & full
    found = set(superseded_folders(old, old + more))
    assert {path for path in found if "entries" not in path} == {f"{path}.p" for path in expected}
    assert {path for path in found if "entries" in path} == {
        f"{path.replace('/0/', '/entries/', 1)}.p" for path in expected if path.startswith("tile/0")
    }
