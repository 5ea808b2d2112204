"""What of a matter's hidden values is opened, and what the reader is told of the others.

``evidence.md``, section 5: every occurrence has one state. A value is opened where it was
asked for by its place; else it is withheld, or, where it is no longer kept, erased, and then
an entry must say so. ``tests/domain/evidence/test_selection.py``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chain.canonical import parse
from chain.errors import MalformedError
from chain.evidence.entries import sealed_places
from chain.evidence.writing import Hidden
from domain.disputes.case import Histories
from domain.errors import NotFoundError
from domain.evidence.selection import Selection, find_erasures

Keeps = Callable[[str], bool]
"""Says whether the vault still has the value with a digest in hexadecimal."""

_ASKED = re.compile(r"([0-9]{1,12})?((?:/[a-z0-9_]{1,64}){1,34})")


class Place(NamedTuple):
    """Where a value may be opened."""

    leaf: int | None
    """Leaf index; None for every entry of the matter."""
    pointer: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What of the hidden values the package will show."""

    hidden: tuple[Hidden, ...]
    opened: frozenset[str]
    """Digests to be read from the vault."""
    selection: Selection
    """With the erasures that it rests on."""


def read_place(text: str) -> Place:
    """Return the place that *text* names: ``/data/buyer``, or ``12/data/buyer`` for one entry.

    Raises:
        MalformedError: it names none.
    """
    match = _ASKED.fullmatch(text)
    if match is None:
        raise MalformedError(f"{text!a:.80}: a place is like /data/buyer or 12/data/buyer")
    return Place(None if match[1] is None else int(match[1]), match[2])


def disclose(
    log: Histories, selection: Selection, asked: Sequence[Place], keeps: Keeps, basis: str | None
) -> Disclosure:
    """Return the state of every hidden value in *selection*.

    Args:
        log: for the erasures.
        selection: what is shown.
        asked: what is to be opened.
        keeps: whether a value is still there.
        basis: of the openings.

    Raises:
        NotFoundError: a place that is asked for holds no hidden value, or a value is gone
            and no erasure is on record for it.
    """
    found = [
        (digest, index, pointer)
        for index, entry in selection.parsed()
        for pointer, digest in sealed_places(parse(entry.body))
    ]
    for place in asked:
        if not any(_is_at(place, index, pointer) for _, index, pointer in found):
            raise NotFoundError(f"{place.pointer}: no hidden value is there to be opened")
    wanted = {d for d, i, p in found if any(_is_at(place, i, p) for place in asked)}
    gone = {digest for digest, _, _ in found if not keeps(digest)}
    erasures = find_erasures(log, gone, selection.size)
    for digest in sorted(gone - erasures.keys()):
        raise NotFoundError(
            f"sealed value {digest}: is not kept any more, and no {'privacy.erased'} entry of an"
            " erasure/ stream lists it: record the erasure first"
        )
    for index, entry in erasures.values():
        selection = selection.supported_by(index, entry)
    hidden = []
    for digest, index, pointer in found:
        if digest in gone:
            by = erasures[digest][0]
            hidden.append(Hidden(digest, index, pointer, "erased", "erased", None, by))
        elif digest in wanted:
            hidden.append(Hidden(digest, index, pointer, "opened", "disclosed", basis))
        else:
            hidden.append(Hidden(digest, index, pointer, "withheld", "not_requested"))
    return Disclosure(tuple(hidden), frozenset(wanted - gone), selection)


def _is_at(place: Place, index: int, pointer: str) -> bool:
    return place.leaf in (None, index) and place.pointer == pointer
