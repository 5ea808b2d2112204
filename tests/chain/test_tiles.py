"""Tiles and bundles against another implementation's paths and its whole small log."""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.consistency import prove_consistency
from chain.errors import MalformedError
from chain.hashes import LeafHash, TreeHash, leaf_hash
from chain.inclusion import prove_inclusion, verify_inclusion
from chain.merkle import Node, root_of
from chain.tiles import (
    Bundle,
    Tile,
    TileReader,
    bundle_bytes,
    bundle_of,
    bundle_path,
    new_bundles,
    new_tiles,
    parse_bundle,
    parse_tile,
    parse_tile_path,
    tile_bytes,
    tile_path,
    tiles_of,
)
from tests.chain.tree import leaf, leaves, read, subtree, vectors

PATHS = vectors("tile_paths.json")
TESSERA = vectors("tessera_testlog.json")
RESOURCES = {path: b64decode(data) for path, data in TESSERA["resources_base64"].items()}


@pytest.mark.parametrize(("index", "size", "path"), PATHS["entries_path_for_index"])
def test_an_entrys_bundle_is_where_the_vectors_say(index: int, size: int, path: str) -> None:
    assert bundle_of(index, size).path == path


@pytest.mark.parametrize(("level", "index", "width", "path"), PATHS["tile_path"])
def test_a_tile_is_where_the_vectors_say(level: int, index: int, width: int, path: str) -> None:
    assert tile_path(level, index, width or 256) == path


@pytest.mark.parametrize(("level", "rest", "tile_level", "index", "width"), PATHS["parse_ok"])
def test_good_paths_of_the_vectors_parse(
    level: str, rest: str, tile_level: int, index: int, width: int
) -> None:
    path = f"tile/{level}/{rest}"
    assert parse_tile_path(path) == Tile(tile_level, index, width or 256)


@pytest.mark.parametrize(("level", "rest"), PATHS["parse_error"])
def test_bad_paths_of_the_vectors_are_refused(level: str, rest: str) -> None:
    with pytest.raises(MalformedError):
        parse_tile_path(f"tile/{level}/{rest}")


@pytest.mark.parametrize("example", PATHS["spec_size_examples"], ids=lambda e: str(e["size"]))
def test_a_tree_has_the_tiles_of_the_specification(example: dict[str, int]) -> None:
    tiles = list(tiles_of(example["size"]))
    assert len(set(tiles)) == len(tiles)
    for level in range(3):
        full = [tile for tile in tiles if tile.level == level and tile.width == 256]
        partial = [tile.width for tile in tiles if tile.level == level and tile.width < 256]
        assert len(full) == example.get(f"level{level}_full", 0)
        assert partial == [w for w in [example.get(f"level{level}_partial", 0)] if w]


def test_size_256_has_a_full_tile_and_the_one_above() -> None:
    assert [tile.path for tile in tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]


def test_the_other_implementations_log_is_made_again_byte_for_byte() -> None:
    ours: dict[str, bytes] = {}
    words = [word.encode() for word in TESSERA["leaves_utf8"]]
    hashes = [leaf_hash(word) for word in words]
    for size in range(len(words)):
        for tile in new_tiles(size, size + 1):
            ours[tile.path] = tile_bytes(hashes[: tile.width])
        for bundle in new_bundles(size, size + 1):
            ours[bundle.path] = bundle_bytes(words[: bundle.width])
    assert ours == RESOURCES


@given(st.integers(0, 200_000), st.integers(0, 70_000))
def test_what_is_new_is_what_the_larger_tree_has_and_the_smaller_has_not(
    old: int, more: int
) -> None:
    new = list(new_tiles(old, old + more))
    assert set(new) == set(tiles_of(old + more)) - set(tiles_of(old))
    assert len(new) == len(set(new))
    bundles = {(0, *bundle) for bundle in new_bundles(old, old + more)}
    assert bundles == {tile for tile in new if tile.level == 0}


def test_a_tree_cannot_shrink() -> None:
    with pytest.raises(MalformedError, match="sizes"):
        list(new_tiles(2, 1))
    with pytest.raises(MalformedError, match="sizes"):
        list(new_bundles(-1, 1))


@given(st.integers(0, 63), st.integers(0, 10**18 - 1), st.integers(1, 256))
def test_parsing_undoes_writing(level: int, number: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, number, width)) == Tile(level, number, width)
    assert parse_tile_path(bundle_path(number, width)) == Bundle(number, width)


BAD_PATHS = {
    "empty": "",
    "absolute": "/tile/0/000",
    "no-level": "tile/000",
    "level-64": "tile/64/000",
    "level-with-zero": "tile/01/000",
    "level-negative": "tile/-1/000",
    "two-digits": "tile/0/00",
    "no-x": "tile/0/001/234",
    "x-on-the-last": "tile/0/x001",
    "needless-group": "tile/0/x000/001",
    "seven-groups": "tile/0/" + "x001/" * 6 + "001",
    "width-0": "tile/0/000.p/0",
    "width-256": "tile/0/000.p/256",
    "width-with-zero": "tile/0/000.p/01",
    "width-missing": "tile/0/000.p/",
    "trailing-newline": "tile/0/000\n",
    "trailing-slash": "tile/0/000/",
    "up-and-down": "tile/0/../0/000",
    "arabic-digits": "tile/0/\u0660\u0660\u0660",
    "checkpoint": "checkpoint",
}


@pytest.mark.parametrize("path", BAD_PATHS.values(), ids=BAD_PATHS)
def test_a_bad_path_is_refused(path: str) -> None:
    with pytest.raises(MalformedError):
        parse_tile_path(path)


@pytest.mark.parametrize(
    ("level", "number", "width"),
    [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 10**18, 1), (0, 0, 0), (0, 0, 257)],
)
def test_a_tile_that_cannot_be_has_no_path(level: int, number: int, width: int) -> None:
    with pytest.raises(MalformedError, match="tile"):
        tile_path(level, number, width)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    assert parse_bundle(bundle_bytes(entries), len(entries)) == entries


def test_a_bundle_holds_the_longest_entry_and_none_longer() -> None:
    assert parse_bundle(bundle_bytes([b"x" * 65_535]), 1) == [b"x" * 65_535]
    with pytest.raises(MalformedError, match="16-bit"):
        bundle_bytes([b"x" * 65_536])


GOOD_BUNDLE = bundle_bytes([b"one", b"", b"three"])
BAD_BUNDLES: dict[str, tuple[bytes, int]] = {
    "trailing-garbage": (GOOD_BUNDLE + b"x", 3),
    "one-entry-more": (GOOD_BUNDLE, 2),
    "one-entry-less": (GOOD_BUNDLE, 4),
    "cut-in-an-entry": (GOOD_BUNDLE[:-1], 3),
    "cut-in-a-length": (GOOD_BUNDLE + b"\x00", 4),
    "empty": (b"", 1),
    "none-wanted": (b"", 0),
    "257-wanted": (b"\x00\x00" * 257, 257),
}


@pytest.mark.parametrize(("data", "count"), BAD_BUNDLES.values(), ids=BAD_BUNDLES)
def test_a_bad_bundle_is_refused(data: bytes, count: int) -> None:
    with pytest.raises(MalformedError, match="bundle"):
        parse_bundle(data, count)


@pytest.mark.parametrize("count", [0, 257])
def test_a_bundle_or_tile_of_too_few_or_many_is_not_written(count: int) -> None:
    with pytest.raises(MalformedError, match="bundle"):
        bundle_bytes([b""] * count)
    with pytest.raises(MalformedError, match="tile"):
        tile_bytes([bytes(32)] * count)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_tile_of_the_wrong_length_is_refused(size: int) -> None:
    with pytest.raises(MalformedError, match="tile"):
        parse_tile(bytes(size), 1)


def publish(size: int) -> dict[str, bytes]:
    """Return the tiles of a tree of *size* leaves by their paths."""
    return {
        tile.path: tile_bytes(
            [
                leaf(position) if tile.level == 0 else subtree(Node(8 * tile.level, position))
                for position in range(tile.number * 256, tile.number * 256 + tile.width)
            ]
        )
        for tile in tiles_of(size)
    }


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 1000])
def test_proofs_from_tiles_are_those_from_memory(size: int) -> None:
    reader = TileReader(size, publish(size).__getitem__)
    root = root_of(leaves(size))
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        proof = prove_inclusion(index, size, reader)
        assert proof == prove_inclusion(index, size, read)
        verify_inclusion(leaf(index), index, size, proof, root)
    for old in {1, 2, 255, 256, 257, size - 1, size} & set(range(1, size + 1)):
        assert prove_consistency(old, size, reader) == prove_consistency(old, size, read)


def test_a_level_above_the_second_tile_is_read_from_it() -> None:
    size = 65_536 + 3
    hashes: list[TreeHash] = [TreeHash(each) for each in leaves(size)]
    files: dict[str, bytes] = {}
    level = 0
    while hashes:
        for number in range(0, len(hashes), 256):
            part = hashes[number : number + 256]
            files[tile_path(level, number // 256, len(part))] = tile_bytes(part)
        hashes = [
            root_of([LeafHash(each) for each in hashes[place : place + 256]])
            for place in range(0, len(hashes) - 255, 256)
        ]
        level += 1
    assert set(files) == {tile.path for tile in tiles_of(size)}
    reader = TileReader(size, files.__getitem__)
    proof = prove_inclusion(65_537, size, reader)
    verify_inclusion(leaf(65_537), 65_537, size, proof, root_of(leaves(size)))
    proof = prove_inclusion(700, size, reader)
    verify_inclusion(leaf(700), 700, size, proof, root_of(leaves(size)))


def test_a_reader_remembers_tiles_up_to_its_capacity() -> None:
    fetched: list[str] = []
    files = publish(1000)

    def fetch(path: str) -> bytes:
        fetched.append(path)
        return files[path]

    reader = TileReader(1000, fetch, capacity=2)
    for position in (0, 1, 300, 301, 0, 600, 300):
        reader([Node(0, position)])
    assert fetched == ["tile/0/000", "tile/0/001", "tile/0/002", "tile/0/001"]


@pytest.mark.parametrize("node", [Node(0, 1000), Node(3, 125), Node(-1, 0), Node(0, -1)])
def test_a_node_outside_the_tree_is_refused(node: Node) -> None:
    with pytest.raises(MalformedError, match="not in a tree"):
        TileReader(1000, publish(1000).__getitem__)([node])


def test_a_tile_of_the_wrong_length_is_named_by_its_path() -> None:
    with pytest.raises(MalformedError, match=r"tile/0/000\.p/5"):
        TileReader(5, lambda _: b"short")([Node(0, 0)])


def test_an_index_outside_the_tree_has_no_bundle() -> None:
    with pytest.raises(MalformedError, match="not in a tree"):
        bundle_of(5, 5)
