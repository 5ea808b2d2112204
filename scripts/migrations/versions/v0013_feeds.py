"""Feeds of one's own, and webhooks: what concerns whom, who is told, and what is still to tell.

The first three tables are made from the entries alone and can be thrown away: they are filled
again from index 0, with the same numbers. The outbox is not: it knows what was delivered.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SUBJECTS = """
CREATE TABLE ledger.feed_subjects (
  subject    text   COLLATE "C" NOT NULL,
  number     bigint NOT NULL CHECK (number >= 0),
  leaf_index bigint NOT NULL CHECK (leaf_index >= 0),
  PRIMARY KEY (subject, number),
  UNIQUE (subject, leaf_index)
);
COMMENT ON TABLE ledger.feed_subjects IS
  'Which entries concern a merchant or a client, counted from 0 for each.';
CREATE TABLE ledger.feed_streams (
  stream  text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  PRIMARY KEY (stream, subject)
);
COMMENT ON TABLE ledger.feed_streams IS
  'Streams that concern a merchant or a client from some entry on.';
CREATE TABLE ledger.feed_mark (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  size bigint  NOT NULL CHECK (size >= 0)
);
COMMENT ON TABLE ledger.feed_mark IS 'How many entries the two tables above have taken in.';
INSERT INTO ledger.feed_mark (size) VALUES (0);
GRANT SELECT, INSERT ON ledger.feed_subjects, ledger.feed_streams TO xiyou_app;
GRANT SELECT, UPDATE (size) ON ledger.feed_mark TO xiyou_app;
"""

WEBHOOKS = """
CREATE TABLE ledger.webhooks (
  id            text   COLLATE "C" PRIMARY KEY,
  subject       text   COLLATE "C" NOT NULL,
  url           text   NOT NULL CHECK (length(url) <= 2000),
  types         text[] NOT NULL,
  version       integer NOT NULL DEFAULT 1 CHECK (version > 0),
  former_until  timestamptz,
  state         text   NOT NULL DEFAULT 'on' CHECK (state IN ('on', 'gone', 'off')),
  number        bigint NOT NULL CHECK (number >= 0)
);
COMMENT ON TABLE ledger.webhooks IS
  'Endpoints of merchants and clients; number is the next of the subject''s entries to take in.';
CREATE TABLE ledger.webhook_outbox (
  webhook    text    COLLATE "C" NOT NULL REFERENCES ledger.webhooks (id),
  number     bigint  NOT NULL,
  leaf_index bigint  NOT NULL,
  stream     text    COLLATE "C" NOT NULL,
  attempts   integer NOT NULL DEFAULT 0,
  due        timestamptz NOT NULL,
  state      text    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
  status     integer,
  PRIMARY KEY (webhook, number)
);
COMMENT ON TABLE ledger.webhook_outbox IS 'What each endpoint is told, once and in order a stream.';
CREATE INDEX ON ledger.webhook_outbox (webhook, stream, number) WHERE state = 'waiting';
CREATE INDEX ON ledger.webhook_outbox (due) WHERE state = 'waiting';
GRANT SELECT, INSERT ON ledger.webhooks, ledger.webhook_outbox TO xiyou_app;
GRANT UPDATE (version, former_until, state, number) ON ledger.webhooks TO xiyou_app;
GRANT UPDATE (attempts, due, state, status) ON ledger.webhook_outbox TO xiyou_app;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(SUBJECTS)
    op.execute(WEBHOOKS)


def downgrade() -> None:
    """Refuse: what was delivered would be delivered again."""
    raise NotImplementedError("webhooks' outboxes are never dropped by a migration")
