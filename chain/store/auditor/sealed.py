"""Audits sealed values: that what entries name is kept, and that what is kept is named.

With the vault given, every row is opened as well and hashed again; without it, what is
encrypted cannot be judged. A value that is gone because its subject was forgotten is no
finding, if the caller says that the log lists it as erased: the database's own word for it is
not enough. (Of entries that list subjects and no digests, as the first ones did, whoever owns
the database can pass one value off as another subject's that was erased.)
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from struct import Struct

import orjson
from psycopg import Connection

from chain.audit import MAX_FINDINGS, Finding
from chain.errors import ChainError
from chain.hashes import HASH_SIZE
from chain.sealed import parse_reference
from chain.store.auditor.partitions import Partitions
from chain.store.data_key import DataKeyRow
from chain.store.vault import SealedRow, Vault

WHERE = "sealed_values"
KEYS = "data_keys"
DIGESTS_EACH = 2**18
"""Digests that a partition may have before its memory matters."""

_RECORD = Struct(">32sq")
# What has lost its NOT NULL, or is a time that Python cannot hold, is read as what is never
# right.
_ROWS = """
SELECT s.digest, coalesce(s.data_key, ''), coalesce(s.ciphertext, ''), k.id,
coalesce(k.subject, ''), coalesce(k.master_key, ''), coalesce(k.wrapped, ''),
CASE WHEN k.made_at BETWEEN 'epoch' AND '9999-01-01' THEN k.made_at ELSE 'epoch' END
FROM sealed_values s LEFT JOIN data_keys k ON k.id = s.data_key
WHERE s.digest >= %s AND s.digest < %s ORDER BY s.digest
"""
_UNUSED_KEYS = """
SELECT coalesce(id, ''), coalesce(subject, ''), coalesce(master_key, ''),
coalesce(wrapped, ''),
CASE WHEN made_at BETWEEN 'epoch' AND '9999-01-01' THEN made_at ELSE 'epoch' END FROM data_keys k
WHERE NOT EXISTS (SELECT FROM sealed_values s WHERE s.data_key = k.id)
"""
_DESTROYED = "SELECT subject FROM destroyed_values WHERE digest = %s"


class SealedValues:
    """Sets aside which digests the entries name, and compares them with the vault's tables.

    Args:
        folder: for what does not fit in memory.
        size: of the log.
        vault: opens every row; None to leave them closed.
        erased: what the log says was erased: digests in hexadecimal, and, of entries that
            list none, the subjects all of whose values were to be destroyed.
    """

    def __init__(
        self, folder: Path, size: int, vault: Vault | None, erased: Collection[str] = ()
    ) -> None:
        count = 1
        while count < 256 and size // count > DIGESTS_EACH:  # noqa: PLR2004 — values of a byte
            count *= 2
        self.partitions = Partitions(folder, count)
        self._vault = vault
        self._erased = erased
        self.destroyed = 0
        """Values that read "erased", as they must."""
        self.findings: list[Finding] = []

    def take(self, named: list[tuple[bytes, int]]) -> None:
        """Set aside digests, each with the index of an entry that names it."""
        count = len(self.partitions)
        for digest, index in named:
            self.partitions.append(digest[0] * count >> 8, _RECORD.pack(digest, index))

    def judge(self, connection: Connection, *, whole: bool) -> None:
        """Compare with the tables, as *connection*'s transaction sees them.

        Args:
            connection: in a transaction.
            whole: every entry was read, so that a row that none names is one too many.
        """
        count = len(self.partitions)
        width = 256 // count
        for number in range(count):
            named: dict[bytes, int] = {}
            for record in self.partitions.read(number):
                digest, index = _RECORD.unpack(record)
                named[digest] = min(index, named.get(digest, index))
            low = bytes([number * width])
            # Beyond the last digest stands one that is longer than any.
            high = bytes([(number + 1) * width]) if number + 1 < count else b"\xff" * 33
            rows = self._rows(connection, low, high)
            self._compare(rows, named, whole=whole)
            self._missing(connection, named)
        if self._vault is not None:
            self._unused_keys(connection)

    def _rows(
        self, connection: Connection, low: bytes, high: bytes
    ) -> Iterator[tuple[SealedRow, DataKeyRow | None]]:
        with connection.cursor("sealed", binary=True) as cursor:
            cursor.itersize = 1000
            for row in cursor.execute(_ROWS, [low, high]):
                key = None if row[3] is None else DataKeyRow(*row[3:])
                yield SealedRow(*row[:3]), key

    def _compare(
        self,
        rows: Iterator[tuple[SealedRow, DataKeyRow | None]],
        named: dict[bytes, int],
        *,
        whole: bool,
    ) -> None:
        """Check *rows* against the digests that entries have *named*, removing them."""
        for row, key in rows:
            index = named.pop(row.digest, None)
            name = f"{WHERE} {row.digest.hex()}"
            if index is None:
                if whole:
                    self._find(None, "no entry names this row, or it is there twice", name)
                continue
            if row.digest.hex() in self._erased:
                # After a crash, or where an old backup came back: destroyed by running it again.
                self._find(index, "is kept, and the log says it is erased: run xiyou erase", name)
            if len(row.digest) != HASH_SIZE:
                self._find(index, "the digest is not 32 bytes", name)
            if key is None:
                self._find(index, f"its data key {row.data_key} is gone", f"{KEYS} {row.data_key}")
            elif self._vault is not None:
                try:
                    self._vault.open_row(row, key)
                except ChainError as error:
                    self._find(index, f"does not open: {error}", name)

    def _missing(self, connection: Connection, named: dict[bytes, int]) -> None:
        """Judge the digests that are *named* and not kept."""
        for digest, index in sorted(named.items(), key=lambda item: item[1]):
            if len(self.findings) >= MAX_FINDINGS:
                return
            if not self._is_reference(connection, index, digest):
                continue
            row = connection.execute(_DESTROYED, [digest]).fetchone()
            what = f"the sealed value {digest.hex()}, which the entry names, is gone"
            if row is None:
                self._find(index, what, WHERE)
            elif digest.hex() in self._erased or row[0] in self._erased:
                self.destroyed += 1
            else:
                self._find(index, f"{what}, and the log does not say that it was erased", WHERE)

    def _is_reference(self, connection: Connection, index: int, digest: bytes) -> bool:
        """Say whether the entry's body is JSON that refers to *digest*, not just like it."""
        row = connection.execute(
            "SELECT entry FROM entries WHERE leaf_index = %s", [index], binary=True
        ).fetchone()
        if row is None:
            return False
        return any(digest == each for each in references(row[0].partition(b"\n")[2]))

    def _unused_keys(self, connection: Connection) -> None:
        """Check the data keys that have sealed nothing yet: they must be the vault's."""
        assert self._vault is not None  # noqa: S101 — the caller has looked
        with connection.cursor("unused", binary=True) as cursor:
            cursor.itersize = 1000
            for row in cursor.execute(_UNUSED_KEYS):
                key = DataKeyRow(*row)
                try:
                    self._vault.check_key(key)
                except ChainError as error:
                    self._find(None, str(error), f"{KEYS} {key.id}")

    def _find(self, index: int | None, what: str, where: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(index, what, where))


def references(body: bytes) -> Iterator[bytes]:
    """Yield the digests that the JSON in *body* refers to; none if it is no JSON."""
    try:
        waiting = [orjson.loads(body)]
    except orjson.JSONDecodeError:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if value.keys() == {"sealed"}:
                try:
                    yield parse_reference(value)
                except ChainError:
                    waiting += value.values()
            else:
                waiting += value.values()
