"""``xiyou log``: look at the log: its head, an entry, a stream's history.

Proved by ``tests/scripts/test_log.py``.
"""

from base64 import b64encode
from typing import Annotated, Any

import typer

from chain.canonical import parse
from chain.entry import Entry, check_stream
from chain.errors import MalformedError
from chain.hashes import chain_hash, leaf_hash
from chain.store.files import MissingFileError
from chain.store.finality import CHECKPOINT, read_state
from chain.store.reader import StoredEntry
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import InputError, Outcome
from scripts.proof import proof

app = typer.Typer(
    help="Look at the log: its head, an entry, a stream's history.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("proof")(proof)


@app.command()
def head(home: Home = None, *, as_json: Json = False) -> Outcome:
    """Show how far the log has come: taken, signed, and final, which is published."""
    del as_json
    with deployment(home) as ledger:
        state = ledger.reader.head()
        signed = ledger.reader.checkpoint()
        try:
            shown = ledger.files.read(CHECKPOINT)
        except MissingFileError:
            shown = None
        witnesses = read_state(ledger.home) if ledger.settings.witnesses else None
        root = b64encode(state.root()).decode()
        text = shown.decode() if shown else None
        facts = {
            "ok": True,
            "origin": ledger.origin,
            "size": state.size,
            "root": root,
            "at": state.at or None,
            "signed": size_in(signed),
            "final": size_in(shown),
            "witnesses": witnesses,
            "checkpoint": text,
        }
    lines = [f"{ledger.origin}", f"  {state.size} entries, root {root}"]
    if state.at:
        lines.append(f"  the last one taken at {state.at}")
    lines.append(f"  signed up to {facts['signed']}, final up to {facts['final']}")
    lines += [f"  {each}" for each in witness_lines(witnesses)]
    words = text.rstrip("\n") if text else "none is final yet: xiyou publish signs one"
    return Outcome(facts, "\n".join([*lines, "", "newest checkpoint:", words]))


def size_in(note: bytes | None) -> int:
    """Return the size in a checkpoint of ours; 0 where there is none."""
    return int(note.split(b"\n")[1]) if note else 0


def witness_lines(state: dict[str, Any] | None) -> list[str]:
    """Return how the witnesses stand, in words."""
    if state is None:
        return []
    if state["met"]:
        lines = [f"the quorum is met, as of {state['at']}"]
    else:
        lines = [f"the quorum is MISSING since {state['missing_since']}: nothing newer is final"]
    for each in state["witnesses"]:
        done = f"cosigned {each['size']} at {each['cosigned_at']}" if each["size"] else "nothing"
        fault = f"; {each['error']}" if each["error"] else ""
        lines.append(f"witness {each['name']}: {done}{fault}")
        if each["ahead"]:
            lines.append(
                f"  it knows {each['ahead']} entries, more than are here: if the database was"
                " restored from a backup, run xiyou recover"
            )
    return lines


@app.command()
def entry(
    index: Annotated[int, typer.Argument(help="Leaf index, from 0.", min=0)],
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Show the entry at a leaf index: its two lines, exactly as they were hashed."""
    del as_json
    with deployment(home) as ledger:
        stored = ledger.reader.entry(index)
    facts = {"ok": True, **entry_facts(stored)}
    return Outcome(facts, stored.entry.decode().rstrip("\n"))


@app.command()
def history(
    stream: Annotated[str, typer.Argument(help="A stream: the id of an order, a key, ...")],
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Show all that has happened to one thing, each event with its leaf index."""
    del as_json
    try:
        check_stream(stream)
    except MalformedError as error:
        raise InputError(f"STREAM: {error}") from None
    with deployment(home) as ledger:
        found = list(ledger.reader.history(stream))
    if not found:
        raise InputError(f"STREAM {stream}: the log has no event of it")
    facts = {"ok": True, "stream": stream, "entries": [entry_facts(each) for each in found]}
    return Outcome(facts, "\n".join([stream, *history_lines(found)]))


def entry_facts(stored: StoredEntry) -> dict[str, Any]:
    """Return what ``--json`` says of an entry; ``body`` is an object where it is JSON."""
    read = Entry.parse(stored.entry)
    return {
        "index": stored.leaf_index,
        "leaf_hash": leaf_hash(stored.entry).hex(),
        "chain_hash": chain_hash(stored.entry).hex(),
        "at": read.at,
        "prev": read.prev.hex() if read.prev else None,
        "seq": read.seq,
        "stream": read.stream,
        "type": read.type,
        "body": body_of(read.body),
    }


def body_of(body: bytes) -> Any:  # noqa: ANN401 — any JSON value
    """Return the value that a *body* spells, or its text where it spells none."""
    try:
        return parse(body)
    except MalformedError:
        return body.decode(errors="replace")


def history_lines(found: list[StoredEntry]) -> list[str]:
    """Return a line for each entry: leaf index, what, whose role, who, when."""
    lines = []
    for stored in found:
        read = Entry.parse(stored.entry)
        body = body_of(read.body)
        meta = body.get("meta", {}) if isinstance(body, dict) else {}
        role, actor = meta.get("role", "?"), meta.get("actor", "?")
        when = meta.get("occurred_at") or f"{read.at[:19]}Z"
        lines.append(f"{stored.leaf_index:>8} {read.type:<22} {role:<10} {actor:<30} {when}")
    return lines
