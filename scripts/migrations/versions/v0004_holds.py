"""The registers of placing and paying: what is on the shelf, who holds what, which callbacks came.

All three can be computed again from the entries (``docs/decisions/0007-registers.md``). The
third slot is the last one: a fourth unpaid hold of one person has no row that it could have.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE ledger.shelf (
  product text COLLATE "C" NOT NULL,
  key     text COLLATE "C" NOT NULL,
  PRIMARY KEY (product, key)
);
COMMENT ON TABLE ledger.shelf IS 'The keys that can be bought now, by product.';

CREATE TABLE ledger.holds (
  until   text   COLLATE "C" NOT NULL,
  "order" text   COLLATE "C" NOT NULL,
  holder  text   COLLATE "C" NOT NULL,
  slot    bigint NOT NULL CONSTRAINT holds_limit CHECK (slot BETWEEN 0 AND 2),
  product text   COLLATE "C" NOT NULL,
  key     text   COLLATE "C" NOT NULL CONSTRAINT holds_key_key UNIQUE,
  PRIMARY KEY (until, "order"),
  CONSTRAINT holds_holder_slot_key UNIQUE (holder, slot)
);
CREATE INDEX ON ledger.holds (product, until, "order");
COMMENT ON TABLE ledger.holds IS
  'The unpaid orders that hold a key, the first to end first; a person has three slots.';

CREATE TABLE ledger.callbacks (
  channel     text COLLATE "C" NOT NULL,
  connection  text COLLATE "C" NOT NULL,
  nonce       text COLLATE "C" NOT NULL,
  transaction text COLLATE "C",
  PRIMARY KEY (channel, connection, nonce),
  CONSTRAINT callbacks_transaction_key UNIQUE (channel, connection, transaction)
);
COMMENT ON TABLE ledger.callbacks IS
  'The verified callbacks that were taken; a transaction of a channel pays once.';
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.shelf, ledger.holds TO xiyou_app;
GRANT SELECT, INSERT ON ledger.callbacks TO xiyou_app;
"""


def upgrade() -> None:
    """Make the registers."""
    op.execute(TABLES)
    op.execute(GRANTS)


def downgrade() -> None:
    """Take the registers away; they hold nothing that the log does not."""
    op.execute("DROP TABLE ledger.shelf, ledger.holds, ledger.callbacks")
