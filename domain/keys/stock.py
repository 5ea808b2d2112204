"""The registers of raw keys and platform keys in stock (``features.md``, 3.7, 10; 6, rule 5).

``fingerprints`` has one row a fingerprint over all merchants: a raw key that is in stock is
in stock once, and one that is dead stays known. ``platform_keys`` has one row a platform
key. Both are written with the events that they follow from, and `rebuilt` computes them
again from those. ``tests/domain/keys/test_e5_no_second_sale.py``.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, NamedTuple

from chain.register import Register, RegisterRow
from domain.event import Event
from domain.keys.events import KeyImported, KeySealed, KeyVoided

FINGERPRINTS: Final = Register(
    "fingerprints",
    {
        "index_key": "text",
        "exact": "bytea",
        "folded": "bytea",
        "key": "text",
        "merchant": "text",
        "state": "text",
    },
    key=("index_key", "exact"),
    unique={"fingerprints_folded_key": ("index_key", "folded")},
)
"""``folded`` is null where another key has it: this one differs from that in case alone."""

PLATFORM_KEYS: Final = Register(
    "platform_keys",
    {"index_key": "text", "tag": "bytea", "key": "text"},
    key=("index_key", "tag"),
)

State = Literal["live", "voided"]


class Holder(NamedTuple):
    """The key that has a fingerprint."""

    key: str
    state: State


def rows_of_import(imported: KeyImported, state: State = "live") -> Iterator[dict[str, Any]]:
    """Give the rows of ``fingerprints`` that the event stands for, by column."""
    marks = (
        (imported.index_key, imported.fingerprint, imported.folded),
        (imported.former_key, imported.former_fingerprint, imported.former_folded),
    )
    for index_key, exact, folded in marks:
        if index_key is not None and exact is not None and folded is not None:
            yield {
                "index_key": index_key,
                "exact": bytes.fromhex(exact),
                "folded": None if imported.collides else bytes.fromhex(folded),
                "key": imported.originator_id,
                "merchant": imported.merchant,
                "state": state,
            }


def voided_rows(imported: KeyImported | None) -> list[RegisterRow]:
    """Return what becomes of the rows of a key that is voided; it may have none."""
    if imported is None:
        return []
    return [FINGERPRINTS.put(**row) for row in rows_of_import(imported, "voided")]


def platform_row(imported: KeyImported, sealed: KeySealed) -> dict[str, Any] | None:
    """Return the row of ``platform_keys`` that the two events stand for, if they do."""
    if imported.index_key is None or sealed.platform_tag is None:
        return None
    return {
        "index_key": imported.index_key,
        "tag": bytes.fromhex(sealed.platform_tag),
        "key": sealed.originator_id,
    }


Rows = dict[tuple[Any, ...], tuple[Any, ...]]
"""A register's rows by their key."""


def rebuilt(events: Iterable[Event]) -> dict[str, Rows]:
    """Return what both registers must hold after *events*, all of the log in its order.

    Only what `Key` records is looked at. Keys of before the registers, whose events name no
    index key, have no row.
    """
    prints: Rows = {}
    tags: Rows = {}
    held: dict[str, list[tuple[Any, ...]]] = {}
    for each in events:
        stream = each.originator_id
        if isinstance(each, KeyImported):
            rows = [tuple(row.values()) for row in rows_of_import(each)]
            held[stream] = [row[:2] for row in rows]
            prints.update((row[:2], row) for row in rows)
        elif isinstance(each, KeySealed) and each.platform_tag and held.get(stream):
            index_key = held[stream][0][0]
            tag = bytes.fromhex(each.platform_tag)
            tags[index_key, tag] = (index_key, tag, stream)
        elif isinstance(each, KeyVoided):
            for mark in held.pop(stream, ()):
                prints[mark] = (*prints[mark][:-1], "voided")
    return {FINGERPRINTS.name: prints, PLATFORM_KEYS.name: tags}


def rows_by_key(register: Register, rows: Iterable[tuple[Any, ...]]) -> Rows:
    """Return *rows*, as a desk gives them, by their key."""
    places = [list(register.columns).index(name) for name in register.key]
    return {tuple(row[place] for place in places): tuple(row) for row in rows}
