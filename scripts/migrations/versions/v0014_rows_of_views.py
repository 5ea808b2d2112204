"""The net over what is read, row by row, and where workers say that they live.

Each table of a view shows its rows to those who were told to be asking, and to nobody else:
what a fold keeps for itself, to the platform alone. The topics are those of the regulator's
data interface (``evidence.md``, 10.3).
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SCHEMAS = ("views_a", "views_b")
TABLES = (
    ("orders", "buyer => buyer, merchant => merchant, topic => 'transactions', thing => id"),
    ("refunds", "buyer => buyer, merchant => merchant, topic => 'transactions', thing => order_id"),
    (
        "timeline",
        "buyer => buyer, merchant => merchant, topic => 'transactions', thing => order_id",
    ),
    ("keys", "buyer => buyer, merchant => merchant, topic => 'transactions', thing => order_id"),
    ("stock", "merchant => merchant, topic => 'transactions'"),
    ("batches", "merchant => merchant, topic => 'transactions'"),
    ("merchants", "merchant => merchant, thing => merchant, topic => 'identity'"),
    ("certificates", "merchant => merchant, thing => merchant, topic => 'identity'"),
    ("credit", "merchant => merchant, thing => merchant, topic => 'leads'"),
    ("sanctions", "merchant => merchant, thing => merchant, topic => 'leads'"),
    (
        "disputes",
        "buyer => buyer, merchant => merchant, thing => arbitrator, topic => 'assistance'",
    ),
    ("work", "thing => assignee"),
    ("balances", "merchant => merchant, topic => 'transactions'"),
    ("daily", "merchant => merchant, topic => 'transactions'"),
    ("timeline_parties", ""),
    ("timeline_bound", ""),
    ("key_buyers", ""),
    ("dispute_parties", ""),
    ("daily_parties", ""),
)
"""Each table, and whose its rows are."""

# What depends on no column is asked once a statement, and not once a row.
NET = """
ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {schema}.{table} FORCE ROW LEVEL SECURITY;
CREATE POLICY principal_reads ON {schema}.{table} FOR SELECT USING
  ((SELECT ledger.may_see()) OR ledger.may_see({whose}));
CREATE POLICY platform_inserts ON {schema}.{table} FOR INSERT WITH CHECK (true);
CREATE POLICY platform_updates ON {schema}.{table} FOR UPDATE USING
  ((SELECT ledger.may_see())) WITH CHECK (true);
CREATE POLICY platform_deletes ON {schema}.{table} FOR DELETE USING
  ((SELECT ledger.may_see()));
"""
NO_NET = """
DROP POLICY principal_reads ON {schema}.{table};
DROP POLICY platform_inserts ON {schema}.{table};
DROP POLICY platform_updates ON {schema}.{table};
DROP POLICY platform_deletes ON {schema}.{table};
ALTER TABLE {schema}.{table} DISABLE ROW LEVEL SECURITY;
ALTER TABLE {schema}.{table} NO FORCE ROW LEVEL SECURITY;
"""

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
        for table, whose in TABLES:
            op.execute(NET.format(schema=schema, table=table, whose=whose))
    op.execute(WORKERS)


def downgrade() -> None:
    """Take it away."""
    op.execute("DROP TABLE ledger.workers")
    for schema in SCHEMAS:
        for table, _ in TABLES:
            op.execute(NO_NET.format(schema=schema, table=table))
