"""Who was erased, read from the log: what an audit must know to tell erased from damaged (A7).

``tests/domain/keys/test_e2_rotation.py``.
"""

from typing import Final

from eventsourcing.persistence import ApplicationRecorder

from domain.event import read_event
from domain.identity.account import PrivacyErased

PAGE: Final = 5_000


def erased_subjects(recorder: ApplicationRecorder) -> frozenset[str]:
    """Return the data subjects that entries of the log say were erased.

    Raises:
        MalformedError: an entry that says so is not one that this program writes.
    """
    found: set[str] = set()
    start, newest = 1, recorder.max_notification_id() or 0
    while start <= newest:
        page = recorder.select_notifications(start, PAGE, stop=newest, topics=[PrivacyErased.TOPIC])
        for each in page:
            erased = read_event(
                str(each.originator_id), each.originator_version, each.topic, each.state
            )
            assert isinstance(erased, PrivacyErased)  # noqa: S101 — it was asked for by topic
            found.update(erased.subjects)
        start = page[-1].id + 1 if len(page) == PAGE else newest + 1
    return frozenset(found)
