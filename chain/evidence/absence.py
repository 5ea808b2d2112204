"""That an event is not there: what follows from a history that is whole.

A chain unbroken from its first event to the head that the log's index commits to at N leaves
no room: a type that does not occur in it had not been recorded in it at N
(``evidence.md``, section 6; ``docs/evidence-format.md``, section 4a). Whoever uses these
functions has verified that much. Proved by ``tests/chain/evidence/test_absence.py``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from chain.evidence.claims import ABSENCES


def types_absent(present: Collection[str], asked: Iterable[str]) -> list[str]:
    """Return those of the types *asked* that a whole history with the types *present* lacks."""
    return [each for each in asked if each not in present]


def absences(entries: Iterable[Mapping[str, Any]], streams: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the report says is absent from whole histories.

    Args:
        entries: of the manifest; ``stream`` and ``type`` of each.
        streams: the histories that are whole, in order.

    Returns:
        ``{"stream": …, "types": […]}`` for each of *streams* in which a type is missing that
        decides cases; ``claims.json`` lists those by the stream's prefix.
    """
    present: dict[str, set[str]] = {}
    for each in entries:
        present.setdefault(each["stream"], set()).add(each["type"])
    found = []
    for stream in streams:
        for prefix, asked in ABSENCES.items():
            missing = types_absent(present.get(stream, ()), asked)
            if stream.startswith(prefix) and missing:
                found.append({"stream": stream, "types": missing})
    return found
