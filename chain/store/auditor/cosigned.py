"""Cosignatures that are kept under checkpoints: each is one, belongs there, and is true.

Whoever changes one cannot make it true, for the key is a witness's; but a false line under a
note spoils the note for everybody, so it has to be found. A removed one is not missed: a
witness cosigns again when it is asked.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from psycopg import Connection

from chain.audit import MAX_FINDINGS, Finding
from chain.cosignature import verifier_of
from chain.errors import ChainError, MalformedError
from chain.note import Note, Verifier, parse_signature
from chain.vkey import VerifierKey

WHERE = "cosignatures"

_ROWS = """
SELECT coalesce(c.size, -1), coalesce(c.name, ''), coalesce(c.key_id, ''), coalesce(c.line, ''),
       coalesce(c.position, -1), coalesce(k.note, '')
FROM cosignatures AS c LEFT JOIN checkpoints AS k ON k.size = c.size
ORDER BY c.size, c.position
"""


class Kept(NamedTuple):
    """A row, and the note that it stands under; empty where there is none."""

    size: int
    name: str
    key_id: bytes
    line: str
    position: int
    note: str


def audit_cosignatures(connection: Connection, witnesses: Iterable[VerifierKey]) -> list[Finding]:
    """Return what is wrong with the kept cosignatures, the first ones of it.

    Args:
        connection: to the log's database.
        witnesses: keys; cosignatures by others are judged by their form alone.
    """
    verifiers = {(key.name, key.id): verifier_of(key) for key in witnesses}
    findings: list[Finding] = []
    for size, rows in groupby(_rows(connection), key=lambda row: row.size):
        for number, row in enumerate(rows):
            fault = _fault(row, number, verifiers)
            if fault is not None and len(findings) < MAX_FINDINGS:
                index = size - 1 if size > 0 else 0
                findings.append(Finding(index, fault, f"{WHERE}, size {size}"))
    return findings


def _fault(row: Kept, number: int, verifiers: dict[tuple[str, bytes], Verifier]) -> str | None:
    who = f"the cosignature by {row.name[:255]}"
    if not row.note:
        return f"{who} is of a checkpoint that is not kept"
    if row.position != number:
        return f"{who} has position {row.position}, and should have {number}"
    try:
        signature = parse_signature(row.line.removesuffix("\n"))
    except MalformedError as error:
        return f"{who} is none: {error}"
    place = (row.name, bytes(row.key_id))
    if (signature.name, signature.key_id) != place or signature.line() != row.line:
        return f"{who} is filed under another name or key than its own"
    try:
        if place in verifiers:
            verifiers[place].verify(Note.parse(row.note.encode()).text, signature.data)
    except ChainError as error:
        return f"{who} is false: {error}"
    return None


def _rows(connection: Connection) -> Iterator[Kept]:
    with connection.cursor("cosignatures", binary=True) as cursor:
        cursor.itersize = 500
        for row in cursor.execute(_ROWS):
            yield Kept._make(row)
