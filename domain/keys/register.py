"""What is kept beside the log to find a code's key and to count wrong codes.

Two registers: which code opens which key, by the code's keyed tag and never by the code, which
the entries tell again; and the slots of those who typed wrong codes, which mean something for
a time only. A limit of *n* in a time is *n* slots, each taken until its time is over: whoever
tries a code takes a slot with it, right or wrong, and gives it back if it was right. So the
database itself holds the limit, however many try at once and in however many processes.
``tests/domain/keys/test_redemption_limits.py``.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from chain.register import Register
from domain.event import Event

CODE: Final = "code"
DEVICE: Final = "device"
ADDRESS: Final = "address"
"""The kinds of what is tagged."""

CODES: Final = Register(
    "redemption_codes", {"tag": "text", "key": "text", "order_id": "text"}, key=("tag",)
)
SLOTS: Final = Register(
    "redemption_slots",
    {"counter": "text", "slot": "bigint", "until": "text"},
    key=("counter", "slot"),
)


class CodeRow(NamedTuple):
    """A row of `CODES`."""

    tag: str
    key: str
    order: str


def rebuild_codes(events: Iterable[Event]) -> list[CodeRow]:
    """Return the rows of `CODES` as *events*, all of a log in its order, tell them."""
    holder: dict[str, str] = {}
    rows = []
    for each in events:
        key = each.originator_id
        if each.TOPIC == "key.reserved":
            holder[key] = each.data()["order"]
        elif each.TOPIC == "voucher.issued" and "tag" in each.data():
            rows.append(CodeRow(each.data()["tag"], key, holder.get(key, "")))
    return sorted(rows)
