"""Lines of a batch decided: a key of its own, a key set aside, or a rejection.

What a merchant brings becomes events of the key and of the batch in one command; the raw
key itself goes to the vault alone (``features.md``, E1, E5, 3.1; section 6, rules 1 and 4
to 7). ``tests/domain/keys/test_e1_reencoding.py``, ``test_e5_no_second_sale.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from chain.errors import VerificationError
from domain.catalogue.batch import Batch, LineFault
from domain.command import Command
from domain.errors import DuplicateKeyError
from domain.keys.code import PLATFORM_KEY_SYMBOLS, draw_code
from domain.keys.events import KeyImported, KeySealed
from domain.keys.fingerprint import Fingerprints, IndexRing, platform_tag
from domain.keys.key import Key, SealedKey
from domain.keys.known_keys import KnownKeys
from domain.keys.line import LineFaultError, RawKey, read_line
from domain.keys.stock import FINGERPRINTS, PLATFORM_KEYS, Holder, platform_row, rows_of_import
from domain.qualification.stolen import Listing

Suspect = Callable[[Sequence[Fingerprints]], Mapping[int, Listing]]
"""Says which of some raw keys, by their place, are known to be stolen, and from what list."""


class Verdict(NamedTuple):
    """What became of one line. The raw key is not in it."""

    line: int
    outcome: Literal["accepted", "quarantined", "rejected"]
    reason: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all lines of a batch."""

    batch: str
    merchant: str
    product: str
    units: int = 1
    case_sensitive: bool = False
    """Raw keys that differ in case alone are different keys."""
    revives: bool = False
    """Two of staff allow raw keys that are dead."""
    listed: bool = False
    """Keys go on the shelf at once."""


Line = tuple[int, bytes | str]
"""Its number, from 1, and what stands in it."""


class Acceptance:
    """Decides lines.

    Args:
        terms: of the batch.
        ring: the keys of fingerprints.
        shelf: what is in stock.
        new_key: gives the identifier of the key made from a line.
        suspect: what is known against raw keys.
    """

    def __init__(
        self,
        terms: Terms,
        ring: IndexRing,
        shelf: KnownKeys,
        new_key: Callable[[int], str],
        suspect: Suspect,
    ) -> None:
        self._terms = terms
        self._ring = ring
        self._shelf = shelf
        self._new_key = new_key
        self._suspect = suspect
        self._lost = DuplicateKeyError(f"batch {terms.batch}: a raw key came in stock meanwhile")

    def read(self, lines: Sequence[Line]) -> "Reading":
        """Return what stands in *lines*, with the fingerprints of those that could be keys."""
        found = [_read(text) for _, text in lines]
        wanted = [
            self._ring.fingerprints(each.normal) for each in found if isinstance(each, RawKey)
        ]
        return Reading([number for number, _ in lines], found, wanted)

    def decide(
        self, command: Command, batch: Batch, reading: "Reading", chunk: int = 0
    ) -> list[Verdict]:
        """Let lines become events of *command*; return a verdict each, in their order."""
        wanted = reading.wanted
        self._shelf.open(chunk, wanted)
        stolen = self._suspect(wanted)
        verdicts, place = [], 0
        for number, each in zip(reading.numbers, reading.found, strict=True):
            if isinstance(each, RawKey):
                found = _Candidate(number, each, wanted[place], stolen.get(place))
                verdicts.append(self._take(command, batch, found))
                place += 1
            else:
                verdicts.append(_reject(command, batch, number, each))
        return verdicts

    def _take(self, command: Command, batch: Batch, found: "_Candidate") -> Verdict:
        """Make a key of a line that could be one, or refuse it."""
        holder = self._shelf.holder(found.marks)
        if holder is not None and holder.state == "live":
            batch.reject_duplicate(command, found.line, holder.key)
            # Not whose key it is: that may be another merchant's.
            return Verdict(found.line, "rejected", "duplicate")
        if holder is not None and not self._terms.revives:
            return _reject(command, batch, found.line, "voided")
        sealed = self._seal(command, found.raw)
        if sealed is None:
            return _reject(command, batch, found.line, "not_sealed")
        collider = self._shelf.collider(found.marks)
        if collider == holder:
            collider = None  # the dead key itself, whose place this one takes
        key = Key(self._new_key(found.line))
        imported = self._imported(command, key, found, collider)
        self._keep(command, imported, key.import_sealed(command, imported, sealed), holder)
        self._shelf.put(found.marks, key.id, collides=collider is not None)
        if found.stolen is not None:
            key.quarantine(command, "stolen_list", found.stolen)
            return Verdict(found.line, "quarantined", "stolen_list", key.id)
        if collider is not None and not self._terms.case_sensitive:
            key.quarantine(command, "case_collision")
            return Verdict(found.line, "quarantined", "case_collision", key.id)
        if self._terms.listed:
            key.offer(command)
        return Verdict(found.line, "accepted", None, key.id)

    def _seal(self, command: Command, raw: RawKey) -> SealedKey | None:
        """Seal the raw key and a new platform key for it; None if either does not open.

        Then nothing of them is kept (rule 6): no ciphertext, and no line in any table.
        """
        before = len(command.sealed)
        merchant = self._terms.merchant
        platform_key = draw_code(PLATFORM_KEY_SYMBOLS, command.draw)
        try:
            return SealedKey(
                command.seal_tried(merchant, raw.text),
                command.seal_tried(merchant, platform_key),
                platform_tag(platform_key, self._ring.current).hex(),
            )
        except VerificationError:
            del command.sealed[before:]
            return None

    def _imported(
        self, command: Command, key: Key, found: "_Candidate", collider: Holder | None
    ) -> KeyImported:
        terms, ring = self._terms, self._ring
        current, former = found.marks
        return KeyImported(
            *key.follows(command),
            merchant=terms.merchant,
            product=terms.product,
            units=terms.units,
            batch=terms.batch,
            fingerprint=current.exact.hex(),
            line=found.line,
            index_key=ring.current.id,
            folded=current.folded.hex(),
            collides=collider.key if collider else None,
            former_key=ring.former.id if ring.former else None,
            former_fingerprint=former.exact.hex() if former else None,
            former_folded=former.folded.hex() if former else None,
        )

    def _keep(
        self, command: Command, imported: KeyImported, sealed: KeySealed, dead: Holder | None
    ) -> None:
        """Enter the key in the registers, in the place of a dead one if there is one."""
        for row in rows_of_import(imported):
            if dead is not None:
                gone = {name: row[name] for name in ("index_key", "exact")}
                command.keep(FINGERPRINTS.drop(**gone, key=dead.key, state="voided"))
            command.keep(FINGERPRINTS.new(**row), self._lost)
        platform = platform_row(imported, sealed)
        if platform is not None:
            command.keep(PLATFORM_KEYS.new(**platform))


@dataclass(frozen=True, slots=True)
class Reading:
    """Lines as they were read. Its text shows no raw key."""

    numbers: list[int]
    found: list[RawKey | LineFault]
    wanted: list[Fingerprints]
    """Of the raw keys among them, in their order."""


class _Candidate(NamedTuple):
    """A line that could be a key."""

    line: int
    raw: RawKey
    marks: Fingerprints
    stolen: Listing | None


def _read(line: bytes | str) -> RawKey | LineFault:
    try:
        return read_line(line)
    except LineFaultError as error:
        return error.fault


def _reject(command: Command, batch: Batch, number: int, fault: LineFault) -> Verdict:
    batch.reject(command, number, fault)
    return Verdict(number, "rejected", fault)
