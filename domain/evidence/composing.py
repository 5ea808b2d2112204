"""Putting a package together from the log: a function of its arguments, nothing else (F2).

The same selection, checkpoint, statement and openings give the same bytes of layers A and B.
``tests/domain/evidence/test_selection.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chain.checkpoint import Checkpoint
from chain.evidence.writing import HeadIndex, Parts, ProvenEntry, Rule, Statement
from chain.hashes import TreeHash
from domain.disputes.events import RulingIssued
from domain.disputes.rules import TABLES
from domain.event import read_event
from domain.evidence.hiding import Disclosure
from domain.evidence.selection import Selection

Prove = Callable[[int], tuple[TreeHash, ...]]
"""Returns the inclusion proof of a leaf index under the package's checkpoint."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The checkpoint that the package stands under, and what goes with it."""

    checkpoint: Checkpoint
    note: bytes
    policy: bytes
    others: Mapping[str, bytes]
    """Time stamps and anchoring receipts, by name."""


def compose(
    disclosure: Disclosure,
    signed: Signed,
    statement: Statement,
    prove: Prove,
    opened: Sequence[bytes],
    heads: HeadIndex | None = None,
) -> Parts:
    """Return all that goes into the package; without *heads* it does not show its ends."""
    selection = disclosure.selection
    return Parts(
        statement=statement,
        checkpoint=signed.checkpoint,
        note=signed.note,
        policy=signed.policy,
        entries=[
            ProvenEntry(index, selection.entries[index], prove(index))
            for index in sorted(selection.entries)
        ],
        supporting=selection.supporting,
        hidden=disclosure.hidden,
        opened=opened,
        rules=rules_of(selection),
        heads=heads,
        others=signed.others,
    )


def rules_of(selection: Selection) -> list[Rule]:
    """Return the rule tables that the entries of *selection* name by digest."""
    named: dict[int, list[tuple[int, str]]] = {}
    for index, entry in selection.parsed():
        if entry.type != RulingIssued.TOPIC:
            continue
        ruling = read_event(entry.stream, entry.seq, entry.type, entry.body)
        table = TABLES.get(ruling.rules or 0) if isinstance(ruling, RulingIssued) else None
        if table is not None and ruling.data().get("rules_digest") == table.digest:
            named.setdefault(table.version, []).append((index, "/data/rules_digest"))
    return [
        Rule("json", TABLES[version].to_bytes(), "裁决规则表", str(version), tuple(places))
        for version, places in sorted(named.items())
    ]


def subject_of(selection: Selection, stream: str | None) -> str:
    """Return the matter in one sentence."""
    what = selection.dispute or selection.order or stream
    kind = {selection.dispute: "争议", selection.order: "订单"}.get(what, "序列")
    return f"{kind} {what} 的全部记录 / all that the log holds of {what}"


def parties_of(selection: Selection) -> list[dict[str, Any]]:
    """Return buyer and seller by their pseudonyms, masked but for the last four symbols."""
    found: dict[str, str] = {}
    for _, entry in selection.parsed():
        if entry.type == "order.placed":
            event = read_event(entry.stream, entry.seq, entry.type, entry.body)
            found[f"buyer/{event.data()['buyer']}"] = "buyer"
            found[f"seller/{event.data()['merchant']}"] = "seller"
    return [
        {"identity_entry": None, "name_masked": f"***{name[-4:]}", "role": role}
        for name, role in sorted(found.items())[:16]
    ]
