"""Receipts: which run of entries a command wrote, and what they were.

Every entry belongs to exactly one receipt, and the receipts' runs tile the log: a
command that is repeated after a lost acknowledgement finds its receipt instead of
writing again, and an auditor finds any row of it that was changed since. Proved by
``tests/chain/test_receipt.py`` and ``tests/chain/store/test_f12_tampered_row.py``.
"""

from collections.abc import Iterable
from hashlib import sha256

from chain.errors import MalformedError
from chain.hashes import LeafHash

MAX_COMMAND_ID_SIZE = 65_535
"""Bytes of a command id: its length in the digest has 16 bits."""


def receipt_digest(command_id: str, leaf_hashes: Iterable[LeafHash]) -> bytes:
    """Return the digest that binds a command to the entries that it wrote.

    SHA-256 of the command id's length (two bytes, big-endian), the command id in
    UTF-8, and the leaf hashes of its entries in their order.

    Raises:
        MalformedError: *command_id* is too long, or is not Unicode text.
    """
    return sha256(receipt_prefix(command_id) + b"".join(leaf_hashes)).digest()


def receipt_prefix(command_id: str) -> bytes:
    """Return what stands before the leaf hashes in the digest of *command_id*.

    Raises:
        MalformedError: *command_id* is too long, or is not Unicode text.
    """
    try:
        name = command_id.encode()
    except UnicodeEncodeError as error:
        raise MalformedError(f"command id: lone surrogate at {error.start}") from None
    if len(name) > MAX_COMMAND_ID_SIZE:
        raise MalformedError(
            f"command id: {len(name)} bytes are over the limit of {MAX_COMMAND_ID_SIZE}"
        )
    return len(name).to_bytes(2, "big") + name
