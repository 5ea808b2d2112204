"""``xiyou misbehaviour``: prove offline that a log has signed two contradicting checkpoints.

Imports the chain floor and nothing else of ours. Proved by ``tests/scripts/test_misbehaviour.py``.
"""

from base64 import b64encode
from pathlib import Path
from typing import Annotated, Any

import typer

from chain.errors import MalformedError
from chain.misbehaviour import (
    FILE_EXTENSION,
    MisbehaviourProof,
    make_misbehaviour_proof,
    verify_misbehaviour,
)
from chain.note import Note
from chain.quorum import Policy
from chain.store.files import Folder
from chain.store.prover import Prover
from chain.tiles import TileReader
from chain.vkey import VerifierKey
from scripts.options import Json
from scripts.outcome import InputError, Outcome

app = typer.Typer(
    help="Prove that a log has signed two contradicting checkpoints, or check such a proof.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PolicyFile = Annotated[
    Path, typer.Option("--policy", help="A tlog-policy with the log's keys; see xiyou policy.")
]


@app.command()
def make(
    one: Annotated[Path, typer.Argument(help="A checkpoint of the log.")],
    other: Annotated[Path, typer.Argument(help="Another, from somebody else or another day.")],
    policy: PolicyFile,
    log: Annotated[
        Path | None,
        typer.Option("--log", help="Folder of the larger one's tiles; not for equal sizes."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path(
        f"log{FILE_EXTENSION}"
    ),
    *,
    as_json: Json = False,
) -> Outcome:
    """Write the proof that two checkpoints contradict each other; 1 if they do not."""
    del as_json
    keys = _keys(policy)
    notes = [_read(one), _read(other)]
    read = None
    if log is not None:
        size = max(int(Note.parse(note).text.split("\n")[1]) for note in notes)
        read = TileReader(size, Prover(Folder(log), keys).fetch)
    proof = make_misbehaviour_proof(notes[0], notes[1], keys, read)
    data = proof.to_bytes()
    out.write_bytes(data)
    facts = _facts(proof, keys) | {"bytes": len(data), "out": str(out)}
    return Outcome(facts, f"{_words(facts)}\n  {out}, {len(data)} bytes")


@app.command()
def verify(
    proof: Annotated[Path, typer.Argument(help=f"A {FILE_EXTENSION} file.")],
    policy: PolicyFile,
    *,
    as_json: Json = False,
) -> Outcome:
    """Check such a proof offline: 0 if the log has misbehaved, 1 if this shows nothing."""
    del as_json
    try:
        read = MisbehaviourProof.parse(_read(proof))
    except MalformedError as error:
        raise MalformedError(f"{proof}: {error}") from None
    facts = _facts(read, _keys(policy))
    return Outcome(facts, _words(facts))


def _facts(proof: MisbehaviourProof, keys: list[VerifierKey]) -> dict[str, Any]:
    shown = verify_misbehaviour(proof, keys)
    return {
        "ok": True,
        "origin": shown.old.origin,
        "kind": "split view" if shown.is_split_view else "rewritten",
        "sizes": [shown.old.size, shown.new.size],
        "signed_root": b64encode(shown.old.root).decode(),
        "other_root": b64encode(shown.implied_root).decode(),
    }


def _words(facts: dict[str, Any]) -> str:
    old, new = facts["sizes"]
    whose = "its other checkpoint" if old == new else f"its checkpoint of size {new}"
    return (
        f"true: the log {facts['origin']} has misbehaved ({facts['kind']})\n"
        f"  it signed root {facts['signed_root']} for size {old},\n"
        f"  and {whose} says {facts['other_root']}"
    )


def _keys(policy: Path) -> list[VerifierKey]:
    try:
        return [log.key for log in Policy.parse(_read(policy)).logs]
    except MalformedError as error:
        raise MalformedError(f"{policy}: {error}; xiyou policy writes one") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
