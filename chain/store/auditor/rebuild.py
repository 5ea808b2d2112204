"""Rebuilds published files from the database, bit for bit, under a signed checkpoint.

Only what is missing or differs is written, and only after the entries have been found to
lead to the root of the newest kept checkpoint, which the log's keys have signed.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from chain.cosignature import verifier_of
from chain.errors import VerificationError
from chain.hashes import leaf_hash
from chain.store.auditor.vouched import read_checkpoint
from chain.store.database import Database
from chain.store.files import Folder, MissingFileError, PublishedFiles, exclusive
from chain.store.publisher import CHECKPOINT, LOG_FOLDER
from chain.store.reader import LogReader
from chain.tile_edge import TileEdge
from chain.tiles import TILE_WIDTH, bundle_bytes, bundle_path
from chain.vkey import VerifierKey


def rebuild(
    database: Database,
    home: Path,
    keys: Iterable[VerifierKey],
    *,
    files: PublishedFiles | None = None,
) -> list[str]:
    """Make the published files of *home* what the database says; return the changed paths.

    Args:
        database: the log's.
        home: the deployment's folder; nobody may be publishing there.
        keys: the log's.
        files: where files are published; by default the folder ``log`` in *home*.

    Raises:
        LockedError: a publisher is at work.
        VerificationError: there is no checkpoint to rebuild under, or the entries do not
            lead to its root: then the database is what must be mended.
    """
    reader = LogReader(database)
    note = reader.checkpoint()
    if note is None:
        raise VerificationError("no checkpoint is kept: there is nothing to rebuild")
    checkpoint = read_checkpoint(note, [verifier_of(key) for key in keys])
    place = files or Folder(home / LOG_FOLDER)
    with exclusive(home / "signer" / "publishing", "publishing"):
        edge = TileEdge()
        for _ in _files(reader, checkpoint.size, edge):
            pass
        if edge.root() != checkpoint.root:
            raise VerificationError(
                f"the database's entries do not lead to the root of its checkpoint of size"
                f" {checkpoint.size}: nothing was rebuilt; run xiyou audit"
            )
        place.clean()
        changed = [
            path
            for path, content in _files(reader, checkpoint.size, TileEdge())
            if _mend(place, path, content)
        ]
        # Last, as when publishing: a crash before it leaves the old checkpoint.
        changed += [CHECKPOINT] * _mend(place, CHECKPOINT, note)
    return changed


def _files(reader: LogReader, size: int, edge: TileEdge) -> Iterator[tuple[str, bytes]]:
    """Yield every file of the tree of *size* leaves, growing *edge* on the way."""
    for rows in reader.bytes_steps(0, size):
        for low in range(0, len(rows), TILE_WIDTH):
            entries = [entry for _, entry in rows[low : low + TILE_WIDTH]]
            yield bundle_path(rows[low][0] // TILE_WIDTH, len(entries)), bundle_bytes(entries)
            yield from edge.extend([leaf_hash(entry) for entry in entries])
    yield from edge.partial_tiles()


def _mend(files: PublishedFiles, path: str, content: bytes) -> bool:
    """Make *path* hold *content*; return whether it did not."""
    try:
        if files.read(path) == content:
            return False
    except MissingFileError:
        pass
    files.replace(path, content)
    return True
