"""The time stamps of a package: over checkpoints with its entries, and over its manifest.

``evidence.md``, section 7. Proved by ``tests/scripts/test_evidence.py``.
"""

from collections.abc import Collection
from contextlib import suppress
from typing import Final

from api.bootstrap import Deployment
from chain.checkpoint import Checkpoint
from chain.evidence.consistency_file import ConsistencyFile
from chain.store.stamps import NoStampError
from scripts.stamp import record_tokens

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
