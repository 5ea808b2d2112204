"""Whom an entry concerns, and that nobody else's entry leaks by a shared stream."""

import json

from chain.entry import Entry
from domain.feeds.subjects import Concern, concern_of

AT = "2026-11-22T10:00:00.000000Z"


def concern(stream: str, data: object, role: str = "consumer", actor: str = "usr_1") -> Concern:
    body = json.dumps(
        {"data": data, "meta": {"actor": actor, "role": role}},
        sort_keys=True,
        separators=(",", ":"),
    )
    return concern_of(stream, Entry(AT, None, 1, stream, "a.b", body.encode()).to_bytes())


def test_who_is_named_or_acts_is_concerned() -> None:
    assert concern("ord_1", {"merchant": "M-1"}) == Concern(
        frozenset({"M-1"}), frozenset({"ord_1"}), binds=True
    )
    assert concern("ord_1", {"client": "cli_1"}).subjects == {"cli_1"}
    assert concern("prd_1", {}, "merchant", "M-2").subjects == {"M-2"}
    assert concern("prd_1", {}, "staff", "S-2").subjects == frozenset()
    assert concern("dsp_1", {"order": "ord_1"}).streams == {"dsp_1", "ord_1"}


def test_a_journal_is_nobodys_stream() -> None:
    """Merchants named in it see that entry, and no other of the journal."""
    found = concern("journal/fees", {"merchant": "M-1", "order": "ord_1"})
    assert found == Concern(frozenset({"M-1"}), frozenset(), binds=False)
    assert concern("usr_1", {"order": "ord_1"}) == Concern()


def test_what_is_no_event_of_ours_concerns_nobody() -> None:
    assert concern_of("x", b"no entry") == Concern()
    for body in (b"text", b"[]", b'{"data":[],"meta":{}}', b'{"data":{"merchant":1}}'):
        entry = Entry(AT, None, 1, "x", "a.b", body).to_bytes()
        assert concern_of("x", entry).subjects == frozenset()
