"""The log: entries, their head, receipts, sealed values, kept checkpoints, positions.

Two roles: the one that runs this migration owns everything; ``xiyou_app`` may add to the
log and read it, and nothing else. A trigger says the same a second time, so that a grant
given by mistake does not open the log.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLE = """
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'xiyou_app') THEN
    CREATE ROLE xiyou_app NOLOGIN;
  END IF;
END
$$
"""

TABLES = """
CREATE TABLE ledger.entries (
  leaf_index bigint PRIMARY KEY CHECK (leaf_index >= 0),
  stream     text   COLLATE "C" NOT NULL,
  seq        bigint NOT NULL CHECK (seq >= 0),
  type       text   COLLATE "C" NOT NULL,
  entry      bytea  NOT NULL CHECK (octet_length(entry) <= 65535),
  UNIQUE (stream, seq)
);
ALTER TABLE ledger.entries ALTER COLUMN entry SET STORAGE EXTERNAL;
COMMENT ON TABLE ledger.entries IS
  'One row an entry: the exact bytes that were hashed, and what of their header is searched for.';

CREATE TABLE ledger.head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  size     bigint  NOT NULL CHECK (size >= 0),
  at       text    COLLATE "C" NOT NULL,
  edge     bytea   NOT NULL CHECK (octet_length(edge) = 32 * bit_count(size::bit(64)))
);
COMMENT ON TABLE ledger.head IS
  'The tree''s right edge. Locking its one row is what puts appends in order.';
INSERT INTO ledger.head (size, at, edge) VALUES (0, '', '');

CREATE TABLE ledger.receipts (
  command_id  text   COLLATE "C" PRIMARY KEY,
  first_index bigint NOT NULL CHECK (first_index >= 0),
  events      bigint NOT NULL CHECK (events > 0),
  digest      bytea  NOT NULL CHECK (octet_length(digest) = 32)
);
COMMENT ON TABLE ledger.receipts IS
  'Which run of entries a command wrote; every entry belongs to exactly one receipt.';

CREATE TABLE ledger.data_keys (
  id         text  COLLATE "C" PRIMARY KEY,
  subject    text  COLLATE "C" NOT NULL,
  master_key text  COLLATE "C" NOT NULL,
  wrapped    bytea NOT NULL,
  made_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON ledger.data_keys (subject);
COMMENT ON TABLE ledger.data_keys IS 'Data keys of data subjects, wrapped by a master key.';

CREATE TABLE ledger.sealed_values (
  digest     bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
  data_key   text  COLLATE "C" NOT NULL REFERENCES ledger.data_keys (id),
  ciphertext bytea NOT NULL
);
CREATE INDEX ON ledger.sealed_values (data_key);
COMMENT ON TABLE ledger.sealed_values IS 'What entries name by digest only, encrypted.';

CREATE TABLE ledger.checkpoints (
  size bigint PRIMARY KEY CHECK (size >= 0),
  note text   NOT NULL
);
COMMENT ON TABLE ledger.checkpoints IS 'Every checkpoint that was signed and published.';

CREATE TABLE ledger.tracking (
  application_name text   COLLATE "C" PRIMARY KEY,
  notification_id  bigint NOT NULL
);
COMMENT ON TABLE ledger.tracking IS 'How far each follower of the log has come.';

CREATE TABLE ledger.snapshots (
  stream    text   COLLATE "C" NOT NULL,
  seq       bigint NOT NULL,
  type      text   COLLATE "C" NOT NULL,
  state     bytea  NOT NULL,
  stands_on bytea  NOT NULL,
  PRIMARY KEY (stream, seq)
);
COMMENT ON TABLE ledger.snapshots IS
  'A cache: aggregate states, each with the hash of the entry that it stands on.';
"""

GUARDS = """
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is refused: the log only grows', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege',
          HINT = 'Record a new event that says what changed.';
END
$$;
CREATE FUNCTION ledger.refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size < OLD.size OR NEW.at < OLD.at THEN
    RAISE EXCEPTION 'the head of the log moves forward only (size % to %)', OLD.size, NEW.size
      USING ERRCODE = 'insufficient_privilege', HINT = 'Run xiyou audit.';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER only_grows BEFORE UPDATE ON ledger.head
  FOR EACH ROW EXECUTE FUNCTION ledger.refuse_shrinking();
CREATE TRIGGER never_goes BEFORE DELETE OR TRUNCATE ON ledger.head
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
"""

APPEND_ONLY = ("entries", "receipts", "checkpoints")

GRANTS = """
REVOKE ALL ON SCHEMA ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO xiyou_app;
GRANT SELECT, INSERT ON ledger.entries, ledger.receipts, ledger.checkpoints TO xiyou_app;
GRANT SELECT, UPDATE ON ledger.head TO xiyou_app;
GRANT SELECT, INSERT ON ledger.sealed_values, ledger.data_keys TO xiyou_app;
GRANT SELECT, INSERT, UPDATE ON ledger.tracking TO xiyou_app;
GRANT SELECT, INSERT, DELETE ON ledger.snapshots TO xiyou_app;
GRANT SELECT ON ledger.alembic_version TO xiyou_app;
"""


def upgrade() -> None:
    """Make the tables, the guards and the grants."""
    op.execute(ROLE)
    op.execute(TABLES)
    op.execute(GUARDS)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()"
        )
    op.execute(GRANTS)


def downgrade() -> None:
    """Refuse: an immutable log has no way back."""
    raise NotImplementedError("the log is never dropped by a migration; drop the database instead")
