"""A table of a view as a resource of the API: its names, its filters, its schema.

Columns keep their names but for those that name another resource: ``order_id`` is ``order``.
Every row says ``index``, the leaf index of the event that last changed it, and
``first_index``, that of the event that made it. What is None is left out: one fact has one
spelling. Amounts are minor units of the row's ``currency``. ``tests/api/views/``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from projections.listing import shown
from projections.view import Row, Table, View
from projections.views import READABLE

RENAMED: Final = {
    "order_id": "order",
    "key_id": "key",
    "payment_id": "payment",
    "dispute_id": "dispute",
    "rule_row": "row",
    "is_open": "open",
    "created": "first_index",
    "changed": "index",
}
"""By column: its name in answers and filters, where it is another."""
TYPES: Final[dict[str, dict[str, Any]]] = {
    "text": {"type": "string"},
    "bigint": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "json": {"type": "object"},
}


@dataclass(frozen=True)
class Resource:
    """One table of a view, as it is shown.

    Attributes:
        name: of the table.
        noun: by which `api.access.masking` knows it.
        titled: what the id of a row is called; empty where it says nothing by itself.
        case: the column that says which rows belong to an arbitrator's cases: ``arbitrator``
            or ``assignee`` hold herself, ``merchant`` a party, any other an order.
        example: a row as it is shown, for the document.
    """

    name: str
    noun: str
    titled: str = ""
    case: str = ""
    example: Mapping[str, Any] | None = None

    @property
    def view(self) -> View:
        """The view that it belongs to."""
        return READABLE[self.name][0]

    @property
    def table(self) -> Table:
        """Its table."""
        return READABLE[self.name][1]

    @property
    def filters(self) -> dict[str, str]:
        """By the name of a filter: its column."""
        return {
            RENAMED.get(each.name, each.name): each.name
            for each in self.table.columns
            if each.filters
        }

    def has(self, column: str) -> bool:
        """Say whether there is such a column."""
        return column in self.table.names

    def body(self, row: Row) -> dict[str, Any]:
        """Return *row* under the names of the API."""
        found = {RENAMED.get(name, name): value for name, value in shown(row).items()}
        row_id = found.pop("id")
        return ({self.titled: row_id} if self.titled else {}) | found

    def schema(self) -> dict[str, Any]:
        """Return what a row looks like, as JSON Schema."""
        kinds = {
            RENAMED.get(name, name): dict(TYPES[self.table.type_of(name)])
            for name in self.table.names
            if name != "id"
        }
        if self.titled:
            kinds = {self.titled: {"type": "string"}} | kinds
        return {"type": "object", "properties": kinds, "required": ["index"]}
