"""From a ruling to the events it rests on, and from an event to the rulings (F7).

``tests/domain/disputes/test_f7_replay.py``.
"""

from domain.disputes.case import Case, Histories, Recorded, read_case, recorded
from domain.disputes.events import RulingIssued
from domain.keys.events import KeySold
from domain.orders.events import FundsFrozen


def events_behind(case: Case, ruling: Recorded) -> list[Recorded]:
    """Return the events of *case* that *ruling* rests on, in the log's order."""
    wanted = _indexes(ruling)
    return [each for each in case.entries if each.index in wanted]


def rulings_on(log: Histories, stream: str, version: int) -> list[Recorded]:
    """Return the rulings that rest on the event of *stream* with *version*.

    Args:
        log: the recorder.
        stream: of an order, a key or a dispute.
        version: from 1.

    Raises:
        NotFoundError: a dispute of that name is unknown.
    """
    index = {
        each.event.originator_version: each.index
        for each in (recorded(*entry) for entry in log.select_history(stream))
    }.get(version)
    found = []
    for dispute in _disputes(log, stream):
        case = read_case(log, dispute)
        found += [
            each for each in case.find(dispute, RulingIssued.TOPIC) if index in _indexes(each)
        ]
    return found


def _disputes(log: Histories, stream: str) -> list[str]:
    """Return the disputes in whose case *stream* can stand."""
    if stream.startswith("dsp_"):
        return [stream]
    events = [recorded(*entry).event for entry in log.select_history(stream)]
    found = [each.dispute for each in events if isinstance(each, FundsFrozen)]
    for each in events:
        if isinstance(each, KeySold):
            found += _disputes(log, each.order)
    return found


def _indexes(ruling: Recorded) -> set[int]:
    event = ruling.event
    return set(event.rests_on or ()) if isinstance(event, RulingIssued) else set()
