"""``xiyou verify FILE --policy FILE``: check a proof or an evidence package offline.

Imports the chain floor and nothing else of ours: what a stranger runs. The demo checks its
proof with `verify_files`, the same code. Proved by ``tests/scripts/test_verify.py``.
"""

from argparse import ArgumentParser
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from chain.entry import Entry
from chain.errors import MalformedError
from chain.hashes import leaf_hash
from chain.quorum import Policy
from chain.tlog_proof import TlogProof, verify_proof
from scripts.outcome import InputError, Outcome


def verify_files(proof: Path, policy: Path, entry: Path | None = None) -> dict[str, Any]:
    """Check the entry in or beside *proof*, and return what is then known to be true.

    Raises:
        MalformedError: a file is not in its format.
        InputError: a file cannot be read.
        VerificationError: the entry is not in a log that *policy* trusts.
    """
    given = None if entry is None else _read(entry)
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


def app(arguments: Sequence[str], *, prog_name: str, **_: object) -> Outcome:
    """Carry out the command. Its own small parser: the usual one takes longer than the work."""
    parser = _Parser(
        prog_name,
        description="Check offline that an entry is in a log that the policy trusts, or all of"
        " an evidence package (a .zip, or the folder that it was unpacked into).",
        epilog="Ends with 0 if it is, 1 if the proof is untrue, 2 if a file is malformed. A"
        " package ends with 0 green, 1 red, 3 yellow (consistent, some checks not made), 4 grey"
        " (unknown format).",
        allow_abbrev=False,
    )
    parser.add_argument("proof", type=Path, metavar="FILE", help="a .tlog-proof or a package")
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="the tlog-policy that says whom you trust; see xiyou policy",
    )
    parser.add_argument(
        "--entry", type=Path, metavar="FILE", help="the entry, if the proof lacks it"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    for name, help_text in _OF_PACKAGES.items():
        parser.add_argument(f"--{name}", type=str if name == "now" else Path, help=help_text)
    parser.add_argument(
        "--allow-test-authority", action="store_true", help="package: take a test authority's word"
    )
    given = parser.parse_args(arguments)
    if is_package(given.proof):
        from scripts.verify_package import run  # noqa: PLC0415 — proofs do without it

        return run(given)
    if given.policy is None:
        parser.error("the following arguments are required: --policy")
    facts = verify_files(given.proof, given.policy, given.entry)
    return Outcome(facts, words_of(facts))


_ZIP_MARK = b"PK"
_OF_PACKAGES = {
    "tsa-roots": "package: certificates, in PEM, of the time-stamp authorities that you trust",
    "seal-roots": "package: certificates, in PEM, that you trust to seal certificate.pdf",
    "known": "package: a checkpoint that you kept",
    "known-proof": "package: the consistency proof from that checkpoint",
    "receipts": "package: a folder of receipts that you hold",
    "now": "package: the present time, for notes on times to come",
}


class _Parser(ArgumentParser):
    """Raises what is wrong with the arguments, for the one place that answers errors."""

    def error(self, message: str) -> NoReturn:
        """Raise *message*."""
        raise InputError(f"{message}; see {self.prog} --help")


def is_package(path: Path) -> bool:
    """Say whether *path* is meant as a package rather than as a proof."""
    if path.is_dir() or path.suffix == ".zip":
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(_ZIP_MARK)) == _ZIP_MARK
    except OSError:
        return False


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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _parse(path: Path) -> TlogProof:
    try:
        return TlogProof.parse(_read(path))
    except MalformedError as error:
        raise MalformedError(f"{path}: {error}; ask for the proof again") from None


def _parse_policy(path: Path) -> Policy:
    try:
        return Policy.parse(_read(path))
    except MalformedError as error:
        raise MalformedError(f"{path}: {error}; xiyou policy writes one") from None


def _entry_facts(content: bytes) -> dict[str, Any]:
    """Return the header of an entry; nothing if the log is not one of this program's."""
    try:
        entry = Entry.parse(content)
    except MalformedError:
        return {}
    return {"stream": entry.stream, "seq": entry.seq, "type": entry.type, "at": entry.at}
