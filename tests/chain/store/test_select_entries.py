"""The log's entries in their order, as followers read them."""

from chain.entry import Entry
from chain.store.log import Log
from chain.store.reader import LogReader
from chain.store.recorder import LedgerApplicationRecorder
from tests.chain.store.writing import Command, Event, write


def test_followers_read_indexes_and_whole_entries_by_page_and_type(log: Log) -> None:
    kinds = ["order.placed", "order.paid", "key.sold", "order.paid", "order.placed"]
    for number, kind in enumerate(kinds):
        write(log.database, [Command(f"c{number}", [Event(f"s_{number}", kind)])])
    recorder = LedgerApplicationRecorder(log, str)
    everything = [(each.leaf_index, each.entry) for each in LogReader(log.database).entries(0, 5)]
    assert recorder.select_entries(0, 100, 5) == everything
    assert recorder.select_entries(1, 2, 5) == everything[1:3]
    assert recorder.select_entries(1, 100, 4) == everything[1:4]
    assert recorder.select_entries(5, 100, 5) == []
    paid = recorder.select_entries(0, 100, 5, ["order.paid"])
    assert [index for index, _ in paid] == [1, 3]
    assert all(Entry.parse(entry).type == "order.paid" for _, entry in paid)
    assert recorder.select_entries(0, 1, 5, ["order.paid", "key.sold"])[0][0] == 1
