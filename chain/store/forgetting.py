"""Forgetting: the data keys and sealed values of data subjects are destroyed, for good.

``formats.md``, section 3: entries stay, so every proof still verifies; what they refer to
reads "erased", which a row with the digest of each destroyed value says. The application's
role may not delete anything, so this runs as the schema's owner. It may run again and again:
after a crash between the entry that says so and this, and after an old backup came back with
keys in it. ``tests/chain/store/test_forgetting.py``.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import psycopg

from chain.errors import ChainError
from chain.store.database import Database

_VALUES = """
SELECT s.digest FROM sealed_values s JOIN data_keys k ON k.id = s.data_key
WHERE k.subject = ANY(%s)
UNION
SELECT digest FROM destroyed_values WHERE subject = ANY(%s)
"""
_OWNERS = """
SELECT s.digest, k.subject FROM sealed_values s JOIN data_keys k ON k.id = s.data_key
WHERE s.digest = ANY(%s)
"""


class UnlistedError(ChainError):
    """A value is there that no entry lists as erased yet; nothing was destroyed."""


class Forgotten(NamedTuple):
    """How much was destroyed."""

    keys: int
    values: int


def values_of(database: Database, subjects: Collection[str]) -> list[bytes]:
    """Return the digests of all that is or was sealed for *subjects*, destroyed or not."""
    wanted = list(subjects)
    with database.connection() as connection:
        rows = connection.execute(_VALUES, [wanted, wanted], binary=True).fetchall()
    return sorted(digest for (digest,) in rows)


def owners_of(database: Database, digests: Collection[bytes]) -> dict[bytes, str]:
    """Return, by digest, the data subject of each value that is kept."""
    with database.connection() as connection:
        return dict(connection.execute(_OWNERS, [list(digests)], binary=True).fetchall())


def forget(
    owner_url: str, subjects: Sequence[str], listed: Collection[bytes] | None = None
) -> Forgotten:
    """Destroy every data key and sealed value of *subjects*, all or none.

    A vault that has such a key in memory can seal with it no more: the database refuses a
    value whose key is not there.

    Args:
        owner_url: the database, as the schema's owner.
        subjects: data subjects, as they were named to the vault.
        listed: digests that entries of the log say are erased; None not to ask.

    Raises:
        UnlistedError: a value was sealed for them that is not *listed*.
        psycopg.Error: the database is out of reach, or the role may not do it.
    """
    owned = "SELECT id FROM ledger.data_keys WHERE subject = ANY(%s)"
    wanted = [list(subjects)]
    with psycopg.connect(owner_url) as connection:
        # Locked first, so that no value is sealed under them between the two deletions.
        connection.execute(f"{owned} FOR UPDATE", wanted)
        if listed is not None:
            _check_listed(connection, subjects, listed)
        connection.execute(
            "INSERT INTO ledger.destroyed_values (digest, data_key, subject)"
            " SELECT s.digest, k.id, k.subject FROM ledger.sealed_values s"
            " JOIN ledger.data_keys k ON k.id = s.data_key WHERE k.subject = ANY(%s)"
            # A restored backup brings a value back that was destroyed before.
            " ON CONFLICT (digest) DO NOTHING",
            wanted,
        )
        values = connection.execute(
            f"DELETE FROM ledger.sealed_values WHERE data_key IN ({owned})",  # noqa: S608 — a constant
            wanted,
        ).rowcount
        keys = connection.execute(
            "DELETE FROM ledger.data_keys WHERE subject = ANY(%s)", wanted
        ).rowcount
    # A crash before this commit leaves everything as it was: run it again.
    return Forgotten(keys, values)


def _check_listed(
    connection: psycopg.Connection, subjects: Sequence[str], listed: Collection[bytes]
) -> None:
    rows = connection.execute(
        "SELECT s.digest FROM ledger.sealed_values s"
        " JOIN ledger.data_keys k ON k.id = s.data_key WHERE k.subject = ANY(%s)",
        [list(subjects)],
        binary=True,
    )
    unlisted = sum(digest not in listed for (digest,) in rows)
    if unlisted:
        raise UnlistedError(f"{unlisted} sealed values: no erasure entry lists them yet")
