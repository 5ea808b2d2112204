"""Use case of feeds: to put on record that one was read, and with which root.

``evidence.md``, 10.3. ``tests/domain/feeds/test_j4_feed_read.py``.
"""

from domain.command import Command
from domain.desk import Desk, use_case
from domain.feeds.reading import ClientFeedRead, FeedReading, Reading


class FeedReceipts(Desk):
    """Keeps receipts of what was read."""

    @use_case
    def note_feed_read(self, command: Command, reading: Reading, our_root: str) -> None:
        """Record *reading*; where our root is another, with it.

        Args:
            command: with the reading's own command id.
            reading: what the consumer says.
            our_root: of the same size, in hex.
        """
        kept = FeedReading(reading.stream)
        kept.happen(
            command,
            ClientFeedRead(
                *kept.follows(command),
                reading.topic,
                reading.size,
                reading.root,
                reading.reader,
                reading.reader_kind,
                None if our_root == reading.root else our_root,
            ),
        )
