"""``xiyou proof INDEX --out FILE``: one entry with what shows its place in the signed log.

Made from the published files alone; no database is asked. ``xiyou verify`` checks it.
Proved by ``tests/scripts/test_proof.py``.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from api.settings import load_settings
from chain.store.files import Folder, MissingFileError
from chain.store.prover import Prover
from chain.store.publisher import CHECKPOINT, LOG_FOLDER
from chain.store.reader import UnknownEntryError
from chain.store.signer import read_verifier_keys
from chain.tlog_proof import FILE_EXTENSION, TlogProof
from scripts.options import Home, Json
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def proof(
    index: Annotated[int, typer.Argument(help="Leaf index, from 0.", min=0)],
    out: Annotated[
        Path | None,
        typer.Option("--out", help=f"The file to write; default: INDEX{FILE_EXTENSION}."),
    ] = None,
    home: Home = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Write the tlog-proof of an entry, with the entry in it, against the newest checkpoint."""
    del as_json
    settings = load_settings(os.environ, home)
    keys = read_verifier_keys(settings.home)
    prover = Prover(Folder(settings.home / LOG_FOLDER), keys)
    path = out or Path(f"{index}{FILE_EXTENSION}")
    data = _prove(prover, index)
    path.write_bytes(data)
    made = TlogProof.parse(data)
    checkpoint, _ = prover.checkpoint()
    facts = {
        "ok": True,
        "index": index,
        "size": checkpoint.size,
        "origin": checkpoint.origin,
        "hashes": len(made.hashes),
        "bytes": len(data),
        "out": str(path),
    }
    words = (
        f"{path}: entry {index} in the log {checkpoint.origin} of size {checkpoint.size},"
        f" {len(made.hashes)} hashes, {len(data)} bytes\n"
        f"  check it with: xiyou verify {path} --policy FILE"
    )
    return Outcome(facts, words)


def _prove(prover: Prover, index: int) -> bytes:
    """Return the proof; say what to do where nothing, or not so much, is published."""
    try:
        return prover.prove(index)
    except UnknownEntryError as error:
        raise UnknownEntryError(
            f"{error}; if it is committed, xiyou publish signs it first"
        ) from None
    except MissingFileError as error:
        if error.path != CHECKPOINT:
            raise
        raise UnknownEntryError(
            f"leaf index {index}: nothing is published yet: run xiyou publish"
        ) from None
