"""Idempotency keys: what was asked under each, and what was answered.

A row is written in the transaction of the events that its request led to, or with the final
refusal; a row that has no answer yet is of a request that was interrupted.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE ledger.idempotency_keys (
  digest    bytea    NOT NULL PRIMARY KEY CHECK (octet_length(digest) = 32),
  operation text     COLLATE "C" NOT NULL,
  body      bytea    NOT NULL CHECK (octet_length(body) = 32),
  begun     bigint   NOT NULL,
  status    smallint CHECK (status BETWEEN 200 AND 499),
  answer    bytea,
  link      text     COLLATE "C",
  finished  bigint,
  CHECK ((status IS NULL) = (finished IS NULL)),
  CHECK (answer IS NULL OR status IS NOT NULL)
);
CREATE INDEX idempotency_keys_interrupted ON ledger.idempotency_keys (begun)
  WHERE finished IS NULL;
CREATE INDEX idempotency_keys_answered ON ledger.idempotency_keys (finished)
  WHERE answer IS NOT NULL;
COMMENT ON TABLE ledger.idempotency_keys IS
  'Digests of idempotency keys and of their requests, for ever; answers for 30 days.';
GRANT SELECT, INSERT ON ledger.idempotency_keys TO xiyou_app;
GRANT UPDATE (status, answer, link, finished) ON ledger.idempotency_keys TO xiyou_app;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(TABLE)


def downgrade() -> None:
    """Take it away: the receipts in the log still let no key have a second effect."""
    op.execute("DROP TABLE ledger.idempotency_keys")
