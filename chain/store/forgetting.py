"""Forgetting: the data keys and sealed values of data subjects are destroyed, for good.

``formats.md``, section 3: entries stay, so every proof still verifies; what they refer to
reads "erased", which a row with the digest of each destroyed value says. The application's
role may not delete anything, so this runs as the schema's owner. It may run again and again:
after a crash between the entry that says so and this, and after an old backup came back with
keys in it. ``tests/chain/store/test_forgetting.py``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import psycopg


class Forgotten(NamedTuple):
    """How much was destroyed."""

    keys: int
    values: int


def forget(owner_url: str, subjects: Sequence[str]) -> Forgotten:
    """Destroy every data key and sealed value of *subjects*, all or none.

    A vault that has such a key in memory can seal with it no more: the database refuses a
    value whose key is not there.

    Args:
        owner_url: the database, as the schema's owner.
        subjects: data subjects, as they were named to the vault.

    Raises:
        psycopg.Error: the database is out of reach, or the role may not do it.
    """
    owned = "SELECT id FROM ledger.data_keys WHERE subject = ANY(%s)"
    wanted = [list(subjects)]
    with psycopg.connect(owner_url) as connection:
        # Locked first, so that no value is sealed under them between the two deletions.
        connection.execute(f"{owned} FOR UPDATE", wanted)
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
