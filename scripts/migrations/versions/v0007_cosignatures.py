"""Cosignatures: what witnesses have signed under kept checkpoints."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE ledger.cosignatures (
  size     bigint NOT NULL CHECK (size >= 0),
  name     text   COLLATE "C" NOT NULL,
  key_id   bytea  NOT NULL CHECK (octet_length(key_id) = 4),
  line     text   NOT NULL,
  position integer NOT NULL CHECK (position >= 0),
  PRIMARY KEY (size, name, key_id),
  UNIQUE (size, position)
);
COMMENT ON TABLE ledger.cosignatures IS
  'Lines that witnesses have added to a checkpoint''s note, in the order of their coming.';
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.cosignatures
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
GRANT SELECT, INSERT ON ledger.cosignatures TO xiyou_app;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(TABLE)


def downgrade() -> None:
    """Refuse: what witnesses have signed is evidence."""
    raise NotImplementedError("cosignatures are never dropped by a migration")
