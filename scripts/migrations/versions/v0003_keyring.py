"""The keyring: data keys may be wrapped anew and nothing else; what was destroyed is named.

Both are the schema owner's work: the application's role may neither change a data key nor
say that a value was erased. The trigger holds for the owner too.
"""

from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

DESTROYED = """
CREATE TABLE ledger.destroyed_values (
  digest   bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
  data_key text  COLLATE "C" NOT NULL,
  subject  text  COLLATE "C" NOT NULL
);
COMMENT ON TABLE ledger.destroyed_values IS
  'Sealed values that went with the data key of their subject: entries name them for ever.';
GRANT SELECT ON ledger.destroyed_values TO xiyou_app;
"""

REWRAPPING = """
CREATE INDEX ON ledger.data_keys (master_key, id);
CREATE FUNCTION ledger.refuse_relabelling() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.subject, NEW.made_at) IS DISTINCT FROM (OLD.id, OLD.subject, OLD.made_at) THEN
    RAISE EXCEPTION 'data key % is another''s, or of another time: it may be wrapped anew only',
      OLD.id USING ERRCODE = 'insufficient_privilege', HINT = 'Use xiyou keys rewrap.';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER only_rewrapped BEFORE UPDATE ON ledger.data_keys
  FOR EACH ROW EXECUTE FUNCTION ledger.refuse_relabelling();
"""


def upgrade() -> None:
    """Make the table, the index and the guard."""
    op.execute(DESTROYED)
    op.execute(REWRAPPING)


def downgrade() -> None:
    """Refuse: what was destroyed must stay named."""
    raise NotImplementedError("destroyed values stay named; restore a backup instead")
