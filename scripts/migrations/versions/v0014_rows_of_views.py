"""The net over what is read, row by row, and where workers say that they live.

Each table of a view shows its rows to those who were told to be asking, and to nobody else:
what a fold keeps for itself, to the platform alone. The topics are those of the regulator's
data interface (``evidence.md``, 10.3).
"""

from alembic import op

from api.access.rows import Column, policy

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SCHEMAS = ("views_a", "views_b")
PARTIES: dict[Column, str] = {"buyer": "buyer", "merchant": "merchant"}
TRADE: dict[Column, str] = PARTIES | {"topic": "'transactions'"}
MERCHANT: dict[Column, str] = {"merchant": "merchant", "thing": "merchant"}
TABLES: dict[str, dict[Column, str]] = {
    "orders": TRADE | {"thing": "id"},
    "refunds": TRADE | {"thing": "order_id"},
    "timeline": TRADE | {"thing": "order_id"},
    "keys": TRADE | {"thing": "order_id"},
    "stock": {"merchant": "merchant", "topic": "'transactions'"},
    "batches": {"merchant": "merchant", "topic": "'transactions'"},
    "merchants": MERCHANT | {"topic": "'identity'"},
    "certificates": MERCHANT | {"topic": "'identity'"},
    "credit": MERCHANT | {"topic": "'leads'"},
    "sanctions": MERCHANT | {"topic": "'leads'"},
    "disputes": PARTIES | {"thing": "arbitrator", "topic": "'assistance'"},
    "work": {"thing": "assignee"},
    "balances": {"merchant": "merchant", "topic": "'transactions'"},
    "daily": {"merchant": "merchant", "topic": "'transactions'"},
    **{
        aside: {}
        for aside in (
            *("timeline_parties", "timeline_bound", "key_buyers", "dispute_parties"),
            "daily_parties",
        )
    },
}
"""By table: whose its rows are."""
POLICIES = ("principal_reads", "platform_inserts", "platform_updates", "platform_deletes")

WORKERS = """
CREATE TABLE ledger.workers (
  worker text COLLATE "C" PRIMARY KEY,
  at     timestamptz NOT NULL,
  fault  text CHECK (length(fault) <= 500)
);
COMMENT ON TABLE ledger.workers IS
  'When each worker last said that it lives, by the database''s clock, and what is wrong.';
GRANT SELECT, INSERT, DELETE, UPDATE (at, fault) ON ledger.workers TO xiyou_app;
"""


def upgrade() -> None:
    """Put the net over every table of both rooms, and make the workers' table."""
    for schema in SCHEMAS:
        for table, columns in TABLES.items():
            op.execute(policy(f"{schema}.{table}", columns))
    op.execute(WORKERS)


def downgrade() -> None:
    """Take it away."""
    op.execute("DROP TABLE ledger.workers")
    for schema in SCHEMAS:
        for table in TABLES:
            for name in POLICIES:
                op.execute(f"DROP POLICY {name} ON {schema}.{table}")
            op.execute(f"ALTER TABLE {schema}.{table} DISABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {schema}.{table} NO FORCE ROW LEVEL SECURITY")
