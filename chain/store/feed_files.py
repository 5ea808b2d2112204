"""Daily files of a feed: the same events as by polling, in Parquet, with a manifest.

A day's file holds the pages from the one in which the day before ended, up to the day's last
entry; a consumer drops the few events that it has already, as it does of a page that has grown.
The manifest is written last, so a file without one is of a run that died. Both digests of the
file, and the checkpoint at its end, stand in it. ``docs/feeds.md``;
``tests/api/test_feed_files.py``.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped] # ships none
from pyarrow import parquet

from chain.canonical import parse, to_bytes
from chain.entry import Entry
from chain.errors import ChainError, MalformedError
from chain.evidence.digests import PIECE, both_of
from chain.feed.event import PAGE_WIDTH, CheckpointEvent, EntryEvent, FeedEvent, parse_event
from chain.feed.follower import FeedUntrueError
from chain.feed.page import IsWanted, type_of
from chain.store.feed import FeedPages
from chain.store.files import Folder
from chain.store.reader import LogReader

VERSION: Final = 1
PAGES_TOGETHER: Final = 64
"""Pages of a row group: some 10 MB are in memory at once."""
GRACE: Final = timedelta(minutes=5)
"""After midnight: a clock that is set back may still bring entries of the day."""
SCHEMA: Final = pa.schema(
    [
        ("page", pa.int64()),
        ("index", pa.int64()),
        ("type", pa.string()),
        ("subject", pa.string()),
        ("time", pa.string()),
        ("event", pa.binary()),
    ]
)
_MEMBERS: Final = frozenset(
    {
        *("bytes", "checkpoint", "day", "end", "file", "first", "origin", "rows", "sha256"),
        *("sm3", "topic", "v"),
    }
)


class DayNotOverError(ChainError):
    """The day's file cannot be made yet."""


class DayFile(NamedTuple):
    """A day's file and its manifest."""

    manifest: Path
    first: int
    end: int
    rows: int


def write_day(
    pages: FeedPages,
    reader: LogReader,
    folder: Path,
    topic: tuple[str, IsWanted],
    day: date,
    now: datetime,
) -> DayFile:
    """Write the file of *day* and its manifest below *folder*; what is there stays.

    Args:
        pages: makes the pages.
        reader: of the log, for when its entries were taken.
        folder: gets a folder a topic.
        topic: its name, and what tells it.
        day: in UTC.
        now: in UTC.

    Raises:
        DayNotOverError: the day lasts still, or its end is not signed yet.
        VerificationError: what is published is not what was signed.
    """
    name, is_wanted = topic
    there = folder / name / f"{day}.json"
    if there.exists():
        # A file that somebody may have fetched is never made anew.
        said = read_manifest(there)
        return DayFile(there, said["first"], said["end"], said["rows"])
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), now.tzinfo)
    if now < midnight + GRACE:
        raise DayNotOverError(f"{day}: its file is made from {midnight + GRACE:%H:%M} UTC on")
    size = reader.size()
    began, end = (reader.taken_by(str(each), size) for each in (day, day + timedelta(days=1)))
    if end > pages.size():
        raise DayNotOverError(f"{day}: its end is not signed yet: is xiyou publish running?")
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    first = began - began % PAGE_WIDTH
    path = target / f"{day}.parquet"
    partial = path.with_suffix(".partial")
    rows = _write(pages, partial, is_wanted, range(first, end, PAGE_WIDTH), end)
    partial.replace(path)
    note = pages.ending(end)[1].decode() if end else ""
    manifest = {
        **digests(path),
        "checkpoint": note,
        "day": str(day),
        "end": end,
        "file": path.name,
        "first": first,
        "origin": pages.origin,
        "rows": rows,
        "topic": name,
        "v": VERSION,
    }
    # A crash before this line: the file has no manifest, and the next run makes it anew.
    Folder(target).replace(f"{day}.json", to_bytes(manifest))
    return DayFile(target / f"{day}.json", first, end, rows)


def read_day(manifest: Path, topic: str, origin: str, size: int) -> Iterator[list[FeedEvent]]:
    """Yield the pages of a day's file, from the one that holds index *size* on.

    Raises:
        FeedUntrueError: the file is not the one that the manifest names.
        MalformedError: manifest or file are not as `write_day` writes them.
    """
    said = read_manifest(manifest)
    if (said["topic"], said["origin"]) != (topic, origin):
        raise MalformedError(f"{manifest.name}: is of {said['topic']} of {said['origin']}")
    if said["end"] <= size:
        return
    path = manifest.with_name(str(said["file"]))
    found = digests(path)
    if any(said[name] != value for name, value in found.items()):
        raise FeedUntrueError("altered", size, f"{path.name} is not the file of its manifest")
    page: list[FeedEvent] = []
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=4096, columns=["event"]):
                for value in batch.column(0):
                    event = parse_event(value.as_py(), origin)
                    page.append(event)
                    if isinstance(event, CheckpointEvent):
                        if event.size > size:
                            yield page
                        page = []
    except pa.ArrowException:
        raise MalformedError(f"{path.name}: is no Parquet file") from None
    if page:
        raise FeedUntrueError("hidden", size, f"{path.name} ends within a page")


def read_manifest(path: Path) -> dict[str, Any]:
    """Return what a manifest says.

    Raises:
        MalformedError: `write_day` would not have written it.
    """
    found = parse(path.read_bytes())
    if not isinstance(found, dict) or found.keys() != _MEMBERS or found["v"] != VERSION:
        raise MalformedError(f"{path.name}: not a manifest of this version")
    numbers = all(type(found[each]) is int for each in ("bytes", "end", "first", "rows"))
    name = found["file"]
    if not numbers or not isinstance(name, str) or "/" in name or name.startswith("."):
        raise MalformedError(f"{path.name}: a member is not what it must be")
    return found


def digests(path: Path) -> dict[str, Any]:
    """Return size and both digests of the file at *path*."""
    with path.open("rb") as file:
        both = both_of(iter(partial(file.read, PIECE), b""))
        return {"bytes": file.tell(), **both}


def _write(pages: FeedPages, path: Path, is_wanted: IsWanted, starts: range, end: int) -> int:
    rows = 0
    with parquet.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for low in range(0, len(starts), PAGES_TOGETHER):
            table: list[dict[str, Any]] = []
            for start in starts[low : low + PAGES_TOGETHER]:
                number = start // PAGE_WIDTH
                events = pages.page(number, min(end, start + PAGE_WIDTH), is_wanted)
                table += [_row(number, each, pages.origin) for each in events]
            writer.write_table(pa.Table.from_pylist(table, SCHEMA))
            rows += len(table)
    return rows


def _row(page: int, data: bytes, origin: str) -> dict[str, Any]:
    event = parse_event(data, origin)
    row: dict[str, Any] = {"page": page, "event": data}
    if isinstance(event, EntryEvent):
        entry = Entry.parse(event.entry)
        row |= {"index": event.index, "subject": entry.stream, "time": entry.at}
        row["type"] = type_of(event.entry)
    else:
        last = event.size - 1 if isinstance(event, CheckpointEvent) else event.index
        kind = "xiyou.checkpoint" if isinstance(event, CheckpointEvent) else "xiyou.leaves"
        row |= {"index": last, "type": kind}
    return row
