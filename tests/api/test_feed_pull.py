"""A consumer proves that it missed nothing, and catches a server that lies."""

from pathlib import Path

import pytest

from api.bootstrap import Deployment
from chain.store.feed_consumer import SINK
from tests.api.feeds import AUDITOR, fill, model, publish, pull, served, sunk


@pytest.mark.parametrize("sse", [False, True], ids=["poll", "sse"])
def test_every_entry_once_in_order_and_the_signed_root(
    ledger: Deployment, tmp_path: Path, *, sse: bool
) -> None:
    folder = tmp_path / "state"
    with served(ledger, AUDITOR) as client:
        for turn in range(3):
            fill(ledger, 90, name=f"t{turn}")
            size = publish(ledger)
            consumer = pull(client.base, "transactions", folder, ledger, sse=sse)
            assert consumer.size == size
            assert consumer.state.progress.root() == ledger.feeding.root(size)
            assert consumer.state.progress.bookmark == size
    assert sunk(folder, ledger.origin) == model(ledger, "transactions", size)


def test_what_a_crash_left_in_the_sink_does_not_count(ledger: Deployment, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with served(ledger, AUDITOR) as client:
        fill(ledger, 90)
        publish(ledger)
        pull(client.base, "all", folder, ledger)
        with (folder / SINK).open("ab") as sink:
            sink.write(b'{"data":{"entry":"half of')
        fill(ledger, 90, name="more")
        size = publish(ledger)
        pull(client.base, "all", folder, ledger)
    assert sunk(folder, ledger.origin) == model(ledger, "all", size)
