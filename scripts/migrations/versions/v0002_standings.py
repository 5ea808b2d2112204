"""The register of merchants' standings: which state each qualification is in.

A register, not the log: its rows can be made again from the events of ``qualification/…``
(``docs/decisions/0007-registers.md``).
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STANDINGS = """
CREATE TABLE ledger.standings (
  merchant text COLLATE "C" PRIMARY KEY,
  state text NOT NULL,
  CONSTRAINT standings_known CHECK (state IN (
    'submitted', 'in_review', 'approved', 'rejected', 'suspended', 'expired', 'revoked'))
);
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.standings TO xiyou_app;
"""


def upgrade() -> None:
    """Make the table, and let the application keep it."""
    op.execute(STANDINGS)


def downgrade() -> None:
    """Take the table away: the log has all that it held."""
    op.execute("DROP TABLE ledger.standings")
