"""The publisher: the log's new entries as tiles and bundles, then a signed checkpoint.

Layout and order are c2sp.org/tlog-tiles': files first, ``checkpoint`` last. The order of
the steps of one publication, and what is true if the process dies after each:

1. the head vouches for the new entries     nothing has happened
2. tiles and bundles, synced                nobody refers to them; the next try finds the same
3. the signer's mark (and the signature)    the next try signs the same size again
4. the row in ``checkpoints``: signed       the next start asks the witnesses again
5. rows in ``cosignatures``                 the next start shows what they make final
6. the file ``checkpoint``: final           done; superseded partial tiles go at the next start

The rows come before the file, so that no checkpoint is ever shown that is not kept, and the
file is always a copy of the rows. Steps 5 and 6 are `chain.store.finality`'s. Proved by
``tests/chain/store/test_publisher.py``, ``test_publisher_failures.py`` and the F rows they name.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from threading import Event
from typing import NamedTuple, Self

from psycopg import OperationalError

from chain.checkpoint import Checkpoint, open_checkpoint
from chain.consistency import prove_consistency
from chain.cosignature import verifier_of
from chain.errors import VerificationError
from chain.hashes import EMPTY_ROOT, LeafHash, TreeHash, TreeSize, leaf_hash
from chain.store.database import Database
from chain.store.files import Folder, MissingFileError, PublishedFiles, exclusive
from chain.store.finality import CHECKPOINT, Finality, Quorum
from chain.store.reader import Head, LogReader
from chain.store.signer import RefusedToSignError, Signer
from chain.tile_edge import TileEdge, superseded_between, superseded_folders
from chain.tiles import TILE_WIDTH, TileReader, bundle_bytes, bundle_path

__all__ = ["CHECKPOINT", "LOG_FOLDER", "Published", "Publisher", "Quorum"]

LOG_FOLDER = "log"

HELD = 4096
"""Entries whose files are held in memory, until the head has vouched for them."""

SLICE = 2**18
"""Entries under one checkpoint when a backlog is worked off."""

WRITTEN_TOGETHER = 64
"""Files that share their syncing: some 12 MB."""


class Published(NamedTuple):
    """What is signed and kept, with its tiles published."""

    checkpoint: Checkpoint
    edge: TileEdge


class Publisher:
    """Publishes one log to one place. Only one may work on a home at a time.

    Use as a context manager, or call `close`: it holds the home's publishing lock from
    the first publication on.

    Args:
        database: the log's.
        home: the deployment's folder.
        signer: signs checkpoints.
        clock: the time, for the signature that carries one.
        files: where files are published; by default the folder ``log`` in *home*.
        slice_entries: at most so many entries under one checkpoint.
        quorum: the witnesses that make a checkpoint final; none by default.

    Raises:
        MalformedError: a witness of *policy* has no URL.
    """

    def __init__(
        self,
        database: Database,
        home: Path,
        signer: Signer,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        files: PublishedFiles | None = None,
        slice_entries: int = SLICE,
        quorum: Quorum | None = None,
    ) -> None:
        self._database = database
        self._reader = LogReader(database)
        self._home = home
        self._signer = signer
        self._verifiers = [verifier_of(key) for key in signer.verifier_keys]
        self._clock = clock
        self._files = files or Folder(home / LOG_FOLDER)
        self._slice = slice_entries
        self._held = ExitStack()
        self._locked = False
        self._published: Published | None = None
        self._superseded: list[str] = []
        self._superseded_since: list[str] = []
        self._finality = Finality(
            database,
            self._files,
            (quorum or Quorum()).of(signer.verifier_keys),
            home=home,
            clock=clock,
        )
        self.last_error: Exception | None = None
        """What the last round of `run` failed with, None if it did not."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the home go."""
        self._held.close()
        self._locked = False
        self._published = None

    @property
    def final_size(self) -> int:
        """Size of the checkpoint that is published."""
        return 0 if self._finality.shown is None else self._finality.shown.size

    def run(self, stop: Event, interval: float = 1.0) -> None:
        """Publish every *interval* seconds until *stop* is set.

        A database that is away and a full disk are waited for (see `last_error`); what
        cannot get better by waiting ends the run.

        Raises:
            LockedError: another process publishes here.
            RefusedToSignError: the log does not extend what was signed.
            VerificationError: entries, head and published files contradict each other.
        """
        while True:
            # Once more after the signal: what is committed then is signed before the end.
            stopping = stop.is_set()
            try:
                self.publish_once()
                self.last_error = None
            except (OperationalError, OSError) as error:
                self.last_error = error
            if stopping:
                return
            stop.wait(interval)

    def publish_once(self) -> Checkpoint | None:
        """Publish what is new, in slices; return the checkpoint shown, None if it is no new one.

        What the quorum is missing for is signed and kept, and shown by a later call. Whatever
        it raises, calling it again is safe and takes up where it stopped.

        Raises:
            LockedError: another process publishes here.
            RefusedToSignError: the log does not extend what was signed.
            VerificationError: entries, head and published files contradict each other.
            psycopg.OperationalError: the database is out of reach.
            OSError: a file cannot be written.
        """
        if not self._locked:
            lock = exclusive(self._home / "signer" / "publishing", "publishing")
            self._held.enter_context(lock)
            self._locked = True
        published, self._published = self._published, None
        # Until this ends well the files are the only truth: `_load` reads them again.
        published = published or self._load()
        before = self._finality.shown
        head = self._reader.head()
        old = published.checkpoint.size
        self._signer.check_size(head.size)
        if head.size < old:
            raise RefusedToSignError(
                f"the log has {head.size} entries and {old} are published: run xiyou recover", old
            )
        # Once in vain, witnesses are waited for once more in this call, at its end.
        is_settled = True
        for size in self._stops(published, head):
            published = self._publish(published, size, head)
            is_settled = self._settle(published, wait=is_settled or size == head.size)
        if head.size == old and published.checkpoint.size:
            self._settle(published, wait=True)
        self._published = published
        shown = self._finality.shown
        return None if shown == before else shown

    def _settle(self, published: Published, *, wait: bool) -> bool:
        """Ask the witnesses and show what is final; say whether the newest is."""
        if self._finality.settle(published.checkpoint, wait=wait):
            # What the shown one before needs stays for one more: a client may hold that one.
            for folder in self._superseded:
                self._files.remove(folder)
            self._superseded, self._superseded_since = self._superseded_since, []
        return self._finality.is_settled(published.checkpoint)

    def _stops(self, published: Published, head: Head) -> Iterator[int]:
        """Yield the sizes to publish, one after another."""
        old = published.checkpoint.size
        if old == head.size:
            return
        mark = self._signer.mark()
        # A crash may have come between signing a size and keeping its checkpoint.
        signed = mark.size if mark is not None and old < mark.size < head.size else old
        if head.size - old > HELD or signed != old:
            self._check_backlog(published.edge.copy(), head)
        if signed != old:
            yield signed
        yield from range(signed + self._slice, head.size, self._slice)
        yield head.size

    def _publish(self, published: Published, size: int, head: Head) -> Published:
        """Publish the tree of *size* leaves after *published*; see the module's steps."""
        edge = published.edge.copy()
        files = self._new_files(edge, size)
        if size - published.checkpoint.size <= HELD:
            files = iter(list(files))
            if size == head.size:
                _check_head(edge, head)
        while some := list(islice(files, WRITTEN_TOGETHER)):
            self._files.write(some)
        if size == head.size:
            _check_head(edge, head)
        note = self._signer.sign(size, edge.root(), self._proof(size), self._clock())
        checkpoint, _ = self._keep(size, note)
        if checkpoint.root != edge.root():
            raise VerificationError(
                f"the checkpoint kept for size {size} has root {checkpoint.root.hex()}, and the"
                f" entries have {edge.root().hex()}: run xiyou audit"
            )
        self._superseded_since += superseded_folders(published.checkpoint.size, size)
        return Published(checkpoint, edge)

    def _new_files(self, edge: TileEdge, size: int) -> Iterator[tuple[str, bytes]]:
        """Yield the files that *edge* needs to reach *size*, growing it on the way."""
        # The last bundle is written anew with more in it, so its entries are read again.
        start = edge.size - edge.size % TILE_WIDTH
        for entries in self._groups(start, size):
            leaves = [leaf_hash(entry) for entry in entries]
            if start < edge.size:
                _check_same(edge.leaves, leaves, start)
            yield from edge.extend(leaves[edge.size - start :])
            yield bundle_path(start // TILE_WIDTH, len(entries)), bundle_bytes(entries)
            start += TILE_WIDTH
        yield from edge.partial_tiles()

    def _groups(self, start: int, size: int) -> Iterator[list[bytes]]:
        """Yield the entries from *start* to *size* in the groups that bundles hold.

        Raises:
            VerificationError: an entry is missing.
        """
        expected = start
        for rows in self._reader.bytes_steps(start, size):
            for index, _ in rows:
                if index != expected:
                    break
                expected += 1
            entries = [entry for _, entry in rows[: expected - start]]
            for low in range(0, len(entries), TILE_WIDTH):
                yield entries[low : low + TILE_WIDTH]
            if expected != start + len(rows):
                break
            start = expected
        if expected != size:
            raise VerificationError(
                f"entry {expected} is missing, and the head says {size}: run xiyou audit"
            )

    def _check_backlog(self, edge: TileEdge, head: Head) -> None:
        """Check a long backlog against the head before anything of it is written or signed.

        Raises:
            VerificationError: the head does not vouch for it.
        """
        start = edge.size - edge.size % TILE_WIDTH
        for entries in self._groups(start, head.size):
            leaves = [leaf_hash(entry) for entry in entries]
            for _ in edge.extend(leaves[max(0, edge.size - start) :]):
                pass
            start += TILE_WIDTH
        _check_head(edge, head)

    def _proof(self, size: int) -> list[TreeHash]:
        """Return the proof from the signer's mark to the tree of *size*, from its tiles."""
        mark = self._signer.mark()
        if mark is None or mark.size == 0 or mark.size > size:
            return []
        return prove_consistency(mark.size, size, TileReader(size, self._files.read))

    def _keep(self, size: int, note: bytes) -> tuple[Checkpoint, bytes]:
        """Keep *note* in the database; return what is kept, which may be an older spelling."""
        with self._database.connection() as connection:
            connection.execute(
                "INSERT INTO checkpoints (size, note) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [size, note.decode()],
            )
        kept = self._reader.checkpoint(size)
        if kept is None:
            raise VerificationError(f"the checkpoint of size {size} was not kept")
        return self._open(kept), kept

    def _open(self, note: bytes) -> Checkpoint:
        """Return the checkpoint in *note* if all our keys have signed it.

        Raises:
            VerificationError: it is not our log's.
        """
        checkpoint, verified = open_checkpoint(note, self._verifiers)
        if checkpoint.origin != self._signer.origin or len(verified) != len(self._verifiers):
            raise VerificationError(
                f"a checkpoint of size {checkpoint.size} lacks a signature of"
                f" {self._signer.origin}: run xiyou audit"
            )
        return checkpoint

    def _load(self) -> Published:
        """Return what is published, once row, file and tiles agree; repair what a crash left.

        Raises:
            VerificationError: they contradict each other.
        """
        self._files.clean()
        try:
            shown = self._files.read(CHECKPOINT)
        except MissingFileError:
            shown = None
        kept = self._reader.checkpoint()
        opened = None if shown is None else self._open(shown)
        if opened is not None:
            self._check_shown(opened, kept)
        if kept is None:
            nothing = Checkpoint(self._signer.origin, TreeSize(0), EMPTY_ROOT)
            return Published(nothing, TileEdge())
        checkpoint = self._open(kept)
        self._signer.check_covers(checkpoint)
        edge = TileEdge.read(checkpoint.size, self._files.read)
        if edge.root() != checkpoint.root:
            raise VerificationError(
                f"the published tiles do not lead to the root of the checkpoint of size"
                f" {checkpoint.size}: run xiyou audit"
            )
        shown_size = -1 if opened is None else opened.size
        sizes = self._reader.checkpoint_sizes(shown_size)
        # What an earlier process had no time to remove.
        self._superseded, self._superseded_since = superseded_between(sizes, shown_size)
        # Last: from here on what was kept and not shown is made good.
        self._finality.load(None if opened is None or shown is None else (opened, shown))
        self._settle(Published(checkpoint, edge), wait=False)
        return Published(checkpoint, edge)

    def _check_shown(self, shown: Checkpoint, kept: bytes | None) -> None:
        """Check that the published checkpoint is a kept one.

        Raises:
            VerificationError: the database does not have it.
        """
        row = self._reader.checkpoint(shown.size)
        if row is None or self._open(row) != shown:
            newest = self._open(kept).size if kept else 0
            raise RefusedToSignError(
                f"the published checkpoint of size {shown.size} is not in the database, whose"
                f" newest is of size {newest}: it was restored from an old backup or changed;"
                " run xiyou recover",
                shown.size,
            )


def _check_head(edge: TileEdge, head: Head) -> None:
    """Check that the entries lead to what the head says.

    Raises:
        VerificationError: they do not.
    """
    if edge.edge().to_bytes() != head.edge:
        raise VerificationError(
            f"the entries up to {head.size} lead to root {edge.root().hex()}, and the head's right"
            f" edge to {head.root().hex()}: one of them was changed; nothing was signed: run"
            " xiyou audit"
        )


def _check_same(published: tuple[LeafHash, ...], found: list[LeafHash], start: int) -> None:
    """Check that the entries of the last bundle are still those that were published.

    Raises:
        VerificationError: one is not; its index is named.
    """
    pairs = enumerate(zip(published, found, strict=False), start)
    for index, (one, other) in pairs:
        if one != other:
            raise VerificationError(
                f"entry {index} is not the one that was published: it was changed; run xiyou audit"
            )
