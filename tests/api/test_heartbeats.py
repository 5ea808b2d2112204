"""Workers that fall silent are missed, and those that ended in good order are not."""

import psycopg

from api.app import create_app
from api.bootstrap import Deployment
from api.heartbeats import Heart, read_beats, standing_of


def test_a_worker_that_falls_silent_is_missed_until_it_leaves(
    ledger: Deployment, owner_url: str
) -> None:
    assert standing_of(ledger.database) == "ok"
    heart = Heart(ledger.database, "views")
    heart.beat()
    assert standing_of(ledger.database) == "ok"
    assert 0 <= read_beats(ledger.database)["views"].age < 5
    with psycopg.connect(owner_url) as owner:
        owner.execute("UPDATE ledger.workers SET at = at - interval '31 seconds'")
    assert standing_of(ledger.database).startswith("views: silent for 3")
    heart.leave()
    assert standing_of(ledger.database) == "ok"


def test_a_fault_is_written_at_once_and_shown(ledger: Deployment) -> None:
    heart = Heart(ledger.database, "views")
    heart.beat()
    heart.beat("orders: entry 7: key.sold cannot follow")
    assert "entry 7" in standing_of(ledger.database)
    heart.beat()
    assert standing_of(ledger.database) == "ok"


def test_lags_and_heartbeats_are_metrics(ledger: Deployment) -> None:
    app = create_app(ledger)
    Heart(ledger.database, "index").beat()
    shown = app.state.metrics.text().decode()
    assert 'xiyou_projection_lag_events{view="orders"} 0.0' in shown
    assert 'xiyou_feed_lag_seconds{consumer="own"} 0.0' in shown
    assert 'xiyou_worker_heartbeat_age_seconds{worker="index"}' in shown
