"""Reading events of some kinds back from the log, page by page.

``tests/domain/qualification/test_b2_two_reviewers.py``.
"""

from collections.abc import Iterator, Sequence
from typing import Final, cast

from domain.desk import Desk
from domain.event import Event

PAGE: Final = 1_000


def read_events(desk: Desk, topics: Sequence[str], stop: int | None = None) -> Iterator[Event]:
    """Give the events of *topics* in the log's order.

    Args:
        desk: whose log it is.
        topics: of the events.
        stop: the last entry to look at, counted from 1; by default the newest.
    """
    newest = stop if stop is not None else desk.recorder.max_notification_id() or 0
    start = 1
    while start <= newest:
        page = desk.recorder.select_notifications(start, PAGE, stop=newest, topics=topics)
        for each in page:
            yield cast("Event", desk.mapper.to_domain_event(each))
        if len(page) < PAGE:
            return
        start = page[-1].id + 1
