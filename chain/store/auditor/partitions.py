"""Records set aside by a hash, so that what belongs together fits in memory later.

The streams and sealed values of a log of any size do not fit in memory; those of one
partition do. Records wait in memory while they are few and go to one file a partition
when they are many. Proved by ``tests/chain/store/test_auditor.py``.
"""

import os
from collections.abc import Iterator
from pathlib import Path

HELD_BYTES = 32 * 2**20
"""Bytes of waiting records; more go to the files."""


class Partitions:
    """Appends records to partitions and reads each partition back in order.

    Args:
        folder: where the files go; made when the first is needed.
        count: partitions.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._waiting: list[list[bytes]] = [[] for _ in range(count)]
        self._waiting_bytes = 0
        self._lengths = [0] * count

    def __len__(self) -> int:
        return len(self._waiting)

    def append(self, partition: int, record: bytes) -> None:
        """Set *record*, at most 65,535 bytes, aside in *partition*."""
        self._waiting[partition] += (len(record).to_bytes(2), record)
        self._waiting_bytes += len(record)
        if self._waiting_bytes > HELD_BYTES:
            self.flush()

    def flush(self) -> list[int]:
        """Bring everything to the files, unsynced; return the length of each file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for number, waiting in enumerate(self._waiting):
            if waiting:
                data = b"".join(waiting)
                with self._path(number).open("ab") as file:
                    file.write(data)
                self._lengths[number] += len(data)
                waiting.clear()
        self._waiting_bytes = 0
        return list(self._lengths)

    def sync(self) -> list[int]:
        """Bring everything to the files, durably; return the length of each file."""
        lengths = self.flush()
        for number, length in enumerate(lengths):
            if length:
                with self._path(number).open("ab") as file:
                    os.fsync(file.fileno())
        return lengths

    def take_up(self, lengths: list[int]) -> None:
        """Go on with the files as they were when `sync` returned *lengths*.

        Raises:
            ValueError: a file is shorter, or there are other partitions.
        """
        if len(lengths) != len(self._waiting):
            raise ValueError("another number of partitions")
        for number, length in enumerate(lengths):
            path = self._path(number)
            found = path.stat().st_size if path.exists() else 0
            if found < length:
                raise ValueError(f"{path} is shorter than it was")
            if found > length:
                os.truncate(path, length)
        self._lengths = list(lengths)

    def read(self, partition: int) -> Iterator[bytes]:
        """Yield the records of *partition* in the order in which they came."""
        if self._lengths[partition]:
            with self._path(partition).open("rb") as file:
                while size := file.read(2):
                    yield file.read(int.from_bytes(size))
        yield from self._waiting[partition][1::2]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:04}"
