"""Which entries concern a person: found by views and indexes, not by reading the log through.

Her orders' own streams whole, what the timeline has of each of them in other streams (keys
while they were bound to it, payments, refunds, disputes), her account, and who read of her.
``tests/api/test_concerning.py``.
"""

from collections.abc import Sequence

from chain.store.database import Database
from projections.errors import ViewBehindError
from projections.orders import ORDERS_VIEW
from projections.store.platform import as_platform
from projections.store.slots import held_slot
from projections.timeline import TIMELINE_VIEW


def person_indexes(
    database: Database, person: str, streams: Sequence[str], start: int, stop: int
) -> list[int]:
    """Return the leaf indexes in ``[start, stop)`` of what concerns *person*, in order.

    Args:
        database: the log's.
        person: a buyer, by pseudonym.
        streams: that are hers whole, besides her orders.
        start: first index.
        stop: the one behind the last.

    Raises:
        ViewBehindError: the views have not come to *stop*: a receipt must not be missing.
        ViewOutdatedError: no view of this program's version is live.
    """
    with as_platform(database) as connection:
        connection.execute("SET TRANSACTION READ ONLY")
        orders, timeline = (held_slot(connection, each) for each in (ORDERS_VIEW, TIMELINE_VIEW))
        if min(orders.position, timeline.position) < stop:
            raise ViewBehindError(f"orders: has not come to {stop} entries yet: ask again")
        # Names are of our own tables; what a caller says is a parameter.
        query = (
            f"WITH hers AS (SELECT id FROM {orders.schema}.orders WHERE buyer = %(person)s)"  # noqa: S608 — see above
            f" SELECT t.created FROM {timeline.schema}.timeline t JOIN hers ON t.order_id = hers.id"
            " WHERE t.created >= %(start)s AND t.created < %(stop)s"
            " UNION SELECT leaf_index FROM entries WHERE stream IN (SELECT id FROM hers UNION ALL"
            " SELECT unnest(%(streams)s::text[]) UNION ALL"
            " SELECT reading FROM readings WHERE subject = %(person)s)"
            " AND leaf_index >= %(start)s AND leaf_index < %(stop)s ORDER BY 1"
        )
        asked = {"person": person, "streams": list(streams), "start": start, "stop": stop}
        return [index for (index,) in connection.execute(query, asked)]
