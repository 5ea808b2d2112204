"""A tree in memory, and where the vectors are."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from chain.hashes import LeafHash, TreeHash, leaf_hash
from chain.merkle import Node, root_of

VECTORS = Path(__file__).parents[1] / "vectors"


def vectors(name: str) -> Any:  # noqa: ANN401 — other people's JSON
    return json.loads((VECTORS / name).read_text())


@cache
def entry(index: int) -> bytes:
    return b"entry %d" % index


@cache
def leaf(index: int) -> LeafHash:
    return leaf_hash(entry(index))


def entries(size: int) -> list[bytes]:
    return [entry(index) for index in range(size)]


def leaves(size: int) -> list[LeafHash]:
    return [leaf(index) for index in range(size)]


@cache
def subtree(node: Node) -> TreeHash:
    level, position = node
    return root_of([leaf(index) for index in range(position << level, (position + 1) << level)])


def read(nodes: Sequence[Node], /) -> list[TreeHash]:
    return [subtree(node) for node in nodes]
