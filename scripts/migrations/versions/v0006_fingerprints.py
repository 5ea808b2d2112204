"""Registers of raw keys in stock and of platform keys, by their keyed digests.

One fingerprint, one key, over all merchants (``features.md``, 3.7, invariant 10). Nothing
here is a raw key, a platform key, or a digest that can be searched without the index key.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE ledger.fingerprints (
  index_key text  COLLATE "C" NOT NULL,
  exact     bytea NOT NULL CHECK (octet_length(exact) = 32),
  folded    bytea CHECK (octet_length(folded) = 32),
  key       text  COLLATE "C" NOT NULL,
  merchant  text  COLLATE "C" NOT NULL,
  state     text  COLLATE "C" NOT NULL CHECK (state IN ('live', 'voided')),
  CONSTRAINT fingerprints_pkey PRIMARY KEY (index_key, exact),
  CONSTRAINT fingerprints_folded_key UNIQUE (index_key, folded)
);
COMMENT ON TABLE ledger.fingerprints IS
  'Register: which raw keys are or were in stock, by HMAC under the index key named.';

CREATE TABLE ledger.platform_keys (
  index_key text  COLLATE "C" NOT NULL,
  tag       bytea NOT NULL CHECK (octet_length(tag) = 32),
  key       text  COLLATE "C" NOT NULL,
  CONSTRAINT platform_keys_pkey PRIMARY KEY (index_key, tag)
);
COMMENT ON TABLE ledger.platform_keys IS
  'Register: which key a platform key opens, by HMAC under the index key named.';
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.fingerprints TO xiyou_app;
GRANT SELECT, INSERT ON ledger.platform_keys TO xiyou_app;
"""


def upgrade() -> None:
    """Make the registers."""
    op.execute(TABLES)
    op.execute(GRANTS)


def downgrade() -> None:
    """Drop the registers: the log has all that they say."""
    op.execute("DROP TABLE ledger.fingerprints, ledger.platform_keys")
