"""A node reader over leaf hashes in memory."""

from collections.abc import Sequence

from chain.hashes import LeafHash, TreeHash
from chain.merkle import Node, NodeReader, root_of


def memory_reader(leaves: Sequence[LeafHash]) -> NodeReader:
    def read(nodes: Sequence[Node], /) -> list[TreeHash]:
        return [root_of(leaves[at << level : (at + 1) << level]) for level, at in nodes]

    return read
