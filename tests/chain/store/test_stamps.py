"""Stamping published checkpoints, with authorities over HTTP that are good, wrong or gone."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chain.checkpoint import Checkpoint, sign_checkpoint
from chain.errors import VerificationError
from chain.hashes import TreeSize
from chain.merkle import root_of
from chain.note import Note, make_signature
from chain.store.files import MissingFileError
from chain.store.finality import CHECKPOINT, stamp_path
from chain.store.openssl import check_with_openssl, has_openssl
from chain.store.stamps import NoStampError, StampAuthority, Stamper
from chain.timestamp import check_timestamp, read_authorities
from scripts.authority import AuthorityServer, TestAuthority
from tests.chain.keys import LOG, ORIGIN, W1, signers
from tests.chain.store.owners import until
from tests.chain.store.published import FailingFolder
from tests.chain.tree import leaves

pytestmark = pytest.mark.skipif(not has_openssl(), reason="openssl is not on this machine")

NOW = datetime.now(UTC)
Start = Callable[..., StampAuthority]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return what starts an authority; *trust* gives the roots of another one."""
    with ExitStack() as running:

        def begin(
            name: str,
            *,
            trust: TestAuthority | None = None,
            valid: int = 365,
            with_root: bool = False,
        ) -> StampAuthority:
            made = TestAuthority.create(
                tmp_path / name, NOW, valid=timedelta(days=valid), with_root=with_root
            )
            server = AuthorityServer(made)
            running.callback(server.server_close)
            running.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            roots = read_authorities((trust or made).root)
            return StampAuthority(f"http://127.0.0.1:{server.server_port}/", roots)

        yield begin


@pytest.fixture
def files(tmp_path: Path) -> FailingFolder:
    return FailingFolder(tmp_path / "log")


def publish(files: FailingFolder, size: int) -> bytes:
    checkpoint = Checkpoint(ORIGIN, TreeSize(size), root_of(leaves(size)))
    note = sign_checkpoint(checkpoint, signers(LOG))
    files.replace(CHECKPOINT, note)
    return note


def test_the_published_checkpoint_is_stamped_once_and_both_tools_agree(
    files: FailingFolder, start: Start
) -> None:
    authority = start("one")
    stamper = Stamper(files, [authority])
    note = publish(files, 5)
    stamp = stamper.stamp()
    assert (stamp.size, stamp.note, stamp.said.is_test) == (5, note, True)
    assert files.read(stamp_path(5, "tsr")) == stamp.token
    check_timestamp(stamp.token, note, authority.roots, allow_test_authority=True)
    check_with_openssl(stamp.token, note, authority.roots)
    assert stamper.stamp() == stamp
    # A cosignature that comes later changes the published note, not what was stamped.
    text = Note.parse(note).text
    more = Note.parse(note).with_signatures([make_signature(text, signers(W1)[0], 1)])
    files.replace(CHECKPOINT, more.to_bytes())
    assert stamper.stamp() == stamp


def test_the_stamp_of_an_entry_is_the_first_that_covers_it(
    files: FailingFolder, start: Start
) -> None:
    stamper = Stamper(files, [start("one")])
    for size in (5, 9):
        publish(files, size)
        stamper.stamp()
    assert stamper.sizes() == [5, 9]
    found = [stamper.first_after(index) for index in (0, 4, 5, 8, 9)]
    assert [None if each is None else each.size for each in found] == [5, 5, 9, 9, None]


@pytest.mark.parametrize("fault", ["wrong authority", "expired", "gone", "no authority"])
def test_an_authority_at_fault_is_passed_over_and_the_next_one_asked(
    files: FailingFolder, start: Start, tmp_path: Path, fault: str
) -> None:
    stranger = TestAuthority.create(tmp_path / "stranger", NOW)
    good = start("good")
    bad = {
        "wrong authority": lambda: start("bad", trust=stranger),
        "expired": lambda: start("bad", valid=-1),
        "gone": lambda: StampAuthority("http://127.0.0.1:9/", good.roots),
        "no authority": lambda: StampAuthority(good.url, []),
    }[fault]()
    publish(files, 5)
    with pytest.raises(NoStampError) as failed:
        Stamper(files, [bad]).stamp()
    words = {"gone": "no answer", "expired": "was valid from"}.get(fault, "trust")
    assert words in str(failed.value)
    # Nothing that does not verify is kept.
    assert Stamper(files, [bad]).sizes() == []
    assert Stamper(files, [bad, good]).stamp().size == 5


def test_a_reply_to_another_request_is_discarded(
    files: FailingFolder, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording of an honest authority: the imprint or the nonce gives it away."""
    good = start("good")
    recorded: list[bytes] = []
    honest = TestAuthority.reply

    def replay(self: TestAuthority, query: bytes) -> bytes:
        recorded.append(honest(self, query))
        return recorded[0]

    monkeypatch.setattr(TestAuthority, "reply", replay)
    publish(files, 5)
    Stamper(files, [good]).stamp()
    publish(files, 9)
    with pytest.raises(NoStampError, match="other bytes"):
        Stamper(files, [good]).stamp()
    (files.root / stamp_path(5, "tsr")).unlink()
    publish(files, 5)
    with pytest.raises(NoStampError, match="another request"):
        Stamper(files, [good]).stamp()


def test_certificates_in_any_order_pass_at_receipt(files: FailingFolder, start: Start) -> None:
    """Eight authorities: that all of them are sorted by luck has a chance of one in 256."""
    for n in range(8):
        publish(files, 5 + n)
        assert Stamper(files, [start(f"a{n}", with_root=True)]).stamp().size == 5 + n


@pytest.mark.parametrize("kept", [False, True], ids=["lost", "kept_but_reported_lost"])
@pytest.mark.parametrize("step", [0, 1])
def test_a_failed_write_is_made_good(
    files: FailingFolder, start: Start, step: int, *, kept: bool
) -> None:
    stamper = Stamper(files, [start("one")])
    note = publish(files, 5)
    files.changes, files.fail_at, files.kept = 0, step, kept
    with pytest.raises(OSError, match="failed"):
        stamper.stamp()
    files.fail_at = None
    stamp = stamper.stamp()
    assert stamp.note == note
    assert stamper.read(5) == stamp


def test_a_stamp_is_due_when_there_is_something_new_and_the_last_one_is_old(
    files: FailingFolder, start: Start
) -> None:
    stamper = Stamper(files, [start("one")])
    day = timedelta(days=1)
    assert not stamper.is_due(NOW, day)
    with pytest.raises(MissingFileError):
        stamper.stamp()
    publish(files, 5)
    assert stamper.is_due(NOW, day)
    stamper.stamp()
    assert not stamper.is_due(NOW + 2 * day, day)
    publish(files, 9)
    assert not stamper.is_due(NOW, day)
    assert stamper.is_due(NOW + 2 * day, day)


def test_it_stamps_on_its_own_until_it_is_stopped(files: FailingFolder, start: Start) -> None:
    stamper = Stamper(files, [start("one")])
    publish(files, 5)
    stop = threading.Event()
    arguments = (stop, timedelta(0), lambda: NOW + timedelta(days=1), 0.02)
    thread = threading.Thread(target=stamper.run, args=arguments)
    thread.start()
    try:
        until(lambda: stamper.sizes() == [5], 20)
        publish(files, 9)
        until(lambda: stamper.sizes() == [5, 9], 20)
    finally:
        stop.set()
        thread.join()
    assert stamper.last_error is None


def test_a_stamp_whose_bytes_were_changed_is_not_handed_out(
    files: FailingFolder, start: Start
) -> None:
    stamper = Stamper(files, [start("one")])
    publish(files, 5)
    stamper.stamp()
    files.replace(stamp_path(5, "txt"), b"another\n")
    with pytest.raises(VerificationError, match="other bytes"):
        stamper.read(5)
