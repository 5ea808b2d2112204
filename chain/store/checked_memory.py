"""What a checking witness knows of a log, in one file on disk: SQLite, a transaction a step.

Bounded memory whatever the log's size; killed at any moment it is as after the last step.
``tests/chain/store/test_checked_log.py``.
"""

import sqlite3
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Final

from chain.errors import VerificationError
from chain.hashes import HASH_SIZE, TreeHash
from chain.stream_index.commitment import RangeRoots
from chain.stream_index.ranges import Range

FILE: Final = "memory.sqlite"
TABLES: Final = """
CREATE TABLE IF NOT EXISTS facts (
  kind TEXT, name TEXT, value TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leaves (first INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS roots (
  level INTEGER, number INTEGER, streams INTEGER NOT NULL, stream_root BLOB NOT NULL,
  types INTEGER NOT NULL, type_root BLOB NOT NULL, PRIMARY KEY (level, number)) WITHOUT ROWID;
"""
CACHE: Final = "PRAGMA cache_size = -32768"
"""KiB of pages that are held in memory."""


class CheckedMemory:
    """Facts, leaf hashes and roots of ranges; `chain.rules.Memory`, and more.

    What is put is seen at once, and kept with `keep` or dropped with `drop`.

    Args:
        folder: of the log.

    Raises:
        VerificationError: the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # Threads take turns: whoever answers holds the log's lock.
        self._file = sqlite3.connect(folder / FILE, isolation_level=None, check_same_thread=False)
        try:
            self._file.execute("PRAGMA synchronous = FULL")
            self._file.execute(CACHE)
            self._file.executescript(TABLES)
        except sqlite3.DatabaseError as error:
            self._file.close()
            raise VerificationError(
                f"{folder / FILE}: is damaged ({error}): remove the folder, and the log is checked"
                " again from its first entry"
            ) from None
        self._new: dict[tuple[str, str], str | None] = {}
        self.roots: MutableMapping[Range, RangeRoots] = _Roots(self._file)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def get(self, kind: str, name: str) -> str | None:
        """See `chain.rules.Memory.get`."""
        if (kind, name) in self._new:
            return self._new[kind, name]
        row = self._file.execute(
            "SELECT value FROM facts WHERE kind = ? AND name = ?", (kind, name)
        ).fetchone()
        return None if row is None else str(row[0])

    def put(self, kind: str, name: str, value: str | None) -> None:
        """See `chain.rules.Memory.put`."""
        self._new[kind, name] = value

    def drop(self) -> None:
        """Forget what was put since the last `keep`."""
        self._new.clear()

    def keep(self, first: int, leaves: bytes) -> None:
        """Keep what was put, and the hashes of the leaves from *first* on, all or none.

        Raises:
            OSError: the disk does not take it.
        """
        gone = [name for name, value in self._new.items() if value is None]
        kept = [(*name, value) for name, value in self._new.items() if value is not None]
        self._file.execute("BEGIN IMMEDIATE")
        try:
            self._file.executemany("DELETE FROM facts WHERE kind = ? AND name = ?", gone)
            self._file.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", kept)
            if leaves:
                self._file.execute("INSERT INTO leaves VALUES (?, ?)", (first, leaves))
            # Dying here, nothing of this step is there.
            self._file.execute("COMMIT")
        except sqlite3.Error as error:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")
            raise OSError(f"the memory of a checked log cannot be written: {error}") from error
        self._new.clear()

    def leaves(self, start: int, stop: int) -> bytes:
        """Return the hashes of the leaves from *start* to before *stop*."""
        rows = self._file.execute(
            "SELECT first, hashes FROM leaves WHERE first >= "
            "coalesce((SELECT max(first) FROM leaves WHERE first <= ?), 0) AND first < ?"
            " ORDER BY first",
            (start, stop),
        ).fetchall()
        return b"".join(
            hashes[max(0, start - first) * HASH_SIZE : max(0, stop - first) * HASH_SIZE]
            for first, hashes in rows
        )


class _Roots(MutableMapping[Range, RangeRoots]):
    """The roots of every range that was ever made; each is kept by itself."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file

    def __getitem__(self, part: Range) -> RangeRoots:
        row = self._file.execute(
            "SELECT streams, stream_root, types, type_root FROM roots"
            " WHERE level = ? AND number = ?",
            part,
        ).fetchone()
        if row is None:
            raise KeyError(part)
        streams, stream_root, types, type_root = row
        return RangeRoots(part, streams, TreeHash(stream_root), types, TreeHash(type_root))

    def __setitem__(self, part: Range, roots: RangeRoots) -> None:
        self._file.execute(
            "INSERT OR REPLACE INTO roots VALUES (?, ?, ?, ?, ?, ?)", (*part, *roots[1:])
        )

    def __delitem__(self, part: Range) -> None:
        self._file.execute("DELETE FROM roots WHERE level = ? AND number = ?", part)

    def __iter__(self) -> Iterator[Range]:
        for row in self._file.execute("SELECT level, number FROM roots"):
            yield Range(*row)

    def __len__(self) -> int:
        return int(self._file.execute("SELECT count(*) FROM roots").fetchone()[0])
