"""What of a matter's hidden values is opened, and what the reader is told of the others.

``evidence.md``, section 5: every occurrence has one state. A value is opened where it was
asked for by its place; else it is withheld; or restricted, where it is kept for a duty's sake
alone; or, where it is no longer kept, erased, and then an entry must say so.
``tests/domain/evidence/test_selection.py``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from chain.canonical import parse
from chain.errors import MalformedError
from chain.evidence.entries import sealed_places
from chain.evidence.writing import Hidden
from domain.disputes.case import Histories
from domain.errors import NotFoundError, RestrictedError
from domain.evidence.selection import Selection, find_erasures

Keeps = Callable[[str], bool]
"""Says whether the vault still has the value with a digest in hexadecimal."""

Duty = Callable[[str], str | None]
"""Says why the value with a digest in hexadecimal is kept and not used; None if it is used."""

ERASED: Final = "个人信息保护法第四十七条 / PIPL, art. 47: erased at the person's request"

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
    log: Histories,
    selection: Selection,
    asked: Sequence[Place],
    keeps: Keeps,
    basis: str | None,
    duty: Duty = lambda _: None,
) -> Disclosure:
    """Return the state of every hidden value in *selection*.

    Args:
        log: for the erasures.
        selection: what is shown.
        asked: what is to be opened.
        keeps: whether a value is still there.
        basis: of the openings.
        duty: whether a value is kept for a duty's sake alone.

    Raises:
        NotFoundError: a place that is asked for holds no hidden value, or a value is gone
            and no erasure is on record for it.
        RestrictedError: a value that is asked for is kept for a duty's sake alone.
    """
    found = hidden_in(selection)
    for place in asked:
        if not any(_is_at(place, index, pointer) for _, index, pointer in found):
            raise NotFoundError(f"{place.pointer}: no hidden value is there to be opened")
    wanted = {d for d, i, p in found if any(_is_at(place, i, p) for place in asked)}
    digests = {digest for digest, _, _ in found}
    erasures = find_erasures(log, digests, selection.size)
    gone = {digest for digest in digests if not keeps(digest)}
    for digest in sorted(gone - erasures.keys()):
        raise NotFoundError(
            f"sealed value {digest}: is not kept any more, and no {'privacy.erased'} entry of an"
            " erasure/ stream lists it: run xiyou erase, which records what is missing"
        )
    restricted = {
        # On record as erased, and not destroyed yet: it is not used any more either.
        digest: f"{ERASED}, by entry {erasures[digest][0]}; to be destroyed"
        if digest in erasures
        else duty(digest)
        for digest in digests - gone
    }
    for digest in sorted(wanted - gone):
        if restricted[digest] is not None:
            raise RestrictedError(f"sealed value {digest}: not opened: {restricted[digest]}")
    hidden = []
    for digest, index, pointer in found:
        if digest in gone:
            by = erasures[digest][0]
            hidden.append(Hidden(digest, index, pointer, "erased", "erased", ERASED, by))
        elif (reason := restricted[digest]) is not None:
            hidden.append(Hidden(digest, index, pointer, "restricted", "retention_duty", reason))
        elif digest in wanted:
            hidden.append(Hidden(digest, index, pointer, "opened", "disclosed", basis))
        else:
            hidden.append(Hidden(digest, index, pointer, "withheld", "not_requested"))
    rests = selection.supported_by(log, {erasures[digest] for digest in gone})
    return Disclosure(tuple(hidden), frozenset(wanted - gone), rests)


def hidden_in(selection: Selection) -> list[tuple[str, int, str]]:
    """Return digest, leaf index and pointer of every hidden value, in the log's order."""
    return [
        (digest, index, pointer)
        for index, entry in selection.parsed()
        for pointer, digest in sealed_places(parse(entry.body))
    ]


def _is_at(place: Place, index: int, pointer: str) -> bool:
    return place.leaf in (None, index) and place.pointer == pointer
