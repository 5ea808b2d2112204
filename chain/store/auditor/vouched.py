"""Trees that somebody has vouched for, and whether the entries still lead to their roots.

Kept checkpoints, and the signer's own history. What their roots do not
agree with was changed after they were made, whatever else was recomputed to fit.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from chain.audit import MAX_FINDINGS, Finding
from chain.checkpoint import Checkpoint, open_checkpoint
from chain.cosignature import verifier_of
from chain.errors import ChainError, SignatureFailedError
from chain.hashes import TreeHash
from chain.note import Note, Verifier
from chain.store.signed_history import SignedTree
from chain.vkey import VerifierKey

WHERE = "checkpoints"


class Vouched(NamedTuple):
    """A tree, and where somebody says that it was so."""

    size: int
    root: TreeHash
    where: str


class OtherTree(NamedTuple):
    """The entries ``[good, size)`` are not those that *where* vouches for."""

    good: int
    size: int
    where: str


class Vouchers:
    """Checks trees that were vouched for, in the order of their sizes.

    Args:
        rows: size and note of the kept checkpoints, by size.
        keys: the log's; without any no signature is verified.
        signed: what the signer says that it has signed, None if it was not asked.
        size: of the log.
    """

    def __init__(
        self,
        rows: Iterable[tuple[int, bytes]],
        keys: Iterable[VerifierKey],
        *,
        signed: Iterator[SignedTree] | None,
        size: int,
    ) -> None:
        self._verifiers = [verifier_of(key) for key in keys]
        self._size = size
        self.findings: list[Finding] = []
        self.other_trees: list[OtherTree] = []
        self.good = 0
        """Size of the largest vouched tree that the entries lead to."""

        self._trees = self._all_trees(rows, signed)
        self._held: Vouched | None = None

    def up_to(self, size: int) -> list[Vouched]:
        """Return the trees of at most *size* leaves that have not been returned."""
        found: list[Vouched] = []
        for tree in chain([self._held] if self._held else [], self._trees):
            if tree.size > size:
                self._held = tree
                return found
            found.append(tree)
        self._held = None
        return found

    def check(self, tree: Vouched, root: TreeHash) -> None:
        """Compare the tree that was vouched for with the *root* of the entries."""
        if tree.root == root:
            self.good = max(self.good, tree.size)
        elif len(self.other_trees) < MAX_FINDINGS:
            self.other_trees.append(OtherTree(self.good, tree.size, tree.where))

    def end(self) -> None:
        """Judge the trees that are larger than the log."""
        for tree in islice(self.up_to(2**63), MAX_FINDINGS):
            self._find(
                self._size,
                f"entries {self._size} to {tree.size - 1} are missing: the log once had"
                f" {tree.size}",
                tree.where,
            )

    def _all_trees(
        self, rows: Iterable[tuple[int, bytes]], signed: Iterator[SignedTree] | None
    ) -> Iterator[Vouched]:
        """Yield all trees that were vouched for; check rows against the signer's history."""
        mark = next(signed, None) if signed else None
        last = -2  # a size that is null is read as -1
        for size, note in rows:
            if size <= last:
                self._find(max(0, size - 1), f"two checkpoints are kept for size {size}")
                continue
            last = size
            checkpoint = self._open(size, note)
            while signed and mark is not None and mark.size < size:
                self._find(
                    max(0, mark.size - 1),
                    f"the checkpoint of size {mark.size}, which was signed, is gone",
                )
                yield Vouched(mark.size, mark.root, f"signed history, size {mark.size}")
                mark = next(signed, None)
            if signed:
                if mark is None or mark.size != size:
                    index = max(0, size - 1) if size >= 0 else None
                    self._find(index, f"checkpoint {size} is kept and was never signed")
                else:
                    yield Vouched(mark.size, mark.root, f"signed history, size {mark.size}")
                    mark = next(signed, None)
            if checkpoint is not None:
                yield Vouched(size, checkpoint.root, f"{WHERE}, size {size}")
        yield from self._rest(mark, signed)

    def _rest(
        self, mark: SignedTree | None, signed: Iterator[SignedTree] | None
    ) -> Iterator[Vouched]:
        """Yield what was signed beyond the last kept checkpoint."""
        while signed and mark is not None:
            following = next(signed, None)
            # The very last one may be on its way from the signer to the table.
            if following is not None:
                self._find(
                    max(0, mark.size - 1),
                    f"the checkpoint of size {mark.size}, which was signed, is gone",
                )
            yield Vouched(mark.size, mark.root, f"signed history, size {mark.size}")
            mark = following

    def _open(self, size: int, note: bytes) -> Checkpoint | None:
        """Return the checkpoint in a row, or find what is wrong with it."""
        where = f"{WHERE}, size {size}"
        try:
            checkpoint = read_checkpoint(note, self._verifiers)
        except ChainError as error:
            self._find(max(0, size - 1), f"not a checkpoint of this log: {error}", where)
            return None
        if checkpoint.size != size:
            self._find(
                max(0, min(each for each in (size, checkpoint.size) if each >= 0) - 1),
                f"the row says size {size}, and the checkpoint says {checkpoint.size}",
                where,
            )
            return None
        return checkpoint

    def _find(self, index: int | None, what: str, where: str = WHERE) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(index, what, where))


def read_checkpoint(note: bytes, verifiers: Sequence[Verifier]) -> Checkpoint:
    """Return the checkpoint in *note*, which all of *verifiers* must have signed.

    Raises:
        MalformedError: *note* is not a checkpoint.
        SignatureFailedError: a signature is false or missing.
    """
    if not verifiers:
        return Checkpoint.parse(Note.parse(note).text)
    checkpoint, verified = open_checkpoint(note, verifiers)
    if len(verified) != len(verifiers):
        raise SignatureFailedError("one of the log's keys has not signed it")
    if checkpoint.origin != verifiers[0].key.name:
        raise SignatureFailedError(f"it is of another log, {checkpoint.origin}")
    return checkpoint
