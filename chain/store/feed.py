"""Pages of the feed from the published bundles and the kept checkpoints.

Only what is signed is served. The files are read as they are: an entry that its tile does not
vouch for is not handed out. `ending` is what makes a full page immutable: kept checkpoints are
never removed and only ever get larger, so the first at or beyond a size is always the same.
``tests/api/test_feeds.py``.
"""

from functools import lru_cache
from threading import Lock

from chain.consistency import prove_consistency
from chain.errors import VerificationError
from chain.feed.event import PAGE_WIDTH, CheckpointEvent
from chain.feed.page import IsWanted, spell_page
from chain.hashes import LeafHash, TreeHash, leaf_hash
from chain.merkle import subtree_hashes
from chain.store.auditor.stretches import read_bundle
from chain.store.database import Database
from chain.store.files import PublishedFiles
from chain.store.prover import Prover
from chain.tiles import Bundle, TileReader, parse_tile, tile_path

REMEMBERED = 256
"""Checkpoints, and readers of tiles, that are held in memory: some 16 kB each at most."""


class FeedPages:
    """Makes pages; safe to share between threads.

    Args:
        database: the log's, for its checkpoints.
        files: where the log is published.
        origin: the log's name.
    """

    def __init__(self, database: Database, files: PublishedFiles, origin: str) -> None:
        self._database = database
        self._files = files
        self._fetch = Prover(files, []).fetch
        self._lock = Lock()
        self._reader: TileReader | None = None
        self._reader_size = 0
        self.origin = origin
        # A found checkpoint is found for ever; one that is missing may come.
        self._ending = lru_cache(maxsize=REMEMBERED)(self._find_ending)

    def size(self) -> int:
        """Return how many entries the log has signed."""
        with self._database.connection() as connection:
            row = connection.execute("SELECT coalesce(max(size), 0) FROM checkpoints").fetchone()
        return int(row[0]) if row else 0

    def ending(self, size: int) -> tuple[int, bytes]:
        """Return size and note of the first checkpoint of at least *size* leaves.

        Without cosignatures, which come later: the same bytes for ever.

        Raises:
            VerificationError: none is kept.
        """
        return self._ending(size)

    def page(self, number: int, end: int, is_wanted: IsWanted) -> list[bytes]:
        """Return the events, each spelt, of page *number* up to *end*, the checkpoint last.

        Args:
            number: of the page: it begins at index 256 * number.
            end: at most 256 indexes later; at most what is signed.
            is_wanted: tells the topic.

        Raises:
            MissingFileError: a published file is missing.
            VerificationError: an entry is not the one that its tile vouches for.
            MalformedError: a file is damaged in form.
        """
        start = number * PAGE_WIDTH
        count = end - start
        entries = read_bundle(self._files, Bundle(number, count))
        leaves = [leaf_hash(entry) for entry in entries]
        tile = map(LeafHash, parse_tile(self._fetch(tile_path(0, number, count)), count))
        for index, (leaf, vouched) in enumerate(zip(leaves, tile, strict=True), start):
            if leaf != vouched:
                raise VerificationError(
                    f"entry {index}: the bundle has another than its tile vouches for: run xiyou"
                    " audit"
                )
        return spell_page(self.origin, start, entries, leaves, is_wanted, self._end(start, end))

    def root(self, size: int) -> TreeHash:
        """Return the root of the signed tree's first *size* leaves, from its tiles.

        Raises:
            VerificationError: nothing of that size is signed.
        """
        signed, _ = self.ending(size)
        return subtree_hashes([(0, size)], TileReader(signed, self._fetch))[0]

    def _end(self, start: int, end: int) -> CheckpointEvent:
        size, note = self.ending(end)
        before, _ = self.ending(start) if start else (0, b"")
        with self._lock:
            # Pages of a long stretch share their checkpoint, and so its upper tiles.
            if self._reader is None or self._reader_size != size:
                self._reader, self._reader_size = TileReader(size, self._fetch), size
            read = self._reader
            consistency = prove_consistency(before, size, read) if before else []
            prefix = prove_consistency(end, size, read)
        return CheckpointEvent(end, note, tuple(consistency), tuple(prefix))

    def _find_ending(self, size: int) -> tuple[int, bytes]:
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT size, note FROM checkpoints WHERE size >= %s ORDER BY size LIMIT 1", [size]
            ).fetchone()
        if row is None:
            raise VerificationError(f"feed: no checkpoint of {size} entries is signed yet")
        return int(row[0]), row[1].encode()
