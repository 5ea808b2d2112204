"""G1, T17: files of raw keys: every line counted once, wherever the import was cut off."""

from collections.abc import Callable
from concurrent.futures import Future
from io import BytesIO
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalogue.batch import ProductImportFinished, ProductImportStarted
from domain.command import Command
from domain.errors import (
    ConcurrentChangeError,
    NotFoundError,
    OtherFileError,
    UnverifiedError,
    WrongPartyError,
)
from domain.identity.person import IndexKey
from domain.keys.conservation import balances
from domain.keys.fingerprint import IndexRing
from domain.keys.importing import KeyImport
from domain.keys.intake import Upload
from domain.keys.key import Key
from domain.keys.line import read_lines
from domain.keys.stock import FINGERPRINTS
from tests.domain.given import (
    MERCHANT,
    PRODUCT,
    RING,
    SECRET,
    Brought,
    MemoryRecorder,
    World,
    command_of,
    identifier,
)

CONTENT = b"".join(
    (
        b"\xef\xbb\xbfAAAA-0001\r\n",
        b"AAAA-0002\r\n",
        b"\r\n",
        b"AAAA 0001\n",
        b"aaaa-0002\n",
        b"\xff\xfe\n",
        b"BBBB\x07\n",
        b"C" * 600 + b"\n",
        b"AAAA-0003\n",
        b"AAAA-0003\n",
        b"AAAA-0004",
    )
)
REASONS = [
    *("accepted", "accepted", "empty", "duplicate", "case_collision"),
    *("not_utf8", "not_printable", "too_long", "accepted", "duplicate", "accepted"),
]


class Killed(BaseException):
    """The process dies."""


class Dying(World):
    """A world whose log takes some commands, and then the process dies."""

    def __init__(self, commands: int, *, committed: bool) -> None:
        super().__init__()
        self._left = commands
        recorder = cast("MemoryRecorder", self.trade.recorder)
        insert = recorder.insert_events

        def insert_events(*arguments: object, **named: object) -> object:
            self._left -= 1
            if self._left < 0 and not committed:
                raise Killed
            done = insert(*arguments, **named)  # type: ignore[arg-type]
            if self._left < 0:
                raise Killed
            return done

        recorder.insert_events = insert_events  # type: ignore[method-assign, assignment]

    def revive(self) -> None:
        """Let the log take everything again."""
        self._left = 1_000_000


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 100])
def test_t17_every_line_has_its_verdict_and_the_counts_add_up(chunk: int) -> None:
    """T17.

    Tai7sy/card-system#142, Tai7sy/card-system#128, dujiao-next/dujiao-next#36,
    assimon/dujiaoka#100.
    """
    world = World()
    brought = world.bring_file(CONTENT, chunk=chunk)
    assert brought.reasons == REASONS
    assert [each.line for each in brought.verdicts] == list(range(1, 12))
    totals = brought.totals
    assert (totals.lines, totals.accepted, totals.quarantined, totals.rejected) == (11, 5, 1, 6)
    (finished,) = (each for each in world.events() if isinstance(each, ProductImportFinished))
    assert (finished.accepted, finished.rejected) == (5, 6)
    assert balances(world.events()).unbalanced() == []


def test_keys_of_a_file_wait_sealed_until_they_are_listed() -> None:
    world = World()
    brought = world.bring_file(CONTENT)
    keys = [each.key for each in brought.verdicts if each.key and each.outcome != "rejected"]
    states = {key: world.trade.load(Key, key).state for key in keys}
    assert sorted(states.values()) == ["quarantined", "sealed", "sealed", "sealed", "sealed"]
    assert world.do("list_batch", keys) == ["key.listed"] * 4
    assert world.do("list_batch", keys) == []


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("commands", range(1, 8))
def test_t17_an_import_that_was_killed_goes_on_where_the_log_says(
    commands: int, *, committed: bool
) -> None:
    """lizhipay/acg-faka#52, zfaka-plus/zfaka#71."""
    whole = World()
    expected = whole.bring_file(CONTENT, chunk=2)
    world = Dying(commands, committed=committed)
    with pytest.raises(Killed):
        world.bring_file(CONTENT, chunk=2)
    world.revive()
    brought = world.bring_file(CONTENT, chunk=2)
    assert brought.verdicts == expected.verdicts
    assert (world.topics(), world.size()) == (whole.topics(), whole.size())
    assert brought.totals.known >= 2 * max(commands - 2, 0) - 2


def test_the_same_file_again_writes_nothing_and_tells_the_same() -> None:
    world = World()
    first = world.bring_file(CONTENT)
    before = world.size()
    again = world.bring_file(CONTENT)
    assert again.verdicts == first.verdicts
    assert again.totals.known == again.totals.lines == 11
    assert world.size() == before


def test_the_chunks_of_a_batch_are_those_that_it_began_with() -> None:
    world = Dying(3, committed=True)
    with pytest.raises(Killed):
        world.bring_file(CONTENT, chunk=2)
    world.revive()
    assert world.bring_file(CONTENT, chunk=5).reasons == REASONS


@pytest.mark.parametrize(
    "changed",
    [CONTENT + b"\n", CONTENT.replace(b"AAAA-0001\r", b"AAAA-0009\r"), b"", CONTENT[3:]],
    ids=["longer", "other", "empty", "without its mark"],
)
def test_t17_another_file_under_the_same_batch_is_refused(changed: bytes) -> None:
    world = World()
    world.bring_file(CONTENT)
    before = world.size()
    with pytest.raises(OtherFileError, match="begun with another file"):
        world.bring_file(changed)
    assert world.size() == before


def test_other_terms_under_the_same_batch_are_refused() -> None:
    world = World()
    world.bring_file(CONTENT)
    with pytest.raises(OtherFileError, match="units"):
        world.bring_file(CONTENT, units=2)


def test_a_batch_that_was_brought_by_hand_is_no_file_s() -> None:
    world = World()
    world.stocked()
    with pytest.raises(ConcurrentChangeError):
        world.bring_file(CONTENT)


def test_a_file_that_changes_while_it_is_read_ends_no_batch() -> None:
    class Growing(BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            line = super().readline(size)
            return line or (b"" if self.seek(0, 2) < 0 or self.grown() else b"ZZZZ\n")

        def grown(self) -> bool:
            self.times = getattr(self, "times", 0) + 1
            return self.times > 1

    world = World()
    world.do("create_product", PRODUCT, MERCHANT, "SKU-001")
    bring = KeyImport(
        world.trade,
        RING,
        lambda name: command_of(name, world.sealer),
        lambda n: identifier("key", str(n)),
    )
    with pytest.raises(OtherFileError, match="while it was read"):
        bring.run(Upload(identifier("bat"), MERCHANT, PRODUCT, ()), Growing(b"AAAA\n"))
    assert "product.import_finished" not in world.topics()


def test_only_the_merchant_s_own_product_and_only_by_who_may_list() -> None:
    world = World()
    with pytest.raises(NotFoundError):
        world.bring_file(CONTENT, product=PRODUCT)
    world.do("create_product", PRODUCT, MERCHANT, "SKU-001")
    with pytest.raises(WrongPartyError, match=MERCHANT):
        world.bring_file(CONTENT, merchant="M-ZHU")
    world.do("open_account", MERCHANT)
    with pytest.raises(UnverifiedError):
        world.bring_file(CONTENT)
    assert world.topics() == ["product.created", "identity.account_restricted"]


def test_the_beginning_says_which_key_digested_the_file() -> None:
    world = World()
    world.bring_file(CONTENT)
    (started,) = (each for each in world.events() if isinstance(each, ProductImportStarted))
    assert (started.index_key, started.chunk, started.units) == ("test", 4, 1)
    assert started.content is not None


def test_an_import_goes_on_under_a_new_index_key_while_the_old_one_is_asked() -> None:
    world = Dying(4, committed=True)
    with pytest.raises(Killed):
        world.bring_file(CONTENT, chunk=2)
    world.revive()
    ring = IndexRing(IndexKey("new", SECRET[::-1]), RING.current)
    assert world.bring_file(CONTENT, chunk=2, ring=ring).reasons == REASONS


def test_chunks_on_their_way_are_met_by_lines_that_repeat_them() -> None:
    world = World()
    content = b"".join(b"AAAA-%04d\n" % (number % 7) for number in range(60))
    brought = world.bring_file(content, chunk=3)
    assert brought.totals.accepted == 7
    firsts = {each.key for each in brought.verdicts if each.outcome == "accepted"}
    found = [each for each in world.events() if each.TOPIC == "key.duplicate_detected"]
    assert {each.data()["first"] for each in found} == firsts


Submit = Callable[[Command], Future[list[int]]]


def meanwhile(world: World, chunk: int, act: Callable[[], object]) -> None:
    """Let *act* happen after *chunk* was decided and before it is committed."""
    submit: Submit = world.trade.submit
    name = f"import/{identifier('bat')}/{chunk}"

    def late(command: Command) -> Future[list[int]]:
        if command.id == name:
            world.trade.submit = submit  # type: ignore[method-assign, assignment]
            act()
        return submit(command)

    world.trade.submit = late  # type: ignore[method-assign]


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_a_key_that_came_in_stock_meanwhile_is_a_duplicate_and_the_rest_goes_on(
    chunk: int,
) -> None:
    world = World()
    other = identifier("prd", "other")
    world.do("create_product", other, "M-ZHU", "SKU-9")
    world.do("create_product", PRODUCT, MERCHANT, "SKU-001")
    content = b"AAAA\nBBBB\nCCCC\nDDDD\nEEEE\nFF\x07\nGGGG\nHHHH"
    lost = content.split(b"\n")[2 * chunk - 1].decode() if chunk < 3 else "EEEE"

    def elsewhere() -> None:
        upload = Upload(identifier("bat", "other"), "M-ZHU", other, [lost])
        world.do("import_batch", upload, RING, lambda _: identifier("key", "other"))

    meanwhile(world, chunk, elsewhere)
    reasons = world.bring_file(content, chunk=2, product=PRODUCT).reasons
    expected = ["accepted"] * 8
    expected[5] = "not_printable"
    expected[content.decode().split("\n").index(lost)] = "duplicate"
    assert reasons == expected
    assert balances(world.events()).unbalanced() == []
    held = [row[3] for row in world.trade.rows_of(FINGERPRINTS)]
    assert len(held) == len(set(held)) == 7


@pytest.mark.parametrize("chunk", [1, 2, 4])
def test_t17_two_processes_that_bring_the_same_batch_bring_it_once(chunk: int) -> None:
    alone = World()
    expected = alone.bring_file(CONTENT, chunk=3)
    world = World()
    meanwhile(world, chunk, lambda: world.bring_file(CONTENT, chunk=3))
    assert world.bring_file(CONTENT, chunk=3).verdicts == expected.verdicts
    assert sorted(world.topics()) == sorted(alone.topics())


def test_a_file_is_never_listed_unasked() -> None:
    world = World()
    world.bring_file(b"AAAA", listed=True)
    assert "key.listed" not in world.topics()


LINE = st.sampled_from(
    [b"AAAA", b"aaaa", b"A AAA", b"BB-BB", b"", b"\xff", b"C\x00", b"D" * 513, b"EEEE", b" - "]
) | st.binary(max_size=6).filter(lambda text: b"\n" not in text)


@settings(deadline=None)
@given(
    lines=st.lists(LINE, max_size=14),
    end=st.sampled_from([b"\n", b"\r\n"]),
    bom=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    chunk=st.integers(1, 6),
    dies_after=st.integers(1, 9),
    committed=st.booleans(),
)
def test_t17_t18_any_file_cut_off_anywhere_is_the_file_brought_at_once(
    lines: list[bytes], end: bytes, bom: bytes, chunk: int, dies_after: int, *, committed: bool
) -> None:
    content = bom + end.join(lines)
    whole = World()
    expected = whole.bring_file(content, chunk=chunk)
    world = Dying(dies_after, committed=committed)
    brought: Brought | None = None
    try:
        brought = world.bring_file(content, chunk=chunk)
    except Killed:
        world.revive()
        brought = world.bring_file(content, chunk=chunk)
    assert brought.verdicts == expected.verdicts
    assert world.topics() == whole.topics()
    totals = brought.totals
    assert totals.accepted + totals.rejected == len(list(read_lines(BytesIO(content))))
    assert balances(world.events()).unbalanced() == []
    live = [
        key
        for key in {each.originator_id for each in world.events() if each.TOPIC == "key.sealed"}
        if world.trade.load(Key, key).state == "sealed"
    ]
    digests = {world.trade.load(Key, key).imported.folded for key in live}  # type: ignore[union-attr]
    assert len(digests) == len(live)


def test_a_command_of_the_import_names_the_batch_and_the_chunk() -> None:
    world = World()
    names: list[str] = []

    def command(name: str) -> Command:
        names.append(name)
        return command_of(name, world.sealer)

    world.do("create_product", PRODUCT, MERCHANT, "SKU-001")
    batch = identifier("bat")
    KeyImport(world.trade, RING, command, lambda n: identifier("key", str(n)), chunk=2).run(
        Upload(batch, MERCHANT, PRODUCT, ()), BytesIO(b"AAAA\nBBBB\nCCCC\n")
    )
    assert {f"import/{batch}/{each}" for each in ("start", 1, 2, "end")} <= set(names)
