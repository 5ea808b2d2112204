"""Hostile head indexes: the table's rows 28 and 29 for packages that come with one.

Each is issued as it is, by a dishonest exporter or a dishonest operator, so that nothing but
the head index speaks against it.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

from chain.canonical import parse, to_bytes
from chain.entry import Entry
from chain.evidence import names
from chain.evidence.receipts import HeldReceipt
from chain.evidence.writing import HeadIndex
from chain.hashes import LeafHash, TreeHash, leaf_hash
from chain.store.stream_index.listing import MemoryListing, SortedRows
from chain.stream_index.heads import HeadProof
from chain.stream_index.rows import StreamRow
from chain.tlog_proof import TlogProof
from tests.chain.evidence.hostile import (
    FAILED,
    NOT_CHECKED,
    OTHER,
    VERIFIED,
    Case,
    Members,
    Wanted,
    failing,
)
from tests.chain.evidence.indexing import OTHERS, Indexing, busy
from tests.chain.evidence.making import ERASURE, HIDDEN, ORDER, TRUST, Maker, TestLog, zipped

CLAIM = "history_complete"
COVER = ((2, 0), (1, 2), (1, 3))
"""Of eight entries: the order's are in the first range, neighbours around it in the last."""
SHOWN, SHORT = (0, 2, 3, 4), (0, 2, 4)
TRUE: Wanted = {"stream_chain": (VERIFIED, None), "issued": (VERIFIED, None)}


def heads() -> Iterator[Case]:
    """Yield all of them."""
    for rows in (_good, _withheld, _ranges, _contradictions, _commitments, _proofs, _unchecked):
        yield from rows()


def case(name: str, maker: Maker, code: str, **given: Any) -> Case:
    """Return the case that the head index alone speaks against *maker*'s package."""
    wanted: Wanted = failing(CLAIM, code) | TRUE
    return Case(f"29-index-{name}", zipped(maker.members()), wanted, **given)


def indexed(log: TestLog | None = None, **given: Any) -> Indexing:
    return Indexing(log or busy(), cover=COVER, **given).commit()


def making(
    index: Indexing, shown: tuple[int, ...] = SHOWN, proof: HeadProof | None = None
) -> Maker:
    """Return a maker over *index*, with *proof* in place of the order's true one."""
    # Issuing adds to the log: each package has one of its own.
    index = deepcopy(index)
    found = index.heads(shown)
    proofs = dict(found.proofs)
    if proof is not None:
        proofs = dict.fromkeys(proofs, proof)
    ruling: dict[str, Any] = {} if 3 in shown else {"rules": ()}
    return Maker(log=index.log, shown=shown, heads=HeadIndex(found.commitment, proofs), **ruling)


def altered(name: str, change: Callable[[bytes], bytes]) -> Maker:
    """Return the maker of a good package, the file *name* in ``heads/`` changed by *change*."""

    def alter(files: Members) -> None:
        files[name] = change(files[name])

    maker = making(indexed())
    maker.alter = alter
    return maker


def without(name: str) -> Maker:
    maker = making(indexed())
    maker.alter = lambda files: files.pop(name)
    return maker


def _good() -> Iterator[Case]:
    green: Wanted = {CLAIM: (VERIFIED, None)} | TRUE
    yield Case("29-index-whole", zipped(making(indexed()).members()), green, "green")
    coarse = Indexing(busy()).commit()
    yield Case("29-index-of-one-range", zipped(making(coarse).members()), green, "green")
    erased = making(indexed())
    assert any(each.state == "erased" for each in erased.hidden)
    yield Case(
        "29-index-after-an-erasure",
        zipped(erased.members()),
        green | {"erasures": (VERIFIED, None)},
        "green",
    )
    more = making(indexed())
    more.others = {"heads/types_1.json": b"{}"}
    yield Case("29-index-beside-a-reserved-name", zipped(more.members()), green, "green")
    # An old index is true of its size, and the report says which that is.
    old = Indexing(busy(), size=4, cover=((2, 0),)).commit()
    old.log.add(ORDER, "order.closed", {})
    yield Case("29-index-of-an-earlier-size", zipped(making(old).members()), green, "green")


# ------------------------------------------------------------------ an event is withheld


def _withheld() -> Iterator[Case]:
    yield case("tail-withheld", making(indexed(), SHORT), "not_head")
    later = busy()
    later.add(ORDER, "order.closed", {})
    cover = (*COVER, (0, 8))
    index = Indexing(later, cover=cover).commit()
    yield case("tail-withheld-in-a-later-range", making(index), "not_head")
    honest = index.proof(ORDER)
    first = index.listings[0].show(ORDER)
    rest = [each.show(ORDER) for each in index.listings[1:]]
    forged = HeadProof(ORDER, 0, (first, *rest))
    yield case("tail-withheld-and-shown-as-absent", making(index, proof=forged), "not_head")
    elsewhere = HeadProof(ORDER, 0, (first, *rest[:-1], index.listings[1].show(ERASURE)))
    yield case("tail-withheld-behind-another-range", making(index, proof=elsewhere), "index_form")
    assert honest.at == 3
    middle = making(indexed(), (0, 3, 4))
    middle.hidden = HIDDEN[:1]
    middle.rules = making(indexed()).rules

    def covering(bundle: dict[str, Any]) -> None:
        for each in bundle["streams"]:
            if each["stream"] == ORDER:
                each |= {"first": 1, "last": 3}

    middle.edit = covering
    yield Case(
        "28-index-middle-withheld",
        zipped(middle.members()),
        {"stream_chain": (FAILED, "gap"), CLAIM: (VERIFIED, None)},
    )
    late = busy()
    late.add("ord_01jdb0t3k5e6wbk9xv2c7m4n8z", "order.closed", {})
    index = Indexing(late, size=8, cover=COVER).commit()
    closed = late.add(ORDER, "order.closed", {})
    held = HeldReceipt(closed, late.entries[closed], late.proof(closed, len(late.entries)))
    yield case(
        "receipt-of-what-came-later",
        making(index),
        "receipt_missing",
        trust=replace(TRUST, receipts=(held,)),
    )


# ------------------------------------------------------------------ what is shown of ranges


def _ranges() -> Iterator[Case]:
    index = indexed()
    true = index.proof(ORDER)
    listed, before, around = true.shown
    assert [len(each.rows) for each in true.shown] == [1, 1, 2]
    assert true.at == 0

    def shown(*ranges: Any, at: int | None = 0) -> Maker:
        return making(indexed(), proof=HeadProof(ORDER, at, ranges))

    yield case("range-not-shown", shown(listed, before), "index_range_missing")
    yield case("range-shown-twice", shown(*true.shown, around), "index_range_missing")
    swapped = around._replace(rows=around.rows[::-1])
    yield case("neighbours-swapped", shown(listed, before, swapped), "index_neighbours")
    one = index.listings[2].show(OTHERS[0])
    assert (one.first, len(one.rows)) == (0, 1)
    yield case("one-neighbour-alone", shown(listed, before, one), "index_neighbours")
    exchanged = HeadProof(ORDER, 0, (listed, around, before))
    yield case("ranges-exchanged", making(indexed(), proof=exchanged), "index_path")
    forged = around._replace(rows=(around.rows[0], b"ord_z 1 " + b"0" * 64 + b"\n"))
    yield case("row-forged", shown(listed, before, forged), "index_path")
    row = StreamRow(ORDER, 2, leaf_hash(busy().entries[2]))
    short = making(
        indexed(),
        SHORT,
        HeadProof(ORDER, 0, (listed._replace(rows=(row.to_bytes(),)), before, around)),
    )
    yield case("head-forged", short, "index_path")
    yield case("another-range", shown(before, around, at=1), "index_range")
    yield case("no-range", shown(listed, before, around, at=None), "index_range")
    yield case("beyond-the-ranges", shown(listed, at=3), "index_range")
    stranger = indexed().proof(OTHERS[0])
    yield case("another-stream", making(indexed(), proof=stranger), "index_stream")
    longer = around._replace(path=(*around.path, TreeHash(b"h" * 32)))
    yield case("hash-too-many", shown(listed, before, longer), "index_form")
    lacking = listed._replace(path=listed.path[1:])
    yield case("hash-too-few", shown(lacking, before, around), "index_form")
    far = around._replace(first=2**53 - 1)
    yield case("place-beyond-the-list", shown(listed, before, far), "index_form")


# ------------------------------------------------------------------ commitments against the log


def _lying(rows: dict[int, list[StreamRow]]) -> Indexing:
    """Return an index whose ranges list, by their places, *rows* and nothing else."""
    index = Indexing(busy(), cover=COVER)
    for place, listed in rows.items():
        only = SortedRows([each.to_bytes() for each in listed])
        index.listings[place] = _Listing(index.listings[place], only)  # type: ignore[call-overload]
        said = index.members["ranges"][place]
        said |= {"stream_root": only.root.hex(), "streams": len(listed)}
    return index.commit()


class _Listing:
    def __init__(self, true: MemoryListing, only: SortedRows) -> None:
        self.roots, self.show = true.roots, only.show


def _contradictions() -> Iterator[Case]:
    entries = busy().entries
    third = StreamRow(ORDER, 3, leaf_hash(entries[3]))
    other = third._replace(leaf=LeafHash(b"h" * 32))
    older = StreamRow(ORDER, 2, leaf_hash(entries[2]))
    yield case("lists-another-leaf", making(_lying({0: [other]})), "index_head")
    yield case("lists-an-older-head", making(_lying({0: [older]})), "index_head")
    twice = _lying({2: [older]})
    shown = tuple(each.show(ORDER) for each in twice.listings)
    yield case("lists-it-twice", making(twice, proof=HeadProof(ORDER, 0, shown)), "index_listed")
    invented = _lying({2: [third._replace(seq=4)]})
    yield case("lists-what-is-not-there", making(invented), "not_head")


def _committing(change: Callable[[dict[str, Any]], object]) -> Maker:
    """Return a maker over a log in which the operator commits to what *change* makes."""
    index = Indexing(busy(), cover=COVER)
    change(index.members)
    return making(index.commit())


def _commitments() -> Iterator[Case]:
    def hole(members: dict[str, Any]) -> None:
        del members["ranges"][1]

    yield case("hole-in-the-cover", _committing(hole), "index_hole")
    yield case("cover-ends-early", _committing(lambda m: m["ranges"].pop()), "index_hole")

    def overlap(members: dict[str, Any]) -> None:
        members["ranges"][1:2] = [dict(members["ranges"][0])]

    yield case("overlapping-ranges", _committing(overlap), "index_overlap")
    forms: dict[str, Callable[[dict[str, Any]], object]] = {
        "cover-too-long": lambda m: m.update(size=7),
        "size-true": lambda m: m.update(size=True),
        "no-ranges": lambda m: m.update(ranges=[]),
        "more-members": lambda m: m.update(more=1),
        "range-lacks-a-member": lambda m: m["ranges"][0].pop("types"),
        "level-too-high": lambda m: m["ranges"][0].update(level=49),
        "level-huge": lambda m: m["ranges"][0].update(level=2**53 - 1),
        "root-of-63": lambda m: m["ranges"][0].update(stream_root="0" * 63),
        "root-upper-case": lambda m: m["ranges"][0].update(type_root="A" * 64),
        "more-rows-than-entries": lambda m: m["ranges"][0].update(streams=5),
        "list-empty": lambda m: m["ranges"][0].update(types=0),
    }
    for name, change in forms.items():
        yield case(f"commitment-{name}", _committing(change), "index_form")
    early = Indexing(busy(), cover=COVER)
    early.members["ranges"].append(dict(early.members["ranges"][0], level=3, number=1))
    early.members["size"] = 16
    yield case("commitment-of-the-future", making(early.commit()), "index_form")
    # Staleness: the last event shown came after what is committed.
    stale = Indexing(busy(), size=3, cover=((1, 0), (0, 2))).commit()
    yield case("stale-commitment", making(stale), "index_stale")
    forged = altered(
        names.COMMITMENT, lambda data: data.replace(b'"stream_root":"', b'"stream_root":"0', 1)
    )
    yield case("range-forged-badly", forged, "root")
    yield case("range-forged", _forged_range(), "root")
    log = busy()
    log.add("index", "index.rebuilt", Indexing(log, cover=COVER).members)
    another = Indexing(log, size=8, cover=COVER)
    another.index = 8
    yield case("another-event", making(another), "index_form")
    log = busy()
    log.add(ORDER + "x", "index.committed", Indexing(log, cover=COVER).members)
    another = Indexing(log, size=8, cover=COVER)
    another.index = 8
    yield case("another-streams-event", making(another), "index_form")
    yield case("schema-0", making(Indexing(busy(), cover=COVER).commit(0)), "index_form")


def _forged_range() -> Maker:
    """Return a package whose commitment lists a forged range in which the tail is missing."""
    row = StreamRow(ORDER, 2, leaf_hash(busy().entries[2]))
    lying = _lying({0: [row]})
    maker = making(indexed(), SHORT, lying.proof(ORDER))
    maker.alter = lambda files: files.update({names.COMMITMENT: lying.log.entries[lying.index]})
    return maker


# ------------------------------------------------------------------ is the commitment in the log


def _proofs() -> Iterator[Case]:
    theirs = busy()
    theirs.keys, theirs.origin = OTHER, OTHER[0].name
    foreign = making(indexed(theirs)).facts()[0]

    def taking(*files: str) -> Callable[[Members], object]:
        return lambda ours: ours.update({name: foreign[name] for name in files})

    maker = making(indexed())
    maker.log.add(OTHERS[0], "order.closed", {})
    maker.alter = taking(names.COMMITMENT, names.COMMITMENT_PROOF)
    yield case("another-log", maker, "index_log")
    log = busy()
    log.entries[7] = log.entries[7].replace(b'"amount":1', b'"amount":2')
    fork = indexed(log)
    maker = making(indexed(), proof=fork.proof(ORDER))

    def put(files: Members) -> None:
        files[names.COMMITMENT] = fork.log.entries[8]
        proof = TlogProof(8, fork.log.hashes(8, 9), files[names.CHECKPOINT])
        files[names.COMMITMENT_PROOF] = proof.to_bytes()

    maker.alter = put
    yield case("another-logs-entry-under-this-checkpoint", maker, "root")
    older = making(indexed())
    older.log.add(OTHERS[0], "order.closed", {})
    older.alter = lambda files: files.update(
        {names.COMMITMENT_PROOF: older.log.proof(8, 9, older.log.note(9))}
    )
    older.heads = Indexing(older.log, size=8, cover=COVER, index=8).heads(SHOWN)
    yield case("another-checkpoint", older, "other_checkpoint")

    def proof(name: str, change: Callable[[bytes], bytes], code: str) -> Case:
        return case(name, altered(names.COMMITMENT_PROOF, change), code)

    yield proof("proof-of-nothing", lambda _: b"", "proof_form")
    yield proof("proof-beyond-the-size", lambda d: d.replace(b"index 8", b"index 9"), "index")
    yield proof("proof-elsewhere", lambda d: d.replace(b"index 8", b"index 7"), "path_length")

    def entry(name: str, change: Callable[[bytes], bytes], code: str) -> Case:
        return case(name, altered(names.COMMITMENT, change), code)

    yield entry("entry-with-crlf", lambda d: d.replace(b"\n", b"\r\n"), "not_canonical")
    yield entry("entry-not-json", lambda _: b"x\ny\n", "not_canonical")
    yield entry("entry-with-no-seq", lambda d: d.replace(b'"seq":1,', b""), "header")
    yield entry("entry-too-long", lambda d: d + b" " * 65_536, "too_long")
    yield case("commitment-missing", without(names.COMMITMENT), "not_canonical")
    yield case("proof-missing", without(names.COMMITMENT_PROOF), "proof_form")
    yield case("head-missing", without(names.head_name(3)), "index_form")
    for name, change in _HEAD_FORMS.items():
        yield case(f"head-{name}", altered(names.head_name(3), change), "index_form")


def _edited(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        members = parse(data)
        assert isinstance(members, dict)
        change(members)
        return to_bytes(members)

    return edit


_HEAD_FORMS: dict[str, Callable[[bytes], bytes]] = {
    "spaced": lambda data: data.replace(b":", b": ", 1),
    "a-list": lambda _: b"[]",
    "empty": lambda _: b"",
    "number-for-a-stream": _edited(lambda m: m.update(stream=7)),
    "place-true": _edited(lambda m: m.update(at=True)),
    "place-negative": _edited(lambda m: m.update(at=-1)),
    "no-ranges": _edited(lambda m: m.update(ranges=[])),
    "three-rows": _edited(lambda m: m["ranges"][0].update(rows=["a 1 b"] * 3)),
    "row-of-two-lines": _edited(lambda m: m["ranges"][0].update(rows=["a 1\nb"])),
    "row-without-a-space": _edited(lambda m: m["ranges"][0].update(rows=["a"])),
    "row-beyond-ascii": _edited(lambda m: m["ranges"][0].update(rows=["ü 1 2"])),
    "row-too-long": _edited(lambda m: m["ranges"][0].update(rows=["a " + "b" * 255])),
    "hash-of-31": _edited(lambda m: m["ranges"][0].update(path=["A" * 40 + "AA=="])),
    "hash-loose": _edited(lambda m: m["ranges"][0].update(path=["A" * 42 + "B="])),
    "hash-a-number": _edited(lambda m: m["ranges"][0].update(path=[7])),
    "hash-beyond-ascii": _edited(lambda m: m["ranges"][0].update(path=["ü" * 44])),
    "hashes-129": _edited(lambda m: m["ranges"][0].update(path=["A" * 43 + "="] * 129)),
    "place-in-the-list-true": _edited(lambda m: m["ranges"][0].update(first=True)),
}


# ------------------------------------------------------------------ what cannot be checked


def _unchecked() -> Iterator[Case]:
    def unsure(name: str, maker: Maker, code: str) -> Case:
        wanted: Wanted = {CLAIM: (NOT_CHECKED, code)} | TRUE
        return Case(f"29-index-{name}", zipped(maker.members()), wanted, "yellow")

    later = making(Indexing(busy(), cover=COVER).commit(2))
    yield unsure("of-a-later-schema", later, "unknown_body_schema")
    log = busy()
    index = indexed(log)
    log.entries[8] = log.entries[8].replace(b'"v":1}', b'"v":2}')
    yield unsure("of-a-later-format", making(index), "unknown_entry_version")
    reserved = Maker(others={"heads/types_1.json": b"{}"})
    yield unsure("of-reserved-names-alone", reserved, "no_head_index")
    index = indexed()
    alone = Maker(log=index.log, shown=(4,), hidden=(), opened=(), rules=())
    alone.heads = index.heads((4,))
    yield unsure("without-a-matter", alone, "no_head_index")
    assert Entry.parse(index.log.entries[4]).stream == ERASURE
