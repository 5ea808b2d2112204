"""Group work: everybody gets its own answer, and nobody waits for ever."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.idempotency.batches import MAX_BATCH, Batches


def test_what_waits_is_done_together_and_each_gets_its_own() -> None:
    sizes: list[int] = []
    began, go_on = threading.Event(), threading.Event()

    def double(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        began.set()
        go_on.wait(10)
        return [2 * each for each in items]

    work = Batches[int, int]("doubling", double)
    first = work.submit(0)
    assert began.wait(10)
    rest = [work.submit(n) for n in range(1, MAX_BATCH + 10)]
    go_on.set()
    assert [each.result(10) for each in [first, *rest]] == [2 * n for n in range(MAX_BATCH + 10)]
    assert sizes == [1, MAX_BATCH, 9]
    work.close()


def test_a_fault_is_everybodys_of_its_batch_and_the_next_is_done() -> None:
    def work(items: Sequence[str]) -> list[str]:
        if "bad" in items:
            raise OSError("away")
        return list(items)

    batches = Batches[str, str]("work", work)
    with pytest.raises(OSError, match="away"):
        batches.ask("bad")
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(batches.ask, "abcdefgh")) == list("abcdefgh")
    batches.close()


def test_closing_does_what_waits_and_takes_no_more() -> None:
    done: list[int] = []

    def work(items: Sequence[int]) -> list[None]:
        done.extend(items)
        return [None] * len(items)

    batches = Batches[int, None]("work", work, pause=30.0)
    for n in range(5):
        batches.submit(n)
    batches.close()
    batches.close()
    assert done == [0, 1, 2, 3, 4]
    with pytest.raises(RuntimeError, match="closed"):
        batches.submit(5)
