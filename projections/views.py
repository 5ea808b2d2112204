"""Every view there is, by name, and every table that can be read, by name."""

from collections.abc import Mapping
from typing import Final

from domain import topics
from projections.balances import BALANCES_VIEW
from projections.credit import CREDIT_VIEW
from projections.daily import DAILY_VIEW
from projections.disputes import DISPUTES_VIEW
from projections.keys import KEYS_VIEW
from projections.merchants import MERCHANTS_VIEW
from projections.orders import ORDERS_VIEW
from projections.timeline import TIMELINE_VIEW
from projections.view import Table, View

assert topics.EVENTS  # noqa: S101 — importing it has declared every event and upcaster

VIEWS: Final[Mapping[str, View]] = {
    each.name: each
    for each in (
        ORDERS_VIEW,
        TIMELINE_VIEW,
        KEYS_VIEW,
        MERCHANTS_VIEW,
        CREDIT_VIEW,
        DISPUTES_VIEW,
        BALANCES_VIEW,
        DAILY_VIEW,
    )
}

READABLE: Final[Mapping[str, tuple[View, Table]]] = {
    table.name: (view, table) for view in VIEWS.values() for table in view.tables if not table.aside
}
"""By the table's name: the view that it belongs to, and the table."""
