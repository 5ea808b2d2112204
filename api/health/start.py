"""The start: green once one proof was made and verified (``reliability.md``, 7.1).

Of the published log's last entry, against the log's own keys. A log with nothing published
verifies an entry of a small tree of its own instead: the same code, no signature.
``tests/api/test_health.py``.
"""

from api.bootstrap import Deployment
from chain.hashes import TreeHash, leaf_hash
from chain.inclusion import verify_inclusion
from chain.merkle import root_of
from chain.quorum import Policy, PolicyLog
from chain.store.files import MissingFileError
from chain.store.signer import read_verifier_keys
from chain.tlog_proof import TlogProof, verify_proof


class Start:
    """Whether the process has started.

    Args:
        ledger: the deployment; its schema was checked when it was opened.
    """

    def __init__(self, ledger: Deployment) -> None:
        self._ledger = ledger
        self._proved: str | None = None

    def proved(self) -> str:
        """Return what was proved; proves it now, if nothing was yet.

        Raises:
            ChainError: it cannot be proved.
            psycopg.Error: the database is out of reach.
        """
        if self._proved is None:
            self._proved = self._prove()
        return self._proved

    def _prove(self) -> str:
        ledger = self._ledger
        ledger.prepare()
        try:
            checkpoint, _ = ledger.prover.checkpoint()
        except MissingFileError:
            return _prove_small_tree()
        if not checkpoint.size:
            return _prove_small_tree()
        index = checkpoint.size - 1
        # The log's own keys alone: that witnesses are away must not keep it from starting.
        logs = tuple(PolicyLog(key) for key in read_verifier_keys(ledger.home))
        proof = TlogProof.parse(ledger.prover.prove(index))
        verify_proof(proof, Policy(logs), ledger.reader.entry(index).entry)
        return f"entry {index} in the tree of {checkpoint.size}"


def _prove_small_tree() -> str:
    leaves = [leaf_hash(b"one"), leaf_hash(b"two")]
    verify_inclusion(leaves[0], 0, 2, [TreeHash(leaves[1])], root_of(leaves))
    return "an entry of a small tree: nothing is published yet"
