"""What views are listed by: indexes of columns that never change once a row is there.

An index on a column that changes would make every change of the row an index's, too; a
state is filtered among the rows of one merchant, buyer or product instead.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SCHEMAS = ("views_a", "views_b")
LISTED_BY = {
    "orders": ("buyer", "merchant", "product", "checkout", None),
    "refunds": ("order_id", "buyer", "merchant", None),
    "timeline": ("order_id",),
    "keys": ("merchant", "product", "batch", None),
    "stock": ("merchant", None),
    "batches": ("merchant", "product", None),
    "merchants": (None,),
    "certificates": ("merchant", None),
    "credit": (None,),
    "sanctions": ("merchant", None),
    "disputes": ("order_id", "buyer", "merchant", None),
    "work": ("merchant", None),
    "balances": ("merchant", "order_id", "kind"),
    "daily": ("merchant", "day", None),
}
"""By table: what its rows are listed by, each in the order in which they were made."""
CHANGING = (
    *("orders", "refunds", "keys", "stock", "batches", "certificates", "credit", "sanctions"),
    *("disputes", "work", "balances", "daily", "timeline_bound"),
)


def upgrade() -> None:
    """Make the indexes, and leave room in pages whose rows change."""
    for schema in SCHEMAS:
        for table, columns in LISTED_BY.items():
            for column in columns:
                keys = "created, id" if column is None else f"{column}, created, id"
                name = f"{table}_by_{column or 'created'}"
                op.execute(f"CREATE INDEX {name} ON {schema}.{table} ({keys})")
        for table in CHANGING:
            op.execute(f"ALTER TABLE {schema}.{table} SET (fillfactor = 75)")


def downgrade() -> None:
    """Drop the indexes."""
    for schema in SCHEMAS:
        for table, columns in LISTED_BY.items():
            for column in columns:
                op.execute(f"DROP INDEX {schema}.{table}_by_{column or 'created'}")
