"""J4: a reader's root is put on record, once, and beside ours where it is another."""

from domain.feeds.reading import ClientFeedRead, Reading
from tests.domain.given import World


def note(world: World, reading: Reading, our_root: str) -> None:
    command = world.command(reading.command_id)
    world.trade.note_feed_read(command, reading, our_root)


def test_the_same_reading_is_recorded_once() -> None:
    world = World()
    reading = Reading("leads", 300, "ab" * 32, "reg-1", "regulator")
    for _ in range(3):
        note(world, reading, "ab" * 32)
    [event] = world.events()
    assert isinstance(event, ClientFeedRead)
    assert (event.size, event.root, event.our_root) == (300, "ab" * 32, None)


def test_a_root_that_differs_is_an_alarm_beside_ours() -> None:
    world = World()
    note(world, Reading("leads", 300, "ab" * 32, "reg-1", "regulator"), "cd" * 32)
    note(world, Reading("leads", 300, "cd" * 32, "reg-1", "regulator"), "cd" * 32)
    first, second = world.events()
    assert isinstance(first, ClientFeedRead)
    assert isinstance(second, ClientFeedRead)
    assert (first.our_root, second.our_root) == ("cd" * 32, None)
    assert first.originator_id != second.originator_id
