"""The time stamps of a package: over checkpoints with its entries, and over its manifest.

``evidence.md``, section 7. ``tests/scripts/test_evidence.py``.
"""

from collections.abc import Collection
from contextlib import suppress
from typing import Final

from api.bootstrap import Deployment
from chain.checkpoint import Checkpoint
from chain.evidence.consistency_file import ConsistencyFile
from chain.evidence.digests import sha256_hex
from chain.store.stamps import NoStampError
from domain.disputes.deadline import spell
from domain.event import Meta
from domain.evidence.anchoring import Token

MAX_STAMPS: Final = 64


def collect_stamps(
    ledger: Deployment, indexes: Collection[int], checkpoint: Checkpoint, note: bytes
) -> dict[str, bytes]:
    """Return, by their names in a package, the earliest time stamps over the entries.

    Where an authority is configured and no stamp covers the newest entry, one is asked for;
    where none gives one, the package says nothing about time.
    """
    stamper = ledger.stamper
    newest = max(indexes)
    if ledger.settings.stamp_authorities and not any(each > newest for each in stamper.sizes()):
        with suppress(NoStampError):
            stamper.stamp()
    record_tokens(ledger)
    usable = [each for each in stamper.sizes() if each <= checkpoint.size]
    first = {next((s for s in usable if s > index), None) for index in indexes}
    files: dict[str, bytes] = {}
    for size in sorted(first - {None})[:MAX_STAMPS]:  # type: ignore[type-var] # None is taken out
        stamp = stamper.read(size or 0)
        name = f"stamps/{size:012d}"
        files[f"{name}.tsr"] = stamp.token
        if stamp.note != note:
            hashes = ledger.prover.prove_consistency(size or 0, checkpoint.size)
            files[f"{name}.txt"] = stamp.note
            proof = ConsistencyFile(size or 0, checkpoint.size, tuple(hashes))
            files[f"{name}.consistency"] = proof.to_bytes()
    return files


def stamp_of(ledger: Deployment, bundle: bytes) -> bytes | None:
    """Return a time stamp over ``bundle.json``, where an authority is configured and gives one."""
    if not ledger.settings.stamp_authorities:
        return None
    with suppress(NoStampError):
        return ledger.stamper.token_over(bundle)
    return None


def record_tokens(ledger: Deployment) -> int:
    """Record each token that is kept and not on record yet; return how many.

    A crash between a token's file and its record leaves the file: the next call records it,
    as it does what `xiyou publish` has got in the meantime.
    """
    count = 0
    for size in ledger.stamper.sizes():
        if ledger.trade.is_anchored(size):
            continue
        stamp = ledger.stamper.read(size)
        digest = sha256_hex(stamp.token)
        said = stamp.said
        command_id = f"stamp/{size}/{digest[:32]}"
        meta = Meta("stamper", "platform", "xiyou", "cli", command_id, command_id)
        token = Token(
            size,
            sha256_hex(stamp.note),
            digest,
            said.authority,
            spell(said.at),
            said.is_test or None,
        )
        command = ledger.command(meta)
        ledger.trade.anchor_checkpoint(command, token)
        count += 1
    return count
