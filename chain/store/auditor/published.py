"""Audits a log from its published files: bundles, tiles and the checkpoint.

Everything is recomputed from the entries in the bundles; a tile or checkpoint that does
not follow from them is named with its first byte that differs.
"""

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from chain.audit import MAX_FINDINGS, Finding, RangeReport, join
from chain.checkpoint import Checkpoint
from chain.cosignature import verifier_of
from chain.errors import ChainError
from chain.hashes import HASH_SIZE, LeafHash, TreeHash
from chain.merkle import RightEdge, root_of
from chain.store.auditor.chains import Chains
from chain.store.auditor.committed import audit_commitments
from chain.store.auditor.report import AuditReport, Progress
from chain.store.auditor.stretches import (
    ALONE,
    FromFiles,
    audit_stretches,
    bundle_rows,
    read_bundle,
    stretches,
)
from chain.store.auditor.verdict import Evidence, judge
from chain.store.auditor.vouched import Vouched, Vouchers, read_checkpoint
from chain.store.files import Folder, MissingFileError, first_difference
from chain.store.publisher import CHECKPOINT
from chain.stream_index.commitment import EVENT_TYPE
from chain.tile_edge import TileEdge
from chain.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Bundle,
    Tile,
    bundle_path,
    parse_tile_path,
    tile_path,
)
from chain.vkey import VerifierKey


class FilesAudit:
    """One audit of one folder; `run` does it.

    Args:
        folder: what is published.
        keys: the log's; without any no signature is verified.
        known: checkpoints of earlier sizes that the auditor has kept.
        progress: called after each stretch.
        processes: how many read and hash.
    """

    def __init__(
        self,
        folder: Path,
        keys: Sequence[VerifierKey],
        known: Sequence[bytes],
        *,
        progress: Progress | None,
        processes: int,
    ) -> None:
        self._folder = folder
        self._files = Folder(folder)
        self._keys = keys
        self._known = known
        self._progress = progress or (lambda _done, _all: None)
        self._processes = processes
        self._evidence = Evidence(where="bundles")
        self._edge = RightEdge()
        self._tiles = TileEdge()
        self._at = b""
        self._due: list[Vouched] = []
        self._is_indexed = False

    def run(self) -> AuditReport:
        """Audit the files."""
        verifiers = [verifier_of(key) for key in self._keys]
        try:
            note = self._files.read(CHECKPOINT)
            checkpoint = read_checkpoint(note, verifiers)
        except ChainError as error:
            self._find(None, str(error), CHECKPOINT)
            return AuditReport(0, self._edge.root(), tuple(self._evidence.exact))
        with tempfile.TemporaryDirectory(prefix="xiyou-audit-") as temporary:
            self._follow(checkpoint, Path(temporary))
            findings = judge(self._evidence, lambda _run: None)
            if self._is_indexed and not findings:
                read = partial(bundle_rows, self._files, size=checkpoint.size)
                findings = audit_commitments(read, checkpoint.size, Path(temporary))
        return AuditReport(checkpoint.size, self._edge.root(), tuple(findings))

    def _follow(self, checkpoint: Checkpoint, temporary: Path) -> None:
        """Read every bundle, and hold tiles and checkpoints against it."""
        size = checkpoint.size
        chains = Chains(temporary / "chains", size, "bundles")
        vouchers = self._vouchers(checkpoint)

        def cuts(stop: int) -> tuple[int, ...]:
            trees = vouchers.up_to(stop)
            self._due.extend(trees)
            return tuple(sorted({tree.size for tree in trees}))

        work = FromFiles(self._folder, size)
        processes = self._processes if size > ALONE else 1
        for stretch, report in audit_stretches(work, stretches(0, size, cuts), processes):
            self._take(report, vouchers)
            chains.take(report.segments)
            self._progress(report.stop, size)
            if report.stop < stretch.stop:
                self._find_damaged_bundle(report.stop, size)
                break
        else:
            self._compare(self._tiles.partial_tiles())
            vouchers.end()
        evidence = self._evidence
        found, evidence_links = chains.judge()
        evidence.exact += found + vouchers.findings
        evidence.broken_links += evidence_links
        evidence.other_trees += vouchers.other_trees

    def _vouchers(self, checkpoint: Checkpoint) -> Vouchers:
        notes = {checkpoint.size: self._files.read(CHECKPOINT)}
        verifiers = [verifier_of(key) for key in self._keys]
        for note in self._known:
            known = read_checkpoint(note, verifiers)
            if known.size == checkpoint.size and known.root != checkpoint.root:
                self._find(
                    max(0, known.size - 1), "two checkpoints of this size differ", CHECKPOINT
                )
            notes.setdefault(known.size, note)
        rows = sorted(notes.items())
        return Vouchers(rows, self._keys, signed=None, size=checkpoint.size)

    def _take(self, report: RangeReport, vouchers: Vouchers) -> None:
        """Join one stretch to those before, and compare its tiles."""
        evidence = self._evidence
        if len(evidence.exact) + len(evidence.broken_links) < 10 * MAX_FINDINGS:
            evidence.exact += report.findings[:MAX_FINDINGS]
            evidence.broken_links += report.broken_links[:MAX_FINDINGS]
        if report.first_at and report.first_at < self._at:
            self._find(report.start, f"at goes back from {self._at.decode()}Z", "bundles")
        self._at = max(self._at, report.last_at)
        self._is_indexed = self._is_indexed or EVENT_TYPE in report.kinds
        while self._due and self._due[0].size <= report.stop:
            tree = self._due.pop(0)
            cut = report.cuts.get(tree.size)
            edge = self._edge if cut is None else join(self._edge, cut)
            vouchers.check(tree, edge.root())
        self._edge = join(self._edge, report.edge)
        leaves = report.leaves
        hashes = [
            LeafHash(leaves[low : low + HASH_SIZE]) for low in range(0, len(leaves), HASH_SIZE)
        ]
        self._compare(self._tiles.extend(hashes))

    def _compare(self, tiles: Iterator[tuple[str, bytes]]) -> None:
        """Compare what the tiles must be with what is published."""
        for path, content in tiles:
            found = self._read_tile(path, content)
            if found != content:
                tile = parse_tile_path(path)
                assert isinstance(tile, Tile)  # noqa: S101 — our own path
                self._judge_tile(tile, content, found)

    def _read_tile(self, path: str, content: bytes) -> bytes | None:
        """Return a tile, or the part of the full one that a removed partial one held."""
        try:
            return self._files.read(path)
        except MissingFileError:
            tile = parse_tile_path(path)
        try:
            return self._files.read(tile_path(tile.level, tile.number))[: len(content)]  # type: ignore[union-attr] # our own path
        except MissingFileError:
            return None

    def _judge_tile(self, tile: Tile, content: bytes, found: bytes | None) -> None:
        """Name what is wrong with a tile, or with the bundle under it."""
        offset = 0 if found is None else first_difference(found, content)
        place = tile.number * TILE_WIDTH + offset // HASH_SIZE
        height = TILE_HEIGHT * tile.level
        low, high = place << height, (place + 1) << height
        if tile.level and any(
            each.index is not None and low <= each.index < high for each in self._evidence.exact
        ):
            return  # what is below explains it
        if found is None:
            self._find(low, "the tile is missing", tile.path)
        elif tile.level == 0 and len(found) == len(content) and self._leads_up(tile, found):
            path = bundle_path(tile.number, tile.width)
            what = "the entry is not the one whose hash the tile holds, which fits the tiles above"
            self._find(low, what, path)
        else:
            what = f"byte {offset} of {len(found)} is not what the entries lead to"
            self._find(low, what, f"{tile.path}, byte {offset}")

    def _leads_up(self, tile: Tile, found: bytes) -> bool:
        """Say whether a tile of level 0 as it was found fits the tile above it."""
        if tile.width != TILE_WIDTH:
            return False
        hashes = [LeafHash(found[i : i + HASH_SIZE]) for i in range(0, len(found), HASH_SIZE)]
        number, place = divmod(tile.number, TILE_WIDTH)
        for name in (tile_path(1, number), *self._partials(number)):
            try:
                above = self._files.read(name)
            except MissingFileError:
                continue
            if TreeHash(above[place * HASH_SIZE : (place + 1) * HASH_SIZE]) == root_of(hashes):
                return True
        return False

    def _partials(self, number: int) -> list[str]:
        folder = f"{tile_path(1, number)}.p"
        return [f"{folder}/{width}" for width in self._files.list(folder)]

    def _find_damaged_bundle(self, index: int, size: int) -> None:
        """Name what is wrong with the bundle that could not be read."""
        first = index - index % TILE_WIDTH
        bundle = Bundle(first // TILE_WIDTH, min(TILE_WIDTH, size - first))
        try:
            read_bundle(self._files, bundle)
        except MissingFileError:
            self._find(first, "the bundle is missing", bundle.path)
        except ChainError as error:
            whole, end = whole_entries(self._files.read(bundle.path), bundle.width)
            where = f"{bundle.path}, byte {end}"
            self._find(min(first + whole, first + bundle.width - 1), str(error), where)

    def _find(self, index: int | None, what: str, where: str) -> None:
        if len(self._evidence.exact) < MAX_FINDINGS:
            self._evidence.exact.append(Finding(index, what, where))


def whole_entries(data: bytes, count: int) -> tuple[int, int]:
    """Return how many of *count* entries are whole at the start of a bundle, and where they end."""
    place = 0
    for number in range(count):
        end = place + 2 + int.from_bytes(data[place : place + 2])
        if end > len(data) or place + 2 > len(data):
            return number, place
        place = end
    return count, place


def published_leaves(folder: Path, size: int, start: int, stop: int) -> bytes:
    """Return the leaf hashes ``[start, stop)`` of the published tree of *size* leaves.

    As far as the tiles go: fewer where one is missing.
    """
    files = Folder(folder)
    parts: list[bytes] = []
    for first in range(start - start % TILE_WIDTH, min(stop, size), TILE_WIDTH):
        tile = Tile(0, first // TILE_WIDTH, min(TILE_WIDTH, size - first))
        try:
            found = files.read(tile.path)
        except MissingFileError:
            break
        parts.append(found[max(0, start - first) * HASH_SIZE : (stop - first) * HASH_SIZE])
    return b"".join(parts)
