"""Two roots for one size, both signed: the report keeps the two notes, and prints them.

``evidence.md``, section 6, last bullet.
"""

from dataclasses import replace
from typing import Any

import pytest

from chain.evidence import names
from chain.evidence.verification import Trust
from chain.evidence.words import words_of
from chain.misbehaviour import MisbehaviourProof, verify_misbehaviour
from scripts import browser
from tests.chain.evidence import standalone
from tests.chain.evidence.making import TRUST, Maker, TestLog, report, trade, zipped
from tests.chain.keys import LOG

MEMBERS = Maker().members()
PACKAGE = zipped(MEMBERS)


def fork() -> TestLog:
    log = trade()
    log.entries[1] = log.entries[1].replace(b'"amount":1', b'"amount":2')
    return log


def test_both_notes_are_kept_and_printed_and_prove_misbehaviour() -> None:
    known = fork().note(5)
    trust = replace(TRUST, known=known)
    found = report(PACKAGE, trust)
    notes = found["split_view"]
    assert notes == {"known": known.decode(), "package": MEMBERS[names.CHECKPOINT].decode()}
    words = words_of(found)
    assert all(note.rstrip("\n") in words for note in notes.values())
    assert standalone.report(PACKAGE, trust) == found
    assert standalone.module().words(found) == words
    proof = MisbehaviourProof(known, MEMBERS[names.CHECKPOINT])
    assert verify_misbehaviour(proof, [LOG.verifier_key]).is_split_view


@pytest.mark.skipif(browser.PROGRAM is None, reason=browser.WHY_NOT)
def test_the_page_keeps_them_too() -> None:
    trust = replace(TRUST, known=fork().note(5))
    (got,) = browser.run_page([(PACKAGE, trust)])
    assert got["split_view"] == report(PACKAGE, trust)["split_view"]


def without_log_signature(note: bytes) -> bytes:
    text, _, lines = note.partition(b"\n\n")
    name = LOG.verifier_key.name.encode()
    kept = [line for line in lines.splitlines(keepends=True) if name not in line]
    return text + b"\n\n" + b"".join(kept)


@pytest.mark.parametrize(
    "trust",
    [
        Trust(known=fork().note(5)),
        replace(TRUST, known=without_log_signature(fork().note(5))),
        replace(TRUST, known=trade().note(5)),
        replace(TRUST, known=fork().note(3)),
    ],
    ids=["no-policy", "not-signed-by-the-log", "the-same-root", "another-size"],
)
def test_what_proves_nothing_is_not_kept(trust: Trust) -> None:
    found: dict[str, Any] = report(PACKAGE, trust)
    assert "split_view" not in found
    assert standalone.report(PACKAGE, trust) == found
