"""A log as a checking witness knows it: every entry read, judged and indexed, up to a size.

The entries come from where the log is published, by whoever serves them. They are believed
only once they are proven to be those under a checkpoint that the log has signed: each step's
tree is shown, by published tiles, to be what that checkpoint begins with. Then they are judged
(`chain.rules`), and every ``index.committed`` entry is compared with the index as the entries
make it. The order of one step, and what is true if the process dies after each:

1. entries read and proven          nothing is remembered
2. judged and kept: one transaction the next step goes on from here
3. ranges filed                     made again from entries that the memory's hashes vouch for

What breaks a rule is remembered for ever: a log takes nothing back. Proved by
``tests/chain/store/test_checked_log.py``.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import Final

from chain.audit import first_fault, link_fault
from chain.checkpoint import Checkpoint
from chain.consistency import verify_consistency
from chain.entry import Entry
from chain.errors import ChainError, MalformedError, VerificationError
from chain.hashes import HASH_SIZE, LeafHash, TreeHash, chain_hash, leaf_hash
from chain.merkle import RightEdge
from chain.rules import BrokenRuleError, MakeRules
from chain.store.auditor.stretches import read_bundle
from chain.store.checked_memory import CheckedMemory
from chain.store.files import MissingFileError, ReadableFiles
from chain.store.http import UnreachableError
from chain.store.prover import Prover
from chain.store.stream_index.builder import BASE_LEVEL
from chain.store.stream_index.listing import Indexed
from chain.store.stream_index.recomputing import Recomputed
from chain.store.stream_index.stored_log import commitment_in
from chain.stream_index.commitment import EVENT_TYPE
from chain.stream_index.shown import IndexUntrueError
from chain.tiles import TILE_WIDTH, Bundle
from chain.witness import NotCheckedYetError

LOG: Final = "log"
CHAIN: Final = "chain"
"""Kinds of what is remembered beside what the rules remember."""
INDEX: Final = "index"


class CheckedLog:
    """One log, checked as far as `size`. Not for two threads at once.

    Args:
        folder: of its memory, which no other process may use.
        files: where the log is published.
        make_rules: what its entries are held to.
        base_level: see `IndexBuilder`; entries of one step, as a power of two.
        clock: seconds that only grow.

    Raises:
        VerificationError: the memory is damaged.
    """

    def __init__(
        self,
        folder: Path,
        files: ReadableFiles,
        make_rules: MakeRules,
        *,
        base_level: int = BASE_LEVEL,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._folder = folder
        self._files = files
        self._base = base_level
        self._clock = clock
        self._memory = CheckedMemory(folder)
        self._rules = make_rules(self._memory)
        size = int(self._memory.get(LOG, "size") or 0)
        edge = bytes.fromhex(self._memory.get(LOG, "edge") or "")
        self._edge = RightEdge.from_bytes(size, edge)
        self._index: Recomputed | None = None
        self._published = size
        """Size of a tree whose files are published."""
        self._judged = b""
        """Hashes of the leaves of the step that is under way."""

    @property
    def size(self) -> int:
        """How many entries are checked, and good."""
        return self._edge.size

    @property
    def broken(self) -> BrokenRuleError | None:
        """Which entry broke which rule, None if none did."""
        said = self._memory.get(LOG, "broken")
        if said is None:
            return None
        index, rule, words = said.split(" ", 2)
        return BrokenRuleError(int(index), rule, words)

    def close(self) -> None:
        """Let the memory go."""
        self._close_index()
        self._memory.close()

    def reach(
        self,
        checkpoint: Checkpoint,
        seconds: float | None = None,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        """Check all entries under *checkpoint*, which the log has signed.

        Args:
            checkpoint: of this log.
            seconds: after which it gives up; what it has done by then stays done.
            progress: told entries done, and in all.

        Raises:
            BrokenRuleError: an entry under it breaks a rule, or lies about the index.
            NotCheckedYetError: there was not the time, entries are not to be had, or those
                that are published are not those under the checkpoint.
        """
        broken = self.broken
        if broken is not None and broken.index < checkpoint.size:
            raise broken
        end = None if seconds is None else self._clock() + seconds
        self._published = checkpoint.size
        try:
            while self.size < checkpoint.size:
                self._check_time(end, checkpoint.size)
                self._step(checkpoint)
                progress(self.size, checkpoint.size)
            self._check_prefix(self._edge, checkpoint)
        except (BrokenRuleError, NotCheckedYetError):
            raise
        except (MissingFileError, UnreachableError) as error:
            raise NotCheckedYetError(f"the published entries cannot be read: {error}") from None
        except ChainError as error:
            # Whatever of the files was damaged: the index is made again by the next call.
            self._forget_index()
            raise NotCheckedYetError(f"not checked: {error}") from None
        finally:
            self._memory.drop()

    def _check_time(self, end: float | None, size: int) -> None:
        if end is not None and self._clock() > end:
            raise NotCheckedYetError(f"checked {self.size} of {size} entries; ask again")

    def _step(self, checkpoint: Checkpoint) -> None:
        """Check the entries up to the end of the range that is begun, or of the log."""
        start, width = self.size, 1 << self._base
        stop = min(checkpoint.size, (start // width + 1) * width)
        index = self._opened()
        entries = list(self._fetched(start, stop))
        leaves = [leaf_hash(each) for each in entries]
        edge = self._edge.copy()
        edge.extend(leaves)
        self._check_prefix(edge, checkpoint)
        self._judged = b"".join(leaves)
        try:
            waiting = self._judge(index, start, entries, leaves)
            self._memory.put(LOG, "size", str(stop))
            self._memory.put(LOG, "edge", edge.to_bytes().hex())
            self._memory.keep(start, self._judged)
        except BaseException as error:
            # The index has some of these entries in memory; the files have none.
            self._close_index()
            self._memory.drop()
            if isinstance(error, BrokenRuleError):
                words = str(error).split(": ", 2)[2]
                self._memory.put(LOG, "broken", f"{error.index} {error.rule} {words}")
                self._memory.keep(start, b"")
            raise
        self._edge, self._judged = edge, b""
        # Dying here: the next start takes the entries again, held to the hashes just kept.
        index.add(waiting)

    def _judge(
        self, index: Recomputed, start: int, entries: Sequence[bytes], leaves: Sequence[LeafHash]
    ) -> list[Indexed]:
        """Judge *entries*; return those of them that the index has not taken yet.

        Raises:
            BrokenRuleError: one is not as it must be.
        """
        waiting: list[Indexed] = []
        for at, (data, leaf) in enumerate(zip(entries, leaves, strict=True), start):
            try:
                entry = Entry.parse(data)
            except MalformedError as error:
                raise BrokenRuleError(at, "malformed", str(error)) from None
            self._check_link(at, entry, data)
            if entry.type == EVENT_TYPE:
                index.add(waiting)
                waiting = []
                self._check_commitment(index, at, data)
            self._rules.take(at, entry)
            waiting.append(Indexed(entry.stream, entry.seq, entry.type, leaf))
        return waiting

    def _check_link(self, at: int, entry: Entry, data: bytes) -> None:
        """Check that *entry* goes on where its stream was."""
        known = self._memory.get(CHAIN, entry.stream)
        prev = None if entry.prev is None else entry.prev.hex()
        if known is None:
            fault = first_fault(entry.seq, prev)
        else:
            seq, _, digest = known.partition(" ")
            fault = link_fault(entry.seq, prev, int(seq), digest)
        if fault is not None:
            words = fault or "prev is not the hash of the entry before"
            raise BrokenRuleError(at, "chain_broken", f"{entry.stream}: {words}")
        self._memory.put(CHAIN, entry.stream, f"{entry.seq} {chain_hash(data).hex()}")

    def _check_commitment(self, index: Recomputed, at: int, data: bytes) -> None:
        try:
            index.check(commitment_in(data), at)
        except MalformedError as error:
            raise BrokenRuleError(at, "index_lie", f"is not a commitment: {error}") from None
        except IndexUntrueError as error:
            words = f"the stream index that it commits to is false: {error}"
            raise BrokenRuleError(at, "index_lie", words) from None

    def _check_prefix(self, edge: RightEdge, checkpoint: Checkpoint) -> None:
        """Check that *edge* is of the tree of *checkpoint*, the one beginning with the other.

        Raises:
            NotCheckedYetError: it is not.
        """
        ours, theirs = (edge.size, edge.root()), (checkpoint.size, checkpoint.root)
        (old, old_root), (new, new_root) = sorted((ours, theirs))
        if not old:
            return
        try:
            if old == new:
                proof: list[TreeHash] = []
            else:
                proof = Prover(self._files, ()).prove_consistency(old, new)
            verify_consistency(old, old_root, new, new_root, proof)
        except (MalformedError, VerificationError) as error:
            raise NotCheckedYetError(
                f"the published entries up to {edge.size} are not those under the signed root of"
                f" size {checkpoint.size}: {error}"
            ) from None

    def _opened(self) -> Recomputed:
        """Return the index of all that is checked, taken up from its files."""
        if self._index is None:
            self._judged = b""
            folder = self._folder / INDEX

            def made() -> Recomputed:
                known = self._memory.roots
                return Recomputed(folder, self._reread, known, self._base, durable=True)

            try:
                index = made()
            except VerificationError:
                shutil.rmtree(folder, ignore_errors=True)
                index = made()
            self._index = index
            for entries in self._reread(index.size, self.size):
                index.add(entries)
        return self._index

    def _reread(self, start: int, stop: int) -> Iterator[Sequence[Indexed]]:
        """Give entries that were checked before; only if they are still the same.

        Raises:
            VerificationError: they are others.
        """
        for low in range(start, stop, TILE_WIDTH):
            high = min(low + TILE_WIDTH, stop)
            entries = list(self._fetched(low, high))
            leaves = [leaf_hash(each) for each in entries]
            if b"".join(leaves) != self._known_leaves(low, high):
                raise VerificationError(
                    f"entries {low} to {high - 1} are published differently than before"
                )
            parsed = map(Entry.parse, entries)
            yield [
                Indexed(each.stream, each.seq, each.type, leaf)
                for each, leaf in zip(parsed, leaves, strict=True)
            ]

    def _known_leaves(self, start: int, stop: int) -> bytes:
        kept = self._memory.leaves(start, min(stop, self.size))
        first = max(start - self.size, 0) * HASH_SIZE
        return kept + self._judged[first : max(stop - self.size, 0) * HASH_SIZE]

    def _fetched(self, start: int, stop: int) -> Iterator[bytes]:
        """Give the entries ``[start, stop)`` as they are published."""
        for first in range(start - start % TILE_WIDTH, stop, TILE_WIDTH):
            bundle = Bundle(first // TILE_WIDTH, min(TILE_WIDTH, self._published - first))
            yield from read_bundle(self._files, bundle)[max(0, start - first) : stop - first]

    def _close_index(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None

    def _forget_index(self) -> None:
        self._close_index()
        shutil.rmtree(self._folder / INDEX, ignore_errors=True)
