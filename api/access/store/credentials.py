"""Clients' keys, what was used once, and what is revoked, in the database.

`Revocations` is asked at every request and asks the database at most twice a second; when
the database is out of reach nobody gets in (``reliability.md``, 4.4, 16.5.3).
``tests/api/access/test_oauth.py``.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import Final, NamedTuple

from chain.store.database import Database

STALE_AFTER: Final = 0.5
"""Seconds; with the time of a look into the database still less than one."""


class ClientKey(NamedTuple):
    """A key of a client, as it stands."""

    client: str
    key: str
    kind: str
    subject: str
    scopes: frozenset[str]
    method: str
    public_key: str | None
    secret: bytes | None
    revoked: bool


class Credentials:
    """What the authorization server knows of clients, and what it has taken before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keys_of(self, client: str) -> list[ClientKey]:
        """Return all keys of *client*, good or not."""
        return self._keys("WHERE client = %s", client)

    def all_keys(self) -> list[ClientKey]:
        """Return every client's keys."""
        return self._keys("WHERE %s = ''", "")

    def use_once(self, mark: bytes, until: int, now: int) -> bool:
        """Say whether *mark*, 32 bytes, is used for the first time; it is kept to *until*."""
        # A crash before the commit has let nobody in yet; after it, the mark stands.
        with self._database.connection() as connection:
            taken = connection.execute(
                "INSERT INTO used_proofs VALUES (%s, %s) ON CONFLICT DO NOTHING",
                (mark, _moment(until)),
            ).rowcount
            if mark[0] == 0:  # one of 256 tidies up
                connection.execute("DELETE FROM used_proofs WHERE until < %s", (_moment(now - 60),))
        return taken == 1

    def revoke_token(self, token: str, until: int) -> None:
        """Accept the token with this id no longer."""
        with self._database.connection() as connection:
            connection.execute(
                "INSERT INTO revoked_tokens VALUES (%s, %s) ON CONFLICT DO NOTHING",
                (token, _moment(until)),
            )

    def revoked(self, now: int) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
        """Return the ids of revoked tokens that have not ended, and revoked clients' keys."""
        with self._database.connection() as connection:
            tokens = connection.execute(
                "SELECT token FROM revoked_tokens WHERE until > %s", (_moment(now - 60),)
            ).fetchall()
            keys = connection.execute(
                "SELECT client, key FROM client_keys WHERE revoked"
            ).fetchall()
        return frozenset(row[0] for row in tokens), frozenset((row[0], row[1]) for row in keys)

    def _keys(self, where: str, value: str) -> list[ClientKey]:
        query = (
            "SELECT client, key, kind, subject, scopes, method, public_key, secret, revoked"  # noqa: S608 — of our own two texts
            f" FROM client_keys {where} ORDER BY client, key"
        )
        with self._database.connection() as connection:
            rows = connection.execute(query.encode(), (value,)).fetchall()
        return [ClientKey._make((*row[:4], frozenset(row[4].split()), *row[5:])) for row in rows]


class Revocations:
    """What is revoked, as it was less than a second ago; safe to share between threads."""

    def __init__(
        self,
        credentials: Credentials,
        now: Callable[[], int],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._credentials = credentials
        self._now = now
        self._clock = clock
        self._lock = Lock()
        self._looked: float | None = None
        self._tokens: frozenset[str] = frozenset()
        self._keys: frozenset[tuple[str, str]] = frozenset()

    def is_revoked(self, token: str, client: str, key: str) -> bool:
        """Say whether a token, or the client's key that it was got with, is revoked.

        Raises:
            psycopg.OperationalError: it cannot be known now.
        """
        with self._lock:
            before = self._clock()
            if self._looked is None or before - self._looked >= STALE_AFTER:
                self._tokens, self._keys = self._credentials.revoked(self._now())
                self._looked = before
            return token in self._tokens or (client, key) in self._keys


def digest_of(secret: str) -> bytes:
    """Return what is kept of a client's secret: 256 random bits need no slow hash."""
    return sha256(secret.encode()).digest()


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
