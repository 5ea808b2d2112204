"""Views: two rooms for each, of which one is read while the other is built.

``architecture.md``: a view and its position change in one transaction, and a view is thrown
away and rebuilt at will, so the application may do with these tables what it may never do
with the log. The tables are written out here, because a migration says what was done on its
day; a test compares them with the program's.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SCHEMAS = ("views_a", "views_b")

SLOTS = """
CREATE SCHEMA views;
CREATE TABLE views.slots (
  view     text    COLLATE "C" NOT NULL,
  slot     text    COLLATE "C" NOT NULL CHECK (slot IN ('a', 'b')),
  version  integer NOT NULL CHECK (version > 0),
  position bigint  NOT NULL CHECK (position >= 0),
  live     boolean NOT NULL,
  PRIMARY KEY (view, slot)
);
CREATE UNIQUE INDEX slots_live ON views.slots (view) WHERE live;
COMMENT ON TABLE views.slots IS
  'How many entries of the log each view holds, and in which of the two schemas it is read.';
REVOKE ALL ON SCHEMA views FROM PUBLIC;
GRANT USAGE ON SCHEMA views TO xiyou_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON views.slots TO xiyou_app;
"""

TABLES = """
CREATE TABLE {schema}.orders (
  id             text COLLATE "C" PRIMARY KEY,
  created        bigint NOT NULL,
  changed        bigint NOT NULL,
  checkout       text COLLATE "C",
  buyer          text COLLATE "C",
  merchant       text COLLATE "C",
  product        text COLLATE "C",
  key_id         text COLLATE "C",
  units          bigint,
  amount         bigint,
  currency       text COLLATE "C",
  guest          boolean,
  state          text COLLATE "C",
  funds          text COLLATE "C",
  escrow         bigint,
  refunded       bigint,
  units_refunded bigint,
  payment_id     text COLLATE "C",
  dispute_id     text COLLATE "C",
  hold_until     text COLLATE "C",
  placed_at      text COLLATE "C",
  paid_at        text COLLATE "C",
  delivered_at   text COLLATE "C",
  confirmed_at   text COLLATE "C",
  released_at    text COLLATE "C",
  ended_at       text COLLATE "C",
  cause          text COLLATE "C"
);
CREATE TABLE {schema}.refunds (
  id         text COLLATE "C" PRIMARY KEY,
  created    bigint NOT NULL,
  changed    bigint NOT NULL,
  order_id   text COLLATE "C",
  buyer      text COLLATE "C",
  merchant   text COLLATE "C",
  payment_id text COLLATE "C",
  amount     bigint,
  currency   text COLLATE "C",
  units      bigint,
  state      text COLLATE "C",
  failures   bigint,
  transfer   text COLLATE "C",
  asked_at   text COLLATE "C",
  settled_at text COLLATE "C"
);
CREATE TABLE {schema}.timeline (
  id       text COLLATE "C" PRIMARY KEY,
  created  bigint NOT NULL,
  changed  bigint NOT NULL,
  order_id text COLLATE "C",
  buyer    text COLLATE "C",
  merchant text COLLATE "C",
  topic    text COLLATE "C",
  step     text COLLATE "C",
  stream   text COLLATE "C",
  seq      bigint,
  role     text COLLATE "C",
  moment   text COLLATE "C"
);
CREATE TABLE {schema}.timeline_parties (
  id       text COLLATE "C" PRIMARY KEY,
  created  bigint NOT NULL,
  changed  bigint NOT NULL,
  buyer    text COLLATE "C",
  merchant text COLLATE "C"
);
CREATE TABLE {schema}.timeline_bound (
  id      text COLLATE "C" PRIMARY KEY,
  created bigint NOT NULL,
  changed bigint NOT NULL,
  orders  text COLLATE "C"
);
CREATE TABLE {schema}.keys (
  id             text COLLATE "C" PRIMARY KEY,
  created        bigint NOT NULL,
  changed        bigint NOT NULL,
  merchant       text COLLATE "C",
  product        text COLLATE "C",
  batch          text COLLATE "C",
  line           bigint,
  units          bigint,
  state          text COLLATE "C",
  order_id       text COLLATE "C",
  buyer          text COLLATE "C",
  hold_until     text COLLATE "C",
  voucher        text COLLATE "C",
  voucher_until  text COLLATE "C",
  locked_until   text COLLATE "C",
  units_used     bigint,
  units_refunded bigint,
  views          bigint,
  activated_at   text COLLATE "C",
  upstream       text COLLATE "C",
  upstream_at    text COLLATE "C",
  cause          text COLLATE "C"
);
CREATE TABLE {schema}.stock (
  id          text COLLATE "C" PRIMARY KEY,
  created     bigint NOT NULL,
  changed     bigint NOT NULL,
  merchant    text COLLATE "C",
  code        text COLLATE "C",
  title       text COLLATE "C",
  category    text COLLATE "C",
  price       bigint,
  currency    text COLLATE "C",
  state       text COLLATE "C",
  adjusted    bigint,
  imported    bigint,
  available   bigint,
  reserved    bigint,
  delivered   bigint,
  voided      bigint,
  quarantined bigint,
  returned    bigint,
  listed      bigint
);
CREATE TABLE {schema}.batches (
  id          text COLLATE "C" PRIMARY KEY,
  created     bigint NOT NULL,
  changed     bigint NOT NULL,
  merchant    text COLLATE "C",
  product     text COLLATE "C",
  state       text COLLATE "C",
  accepted    bigint,
  rejected    bigint,
  duplicates  bigint,
  started_at  text COLLATE "C",
  finished_at text COLLATE "C",
  imported    bigint,
  available   bigint,
  reserved    bigint,
  delivered   bigint,
  voided      bigint,
  quarantined bigint,
  returned    bigint,
  listed      bigint
);
CREATE TABLE {schema}.key_buyers (
  id      text COLLATE "C" PRIMARY KEY,
  created bigint NOT NULL,
  changed bigint NOT NULL,
  buyer   text COLLATE "C"
);
CREATE TABLE {schema}.merchants (
  id           text COLLATE "C" PRIMARY KEY,
  created      bigint NOT NULL,
  changed      bigint NOT NULL,
  merchant     text COLLATE "C",
  account      text COLLATE "C",
  state        text COLLATE "C",
  submitter    text COLLATE "C",
  submitted_at text COLLATE "C",
  valid_until  text COLLATE "C",
  certificate  text COLLATE "C",
  scopes       text COLLATE "C",
  votes        bigint,
  reason       text COLLATE "C"
);
CREATE TABLE {schema}.certificates (
  id          text COLLATE "C" PRIMARY KEY,
  created     bigint NOT NULL,
  changed     bigint NOT NULL,
  merchant    text COLLATE "C",
  kind        text COLLATE "C",
  category    text COLLATE "C",
  operator    text COLLATE "C",
  state       text COLLATE "C",
  issued_at   text COLLATE "C",
  valid_until text COLLATE "C",
  presented   bigint
);
CREATE TABLE {schema}.credit (
  id               text COLLATE "C" PRIMARY KEY,
  created          bigint NOT NULL,
  changed          bigint NOT NULL,
  merchant         text COLLATE "C",
  score            bigint,
  scale            bigint,
  grade            text COLLATE "C",
  weight           bigint,
  rules            bigint,
  log_size         bigint,
  reason_zh        text COLLATE "C",
  reason_en        text COLLATE "C",
  deposit          bigint,
  deposit_required bigint,
  deposit_currency text COLLATE "C"
);
CREATE TABLE {schema}.sanctions (
  id           text COLLATE "C" PRIMARY KEY,
  created      bigint NOT NULL,
  changed      bigint NOT NULL,
  merchant     text COLLATE "C",
  ground       text COLLATE "C",
  level        text COLLATE "C",
  state        text COLLATE "C",
  starts_at    text COLLATE "C",
  ends_at      text COLLATE "C",
  appeal_until text COLLATE "C",
  applied_by   text COLLATE "C",
  reason_zh    text COLLATE "C",
  reason_en    text COLLATE "C"
);
CREATE TABLE {schema}.disputes (
  id             text COLLATE "C" PRIMARY KEY,
  created        bigint NOT NULL,
  changed        bigint NOT NULL,
  order_id       text COLLATE "C",
  buyer          text COLLATE "C",
  merchant       text COLLATE "C",
  opener         text COLLATE "C",
  fault          text COLLATE "C",
  state          text COLLATE "C",
  is_open        boolean,
  arbitrator     text COLLATE "C",
  due            text COLLATE "C",
  evidence_until text COLLATE "C",
  messages       bigint,
  mode           text COLLATE "C",
  outcome        text COLLATE "C",
  key_effect     text COLLATE "C",
  amount         bigint,
  rule_row       text COLLATE "C",
  appeal_until   text COLLATE "C",
  appealed       boolean,
  accepted       boolean,
  opened_at      text COLLATE "C",
  ruled_at       text COLLATE "C",
  ended_at       text COLLATE "C"
);
CREATE TABLE {schema}.work (
  id       text COLLATE "C" PRIMARY KEY,
  created  bigint NOT NULL,
  changed  bigint NOT NULL,
  kind     text COLLATE "C",
  stream   text COLLATE "C",
  buyer    text COLLATE "C",
  merchant text COLLATE "C",
  state    text COLLATE "C",
  assignee text COLLATE "C",
  reason   text COLLATE "C",
  since    text COLLATE "C",
  due      text COLLATE "C",
  done_at  text COLLATE "C"
);
CREATE TABLE {schema}.dispute_parties (
  id       text COLLATE "C" PRIMARY KEY,
  created  bigint NOT NULL,
  changed  bigint NOT NULL,
  buyer    text COLLATE "C",
  merchant text COLLATE "C"
);
CREATE TABLE {schema}.balances (
  id       text COLLATE "C" PRIMARY KEY,
  created  bigint NOT NULL,
  changed  bigint NOT NULL,
  account  text COLLATE "C",
  kind     text COLLATE "C",
  merchant text COLLATE "C",
  order_id text COLLATE "C",
  currency text COLLATE "C",
  amount   bigint,
  postings bigint
);
CREATE TABLE {schema}.daily (
  id              text COLLATE "C" PRIMARY KEY,
  created         bigint NOT NULL,
  changed         bigint NOT NULL,
  day             text COLLATE "C",
  merchant        text COLLATE "C",
  currency        text COLLATE "C",
  placed          bigint,
  placed_amount   bigint,
  paid            bigint,
  paid_amount     bigint,
  delivered       bigint,
  confirmed       bigint,
  released_amount bigint,
  unpaid          bigint,
  refunded        bigint,
  refunds         bigint,
  refunded_amount bigint,
  disputes        bigint
);
CREATE TABLE {schema}.daily_parties (
  id       text COLLATE "C" PRIMARY KEY,
  created  bigint NOT NULL,
  changed  bigint NOT NULL,
  merchant text COLLATE "C",
  currency text COLLATE "C"
);
"""


def upgrade() -> None:
    """Make both schemas."""
    op.execute(SLOTS)
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA {schema}")
        op.execute(TABLES.format(schema=schema))
        op.execute(f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC")
        op.execute(f"GRANT USAGE ON SCHEMA {schema} TO xiyou_app")
        op.execute(
            "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE"
            f" ON ALL TABLES IN SCHEMA {schema} TO xiyou_app"
        )


def downgrade() -> None:
    """Drop them: the log is what counts."""
    op.execute("DROP SCHEMA views CASCADE")
    for schema in SCHEMAS:
        op.execute(f"DROP SCHEMA {schema} CASCADE")
