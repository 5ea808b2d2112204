"""The consumer accepts every honest server and catches every other, naming the index."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import ChainError, MalformedError
from chain.feed.event import CheckpointEvent, EntryEvent, FeedEvent, LeavesEvent
from chain.feed.follower import (
    FeedUntrueError,
    Progress,
    check_caught_up,
    follow,
    named,
)
from chain.feed.state import FeedState
from chain.hashes import LeafHash, TreeHash, leaf_hash
from tests.chain.feed.making import MadeLog, entries, opened
from tests.chain.keys import ORIGIN, W1, signers

ENTRIES = entries(900)
LOG_A = MadeLog(ENTRIES, [90, 300, 310, 700, 760, 900])
FORKED = MadeLog(ENTRIES[:305] + entries(900, "fork")[305:], [90, 300, 310, 700, 760, 900])

Page = list[FeedEvent]


def run(log: MadeLog, polls: list[int], progress: Progress | None = None) -> Progress:
    """Follow *log*, which has signed each of *polls* when it is asked."""
    progress = progress or Progress()
    for newest in polls:
        while page := log.after(progress.size, newest):
            progress = follow(progress, page, ORIGIN, opened).progress
        check_caught_up(progress)
    return progress


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_honest_server_is_believed(data: st.DataObject) -> None:
    """Whenever it was signed, whenever it is asked, wherever the state was saved."""
    signed = data.draw(st.lists(st.integers(1, 900), min_size=1, max_size=9, unique=True))
    log = MadeLog(ENTRIES, sorted(signed))
    progress, found = Progress(), []
    for newest in data.draw(st.lists(st.sampled_from(sorted(signed)), max_size=5)):
        if newest < progress.size:
            continue
        while page := log.after(progress.size, newest):
            step = follow(progress, page, ORIGIN, opened)
            found += [(each.index, each.entry) for each in step.fresh]
            kept = FeedState(ORIGIN, "orders", step.progress).to_bytes()
            progress = FeedState.parse(kept).progress
        check_caught_up(progress)
    assert found == log.model(progress.size)
    assert progress.root() == log.root(progress.size)
    assert progress.bookmark == progress.size


def test_a_bookmark_is_only_where_the_log_was_signed() -> None:
    """A page's end may fall between the events of one command; a checkpoint never does."""
    progress = Progress()
    for number, bookmark in enumerate((0, 300, 700)):
        page = LOG_A.page(number, number * 256 + 256)
        progress = follow(progress, page, ORIGIN, opened).progress
        assert progress.bookmark == bookmark
    assert progress.size == 768


def first(page: Page, kind: type) -> int:
    return next(place for place, each in enumerate(page) if isinstance(each, kind))


def hide(page: Page) -> Page:
    place = first(page, EntryEvent)
    return page[:place] + page[place + 1 :]


def hide_by_a_hash_less(page: Page) -> Page:
    place = first(page, LeavesEvent)
    run_ = page[place]
    assert isinstance(run_, LeavesEvent)
    short = run_.leaves[:-1]
    return page[:place] + ([LeavesEvent(run_.first, short)] if short else []) + page[place + 1 :]


def alter(page: Page) -> Page:
    place = first(page, EntryEvent)
    event = page[place]
    assert isinstance(event, EntryEvent)
    entry = event.entry.replace(b'"salt":""', b'"salt":"x"')
    return [*page[:place], EntryEvent(event.index, entry), *page[place + 1 :]]


def alter_a_hash(page: Page) -> Page:
    place = first(page, LeavesEvent)
    run_ = page[place]
    assert isinstance(run_, LeavesEvent)
    leaves = (LeafHash(bytes(32)), *run_.leaves[1:])
    return [*page[:place], LeavesEvent(run_.first, leaves), *page[place + 1 :]]


def reorder(page: Page) -> Page:
    place = first(page, EntryEvent)
    return [*page[:place], page[place + 1], page[place], *page[place + 2 :]]


def swap_contents(page: Page) -> Page:
    """Both indexes are there, each with the other's entry."""
    places = [place for place, each in enumerate(page) if isinstance(each, EntryEvent)][:2]
    one, other = (page[place] for place in places)
    assert isinstance(one, EntryEvent)
    assert isinstance(other, EntryEvent)
    page = list(page)
    page[places[0]] = replace(one, entry=other.entry)
    page[places[1]] = replace(other, entry=one.entry)
    return page


def repeat(page: Page) -> Page:
    place = first(page, EntryEvent)
    return page[: place + 1] + page[place:]


def cut(page: Page) -> Page:
    return page[: len(page) // 2] + page[-1:]


def cut_with_a_fitting_end(page: Page) -> Page:
    """The end of the page is hidden, and the checkpoint event says so itself."""
    shown, end = page[: len(page) // 2], page[-1]
    assert isinstance(end, CheckpointEvent)
    last = shown[-1]
    assert not isinstance(last, CheckpointEvent)
    return [*shown, replace(end, size=last.index + 1)]


def skip_the_beginning(page: Page) -> Page:
    return page[1:]


def end_of(change: Callable[[CheckpointEvent], CheckpointEvent]) -> Callable[[Page], Page]:
    def changed(page: Page) -> Page:
        end = page[-1]
        assert isinstance(end, CheckpointEvent)
        return [*page[:-1], change(end)]

    return changed


def signed_by_another(end: CheckpointEvent) -> CheckpointEvent:
    text = end.note.decode().split("\n\n")[0] + "\n"
    from chain.note import sign_note  # noqa: PLC0415 — for this forgery alone

    return replace(end, note=sign_note(text, signers(W1), seconds=1))


HOSTILE = {
    "hide": (hide, "hidden", None),
    "hide by a hash less": (hide_by_a_hash_less, "hidden", None),
    "alter": (alter, "other_root", 300),
    "alter a hash": (alter_a_hash, "other_root", 300),
    "reorder": (reorder, "hidden", None),
    "swap contents": (swap_contents, "other_root", 300),
    "repeat": (repeat, "repeated", None),
    "cut": (cut, "hidden", None),
    "cut with a fitting end": (cut_with_a_fitting_end, "other_root", None),
    "skip the beginning": (skip_the_beginning, "hidden", 300),
    "an older checkpoint": (
        end_of(lambda end: replace(end, note=LOG_A.note(300), prefix=())),
        "rolled_back",
        511,
    ),
    "an older checkpoint than the page before": (
        end_of(lambda end: replace(end, note=LOG_A.note(90), prefix=())),
        "rolled_back",
        511,
    ),
    "another root": (end_of(lambda end: replace(end, note=FORKED.note(700))), "other_root", 300),
    "no consistency": (end_of(lambda end: replace(end, consistency=())), "other_root", 511),
    "a wrong prefix": (
        end_of(lambda end: replace(end, prefix=(TreeHash(bytes(32)), *end.prefix[1:]))),
        "other_root",
        300,
    ),
    "a stranger's signature": (end_of(signed_by_another), "unsigned", 512),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_server_that_lies_is_caught_with_the_index(how: str) -> None:
    change, code, index = HOSTILE[how]
    before = run(LOG_A, [300])
    page = LOG_A.page(1, 512)
    honest = [each for each in page if isinstance(each, CheckpointEvent) or each.index >= 300]
    lie = change(honest)
    assert lie != honest
    with pytest.raises(FeedUntrueError) as caught:
        follow(before, lie, ORIGIN, opened)
    assert caught.value.code == code
    if index is not None:
        assert caught.value.index == index
    else:
        assert 300 <= caught.value.index < 512
    assert f"at index {caught.value.index}" in str(caught.value)
    assert follow(before, honest, ORIGIN, opened).progress.size == 512


@pytest.mark.parametrize("index", [300, 301, 404, 511])
def test_the_very_index_is_named_where_the_tile_tells_it(index: int) -> None:
    """A root says that something is wrong; the signed tile says where."""
    before = run(LOG_A, [300])
    made = MadeLog([*ENTRIES], LOG_A.signed)
    made.entries[index] = entries(index + 1, "x")[index]
    made.leaves[index] = leaf_hash(made.entries[index])
    page = made.page(1, 512)
    page[-1] = LOG_A.page(1, 512)[-1]
    with pytest.raises(FeedUntrueError) as caught:
        follow(before, page, ORIGIN, opened)
    found = named(caught.value, before, page, LOG_A.leaves[256:512], opened)
    assert (found.code, found.index) == ("altered", index)
    # A tile that the log has not signed tells nothing.
    same = named(caught.value, before, page, made.leaves[256:512], opened)
    assert same is caught.value


def test_an_entry_that_was_delivered_is_seen_to_be_altered() -> None:
    before = run(LOG_A, [310])
    page = alter(FORKED.page(1, 512))
    with pytest.raises(FeedUntrueError, match="altered at index"):
        follow(before, page, ORIGIN, opened)
    with pytest.raises(FeedUntrueError) as caught:
        follow(before, FORKED.page(1, 512), ORIGIN, opened)
    assert (caught.value.code, caught.value.index) == ("altered", 305)


def test_a_fork_after_what_was_delivered_is_caught() -> None:
    before = run(LOG_A, [300])
    page = FORKED.page(1, 512)
    with pytest.raises(FeedUntrueError) as caught:
        follow(run(LOG_A, [310]), page, ORIGIN, opened)
    assert caught.value.index == 305
    ahead = follow(Progress(), LOG_A.page(0, 256), ORIGIN, opened).progress
    assert ahead.newest is not None
    assert ahead.newest.size == 300
    # What was signed beyond the page binds the server to what it has not shown yet.
    other = MadeLog(entries(290, "")[:280] + entries(900, "else")[280:], [300, 700, 900])
    with pytest.raises(FeedUntrueError, match="other_root"):
        follow(ahead, other.page(1, 512), ORIGIN, opened)
    assert before.size == 300


def test_nothing_new_is_a_lie_when_more_is_signed() -> None:
    ahead = follow(Progress(), LOG_A.page(0, 256), ORIGIN, opened).progress
    with pytest.raises(FeedUntrueError) as caught:
        check_caught_up(ahead)
    assert (caught.value.code, caught.value.index) == ("withheld", 256)


def test_a_page_from_before_is_not_taken_twice() -> None:
    after = run(LOG_A, [700])
    with pytest.raises(FeedUntrueError, match="repeated at index 256"):
        follow(after, LOG_A.page(1, 512), ORIGIN, opened)


@pytest.mark.parametrize("page", [[], LOG_A.page(0, 256)[:-1], LOG_A.page(0, 256) * 2])
def test_what_is_no_page_is_malformed(page: Page) -> None:
    with pytest.raises(MalformedError):
        follow(Progress(), page, ORIGIN, opened)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_page_of_another_log_is_ever_delivered(data: st.DataObject) -> None:
    """Whatever entry is replaced, the page is refused, or it was the honest one."""
    before = run(LOG_A, [300])
    index = data.draw(st.integers(256, 511))
    salt = data.draw(st.sampled_from(["", "x", "y"]))
    made = MadeLog([*ENTRIES], LOG_A.signed)
    made.entries[index] = entries(index + 1, salt)[index]
    made.leaves[index] = leaf_hash(made.entries[index])
    page = made.page(1, 512)
    page[-1] = LOG_A.page(1, 512)[-1]
    if made.entries[index] == ENTRIES[index]:
        follow(before, page, ORIGIN, opened)
    else:
        with pytest.raises(FeedUntrueError):
            follow(before, page, ORIGIN, opened)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_for_a_state_are_refused_or_are_one(data: bytes) -> None:
    try:
        state = FeedState.parse(data)
    except ChainError:
        return
    assert state.to_bytes() == data
