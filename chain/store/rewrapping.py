"""Rewrapping: after a rotation the data keys come under the newest master key, in batches.

Sealed values are neither read nor opened: only the few bytes of each data key pass through
memory. It runs as the schema's owner, since the application's role may not change a data
key; readers and writers go on meanwhile. Whoever is interrupted calls it again and goes on
where it stopped. ``tests/domain/keys/test_e2_rotation.py``.
"""

from collections.abc import Iterator
from typing import NamedTuple

import psycopg

from chain.store.data_key import DataKeyRow
from chain.store.master_key import Keyring
from chain.store.vault import Vault

BATCH = 500

# NO KEY: a value may be sealed under a key whose wrapping is being changed. Locked, so that
# of two who rewrap at once each takes other keys.
_TAKE = """
SELECT id, subject, master_key, wrapped, made_at FROM ledger.data_keys
WHERE master_key <> %s ORDER BY master_key, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""
_CHANGE = "UPDATE ledger.data_keys SET master_key = %s, wrapped = %s WHERE id = %s"
_COUNT = """
SELECT count(*) FILTER (WHERE master_key = %s), count(*) FILTER (WHERE master_key <> %s)
FROM ledger.data_keys
"""


class Wrapped(NamedTuple):
    """How the data keys are wrapped now."""

    newest: int
    """Under the newest master key."""
    older: int
    """Still under an older one."""


def rewrap(owner_url: str, vault: Vault, keyring: Keyring, batch: int = BATCH) -> Iterator[int]:
    """Wrap the data keys anew, *batch* in a transaction; yield how many after each commit.

    Args:
        owner_url: the database, as the schema's owner.
        vault: unwraps and wraps; of the same *keyring*.
        keyring: says which master key is the newest.
        batch: data keys in one transaction.

    Raises:
        VerificationError: a data key was changed, or its master key is not in the ring.
        VaultUnavailableError: the master keys are out of reach.
        psycopg.Error: the database is out of reach, or the role may not do it.
    """
    newest = keyring.current.id
    while True:
        with psycopg.connect(owner_url) as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(_TAKE, [newest, batch]).fetchall()
            wrapped = [vault.rewrap(DataKeyRow(*row)) for row in rows]
            cursor.executemany(
                _CHANGE, [(each.master_key, each.wrapped, each.id) for each in wrapped]
            )
        # A crash before this commit leaves the batch as it was, under the older key.
        if not rows:
            return
        yield len(rows)


def count_wrapped(owner_url: str, keyring: Keyring) -> Wrapped:
    """Return how many data keys the newest master key wraps, and how many an older one."""
    newest = keyring.current.id
    with psycopg.connect(owner_url) as connection:
        row = connection.execute(_COUNT, [newest, newest]).fetchone()
    return Wrapped(*row) if row else Wrapped(0, 0)
