"""What is in stock while lines are decided: the register, and commands on their way to it.

Two lookups serve a whole chunk of lines. What commands that are not committed yet will add
is remembered a layer each; lines that meet it wait until the caller has heard of those.
``tests/domain/keys/test_importing.py``.
"""

from collections.abc import Sequence

from domain.desk import Desk
from domain.keys.fingerprint import Fingerprint, Fingerprints, IndexRing
from domain.keys.stock import FINGERPRINTS, Holder

Layer = dict[bytes, Holder]
"""By fingerprint, exact or folded; the two never meet, as their texts differ."""


class KnownKeys:
    """Who holds which fingerprint.

    Args:
        desk: has the registers.
        ring: the index keys that are asked.
    """

    def __init__(self, desk: Desk, ring: IndexRing) -> None:
        self._desk = desk
        self._ring = ring
        self._known: Layer = {}
        self._layers: dict[int, Layer] = {}
        self._top: Layer = {}

    def open(self, chunk: int, wanted: Sequence[Fingerprints]) -> None:
        """Begin to decide the lines of *chunk*, which have the fingerprints *wanted*."""
        self._known = {}
        self._top = self._layers[chunk] = {}
        marks = [[each.current for each in wanted]]
        if self._ring.former is not None:
            marks.append([each.former for each in wanted if each.former is not None])
        for key, found in zip(self._ring.keys, marks, strict=True):
            self._look_up(key.id, found)

    def awaits(self, wanted: Sequence[Fingerprints]) -> bool:
        """Say whether one of *wanted* is on its way: what becomes of it must be known first."""
        return any(
            digest in layer
            for layer in self._layers.values()
            for each in wanted
            for digest in each.current
        )

    def close(self, chunk: int) -> None:
        """Forget what *chunk* added: it is in the registers, or nowhere."""
        self._layers.pop(chunk, None)

    def holder(self, wanted: Fingerprints) -> Holder | None:
        """Return the key that has the same raw key, in whatever spacing."""
        found = self._find(wanted.current.exact)
        if found is None and wanted.former is not None:
            found = self._find(wanted.former.exact)
        return found

    def collider(self, wanted: Fingerprints) -> Holder | None:
        """Return the first key whose raw key differs in case alone, if at all."""
        found = self._find(wanted.current.folded)
        if found is None and wanted.former is not None:
            found = self._find(wanted.former.folded)
        return found

    def put(self, taken: Fingerprints, key: str, *, collides: bool) -> None:
        """Remember that *key* holds the raw key with those fingerprints."""
        holder = Holder(key, "live")
        for each in taken:
            if each is not None:
                self._top[each.exact] = holder
                if not collides:
                    self._top[each.folded] = holder

    def _find(self, digest: bytes) -> Holder | None:
        return self._top.get(digest) or self._known.get(digest)

    def _look_up(self, index_key: str, wanted: Sequence[Fingerprint]) -> None:
        """Ask the register for all of *wanted* at once."""
        if not wanted:
            return
        rows = self._desk.rows_of
        exact, folded = [each.exact for each in wanted], [each.folded for each in wanted]
        for row in rows(FINGERPRINTS, index_key=index_key, folded=folded):
            self._known[row[2]] = Holder(row[3], row[5])
        for row in rows(FINGERPRINTS, index_key=index_key, exact=exact):
            self._known[row[1]] = Holder(row[3], row[5])
