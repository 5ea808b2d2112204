"""Comparing reports of two verifiers: equal, save where one lacks a capability."""

from typing import Any

LACKING = {"sm3_unavailable", "no_signature_library", "no_mldsa", "no_openssl"}


def is_lacking(claim: dict[str, Any]) -> bool:
    codes = {each["code"] for each in claim["items"]}
    return any(code in LACKING or code.startswith("needs_") for code in codes)


def assert_agree(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Check that two reports say the same of what both verifiers can check."""
    left, right = dict(one), dict(other)
    for each in (left, right):
        each.pop("verifier")
        each.pop("milliseconds", None)
    pairs = list(zip(left.pop("claims"), right.pop("claims"), strict=True))
    differing = [pair for pair in pairs if pair[0] != pair[1]]
    assert all(is_lacking(a) or is_lacking(b) for a, b in differing), differing
    if differing:
        # What follows from the verdicts differs with them.
        for each in (left, right):
            for name in ("colour", "counts", "exit", "proves", "checkpoint", "entry_times"):
                each.pop(name)
            for name in ("complete", "does_not_prove", "split_view"):
                each.pop(name, None)
    assert left == right
