"""The vault: sealed values, encrypted at rest under a data key of their data subject.

AES-256-GCM with digest, subject and key id as associated data, each behind its length
(formats.md, section 3), so that a row that is moved, copied or relabelled does not open.
Data keys are wrapped by a master key outside the database, bound to every other column of
their row. It fails closed: what does not open is an error, never a plaintext or an empty
value. Proved by ``tests/chain/store/test_vault.py``.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chain.errors import ChainError, MalformedError, VerificationError
from chain.sealed import SealedValue, seal, unseal
from chain.store.database import Database
from chain.store.master_key import KEY_SIZE, NONCE_SIZE, MasterKey

VALUES_PER_KEY = 2**20
"""After so many the subject gets another data key: random nonces stay far from meeting."""

CACHED_KEYS = 10_000
MAX_SUBJECT_SIZE = 256

_KEY_ID_SIZE = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SealedRow(NamedTuple):
    """A row of sealed_values, to be inserted in the transaction of the entry."""

    digest: bytes
    data_key: str
    ciphertext: bytes


class DataKeyRow(NamedTuple):
    """A row of data_keys."""

    id: str
    subject: str
    master_key: str
    wrapped: bytes
    made_at: datetime


class UnknownValueError(ChainError):
    """No sealed value with that digest is kept: it never was, or it was erased."""


class _SealingKey:
    """A subject's data key in use, and how many values it may still seal."""

    __slots__ = ("cipher", "id", "left", "tail")

    def __init__(self, row: DataKeyRow, cipher: AESGCM, left: int) -> None:
        self.id = row.id
        self.cipher = cipher
        self.left = left
        self.tail = length_prefixed(row.subject.encode(), row.id.encode())


class Vault:
    """Seals and opens values. Threads and processes may use one database together.

    Args:
        database: where rows and wrapped keys are kept.
        master_key: wraps the data keys.
        random_bytes: a cryptographic source of data keys, key ids and nonces.
        clock: the time, for the keys' ``made_at``.
        cached_keys: at most this many subjects' keys are kept in memory.
    """

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        cached_keys: int = CACHED_KEYS,
        values_per_key: int = VALUES_PER_KEY,
    ) -> None:
        self._database = database
        self._master_key = master_key
        self._random_bytes = random_bytes
        self._clock = clock
        self._cached_keys = cached_keys
        self._values_per_key = values_per_key
        self._sealing: OrderedDict[str, _SealingKey] = OrderedDict()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"Vault(master_key={self._master_key.id!r})"

    def seal(self, subject: str, value: object, salt: bytes) -> SealedRow:
        """Return *value* sealed and encrypted; the entry refers to it by the row's digest.

        The data key is committed before this returns, so the row can be inserted in any
        later transaction.

        Args:
            subject: the data subject, for whom everything can be erased at once.
            value: what canonical JSON can spell.
            salt: 16 bytes from a secure random source, used once.

        Raises:
            MalformedError: *value*, *salt* or *subject* is outside its format.
            psycopg.OperationalError: the database is out of reach and no key is cached.
        """
        sealed = seal(value, salt)
        key = self._take(subject)
        nonce = self._random_bytes(NONCE_SIZE)
        binding = b"\x00\x20" + sealed.digest + key.tail
        ciphertext = nonce + key.cipher.encrypt(nonce, sealed.content, binding)
        return SealedRow(sealed.digest, key.id, ciphertext)

    def prepare(self, subjects: Iterable[str]) -> None:
        """Make the data keys that *subjects* still lack, in one transaction.

        Saves an import one commit a subject; `seal` needs no preparation.

        Raises:
            MalformedError: a subject is outside its format.
        """
        wanted = {subject: None for subject in subjects if subject not in self._sealing}
        for subject in wanted:
            _check_subject(subject)
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT DISTINCT subject FROM data_keys WHERE subject = ANY(%s)", [list(wanted)]
            )
            known = {subject for (subject,) in rows}
        with self._lock:
            self._create([subject for subject in wanted if subject not in known])

    def keeps(self, digest: bytes) -> bool:
        """Say whether the sealed value that *digest* names can still be opened."""
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT FROM sealed_values s JOIN data_keys k ON k.id = s.data_key"
                " WHERE s.digest = %s",
                [digest],
            ).fetchone()
        return row is not None

    def open(self, digest: bytes) -> SealedValue:
        """Return the sealed value that *digest* names, after checking that it is that one.

        Raises:
            UnknownValueError: none is kept.
            VerificationError: the row was changed, or moved from another subject or key.
        """
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT s.digest, s.data_key, s.ciphertext,"
                " k.id, k.subject, k.master_key, k.wrapped, k.made_at"
                " FROM sealed_values s LEFT JOIN data_keys k ON k.id = s.data_key"
                " WHERE s.digest = %s",
                [digest],
                binary=True,
            ).fetchone()
        if row is None:
            raise UnknownValueError(f"sealed value {digest.hex()}: none is kept; it was erased")
        if row[3] is None:
            raise UnknownValueError(f"sealed value {digest.hex()}: its data key was destroyed")
        return self.open_row(SealedRow(*row[:3]), DataKeyRow(*row[3:]))

    def open_row(self, row: SealedRow, key: DataKeyRow) -> SealedValue:
        """Return the sealed value in *row*, which *key* encrypted.

        Raises:
            VerificationError: either row was changed, or they do not belong together.
        """
        cipher = self._unwrap(key)
        binding = length_prefixed(row.digest, key.subject.encode(), row.data_key.encode())
        nonce, rest = row.ciphertext[:NONCE_SIZE], row.ciphertext[NONCE_SIZE:]
        try:
            content = cipher.decrypt(nonce, rest, binding)
        except (InvalidTag, ValueError):
            raise VerificationError(
                f"sealed value {row.digest.hex()} does not open under {row.data_key}: the row"
                " was changed or moved"
            ) from None
        unseal(content, row.digest)
        return SealedValue(content, row.digest)

    def check_key(self, key: DataKeyRow) -> None:
        """Check that *key* is as this vault's master key wrapped it.

        Raises:
            VerificationError: a column of it was changed.
        """
        self._unwrap(key)

    def _unwrap(self, key: DataKeyRow) -> AESGCM:
        if key.master_key != self._master_key.id:
            raise VerificationError(
                f"data key {key.id}: wrapped by {key.master_key},"
                f" and this vault holds {self._master_key.id}"
            )
        return AESGCM(self._master_key.unwrap(key.wrapped, _binding(key)))

    def _take(self, subject: str) -> _SealingKey:
        """Return the data key of *subject* with one value less to seal."""
        with self._lock:
            key = self._sealing.get(subject)
            if key is None:
                _check_subject(subject)
                key = self._load(subject)
            if key is None or key.left <= 0:
                self._create([subject])
                key = self._sealing[subject]
            key.left -= 1
            self._sealing.move_to_end(subject)
            return key

    def _load(self, subject: str) -> _SealingKey | None:
        """Return the newest data key of *subject*, if it may still seal something."""
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT id, subject, master_key, wrapped, made_at FROM data_keys"
                " WHERE subject = %s AND master_key = %s ORDER BY made_at DESC, id LIMIT 1",
                [subject, self._master_key.id],
                binary=True,
            ).fetchone()
            if row is None:
                return None
            used = connection.execute(
                "SELECT count(*) FROM"
                " (SELECT FROM sealed_values WHERE data_key = %s LIMIT %s) AS sealed",
                [row[0], self._values_per_key],
            ).fetchone()
        key = DataKeyRow(*row)
        # What other processes seal meanwhile is not counted: the limit is far below where
        # it would matter.
        left = self._values_per_key - (used[0] if used else 0)
        return self._keep(subject, _SealingKey(key, self._unwrap(key), left))

    def _create(self, subjects: list[str]) -> None:
        """Make and commit a data key for each of *subjects*."""
        made: list[tuple[DataKeyRow, AESGCM]] = []
        for subject in subjects:
            data_key = self._random_bytes(KEY_SIZE)
            key_id = f"dk_{self._random_bytes(_KEY_ID_SIZE).hex()}"
            draft = DataKeyRow(key_id, subject, self._master_key.id, b"", self._clock())
            row = draft._replace(wrapped=self._master_key.wrap(data_key, _binding(draft)))
            made.append((row, AESGCM(data_key)))
        with (
            self._database.connection() as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            cursor.executemany(
                "INSERT INTO data_keys (id, subject, master_key, wrapped, made_at)"
                " VALUES (%s, %s, %s, %s, %s)",
                [row for row, _ in made],
            )
        # A crash here leaves keys that have sealed nothing, which is no harm: the next
        # process finds and uses them.
        for row, cipher in made:
            self._keep(row.subject, _SealingKey(row, cipher, self._values_per_key))

    def _keep(self, subject: str, key: _SealingKey) -> _SealingKey:
        self._sealing[subject] = key
        self._sealing.move_to_end(subject)
        if len(self._sealing) > self._cached_keys:
            self._sealing.popitem(last=False)
        return key


def length_prefixed(*parts: bytes) -> bytes:
    """Return *parts* one after another, each behind its length in two bytes."""
    return b"".join(len(part).to_bytes(2) + part for part in parts)


def _binding(key: DataKeyRow) -> bytes:
    """Return what a wrapped data key is bound to: all else in its row."""
    made = (key.made_at - _EPOCH) // datetime.resolution
    return length_prefixed(
        b"data key",
        key.id.encode(),
        key.subject.encode(),
        key.master_key.encode(),
        made.to_bytes(8, signed=True),
    )


def _check_subject(subject: str) -> None:
    """Check the id of a data subject.

    Raises:
        MalformedError: it is empty, too long, or not printable ASCII without space.
    """
    printable = subject.isascii() and subject.isprintable() and " " not in subject
    if not 0 < len(subject) <= MAX_SUBJECT_SIZE or not printable:
        raise MalformedError(
            f"subject {subject[:80]!r}: must be 1 to {MAX_SUBJECT_SIZE} bytes of printable ASCII"
        )
