"""How order, key, funds and dispute stand together, and balances that may not be overdrawn.

``features.md``, 3.6 and 3.7. Both are registers: they prove nothing and can be computed
again from the log. The list of combinations is written out here, because a migration says
what was done on its day; a test compares it with the program's.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JOINT_STATES = """
CREATE TABLE ledger.joint_states (
  order_id    text    COLLATE "C" PRIMARY KEY,
  order_state text    COLLATE "C" NOT NULL,
  key_state   text    COLLATE "C" NOT NULL,
  funds       text    COLLATE "C" NOT NULL,
  disputed    boolean NOT NULL,
  key_id      text    COLLATE "C" UNIQUE,
  CONSTRAINT joint_states_legal CHECK ((order_state, key_state, funds, disputed) IN (
    ('placed', 'unbound', 'none', false),
    ('placed', 'reserved', 'none', false),
    ('blocked', 'unbound', 'none', false),
    ('closed_unpaid', 'unbound', 'none', false),
    ('paid', 'sold', 'held', false),
    ('paid', 'sold', 'frozen', true),
    ('delivered', 'vouchered', 'held', false),
    ('delivered', 'vouchered', 'frozen', true),
    ('delivered', 'activated', 'held', false),
    ('delivered', 'activated', 'frozen', true),
    ('confirmed', 'vouchered', 'held', false),
    ('confirmed', 'vouchered', 'frozen', true),
    ('confirmed', 'confirmed', 'held', false),
    ('confirmed', 'confirmed', 'frozen', true),
    ('confirmed', 'vouchered', 'released', false),
    ('confirmed', 'released', 'released', false),
    ('confirmed', 'released', 'held', false),
    ('confirmed', 'released', 'frozen', true),
    ('closed_completed', 'vouchered', 'released', false),
    ('closed_completed', 'released', 'released', false),
    ('refunded', 'returned', 'refunded', false),
    ('refunded', 'quarantined', 'refunded', false),
    ('refunded', 'voided', 'refunded', false)
  )),
  CONSTRAINT joint_states_bound CHECK (
    (key_id IS NULL) = (key_state = 'unbound' OR order_state = 'refunded')
  )
);
COMMENT ON TABLE ledger.joint_states IS
  'How each order, its key, its funds and its dispute stand together: 23 ways, no other.';
GRANT SELECT, INSERT, DELETE ON ledger.joint_states TO xiyou_app;
"""

BALANCES = """
CREATE TABLE ledger.balances (
  account  text   COLLATE "C" NOT NULL,
  currency text   COLLATE "C" NOT NULL,
  amount   bigint NOT NULL,
  PRIMARY KEY (account, currency),
  CONSTRAINT balances_bounded CHECK (
    CASE WHEN account LIKE 'debt:%' THEN amount <= 0 ELSE amount >= 0 END
  )
) WITH (fillfactor = 50);
COMMENT ON TABLE ledger.balances IS
  'What merchants may withdraw and owe, and what the guarantee account has; minor units.';
GRANT SELECT, INSERT, UPDATE ON ledger.balances TO xiyou_app;
"""


def upgrade() -> None:
    """Make both tables."""
    op.execute(JOINT_STATES)
    op.execute(BALANCES)


def downgrade() -> None:
    """Drop them: the log is what counts."""
    op.execute("DROP TABLE ledger.balances, ledger.joint_states")
