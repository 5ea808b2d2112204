"""``xiyou verify PROOF --policy FILE``: check one entry offline, trusting the policy alone.

Imports the chain floor and nothing else of ours: what a stranger runs. The demo checks its
proof with `verify_files`, the same code. Proved by ``tests/scripts/test_verify.py``.
"""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from chain.entry import Entry
from chain.errors import MalformedError
from chain.hashes import leaf_hash
from chain.quorum import Policy
from chain.tlog_proof import TlogProof, verify_proof
from scripts.options import Json
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)


def verify_files(proof: Path, policy: Path, entry: Path | None = None) -> dict[str, Any]:
    """Check the entry in or beside *proof*, and return what is then known to be true.

    Raises:
        MalformedError: a file is not in its format.
        VerificationError: the entry is not in a log that *policy* trusts.
    """
    given = None if entry is None else entry.read_bytes()
    read = _parse(proof)
    witnessed = verify_proof(read, _parse_policy(policy), given)
    content = (read.extra if given is None else given) or b""
    checkpoint = witnessed.checkpoint
    return {
        "ok": True,
        "origin": checkpoint.origin,
        "index": read.index,
        "leaf_hash": leaf_hash(content).hex(),
        "size": checkpoint.size,
        "root": b64encode(checkpoint.root).decode(),
        "signed_by": [f"{key.name} ({key.type.name})" for key in witnessed.logs],
        "witnesses": [{"name": name, "seconds": seconds} for name, seconds in witnessed.witnesses],
        **_entry_facts(content),
    }


@app.command()
def verify(
    proof: Annotated[Path, typer.Argument(help="A .tlog-proof file.", exists=True, dir_okay=False)],
    policy: Annotated[
        Path,
        typer.Option(
            help="The tlog-policy that says whom you trust; see xiyou policy.",
            exists=True,
            dir_okay=False,
        ),
    ],
    entry: Annotated[
        Path | None,
        typer.Option(help="The entry, if the proof lacks it.", exists=True, dir_okay=False),
    ] = None,
    *,
    as_json: Json = False,
) -> Outcome:
    """Check offline that an entry is in a log that the policy trusts.

    Ends with 0 if it is, with 1 if the proof is untrue, with 2 if a file is malformed.
    """
    del as_json
    facts = verify_files(proof, policy, entry)
    return Outcome(facts, words_of(facts))


def words_of(facts: dict[str, Any]) -> str:
    """Say what `verify_files` has found."""
    witnesses = ", ".join(
        f"{each['name']} at {datetime.fromtimestamp(each['seconds'], UTC):%Y-%m-%dT%H:%M:%SZ}"
        for each in facts["witnesses"]
    )
    lines = [
        f"true: entry {facts['index']} is in the log {facts['origin']}",
        f"  of size {facts['size']}, root {facts['root']}",
        f"  signed by {', '.join(facts['signed_by'])}; witnesses: {witnesses or 'none asked for'}",
    ]
    if "type" in facts:
        lines.append(
            f"  {facts['type']}, version {facts['seq']} of {facts['stream']}, at {facts['at']}"
        )
    return "\n".join(lines)


def _parse(path: Path) -> TlogProof:
    try:
        return TlogProof.parse(path.read_bytes())
    except MalformedError as error:
        raise MalformedError(f"{path}: {error}; ask for the proof again") from None


def _parse_policy(path: Path) -> Policy:
    try:
        return Policy.parse(path.read_bytes())
    except MalformedError as error:
        raise MalformedError(f"{path}: {error}; xiyou policy writes one") from None


def _entry_facts(content: bytes) -> dict[str, Any]:
    """Return the header of an entry; nothing if the log is not one of this program's."""
    try:
        entry = Entry.parse(content)
    except MalformedError:
        return {}
    return {"stream": entry.stream, "seq": entry.seq, "type": entry.type, "at": entry.at}
