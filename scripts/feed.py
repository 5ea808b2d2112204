"""``xiyou feed``: follow a feed and prove that nothing was missed; make its daily files.

``docs/feeds.md``. Proved by ``tests/api/test_feed_pull.py`` and ``tests/api/test_feed_files.py``.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated

import typer

from chain.checkpoint import Checkpoint
from chain.feed.event import FeedEvent
from chain.feed.follower import Open
from chain.note import Note
from chain.quorum import NO_QUORUM, Policy, verify_checkpoint
from chain.store.feed_consumer import FeedConsumer
from chain.store.feed_sources import FeedServer, Fetch, filed, polled, streamed
from chain.store.files import MissingFileError
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome
from scripts.stopping import on_signal

app = typer.Typer(
    help="Follow a feed, and prove that nothing was missed; make its daily files.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
CHECKPOINT = "checkpoint"
TIMEOUT = 20
"""Seconds of a long poll while nothing is new."""


@app.command()
def pull(  # noqa: PLR0913 — one option each
    url: Annotated[str, typer.Argument(help="The server, or a folder of daily files.")],
    topic: Annotated[str, typer.Option(help="identity, leads, assistance, transactions, all.")],
    state: Annotated[Path, typer.Option(help="Folder of cursor, tree and sink.", file_okay=False)],
    policy: Annotated[
        Path | None, typer.Option(help="A tlog-policy: which log and witnesses are trusted.")
    ] = None,
    token: Annotated[
        Path | None, typer.Option(help="File with the bearer token.", exists=True, dir_okay=False)
    ] = None,
    *,
    verify: Annotated[bool, typer.Option(help="Prove every page; there is no other way.")] = True,
    sse: Annotated[bool, typer.Option("--sse", help="By server-sent events.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until stopped.")] = False,
    as_json: Json = False,
) -> Outcome:
    """Follow a feed into STATE/events.jsonl: every entry once, in order, and proven complete.

    The log's tree is rebuilt from entries and leaf hashes and must have the signed root. After
    a crash the same command goes on. A server that hides, alters, reorders or repeats is named
    with the index (exit 1).
    """
    del as_json
    if not verify:
        raise InputError("--no-verify: a feed is read to be proven; poll it yourself otherwise")
    trusted = None if policy is None else Policy.parse(policy.read_bytes())
    stop = threading.Event()
    on_signal(stop)
    with ExitStack() as held:
        server = fetch = None
        if "://" in url:
            server = held.enter_context(closing(FeedServer(url, _token(token))))
            # A connection of its own: the other one is busy while a stream is read.
            fetch = Fetch(held.enter_context(closing(FeedServer(url, _token(token)))))
        origin = origin_of(trusted, server, Path(url))
        consumer = held.enter_context(FeedConsumer(state, topic, origin, opener(trusted), fetch))
        pages = source_of(server, Path(url), consumer, sse=sse, wait=follow)
        delivered = 0
        for count in consumer.pull(pages, together=1 if sse else None):
            delivered += max(count, 0)
            if stop.is_set() or (count < 0 and not follow):
                break
        if server is not None:
            server.close()
            _check_shown(consumer, server, trusted)
        return _outcome(consumer, delivered, trusted)


def _outcome(consumer: FeedConsumer, delivered: int, trusted: Policy | None) -> Outcome:
    kept = consumer.state.progress
    facts = {
        "ok": True,
        "topic": consumer.state.topic,
        "origin": consumer.state.origin,
        "size": kept.size,
        "root": kept.root().hex(),
        "bookmark": kept.bookmark,
        "delivered": delivered,
        "events": consumer.state.events,
        "signatures": trusted is not None,
    }
    words = (
        f"{kept.size} indexes, none missing; {delivered} new events of {facts['topic']},"
        f" {facts['events']} in all\nroot {facts['root']}"
    )
    if trusted is None:
        words += "\nSIGNATURES NOT CHECKED: give --policy, got from elsewhere than this server"
    return Outcome(facts, words)


def opener(trusted: Policy | None) -> Open:
    """Return what tells trusted checkpoints; without a policy only their form is checked.

    A feed's notes have the log's signatures alone; the quorum is asked of ``/checkpoint``.
    """
    if trusted is None:
        return lambda note: Checkpoint.parse(Note.parse(note).text)
    logs = Policy(trusted.logs, trusted.witnesses, trusted.groups, NO_QUORUM)

    @lru_cache(maxsize=8)
    def opened(note: bytes) -> Checkpoint:
        return verify_checkpoint(note, logs).checkpoint

    return opened


def origin_of(trusted: Policy | None, server: FeedServer | None, folder: Path) -> str:
    """Return the log's name: of the policy if it knows one log, else what is shown.

    Raises:
        InputError: nothing tells it.
    """
    names = {each.key.name for each in trusted.logs} if trusted else set()
    if len(names) == 1:
        return names.pop()
    if server is not None:
        return Checkpoint.parse(Note.parse(server.get(f"/{CHECKPOINT}")).text).origin
    from chain.store.feed_files import read_manifest  # noqa: PLC0415 — Parquet is slow to import

    for manifest in sorted(folder.glob("*/*.json")):
        return str(read_manifest(manifest)["origin"])
    raise InputError(f"URL {folder}: neither a URL nor a folder of daily files")


def source_of(
    server: FeedServer | None, folder: Path, consumer: FeedConsumer, *, sse: bool, wait: bool
) -> Iterator[list[FeedEvent] | None]:
    """Return where the pages come from."""
    where = (consumer.state.topic, consumer.state.origin, consumer.size)
    if server is None:
        return filed(folder, *where)
    if sse:
        return streamed(server, *where)
    return polled(server, *where, timeout=TIMEOUT if wait else 0)


def _check_shown(consumer: FeedConsumer, server: FeedServer, trusted: Policy | None) -> None:
    try:
        note = server.get(f"/{CHECKPOINT}")
    except MissingFileError:
        return
    shown = opener(None)(note) if trusted is None else verify_checkpoint(note, trusted).checkpoint
    consumer.check_shown(shown, Fetch(server))


def _token(path: Path | None) -> str | None:
    return None if path is None else path.read_text(encoding="ascii").strip()


@app.command()
def files(
    day: Annotated[str, typer.Option(help="The day in UTC, such as 2026-11-24.")],
    topic: Annotated[str, typer.Option(help="identity, leads, assistance, transactions, all.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder. Default: feeds in the deployment's.")
    ] = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Write a day's events as Parquet, with a manifest of digests and the checkpoint."""
    del as_json
    from chain.store.feed_files import write_day  # noqa: PLC0415 — Parquet is slow to import
    from domain.feeds.topics import is_in_topic  # noqa: PLC0415 — the domain, for its owner alone
    from scripts.deploying import deployment  # noqa: PLC0415 — as above

    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise InputError(f"--day {day}: write a day such as 2026-11-24") from None
    is_in_topic(topic, "")
    with deployment(home) as ledger:
        made = write_day(
            ledger.feeding.pages,
            ledger.reader,
            out or ledger.home / "feeds",
            (topic, partial(is_in_topic, topic)),
            wanted,
            datetime.now(UTC),
        )
    facts = {"ok": True, **made._asdict(), "manifest": str(made.manifest)}
    words = f"{made.manifest}: indexes {made.first} to {made.end - 1}, {made.rows} events"
    return Outcome(facts, words)
