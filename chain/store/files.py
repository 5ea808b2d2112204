"""Files that survive a crash whole or not at all, and the place of the published ones.

Written to a temporary name, synced, renamed, and the folder synced (``reliability.md``
F10): a reader sees the whole file or none, and what was reported written is still there
after a power cut. Temporary files live in one folder, so that cleaning up after a crash
looks at that folder alone. Proved by ``tests/chain/store/test_files.py`` and
``tests/chain/store/test_f10_torn_file.py``.
"""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Protocol

from chain.errors import ChainError, VerificationError

STAGING = ".staging"
"""Folder of files that are being written; nothing in it was ever reported written."""


class MissingFileError(ChainError):
    """A file that should be there is not."""

    def __init__(self, path: str) -> None:
        """Name the *path*."""
        super().__init__(f"{path}: is missing; xiyou audit says whether it can be rebuilt")
        self.path = path


class DifferentFileError(VerificationError):
    """A file that never changes already holds something else."""

    def __init__(self, path: str, offset: int) -> None:
        """Name the *path* and the first byte that differs, from 0."""
        super().__init__(
            f"{path}: byte {offset} is not what it must be, and a published file never changes:"
            " run xiyou audit"
        )
        self.path = path
        self.offset = offset


class LockedError(ChainError):
    """Somebody else is already doing this work."""


class ReadableFiles(Protocol):
    """Published files as a reader has them: a folder, or somebody's server."""

    def read(self, path: str) -> bytes:
        """Return the content of the file at *path*.

        Raises:
            MissingFileError: there is none.
        """


class PublishedFiles(Protocol):
    """The place that published files are served from: a folder, or an object store.

    A call that raises may still have happened, wholly or for some of the files. Every
    method can be called again with the same arguments and then completes the work.
    """

    def read(self, path: str) -> bytes:
        """Return the content of the file at *path*.

        Raises:
            MissingFileError: there is none.
        """

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Make *files*, each path with its content, durable; they never change again.

        Raises:
            DifferentFileError: one is there with other content.
        """

    def replace(self, path: str, content: bytes) -> None:
        """Make *content* what *path* holds, durably, in one step."""

    def remove(self, folder: str) -> None:
        """Remove *folder* and what is in it, if it is there."""

    def list(self, folder: str) -> list[str]:
        """Return the names in *folder*, sorted; none if there is no such folder."""

    def clean(self) -> int:
        """Remove what a crashed writer left half-written; return how many files.

        Only for the one writer, before it writes.
        """


class Folder:
    """Published files in a folder of this machine. One writer at a time, any readers.

    Args:
        root: made if it is not there; paths are relative to it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._staging = root / STAGING
        self._names = count()

    def clean(self) -> int:
        """See `PublishedFiles.clean`."""
        if not self._staging.is_dir():
            return 0
        left = list(self._staging.iterdir())
        for path in left:
            path.unlink()
        return len(left)

    def read(self, path: str) -> bytes:
        """See `PublishedFiles.read`."""
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise MissingFileError(path) from None

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """See `PublishedFiles.write`.

        Syncing is shared: first every file is written, then each is synced, then all are
        renamed, then each folder is synced once.
        """
        staged: list[tuple[int, Path, Path]] = []
        touched: set[Path] = set()
        try:
            for path, content in files:
                target = self.root / path
                if not self._is_there(path, content):
                    staged.append((*self._stage(content), target))
                # Even a file that was there may lack its folder's sync: a crash between
                # rename and sync leaves it so.
                touched.add(target.parent)
            for descriptor, _, _ in staged:
                os.fsync(descriptor)
            # A crash up to here leaves files in the staging folder only: `clean`.
            for folder in {target.parent for _, _, target in staged}:
                touched |= _make_folder(folder)
            for _, source, target in staged:
                source.rename(target)
            # A crash here may lose some of the renames, never half a file.
        finally:
            for descriptor, source, _ in staged:
                os.close(descriptor)
                source.unlink(missing_ok=True)
        for folder in touched:
            sync_folder(folder)

    def replace(self, path: str, content: bytes) -> None:
        """See `PublishedFiles.replace`."""
        target = self.root / path
        descriptor, source = self._stage(content)
        try:
            os.fsync(descriptor)
            for folder in _make_folder(target.parent):
                sync_folder(folder)
            source.replace(target)
        finally:
            os.close(descriptor)
            source.unlink(missing_ok=True)
        # A crash here may bring the old content back, whole.
        sync_folder(target.parent)

    def remove(self, folder: str) -> None:
        """See `PublishedFiles.remove`."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.root / folder)

    def list(self, folder: str) -> list[str]:
        """See `PublishedFiles.list`."""
        try:
            return sorted(os.listdir(self.root / folder))  # noqa: PTH208 — names, not paths
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _is_there(self, path: str, content: bytes) -> bool:
        """Say whether *path* already holds *content*.

        Raises:
            DifferentFileError: it holds something else.
        """
        try:
            found = self.read(path)
        except MissingFileError:
            return False
        if found != content:
            raise DifferentFileError(path, first_difference(found, content))
        return True

    def _stage(self, content: bytes) -> tuple[int, Path]:
        """Return an open, unsynced temporary file with *content*, and its path."""
        _make_folder(self._staging)
        path = self._staging / f"{os.getpid()}-{next(self._names)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        descriptor = os.open(path, flags, 0o644)
        try:
            write_whole(descriptor, content)
        except BaseException:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        return descriptor, path


def write_private(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Make a new file at *path*, durably, readable by its owner alone unless *mode* says more.

    Raises:
        FileExistsError: there is one already: a key is never written over.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.fchmod(descriptor, mode)
        write_whole(descriptor, content)
        os.fsync(descriptor)
        # A hard link, unlike a rename, refuses to take the place of another file.
        os.link(temporary, path)
    finally:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def read_private(path: Path) -> bytes:
    """Return the content of a file that only its owner may read.

    Raises:
        MissingFileError: there is none.
        VerificationError: others may read or change it.
    """
    try:
        mode = path.stat().st_mode & 0o777
        content = path.read_bytes()
    except FileNotFoundError:
        raise MissingFileError(str(path)) from None
    if mode & 0o077:
        raise VerificationError(
            f"{path}: mode {mode:04o} lets others in; a secret is its owner's alone:"
            f" chmod 600 {path}, and replace the key if others could have read it"
        )
    return content


@contextmanager
def exclusive(path: Path, doing: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock file *path* while *doing* something that one process does at a time.

    The lock goes with the process, however it ends.

    Args:
        path: made if it is not there; its content is the holder's process id.
        doing: for the error message, such as "publishing".
        wait: wait for the lock instead of refusing.

    Raises:
        LockedError: somebody else holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            raise LockedError(
                f"{path.parent}: process {holder} is already {doing}: stop it first"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def write_whole(descriptor: int, content: bytes) -> None:
    """Write all of *content*: one call may take only a part of it."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def first_difference(one: bytes, other: bytes) -> int:
    """Return the offset of the first byte in which *one* and *other* differ.

    Where one is the start of the other, that is its length.
    """
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _make_folder(folder: Path) -> set[Path]:
    """Make *folder* and those above it; return the folders that got a new name in them."""
    changed: set[Path] = set()
    missing = folder
    while not missing.is_dir():
        changed.add(missing.parent)
        missing = missing.parent
    if changed:
        folder.mkdir(parents=True, exist_ok=True)
    return changed
