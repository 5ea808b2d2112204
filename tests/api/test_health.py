"""Life, start and readiness, and what each must not do or say (``reliability.md``, 7.1)."""

from collections.abc import Callable

import psycopg
import pytest

from api.app import create_app
from api.bootstrap import Deployment
from api.health import readiness
from api.health.readiness import CHECKPOINT_AGE, WELL, Readiness
from api.health.start import Start
from chain.errors import ChainError
from tests.api.asking import serving
from tests.api.test_orders import make_product


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_life_asks_nothing_of_the_database(ledger: Deployment) -> None:
    """An outage must not cause restarts."""
    with serving(create_app(ledger)) as made:
        # Whoever watches processes sends no credential: one would have to be looked up.
        client = made.bearing()
        ledger.reader.size()
        ledger.database.close()
        assert (client.get("/livez").status, client.get("/livez").json) == (200, {"status": "ok"})
        assert client.get("/readyz").status == 503
        assert client.get("/readyz").json == {"status": "unready"}


def test_readiness_goes_red_while_the_process_ends(ledger: Deployment) -> None:
    app = create_app(ledger)
    with serving(app) as client:
        assert client.get("/readyz").status == 200
        app.state.readiness.stopping = True
        assert client.get("/readyz").status == 503
        assert client.get("/livez").status == 200


def test_a_look_is_good_for_two_seconds(
    ledger: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, looks = Clock(), []

    def look() -> str:
        looks.append(1)
        return WELL

    ready = Readiness(ledger, more={"mine": look}, clock=clock)
    for now, count in ((0.0, 1), (1.9, 1), (2.1, 2), (4.0, 2), (4.2, 3)):
        clock.now = now
        assert ready.looks()["mine"] == WELL
        assert len(looks) == count


def test_what_is_committed_and_not_signed_for_long_is_unready(ledger: Deployment) -> None:
    clock = Clock()
    ready = Readiness(ledger, clock=clock)
    assert ready.looks()["checkpoint"] == WELL
    app = create_app(ledger)
    with serving(app) as client:
        make_product(client)
    clock.now += 5
    assert ready.looks()["checkpoint"] == WELL, "it may take a moment"
    clock.now += CHECKPOINT_AGE + 1
    assert "not signed" in ready.looks()["checkpoint"]
    ledger.publisher.publish_once()
    clock.now += 5
    assert ready.looks()["checkpoint"] == WELL


def test_f15_a_log_below_what_was_signed_is_unready(ledger: Deployment, owner_url: str) -> None:
    with serving(create_app(ledger)) as client:
        make_product(client)
    ledger.publisher.publish_once()
    with psycopg.connect(owner_url) as owner:
        owner.execute("ALTER TABLE ledger.head DISABLE TRIGGER ALL")
        owner.execute("UPDATE ledger.head SET size = 0, edge = ''")
    assert "1 were signed" in Readiness(ledger).looks()["signer"]


@pytest.mark.parametrize(
    ("name", "look", "said"),
    [
        ("disk", lambda _: 0, "0 MiB are free"),
        ("clock", lambda _: 3.0, "differs by 3.0 s"),
    ],
    ids=["disk", "clock"],
)
def test_a_full_disk_and_a_wrong_clock_are_unready(
    ledger: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    look: Callable[[object], float],
    said: str,
) -> None:
    class Usage:
        free, total = 0, 100 << 30

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    monkeypatch.setattr(readiness, "clock_skew", look)
    assert said in Readiness(ledger).looks()[name]


def test_the_words_of_a_driver_are_not_told(ledger: Deployment) -> None:
    def away() -> str:
        raise psycopg.OperationalError("host db of role xiyou")

    found = Readiness(ledger, more={"mine": away}).looks()["mine"]
    assert found == "cannot be told: OperationalError"


def test_the_start_is_green_once_a_real_proof_was_verified(ledger: Deployment) -> None:
    assert Start(ledger).proved() == "an entry of a small tree: nothing is published yet"
    with serving(create_app(ledger)) as client:
        make_product(client)
        ledger.publisher.publish_once()
        assert Start(ledger).proved() == "entry 0 in the tree of 1"
        assert client.get("/startupz").status == 200


def test_the_start_stays_red_while_no_proof_verifies(ledger: Deployment, owner_url: str) -> None:
    app = create_app(ledger)
    with serving(app) as client:
        make_product(client)
        ledger.publisher.publish_once()
        [bundle] = (ledger.files.root / "tile" / "entries").rglob("*.p/1")
        content = bundle.read_bytes()
        bundle.chmod(0o644)
        bundle.write_bytes(content[:-2] + b"x\n")
        with pytest.raises(ChainError):
            Start(ledger).proved()
        reply = client.get("/startupz")
        assert (reply.status, reply.json) == (503, {"status": "starting"})
        bundle.write_bytes(content)
        assert client.get("/startupz").status == 200


def test_the_finisher_s_silence_is_unready(
    ledger: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(ledger)
    assert app.state.finisher.standing() == WELL
    app.state.finisher._alive -= 31
    assert app.state.finisher.standing().startswith("silent for 31")
