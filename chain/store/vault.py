"""The vault: sealed values, encrypted at rest under a data key of their data subject.

AES-256-GCM with digest, subject and key id as associated data, each behind its length
(formats.md, section 3), so that a row that is moved, copied or relabelled does not open.
Data keys are wrapped by a master key outside the database, bound to every other column of
their row; after a rotation the newest wraps what is new and the older ones open what is old.
It fails closed: what does not open is an error, never a plaintext or an empty value, and
nothing here switches encryption off. Proved by ``tests/chain/store/test_vault.py`` and
``tests/domain/keys/test_e2_rotation.py``.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chain.errors import ChainError, VerificationError
from chain.sealed import SealedValue, seal, unseal
from chain.store.data_key import (
    DataKeyRow,
    binding_of,
    check_subject,
    length_prefixed,
    make_tag,
)
from chain.store.database import Database
from chain.store.master_key import (
    KEY_SIZE,
    NONCE_SIZE,
    Keyring,
    MasterKey,
    ring_of,
)

VALUES_PER_KEY = 2**20
"""At most so many under one data key: random nonces stay far from meeting."""
PROCESSES = 16
"""So many may seal for one subject at once without passing that limit together."""
SHARES = 64
"""A process counts anew what a data key has sealed after a 64th of what it may seal."""
TAGS = "tag"
"""The subject of the keys with which tags are made; nothing is sealed for it."""

CACHED_KEYS = 10_000

_DESTROYED = "SELECT FROM destroyed_values WHERE digest = %s"
_TAG_KEYS = """
SELECT id, subject, master_key, wrapped, made_at FROM data_keys
WHERE subject = %s ORDER BY made_at DESC, id
"""
SELECT_KEY = "SELECT id, subject, master_key, wrapped, made_at FROM data_keys WHERE id = %s"

_KEY_ID_SIZE = 16


class SealedRow(NamedTuple):
    """A row of sealed_values, to be inserted in the transaction of the entry."""

    digest: bytes
    data_key: str
    ciphertext: bytes


class UnknownValueError(ChainError):
    """No sealed value with that digest is kept: it never was, or it was erased."""


class ErasedValueError(UnknownValueError):
    """The sealed value was destroyed with the data key of its subject: it reads "erased"."""


class _SealingKey:
    """A subject's data key in use, and how many values it may still seal."""

    __slots__ = ("cipher", "id", "left", "master_key", "sealed", "tail")

    def __init__(self, row: DataKeyRow, cipher: AESGCM) -> None:
        self.id = row.id
        self.master_key = row.master_key
        self.cipher = cipher
        self.sealed = 0
        """By this process, committed or not."""
        self.left = 0
        """Before they must be counted anew."""
        self.tail = length_prefixed(row.subject.encode(), row.id.encode())


class Vault:
    """Seals and opens values. Threads and processes may use one database together.

    Args:
        database: where rows and wrapped keys are kept.
        master_key: wraps the data keys: one key, or a ring of old ones and a new one.
        random_bytes: a cryptographic source of data keys, key ids and nonces.
        clock: the time, for the keys' ``made_at``.
        cached_keys: at most this many subjects' keys are kept in memory.
        values_per_key: at most so many values are sealed under one data key.
    """

    def __init__(
        self,
        database: Database,
        master_key: MasterKey | Keyring,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        cached_keys: int = CACHED_KEYS,
        values_per_key: int = VALUES_PER_KEY,
    ) -> None:
        self._database = database
        self._keyring = ring_of(master_key)
        self._random_bytes = random_bytes
        self._clock = clock
        self._cached_keys = cached_keys
        # What others seal between two counts stays below what is kept back for them.
        self._share = max(1, values_per_key // SHARES)
        self._values_per_key = values_per_key - (PROCESSES - 1) * (values_per_key // SHARES)
        self._sealing: OrderedDict[str, _SealingKey] = OrderedDict()
        self._tag_keys: dict[str, bytes] = {}
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"Vault(keyring={self._keyring!r})"

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
            VaultUnavailableError: the master keys are.
        """
        sealed = seal(value, salt)
        key = self._take(subject)
        nonce = self._random_bytes(NONCE_SIZE)
        binding = b"\x00\x20" + sealed.digest + key.tail
        ciphertext = nonce + key.cipher.encrypt(nonce, sealed.content, binding)
        return SealedRow(sealed.digest, key.id, ciphertext)

    def try_open(self, subject: str, row: SealedRow) -> None:
        """Check that *row*, which `seal` has just made for *subject*, opens.

        Raises:
            VerificationError: it does not, or another key than the subject's made it.
        """
        key = self._sealing.get(subject)
        if key is None or key.id != row.data_key:
            # The subject has got its next key meanwhile: the one before is in the database.
            with self._database.connection() as connection:
                found = connection.execute(SELECT_KEY, [row.data_key], binary=True).fetchone()
            if found is None or found[1] != subject:
                raise VerificationError(f"{subject} has no data key {row.data_key}")
            self.open_row(row, DataKeyRow(*found))
            return
        try:
            nonce, rest = row.ciphertext[:NONCE_SIZE], row.ciphertext[NONCE_SIZE:]
            content = key.cipher.decrypt(nonce, rest, b"\x00\x20" + row.digest + key.tail)
        except (InvalidTag, ValueError):
            content = b""
        if sha256(content).digest() != row.digest:
            raise VerificationError(f"{row.digest.hex()} does not open under {row.data_key}")

    def prepare(self, subjects: Iterable[str]) -> None:
        """Make the data keys that *subjects* still lack, in one transaction.

        Saves an import one commit a subject; `seal` needs no preparation.

        Raises:
            MalformedError: a subject is outside its format.
        """
        wanted = {subject: None for subject in subjects if subject not in self._sealing}
        for subject in wanted:
            check_subject(subject)
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT DISTINCT subject FROM data_keys WHERE subject = ANY(%s)"
                " AND master_key = %s",
                [list(wanted), self._keyring.current.id],
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
            UnknownValueError: none is kept; `ErasedValueError` if it was erased.
            VerificationError: the row was changed, or moved from another subject or key.
            VaultUnavailableError: the master keys are out of reach.
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
            destroyed = connection.execute(_DESTROYED, [digest]).fetchone() if row is None else None
        if destroyed is not None:
            raise ErasedValueError(f"sealed value {digest.hex()}: erased")
        if row is None:
            raise UnknownValueError(f"sealed value {digest.hex()}: none is kept")
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

    def tag(self, kind: str, *parts: str) -> str:
        """Return the keyed digest that stands for *parts*, of which one kind is never another.

        Under the newest tag key, whose id stands before it (``features.md``, section 6,
        rule 5): a code, a device or an address can be found again, and not be guessed by
        whoever has the database.

        Raises:
            VaultUnavailableError: the master keys are out of reach.
        """
        if not self._tag_keys:
            return self.tags(kind, *parts)[0]
        # Another process may have a newer key by now: what is looked for is, under all.
        newest, key = next(iter(self._tag_keys.items()))
        return make_tag(newest, key, kind, parts)

    def tags(self, kind: str, *parts: str) -> list[str]:
        """Return the tags of *parts* under every tag key, the newest first."""
        with self._database.connection() as connection:
            rows = connection.execute(_TAG_KEYS, [TAGS], binary=True).fetchall()
        if not rows:
            with self._lock:
                self._create([TAGS])
            return self.tags(kind, *parts)
        known = self._tag_keys
        keys = {row[0]: known.get(row[0]) or self._unwrapped(DataKeyRow(*row)) for row in rows}
        self._tag_keys = keys
        return [make_tag(key_id, key, kind, parts) for key_id, key in keys.items()]

    def add_tag_key(self) -> None:
        """Make a new tag key: new tags are made with it, older ones are still found."""
        with self._lock:
            self._create([TAGS])
        self._tag_keys = {}

    def rewrap(self, key: DataKeyRow) -> DataKeyRow:
        """Return *key* wrapped by the newest master key; the data key itself stays.

        Raises:
            VerificationError: a column of it was changed.
            VaultUnavailableError: the master keys are out of reach.
        """
        data_key = self._unwrapped(key)
        newest = self._keyring.current
        draft = key._replace(master_key=newest.id)
        return draft._replace(wrapped=newest.wrap(data_key, binding_of(draft)))

    def _unwrap(self, key: DataKeyRow) -> AESGCM:
        return AESGCM(self._unwrapped(key))

    def _unwrapped(self, key: DataKeyRow) -> bytes:
        master_key = self._keyring.find(key.master_key)
        if master_key is None:
            raise VerificationError(
                f"data key {key.id}: wrapped by {key.master_key},"
                f" and this vault holds {self._keyring.current.id}"
            )
        return master_key.unwrap(key.wrapped, binding_of(key))

    def _take(self, subject: str) -> _SealingKey:
        """Return the data key of *subject* with one value less to seal."""
        with self._lock:
            key = self._sealing.get(subject)
            if key is None or key.master_key != self._keyring.current.id:
                check_subject(subject)
                key = self._load(subject)
            elif key.left <= 0:
                self._count(key)
            if key is None or key.left <= 0:
                self._create([subject])
                key = self._sealing[subject]
            key.left -= 1
            key.sealed += 1
            self._sealing.move_to_end(subject)
            return key

    def _load(self, subject: str) -> _SealingKey | None:
        """Return the newest data key of *subject* under the newest master key, if any."""
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT id, subject, master_key, wrapped, made_at FROM data_keys"
                " WHERE subject = %s AND master_key = %s ORDER BY made_at DESC, id LIMIT 1",
                [subject, self._keyring.current.id],
                binary=True,
            ).fetchone()
        if row is None:
            return None
        found = DataKeyRow(*row)
        known = self._sealing.get(subject)
        key = _SealingKey(found, self._unwrap(found))
        if known is not None and known.id == key.id:
            # The same data key, wrapped anew: what was sealed under it counts on.
            key.sealed = known.sealed
        self._count(key)
        return self._keep(subject, key)

    def _count(self, key: _SealingKey) -> None:
        """Count what *key* has sealed, and say how much it may seal before the next count."""
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT count(*) FROM"
                " (SELECT FROM sealed_values WHERE data_key = %s LIMIT %s) AS sealed",
                [key.id, self._values_per_key],
            ).fetchone()
        used = max(row[0] if row else 0, key.sealed)
        key.left = min(self._share, self._values_per_key - used)

    def _create(self, subjects: list[str]) -> None:
        """Make and commit a data key for each of *subjects*."""
        made: list[tuple[DataKeyRow, AESGCM]] = []
        master_key = self._keyring.current
        for subject in subjects:
            data_key = self._random_bytes(KEY_SIZE)
            key_id = f"dk_{self._random_bytes(_KEY_ID_SIZE).hex()}"
            draft = DataKeyRow(key_id, subject, master_key.id, b"", self._clock())
            row = draft._replace(wrapped=master_key.wrap(data_key, binding_of(draft)))
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
            key = self._keep(row.subject, _SealingKey(row, cipher))
            key.left = min(self._share, self._values_per_key)

    def _keep(self, subject: str, key: _SealingKey) -> _SealingKey:
        self._sealing[subject] = key
        self._sealing.move_to_end(subject)
        if len(self._sealing) > self._cached_keys:
            self._sealing.popitem(last=False)
        return key
