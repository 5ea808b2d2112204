"""Snapshots: a cache of aggregate states, each checked against the log when it is read.

The library's snapshots lie outside every chain; whoever could change one could change what
an aggregate is without touching the log. Ours carry the chain hash of the entry that they
stand on, and one whose entry is not that entry any more is not used. It is a cache all the
same: what may never rest on anything but entries (evidence, audits) does not read it.
"""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import AggregateRecorder, IntegrityError, StoredEvent

from chain.hashes import chain_hash
from chain.store.log import Log
from chain.store.translation import translated

logger = logging.getLogger(__name__)

SELECT_ENTRY = "SELECT entry FROM entries WHERE stream = %s AND seq = %s"
INSERT_SNAPSHOT = (
    "INSERT INTO snapshots (stream, seq, type, state, stands_on) VALUES (%s, %s, %s, %s, %s)"
)
SELECT_SNAPSHOTS = """
SELECT seq, snapshots.type, snapshots.state, snapshots.stands_on, entries.entry
FROM snapshots LEFT JOIN entries USING (stream, seq)
WHERE stream = %s AND seq > %s AND seq <= %s
ORDER BY seq {order} LIMIT %s
"""
ENDLESS = (1 << 63) - 1


class LedgerSnapshotRecorder(AggregateRecorder):
    """The library's recorder for snapshots."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Keep snapshots, each of a version that the log has.

        Raises:
            IntegrityError: the log has no such version, or there is a snapshot of it.
        """
        with translated(), self._log.database.connection() as connection, connection.transaction():
            for each in stored_events:
                place = [str(each.originator_id), each.originator_version]
                row = connection.execute(SELECT_ENTRY, place, binary=True).fetchone()
                if row is None:
                    raise IntegrityError(
                        f"snapshot of stream {place[0]} at version {place[1]}:"
                        " the log has no such entry to stand on"
                    )
                stands_on = chain_hash(row[0])
                connection.execute(INSERT_SNAPSHOT, [*place, each.topic, each.state, stands_on])
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the snapshots of a stream that stand on what the log still holds."""
        query = SELECT_SNAPSHOTS.format(order="DESC" if desc else "ASC")
        above = -1 if gt is None else gt
        upto = ENDLESS if lte is None else lte
        with translated(), self._log.database.connection() as connection:
            rows = connection.execute(
                query, [str(originator_id), above, upto, limit], binary=True
            ).fetchall()
        found = []
        for seq, kind, state, stands_on, entry in rows:
            if entry is None or chain_hash(entry) != stands_on:
                logger.error("a snapshot of %s at %d does not stand on the log", originator_id, seq)
                continue
            found.append(StoredEvent(originator_id, seq, kind, state))
        return found
