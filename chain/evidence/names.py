"""Names of the files in a package: a closed grammar (``evidence.md``, 2.2).

Lower-case ASCII, no path that leads anywhere: a name that is not one of these is refused
before anything is read. Proved by ``tests/chain/evidence/test_archive.py``.
"""

import re
from typing import Final

BUNDLE: Final = "bundle.json"
CHECKPOINT: Final = "checkpoint.txt"
POLICY: Final = "policy.txt"
CUSTODY: Final = "custody.json"
README: Final = "readme.txt"
VERIFIER: Final = "verify.py"
PAGE: Final = "verify.html"
CERTIFICATE: Final = "certificate.pdf"
CHAIN: Final = "stamps/chain.pem"
COMMITMENT: Final = "heads/commitment.txt"
COMMITMENT_PROOF: Final = "heads/commitment.tlog-proof"
ISSUE_ENTRY: Final = "issue/entry.txt"
ISSUE_PROOF: Final = "issue/proof.tlog-proof"
ISSUE_CONSISTENCY: Final = "issue/consistency.txt"
ISSUE_STAMP: Final = "issue/bundle.tsr"
MANIFESTS: Final = {"sha256": "manifest-sha256.txt", "sm3": "manifest-sm3.txt"}
ALWAYS: Final = frozenset({CHECKPOINT, POLICY, CUSTODY, README, VERIFIER})
"""Files of layer A that every package has."""

_FACT: Final = re.compile(
    r"checkpoint\.txt|policy\.txt|custody\.json|readme\.txt|verify\.py"
    r"|entries/[0-9]{12}\.txt|proofs/[0-9]{12}\.tlog-proof"
    r"|stamps/[0-9]{12}\.(txt|tsr|consistency)|stamps/chain\.pem"
    r"|opened/[0-9a-f]{64}\.json|rules/[0-9a-f]{64}\.(json|txt)"
    r"|anchors/[a-z0-9][a-z0-9_-]{0,63}\.json"
    r"|heads/[a-z0-9][a-z0-9_-]{0,63}(\.[a-z0-9_-]{1,16})?"
)
_HEAD: Final = re.compile(r"heads/(commitment\.(txt|tlog-proof)|[0-9]{12}\.json)")
_OTHER: Final = re.compile(
    r"bundle\.json|issue/entry\.txt|issue/proof\.tlog-proof|issue/consistency\.txt"
    r"|issue/bundle\.tsr|certificate\.pdf|verify\.html"
    r"|manifest-sha256\.txt|manifest-sm3\.txt"
)


def is_fact(name: str) -> bool:
    """Say whether *name* is one of layer A, which ``bundle.json`` lists."""
    return bool(_FACT.fullmatch(name))


def is_allowed(name: str) -> bool:
    """Say whether a package may hold a file called *name*."""
    return is_fact(name) or bool(_OTHER.fullmatch(name))


def is_inlined(name: str) -> bool:
    """Say whether a page carries the file *name* in its data block (``evidence.md``, 2.5)."""
    return name != VERIFIER and (name == BUNDLE or is_fact(name) or name.startswith("issue/"))


def entry_name(index: int) -> str:
    """Return the name of the entry at leaf *index*."""
    return f"entries/{index:012d}.txt"


def proof_name(index: int) -> str:
    """Return the name of the proof of the entry at leaf *index*."""
    return f"proofs/{index:012d}.tlog-proof"


def head_name(index: int) -> str:
    """Return the name of the head proof of the stream whose last entry is at leaf *index*."""
    return f"heads/{index:012d}.json"


def is_head(name: str) -> bool:
    """Say whether *name* is one of a head index; others in the folder mean nothing yet."""
    return bool(_HEAD.fullmatch(name))


def opened_name(digest: str) -> str:
    """Return the name of the opened value with the hexadecimal *digest*."""
    return f"opened/{digest}.json"


def rule_names(digest: str) -> tuple[str, str]:
    """Return the two names that a rule with the hexadecimal *digest* may have."""
    return f"rules/{digest}.json", f"rules/{digest}.txt"
