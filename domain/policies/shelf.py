"""Which keys of a merchant were on the shelf when the log had a certain size.

``tests/domain/policies/test_shelf.py``.
"""

from typing import Final

from domain.disputes.case import recorded
from domain.keys.events import KeyImported
from domain.policies.policy import Entries

PAGE: Final = 1_000
IMPORTED: Final = "key.imported"
ON: Final = frozenset({"key.listed", "key.reservation_released"})
OFF: Final = frozenset(
    {"key.unlisted", "key.reserved", "key.quarantined", "key.returned", "key.voided"}
)


def listed_keys(log: Entries, merchant: str, size: int) -> list[str]:
    """Return the keys of *merchant* that the first *size* entries leave on the shelf, sorted.

    Reads the whole log once; asked for when a merchant loses a right, which is seldom.
    """
    theirs: set[str] = set()
    listed: set[str] = set()
    start = 0
    topics = sorted({IMPORTED, *ON, *OFF})
    while True:
        page = log.select_entries(start, PAGE, size, topics)
        for index, entry in page:
            _see(merchant, theirs, listed, index, entry)
        if len(page) < PAGE:
            return sorted(listed)
        start = page[-1][0] + 1


def _see(merchant: str, theirs: set[str], listed: set[str], index: int, entry: bytes) -> None:
    event = recorded(index, entry).event
    key = event.originator_id
    if isinstance(event, KeyImported) and event.merchant == merchant:
        theirs.add(key)
    elif event.TOPIC in ON and key in theirs:
        listed.add(key)
    elif event.TOPIC in OFF:
        listed.discard(key)
