"""The hashes of the log, and numbers that must not be mixed up.

The tree over all entries is SHA-256 as in RFC 6962, section 2.1 (the same as RFC
9162, section 2.1.1); the chain within a stream is BLAKE3-256 over the whole
previous entry (formats.md, section 2). ``tests/chain/test_hashes.py`` compares
both with other implementations' answers (``tests/vectors/rfc6962_eight_leaves.json``).

The NewTypes make an off-by-one a type error: an *index* names a leaf and starts
at 0, a *size* counts leaves, a *notification ID* is an index plus one.
"""

from hashlib import sha256
from typing import NewType

from blake3 import blake3

LeafHash = NewType("LeafHash", bytes)
TreeHash = NewType("TreeHash", bytes)
ChainHash = NewType("ChainHash", bytes)

LeafIndex = NewType("LeafIndex", int)
TreeSize = NewType("TreeSize", int)
NotificationID = NewType("NotificationID", int)

HASH_SIZE = 32
"""Bytes of every hash in this package."""

EMPTY_ROOT = TreeHash(sha256(b"").digest())
"""Root hash of the tree without leaves."""

LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"


def leaf_hash(entry: bytes) -> LeafHash:
    """Return the hash that stands for *entry* in the tree."""
    return LeafHash(sha256(LEAF_PREFIX + entry).digest())


def node_hash(left: bytes, right: bytes) -> TreeHash:
    """Return the hash of the node over two children, each 32 bytes."""
    return TreeHash(sha256(NODE_PREFIX + left + right).digest())


def chain_hash(entry: bytes) -> ChainHash:
    """Return the hash that the next entry of the same stream carries as ``prev``."""
    return ChainHash(blake3(entry).digest())


def notification_id(index: LeafIndex) -> NotificationID:
    """Return the recorder's number for the event at leaf *index*."""
    return NotificationID(index + 1)


def leaf_index(number: NotificationID) -> LeafIndex:
    """Return the leaf index of the event that the recorder numbers *number*."""
    return LeafIndex(number - 1)
