"""The stand-alone verifier, loaded as the program that it is."""

import sys
from argparse import Namespace
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType
from typing import Any

from chain.evidence.claims import published
from chain.evidence.verification import Trust


@cache
def module() -> ModuleType:
    """Return ``verify.py`` as a module."""
    path = Path(mkdtemp()) / "verify.py"
    path.write_bytes(published("verify.py.txt"))
    spec = spec_from_file_location("standalone_verify", path)
    assert spec
    assert spec.loader
    found = module_from_spec(spec)
    sys.modules["standalone_verify"] = found
    spec.loader.exec_module(found)
    return found


def options(trust: Trust) -> Namespace:
    """Return what the command line would have made of *trust*."""
    program = module()
    known = None if trust.known is None else program.read_checkpoint(trust.known)
    proof = None if trust.known_proof is None else program.read_consistency(trust.known_proof)
    return Namespace(
        policy=trust.policy,
        policy_read=None if trust.policy is None else program.Policy(trust.policy),
        roots=trust.tsa_roots,
        known=trust.known,
        known_checkpoint=known,
        known_proof_read=proof,
        receipts_read=[tuple(each) for each in trust.receipts],
        now=trust.now,
        allow_test_authority=trust.allow_test_authority,
        is_from_package=False,
        verifier={"name": "test", "sha256": None, "version": "1"},
    )


def report(package: bytes, trust: Trust) -> dict[str, Any]:
    """Return the stand-alone verifier's report."""
    found = module().verify(package, options(trust))
    assert isinstance(found, dict)
    return found
