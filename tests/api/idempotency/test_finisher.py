"""What was interrupted is finished by itself, after a killed process too."""

import signal
import subprocess
import sys
import threading
from time import time

import psycopg
import pytest

from api.app import create_app
from api.bootstrap import Deployment
from api.idempotency.finisher import PATIENCE
from api.principal import Kind, Principal
from api.settings import Settings
from scripts.migrate import migrate
from tests.api.asking import Client, free_port, known, serving
from tests.chain.store.owners import until
from tests.scripts.calling import REPOSITORY, environment

PRODUCT = {"merchant": "M-LAN", "code": "SKU-1"}
LAN = Principal(Kind.MERCHANT, "M-LAN")
MINE = "mine-0123456789abcdef"

DYING = """
import os, sys
import uvicorn
from api.app import create_app
from api.bootstrap import Deployment
from api.settings import load_settings
from tests.api.asking import known
from tests.api.idempotency.test_finisher import LAN

def die(*_):
    os.kill(os.getpid(), 9)

with Deployment(load_settings(os.environ)) as ledger:
    ledger.prepare()
    app = known(create_app(ledger), lambda: LAN)
    # The effect is committed; the answer is neither kept nor sent.
    app.state.clerk._answer_new = die
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical")
"""


@pytest.fixture
def home(settings: Settings) -> Settings:
    with Deployment(settings, migrate):
        pass
    return settings


def unfinished(owner_url: str) -> int:
    with psycopg.connect(owner_url) as owner:
        row = owner.execute(
            "SELECT count(*) FROM ledger.idempotency_keys WHERE finished IS NULL"
        ).fetchone()
    assert row is not None
    return int(row[0])


def kill_between_effect_and_answer(settings: Settings, port: int) -> None:
    url = settings.database_url
    assert url is not None
    variables = {"XIYOU_HOME": str(settings.home), "XIYOU_DATABASE_URL": url.get_secret_value()}
    command = [sys.executable, "-c", DYING, str(port)]
    with subprocess.Popen(command, env=environment(**variables), cwd=REPOSITORY) as process:
        client = Client(f"http://127.0.0.1:{port}")
        until(lambda: answers(client), 30)
        with pytest.raises(OSError, match=r"closed|reset|Remote"):
            client.post("/v1/products", PRODUCT, MINE)
        assert process.wait(20) == -signal.SIGKILL


def answers(client: Client) -> bool:
    try:
        return client.get("/livez").status == 200
    except OSError:
        return False


def test_f1_killed_between_effect_and_answer_the_finisher_gives_the_answer(
    home: Settings, owner_url: str
) -> None:
    kill_between_effect_and_answer(home, free_port())
    assert unfinished(owner_url) == 1
    with Deployment(home) as ledger:
        ledger.prepare()
        app = known(create_app(ledger), lambda: LAN)
        finisher = app.state.finisher
        assert finisher.step() == 0, "it may still be under way: not before its time"
        finisher._clock = lambda: time() + PATIENCE + 1
        assert finisher.step() == 1
        assert finisher.interrupted == 0
        assert unfinished(owner_url) == 0
        with serving(app) as client:
            again = client.post("/v1/products", PRODUCT, MINE)
            assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
            assert again.json["indexes"] == [0, 0]
            assert ledger.reader.size() == 1


def test_f1_killed_between_effect_and_answer_the_client_may_come_first(
    home: Settings, owner_url: str
) -> None:
    kill_between_effect_and_answer(home, free_port())
    with Deployment(home) as ledger:
        ledger.prepare()
        with serving(known(create_app(ledger), lambda: LAN)) as client:
            other = client.post("/v1/products", PRODUCT | {"title": "x"}, MINE)
            assert (other.status, other.json["code"]) == (422, "idempotency_body_changed")
            assert client.post("/v1/products", PRODUCT, MINE).status == 201
        assert ledger.reader.size() == 1
    assert unfinished(owner_url) == 0, "leaving in good order has written the answer"


def test_a_key_that_somebody_works_on_is_left_alone(ledger: Deployment) -> None:
    app = known(create_app(ledger), lambda: LAN)
    clerk, finisher = app.state.clerk, app.state.finisher
    clerk._answers.keep_soon = lambda _: None
    with serving(app) as client:
        assert client.post("/v1/products", PRODUCT, MINE).status == 201
        finisher._clock = lambda: time() + PATIENCE + 1
        with ledger.database.connect() as connection:
            row = connection.execute("SELECT digest FROM idempotency_keys").fetchone()
            assert row is not None
            lock = int.from_bytes(row[0][:8], signed=True)
            connection.execute("SELECT pg_advisory_lock(%s)", [lock])
            assert (finisher.step(), finisher.interrupted) == (0, 1)
        until(lambda: finisher.step() == 1, 10)
        assert finisher.interrupted == 0


def test_a_key_of_an_operation_that_is_not_ours_waits(
    ledger: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(ledger)
    finisher = app.state.finisher
    with ledger.database.connect() as connection:
        connection.execute(
            "INSERT INTO idempotency_keys (digest, operation, body, begun) VALUES (%s, %s, %s, 0)",
            [bytes(32), "POST /v9/future", bytes(32)],
        )
    assert (finisher.step(), finisher.interrupted) == (0, 1)
    assert "idempotency_interrupted" in caplog.text
    app.state.clerk.close()


def test_the_thread_ends_when_it_is_told(ledger: Deployment) -> None:
    with serving(create_app(ledger)):
        assert any(each.name == "finisher" for each in threading.enumerate())
    assert not any(each.name == "finisher" for each in threading.enumerate())
