"""Row security: which rows a read on somebody's behalf may see, and the net over the readings."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MAY_SEE = """
CREATE FUNCTION ledger.may_see(
  buyer text DEFAULT NULL, merchant text DEFAULT NULL, client text DEFAULT NULL,
  thing text DEFAULT NULL, topic text DEFAULT NULL
) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(
    current_setting('xiyou.kind', true) IN ('platform', 'everybody')
    OR buyer = ANY (string_to_array(nullif(current_setting('xiyou.buyers', true), ''), ','))
    OR merchant = ANY (string_to_array(nullif(current_setting('xiyou.merchants', true), ''), ','))
    OR client = ANY (string_to_array(nullif(current_setting('xiyou.clients', true), ''), ','))
    OR thing = ANY (string_to_array(nullif(current_setting('xiyou.things', true), ''), ','))
    OR topic = ANY (string_to_array(nullif(current_setting('xiyou.topics', true), ''), ',')),
    false)
$$;
COMMENT ON FUNCTION ledger.may_see IS
  'Whether a row may be seen by whoever the transaction was told is asking; nobody told: none.';
REVOKE ALL ON FUNCTION ledger.may_see FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.may_see TO xiyou_app;
"""

READINGS = """
ALTER TABLE ledger.readings ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger.readings FORCE ROW LEVEL SECURITY;
CREATE POLICY principal_reads ON ledger.readings FOR SELECT USING
  (ledger.may_see(buyer => subject, merchant => subject, client => subject));
CREATE POLICY platform_inserts ON ledger.readings FOR INSERT WITH CHECK (true);
CREATE POLICY platform_updates ON ledger.readings FOR UPDATE USING
  (ledger.may_see()) WITH CHECK (true);
CREATE POLICY platform_deletes ON ledger.readings FOR DELETE USING (ledger.may_see());
"""


def upgrade() -> None:
    """Make the function, and put the first net."""
    op.execute(MAY_SEE)
    op.execute(READINGS)


def downgrade() -> None:
    """Take the net away, and the function."""
    for name in ("principal_reads", "platform_inserts", "platform_updates", "platform_deletes"):
        op.execute(f"DROP POLICY {name} ON ledger.readings")
    op.execute("ALTER TABLE ledger.readings DISABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE ledger.readings NO FORCE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION ledger.may_see")
