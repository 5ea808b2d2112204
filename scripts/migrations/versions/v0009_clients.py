"""API clients' keys, what was read of whom, and what must not be used twice or any longer."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE ledger.client_keys (
  client     text COLLATE "C" NOT NULL,
  key        text COLLATE "C" NOT NULL,
  kind       text NOT NULL,
  subject    text COLLATE "C" NOT NULL,
  scopes     text NOT NULL,
  method     text NOT NULL CHECK (method IN ('private_key_jwt', 'client_secret')),
  public_key text,
  secret     bytea CHECK (octet_length(secret) = 32),
  revoked    boolean NOT NULL,
  PRIMARY KEY (client, key),
  CONSTRAINT client_keys_shown CHECK ((public_key IS NULL) <> (secret IS NULL))
);
COMMENT ON TABLE ledger.client_keys IS
  'By which keys API clients show who they are; of a secret its SHA-256 alone.';
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.client_keys TO xiyou_app;

CREATE TABLE ledger.revoked_tokens (
  token text COLLATE "C" PRIMARY KEY,
  until timestamptz NOT NULL
);
COMMENT ON TABLE ledger.revoked_tokens IS 'Tokens that are accepted no longer, until they end.';
GRANT SELECT, INSERT, DELETE ON ledger.revoked_tokens TO xiyou_app;

CREATE TABLE ledger.used_proofs (
  proof bytea PRIMARY KEY CHECK (octet_length(proof) = 32),
  until timestamptz NOT NULL
);
CREATE INDEX ON ledger.used_proofs (until);
COMMENT ON TABLE ledger.used_proofs IS
  'Digests of proofs and assertions that were taken once, until they end.';
GRANT SELECT, INSERT, DELETE ON ledger.used_proofs TO xiyou_app;

CREATE TABLE ledger.readings (
  subject   text COLLATE "C" NOT NULL,
  reading   text COLLATE "C" NOT NULL,
  reader    text NOT NULL,
  kind      text NOT NULL,
  operation text NOT NULL,
  object    text NOT NULL,
  purpose   text,
  PRIMARY KEY (subject, reading)
);
COMMENT ON TABLE ledger.readings IS 'Who read what, by whom it concerns.';
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.readings TO xiyou_app;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Take the tables away; the digests of sandbox secrets go with them."""
    op.execute(
        "DROP TABLE ledger.client_keys, ledger.revoked_tokens, ledger.used_proofs, ledger.readings"
    )
