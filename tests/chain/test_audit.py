"""One stretch of the log: every kind of fault is named at its index, and honest logs pass."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.audit import BrokenLink, Finding, RangeReport, Row, audit_range, join
from chain.entry import Entry, format_at
from chain.hashes import LeafHash, chain_hash, leaf_hash
from chain.merkle import RightEdge, root_of
from tests.chain.store.writing import START, STEP

WHERE = "entries"


def make_rows(count: int, *, streams: int = 3, first_seq: int = 1, start: int = 0) -> list[Row]:
    rows: list[Row] = []
    last: dict[str, bytes] = {}
    seqs: dict[str, int] = {}
    for n in range(count):
        stream = f'ord_"{n * 7 % streams}\\' if n % 5 == 0 else f"ord_{n * 7 % streams}"
        seq = seqs.get(stream, first_seq - 1) + 1
        prev = chain_hash(last[stream]) if stream in last else None
        body = f'{{"data":{{"n":{n},"name":"张"}},"meta":{{"command_id":"cmd-{n // 4}"}}}}'
        kind = ("order.placed", "order.paid")[n % 2]
        at = format_at(START + STEP * (n * 37))
        entry = Entry(at, prev, seq, stream, kind, body.encode()).to_bytes()
        rows.append((start + n, stream, seq, kind, entry))
        last[stream], seqs[stream] = entry, seq
    return rows


def audit(rows: list[Row], step: int = 7, cuts: tuple[int, ...] = ()) -> RangeReport:
    start = rows[0][0] if rows else 0
    return audit_range(start, [rows[i : i + step] for i in range(0, len(rows), step)], cuts)


def leaves_of(rows: list[Row]) -> list[LeafHash]:
    return [leaf_hash(entry) for *_, entry in rows]


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 60),
    st.integers(1, 9),
    st.integers(0, 1),
    st.lists(st.integers(0, 64), max_size=4),
)
def test_an_honest_stretch_has_no_fault(
    count: int, streams: int, first_seq: int, cuts: list[int]
) -> None:
    rows = make_rows(count, streams=streams, first_seq=first_seq, start=64)
    wanted = tuple(sorted({64 + cut for cut in cuts}))
    report = audit_range(64, [rows[i : i + 7] for i in range(0, count, 7)], wanted)
    leaves = leaves_of(rows)
    assert (report.findings, report.broken_links) == ([], [])
    assert (report.start, report.stop) == (64, 64 + count)
    assert report.leaves == b"".join(leaves)
    assert report.edge.root() == root_of(leaves)
    assert set(report.cuts) == {cut for cut in wanted if 64 < cut <= 64 + count}
    for cut, edge in report.cuts.items():
        assert edge.root() == root_of(leaves[: cut - 64])


def test_a_stretch_says_where_its_streams_begin_and_end() -> None:
    rows = make_rows(30)
    for segment in audit(rows).segments:
        mine = [row for row in rows if row[1] == segment.stream]
        assert (segment.first_index, segment.first_seq, segment.first_prev) == (mine[0][0], 1, None)
        assert (segment.last_index, segment.last_seq) == (mine[-1][0], mine[-1][2])
        assert segment.last_hash == chain_hash(mine[-1][4]).hex()


def test_a_stretch_in_the_middle_hands_on_the_link_to_what_was_before() -> None:
    rows = make_rows(40)
    report = audit(rows[16:])
    assert report.findings == []
    before = {row[1]: row for row in rows[:16]}
    for segment in report.segments:
        if segment.stream in before:
            row = before[segment.stream]
            assert segment.first_prev == chain_hash(row[4]).hex()
            assert segment.first_seq == row[2] + 1


def test_a_stretch_says_which_commands_and_sealed_values_it_names() -> None:
    digest = "ab" * 32
    bodies = [
        b'{"data":{},"meta":{"command_id":"a"}}',
        b'{"data":{"command_id":"x"},"meta":{"command_id":"a"}}',
        b"opaque",
        b'{"data":{"name":{"sealed":"' + digest.encode() + b'"}},"meta":{"command_id":"b\\"c"}}',
    ]
    rows = [
        (n, f"s{n}", 1, "a.b", Entry(format_at(START), None, 1, f"s{n}", "a.b", body).to_bytes())
        for n, body in enumerate(bodies)
    ]
    report = audit(rows)
    assert report.commands == [(0, b"a"), (2, None), (3, b'b\\"c')]
    assert report.sealed == [(bytes.fromhex(digest), 3)]


def with_entry(row: Row, change: Callable[[bytes], bytes]) -> Row:
    return (*row[:4], change(row[4]))


FAULTS: dict[str, tuple[Callable[[Row], Row], str]] = {
    "stream": (lambda r: (r[0], "other", *r[2:]), "column stream is 'other'"),
    "seq": (lambda r: (r[0], r[1], r[2] + 1, *r[3:]), "column seq is"),
    "type": (lambda r: (*r[:3], "order.gone", r[4]), "column type is 'order.gone'"),
    "no-final-newline": (lambda r: with_entry(r, lambda e: e[:-1]), "two lines"),
    "third-line": (lambda r: with_entry(r, lambda e: e + b"x\n"), "newline"),
    "empty": (lambda r: with_entry(r, lambda _: b""), "two lines"),
    "not-utf8": (lambda r: with_entry(r, lambda e: e[:-3] + b"\xff}\n"), "not UTF-8"),
    "too-long": (
        lambda r: with_entry(r, lambda e: e[:-1] + b" " * 65_536 + b"\n"),
        "at most 65535",
    ),
    "space-in-header": (lambda r: with_entry(r, lambda e: e.replace(b",", b", ", 1)), "header"),
    "leading-zero": (
        lambda r: with_entry(r, lambda e: e.replace(b'"seq":', b'"seq":0', 1)),
        "header",
    ),
    "no-such-day": (lambda r: with_entry(r, lambda e: b'{"at":"2026-11-32' + e[17:]), "at "),
    "other-version": (
        lambda r: with_entry(r, lambda e: e.replace(b'"v":1', b'"v":2', 1)),
        "version|v:",
    ),
    "at-goes-back": (lambda r: with_entry(r, lambda e: b'{"at":"2025' + e[11:]), "at goes back"),
    "digits-of-at": (
        lambda r: with_entry(r, lambda e: e[:30] + b"x" + e[31:]),
        "header|at ",
    ),
    "null-prev": (
        lambda r: with_entry(r, lambda e: e[:43] + b"null" + e[109:]),
        "prev|null",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("index", [20, 23, 24, 39])
def test_a_fault_in_one_entry_is_named_at_its_index(name: str, index: int) -> None:
    rows = make_rows(40)
    change, words = FAULTS[name]
    rows[index] = change(rows[index])
    report = audit(rows)
    first = min(report.findings, key=lambda each: each.index or 0)
    assert first.index == index
    assert re.search(words, first.what), first


@pytest.mark.parametrize("index", [6, 20, 23])
def test_a_changed_body_breaks_the_link_of_the_next_entry_of_its_stream(index: int) -> None:
    rows = make_rows(40)
    following = next(row[0] for row in rows[index + 1 :] if row[1] == rows[index][1])
    rows[index] = with_entry(rows[index], lambda e: e.replace(b'"n"', b'"m"'))
    report = audit(rows)
    assert report.findings == []
    assert report.broken_links == [BrokenLink(following, index)]


def test_a_version_that_does_not_follow_is_named() -> None:
    rows = make_rows(40)
    gone = [*rows[:20], *((n - 1, *rest) for n, *rest in rows[21:])]
    report = audit(gone)  # type: ignore[arg-type] # a tuple of the same five
    following = next(row[0] for row in rows[21:] if row[1] == rows[20][1]) - 1
    assert report.findings[0].index == following
    assert "follows version" in report.findings[0].what


def test_a_missing_index_ends_the_stretch_there() -> None:
    rows = make_rows(40)
    report = audit([*rows[:20], *rows[21:]])
    assert report.findings == [Finding(20, "entry is missing: the next one has index 21", WHERE)]
    assert report.stop == 20
    assert report.edge.root() == root_of(leaves_of(rows[:20]))


def test_a_doubled_index_ends_the_stretch_there() -> None:
    rows = make_rows(40)
    report = audit([*rows[:21], rows[20], *rows[21:]])
    assert report.findings == [Finding(20, "two entries have this leaf index", WHERE)]


def test_few_of_many_faults_are_kept() -> None:
    rows = [(n, "s", 1, "a.b", b"") for n in range(1000)]
    report = audit(rows)
    assert len(report.findings) == 100
    assert report.stop == 1000


@given(st.integers(0, 40), st.integers(0, 16))
def test_stretches_join_to_the_tree_of_the_whole(wholes: int, rest: int) -> None:
    leaves = [leaf_hash(b"%d" % n) for n in range(wholes * 16 + rest)]
    edge = RightEdge()
    for low in range(0, len(leaves), 16):
        part = RightEdge()
        part.extend(leaves[low : low + 16])
        edge = join(edge, part)
    whole = RightEdge()
    whole.extend(leaves)
    assert edge == whole
