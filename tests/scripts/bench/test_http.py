"""The benchmark of the HTTP door: a small run, with every command of the mix accepted."""

from scripts.bench.http import run
from scripts.bench.http_load import Taken, percentile
from scripts.bench.http_mix import MIX


def test_every_operation_of_the_mix_is_accepted_and_signed() -> None:
    found = run(quick=True)
    results = found["results"]
    assert results["refused"] == {}
    assert results["accepted"] >= len(MIX)
    assert all(results["latency_ms_by_operation"][name]["max"] > 0 for name in MIX)
    assert results["to_signed_ms"]["p99"] > 0
    assert found["ratios"]["commands_vs_insert"] > 0


def test_time_to_signed_counts_from_each_answer_to_the_first_checkpoint_that_holds_it() -> None:
    taken = Taken(indexes=[(1.0, 0), (2.0, 5), (3.0, 9)], checkpoints=[(1.5, 1), (4.0, 9)])
    assert taken.signed_after() == [0.5, 2.0]


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert percentile([], 0.5) == 0.0
