"""What views are listed by: indexes of columns that never change once a row is there.

An index on a column that changes would make every change of the row an index's, too; a
state is filtered among the rows of one merchant, buyer or product instead. Pages whose rows
change keep some room, so that a changed row stays in its page.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SCHEMAS = ("views_a", "views_b")

INDEXES = """
CREATE INDEX orders_by_buyer ON {schema}.orders (buyer, created, id);
CREATE INDEX orders_by_merchant ON {schema}.orders (merchant, created, id);
CREATE INDEX orders_by_product ON {schema}.orders (product, created, id);
CREATE INDEX orders_by_checkout ON {schema}.orders (checkout, created, id);
CREATE INDEX orders_by_created ON {schema}.orders (created, id);
CREATE INDEX refunds_by_order_id ON {schema}.refunds (order_id, created, id);
CREATE INDEX refunds_by_buyer ON {schema}.refunds (buyer, created, id);
CREATE INDEX refunds_by_merchant ON {schema}.refunds (merchant, created, id);
CREATE INDEX refunds_by_created ON {schema}.refunds (created, id);
CREATE INDEX timeline_by_order_id ON {schema}.timeline (order_id, created, id);
CREATE INDEX keys_by_merchant ON {schema}.keys (merchant, created, id);
CREATE INDEX keys_by_product ON {schema}.keys (product, created, id);
CREATE INDEX keys_by_batch ON {schema}.keys (batch, created, id);
CREATE INDEX keys_by_created ON {schema}.keys (created, id);
CREATE INDEX stock_by_merchant ON {schema}.stock (merchant, created, id);
CREATE INDEX stock_by_created ON {schema}.stock (created, id);
CREATE INDEX batches_by_merchant ON {schema}.batches (merchant, created, id);
CREATE INDEX batches_by_product ON {schema}.batches (product, created, id);
CREATE INDEX batches_by_created ON {schema}.batches (created, id);
CREATE INDEX merchants_by_created ON {schema}.merchants (created, id);
CREATE INDEX certificates_by_merchant ON {schema}.certificates (merchant, created, id);
CREATE INDEX certificates_by_created ON {schema}.certificates (created, id);
CREATE INDEX credit_by_created ON {schema}.credit (created, id);
CREATE INDEX sanctions_by_merchant ON {schema}.sanctions (merchant, created, id);
CREATE INDEX sanctions_by_created ON {schema}.sanctions (created, id);
CREATE INDEX disputes_by_order_id ON {schema}.disputes (order_id, created, id);
CREATE INDEX disputes_by_buyer ON {schema}.disputes (buyer, created, id);
CREATE INDEX disputes_by_merchant ON {schema}.disputes (merchant, created, id);
CREATE INDEX disputes_by_created ON {schema}.disputes (created, id);
CREATE INDEX work_by_merchant ON {schema}.work (merchant, created, id);
CREATE INDEX work_by_created ON {schema}.work (created, id);
CREATE INDEX balances_by_merchant ON {schema}.balances (merchant, created, id);
CREATE INDEX balances_by_order_id ON {schema}.balances (order_id, created, id);
CREATE INDEX balances_by_kind ON {schema}.balances (kind, created, id);
CREATE INDEX daily_by_merchant ON {schema}.daily (merchant, created, id);
CREATE INDEX daily_by_day ON {schema}.daily (day, created, id);
CREATE INDEX daily_by_created ON {schema}.daily (created, id);
"""

ROOM = """
ALTER TABLE {schema}.orders SET (fillfactor = 75);
ALTER TABLE {schema}.refunds SET (fillfactor = 75);
ALTER TABLE {schema}.keys SET (fillfactor = 75);
ALTER TABLE {schema}.stock SET (fillfactor = 75);
ALTER TABLE {schema}.batches SET (fillfactor = 75);
ALTER TABLE {schema}.certificates SET (fillfactor = 75);
ALTER TABLE {schema}.credit SET (fillfactor = 75);
ALTER TABLE {schema}.sanctions SET (fillfactor = 75);
ALTER TABLE {schema}.disputes SET (fillfactor = 75);
ALTER TABLE {schema}.work SET (fillfactor = 75);
ALTER TABLE {schema}.balances SET (fillfactor = 75);
ALTER TABLE {schema}.daily SET (fillfactor = 75);
ALTER TABLE {schema}.timeline_bound SET (fillfactor = 75);
"""

DROPPED = (
    "orders_by_buyer",
    "orders_by_merchant",
    "orders_by_product",
    "orders_by_checkout",
    "orders_by_created",
    "refunds_by_order_id",
    "refunds_by_buyer",
    "refunds_by_merchant",
    "refunds_by_created",
    "timeline_by_order_id",
    "keys_by_merchant",
    "keys_by_product",
    "keys_by_batch",
    "keys_by_created",
    "stock_by_merchant",
    "stock_by_created",
    "batches_by_merchant",
    "batches_by_product",
    "batches_by_created",
    "merchants_by_created",
    "certificates_by_merchant",
    "certificates_by_created",
    "credit_by_created",
    "sanctions_by_merchant",
    "sanctions_by_created",
    "disputes_by_order_id",
    "disputes_by_buyer",
    "disputes_by_merchant",
    "disputes_by_created",
    "work_by_merchant",
    "work_by_created",
    "balances_by_merchant",
    "balances_by_order_id",
    "balances_by_kind",
    "daily_by_merchant",
    "daily_by_day",
    "daily_by_created",
)


def upgrade() -> None:
    """Make the indexes, and leave room in pages whose rows change."""
    for schema in SCHEMAS:
        op.execute(INDEXES.format(schema=schema))
        op.execute(ROOM.format(schema=schema))


def downgrade() -> None:
    """Drop the indexes."""
    for schema in SCHEMAS:
        for name in DROPPED:
            op.execute(f"DROP INDEX {schema}.{name}")
