"""Proofs for whoever asks: one entry of the published log, as a tlog-proof file.

Made from published tiles, bundles and a kept checkpoint alone, and verified before it is
handed out. A partial tile that was removed is cut out of the full one, as
c2sp.org/tlog-tiles asks of clients too. Proved by ``tests/chain/store/test_prover.py``.
"""

from collections.abc import Callable, Iterable

from chain.checkpoint import Checkpoint, open_checkpoint
from chain.consistency import prove_consistency, verify_consistency
from chain.cosignature import verifier_of
from chain.errors import VerificationError
from chain.evidence.consistency_file import ConsistencyFile
from chain.hashes import HASH_SIZE, TreeHash, leaf_hash
from chain.inclusion import prove_inclusion, verify_inclusion
from chain.merkle import subtree_hashes
from chain.store.files import MissingFileError, ReadableFiles
from chain.store.publisher import CHECKPOINT
from chain.store.reader import UnknownEntryError
from chain.tiles import (
    TILE_WIDTH,
    Bundle,
    Tile,
    TileReader,
    bundle_of,
    bundle_path,
    parse_bundle,
    parse_tile_path,
    tile_path,
)
from chain.tlog_proof import TlogProof
from chain.vkey import VerifierKey


class Prover:
    """Proves what is published.

    Args:
        files: where the log is published.
        keys: the log's; a checkpoint that they have not signed proves nothing.
        kept: returns the checkpoint of an earlier size, such as `LogReader.checkpoint`.
    """

    def __init__(
        self,
        files: ReadableFiles,
        keys: Iterable[VerifierKey],
        kept: Callable[[int], bytes | None] = lambda _size: None,
    ) -> None:
        self._files = files
        self._verifiers = [verifier_of(key) for key in keys]
        self._kept = kept

    def checkpoint(self, size: int | None = None) -> tuple[Checkpoint, bytes]:
        """Return the checkpoint of *size*, by default the published one, and its note.

        Raises:
            MissingFileError: nothing is published yet.
            UnknownEntryError: no checkpoint of that size is kept.
            VerificationError: the log's keys have not signed it.
        """
        note = self._files.read(CHECKPOINT) if size is None else self._kept(size)
        if note is None:
            raise UnknownEntryError(f"size {size}: no checkpoint of that size is kept")
        return open_checkpoint(note, self._verifiers).checkpoint, note

    def prove(self, index: int, size: int | None = None, *, with_entry: bool = True) -> bytes:
        """Return the tlog-proof of the entry at leaf *index*.

        Args:
            index: of the entry.
            size: of the tree to prove it in; by default the published one.
            with_entry: carry the entry in the proof; otherwise it is kept beside it.

        Raises:
            UnknownEntryError: the published log has no such entry, or keeps no checkpoint
                of that size.
            MissingFileError: nothing is published yet, or a tile is missing.
            MalformedError: a tile or bundle is damaged in form.
            VerificationError: the files do not lead to the signed root.
        """
        checkpoint, note = self.checkpoint(size)
        if not 0 <= index < checkpoint.size:
            raise UnknownEntryError(
                f"leaf index {index}: {checkpoint.size} entries are published up to now"
            )
        entry = self.entry(index, checkpoint.size)
        read = TileReader(checkpoint.size, self.fetch)
        hashes = prove_inclusion(index, checkpoint.size, read)
        try:
            verify_inclusion(leaf_hash(entry), index, checkpoint.size, hashes, checkpoint.root)
        except VerificationError as error:
            raise VerificationError(
                f"entry {index}: the published files do not lead to the signed root ({error});"
                " run xiyou audit"
            ) from None
        return TlogProof(index, tuple(hashes), note, entry if with_entry else None).to_bytes()

    def prove_consistency(self, old: int, new: int) -> list[TreeHash]:
        """Return the proof that the published tree of *old* leaves begins that of *new*.

        Raises:
            MissingFileError: a tile is missing.
            MalformedError: a tile is damaged in form, or not 0 < *old* <= *new*.
        """
        return prove_consistency(old, new, TileReader(new, self.fetch))

    def consistency(self, old: int, new: int | None = None) -> ConsistencyFile:
        """Return the proof that the tree of *old* leaves begins that of *new*, once verified.

        Args:
            old: size of the earlier tree.
            new: of the later; by default that of the published checkpoint.

        Raises:
            MissingFileError: so much is not published.
            MalformedError: not 0 < *old* <= *new*.
            VerificationError: it does not lead to a checkpoint that was signed.
        """
        published, _ = self.checkpoint()
        new = published.size if new is None else new
        if new > published.size:
            raise MissingFileError(f"size {new}: {published.size} entries are published")
        hashes = self.prove_consistency(old, new)
        roots = subtree_hashes([(0, old), (0, new)], TileReader(new, self.fetch))
        verify_consistency(old, roots[0], new, roots[1], hashes)
        for size, root in zip((old, new), roots, strict=True):
            note = self._kept(size)
            if note and open_checkpoint(note, self._verifiers).checkpoint.root != root:
                raise VerificationError(
                    f"size {size}: the published files do not lead to the signed root; run"
                    " xiyou audit"
                )
        return ConsistencyFile(old, new, tuple(hashes))

    def entry(self, index: int, size: int) -> bytes:
        """Return the entry at *index* from the bundles of the tree of *size* leaves.

        Raises:
            MissingFileError: its bundle is missing.
            MalformedError: its bundle is damaged in form.
        """
        bundle = bundle_of(index, size)
        try:
            entries = parse_bundle(self._files.read(bundle.path), bundle.width)
        except MissingFileError:
            full = self._files.read(bundle_path(bundle.number))
            entries = parse_bundle(full, TILE_WIDTH)
        return entries[index % TILE_WIDTH]

    def fetch(self, path: str) -> bytes:
        """Return the tile at *path*; where it is gone, its part of the full tile.

        Raises:
            MissingFileError: neither is there.
        """
        try:
            return self._files.read(path)
        except MissingFileError:
            tile = parse_tile_path(path)
            if isinstance(tile, Bundle) or tile.width == TILE_WIDTH:
                raise
            return self._cut(tile)

    def _cut(self, tile: Tile) -> bytes:
        full = self._files.read(tile_path(tile.level, tile.number))
        return full[: tile.width * HASH_SIZE]
