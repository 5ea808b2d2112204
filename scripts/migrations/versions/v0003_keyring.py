"""Keyring and redemption: what may be done to data keys, and how codes are found and counted.

Data keys may be wrapped anew and nothing else, and what was destroyed is named: both are the
schema owner's work, and the trigger holds for the owner too. Two registers beside the log:
which code opens which key, by a keyed tag, and the slots of those who typed wrong codes.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
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

REDEMPTION = """
CREATE TABLE ledger.redemption_codes (
  tag      text COLLATE "C" NOT NULL,
  key      text COLLATE "C" NOT NULL,
  order_id text COLLATE "C" NOT NULL,
  CONSTRAINT redemption_codes_pkey PRIMARY KEY (tag)
);
COMMENT ON TABLE ledger.redemption_codes IS
  'A register: which redemption code, by its keyed tag, was issued for which key and order.';
CREATE TABLE ledger.redemption_slots (
  counter text   COLLATE "C" NOT NULL,
  slot    bigint NOT NULL CHECK (slot BETWEEN 0 AND 60),
  until   text   COLLATE "C" NOT NULL,
  CONSTRAINT redemption_slots_pkey PRIMARY KEY (counter, slot)
);
COMMENT ON TABLE ledger.redemption_slots IS
  'A register: wrong codes of an account, device, address or voucher; a slot a try.';
GRANT SELECT, INSERT ON ledger.redemption_codes TO xiyou_app;
GRANT SELECT, INSERT, DELETE ON ledger.redemption_slots TO xiyou_app;
"""


def upgrade() -> None:
    """Make the tables, the index and the guard."""
    op.execute(DESTROYED)
    op.execute(REDEMPTION)
    op.execute(REWRAPPING)


def downgrade() -> None:
    """Refuse: what was destroyed must stay named."""
    raise NotImplementedError("destroyed values stay named; restore a backup instead")
