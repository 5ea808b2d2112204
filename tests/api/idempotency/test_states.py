"""Every cell of the table of ``reliability.md``, 5.1, over HTTP, and what is in none of them."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import time

import psycopg
import pytest
from eventsourcing.persistence import OperationalError

from api.app import create_app
from api.bootstrap import Deployment
from api.idempotency.clerk import Clerk
from api.idempotency.finisher import Finisher
from api.settings import Settings
from chain.store.master_key import VaultUnavailableError
from domain.errors import ConcurrentChangeError
from tests.api.asking import Client, Reply, serving
from tests.chain.store.owners import until

PRODUCT = {"merchant": "M-LAN", "code": "SKU-1"}
MINE = "mine-0123456789abcdef"
DAY = 24 * 3600


def create(client: Client, key: str = MINE, **more: object) -> Reply:
    return client.post("/v1/products", PRODUCT | more, key)


def code(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["code"]


class Clock:
    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(ledger: Deployment, clock: Clock) -> Iterator[Client]:
    app = create_app(ledger)
    app.state.clerk._clock = app.state.finisher._clock = clock
    with serving(app) as made:
        made_app[made.base] = app.state.clerk
        made_finisher[made.base] = app.state.finisher
        yield made


made_app: dict[str, Clerk] = {}
made_finisher: dict[str, Finisher] = {}


@pytest.fixture
def clerk(client: Client) -> Clerk:
    return made_app[client.base]


@pytest.fixture
def finisher(client: Client) -> Finisher:
    return made_finisher[client.base]


@contextmanager
def blocked(ledger: Deployment) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Let a use case begin, and not go on before it is told to."""
    begun, go_on = threading.Event(), threading.Event()
    real = ledger.trade.create_product

    def slow(*args: object, **kwargs: object) -> object:
        begun.set()
        assert go_on.wait(20)
        return real(*args, **kwargs)  # type: ignore[arg-type]

    ledger.trade.create_product = slow  # type: ignore[assignment,method-assign]
    try:
        yield begun, go_on
    finally:
        go_on.set()
        ledger.trade.create_product = real  # type: ignore[method-assign]


def unanswered(clerk: Clerk) -> None:
    """Let the clerk lose every answer that it would write in a moment."""
    clerk._answers.keep_soon = lambda row: None  # type: ignore[method-assign]


def rows(owner_url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(owner_url) as owner:
        return owner.execute(
            "SELECT status, answer, link, finished FROM ledger.idempotency_keys"
        ).fetchall()


def test_new_is_executed_and_not_marked_as_replayed(client: Client, ledger: Deployment) -> None:
    reply = create(client)
    assert reply.status == 201
    assert "idempotency-replayed" not in reply.headers
    assert ledger.reader.size() == 1
    assert reply.json["command_id"].startswith("api/")
    assert client.get(reply.headers["location"]).status == 200


def test_in_flight_is_409_for_the_same_body_and_another(client: Client, ledger: Deployment) -> None:
    with ThreadPoolExecutor(1) as pool, blocked(ledger) as (begun, go_on):
        first = pool.submit(create, client)
        assert begun.wait(10)
        same, other = create(client), create(client, title="other")
        for reply in (same, other):
            assert code(reply) == (409, "idempotency_in_flight")
            assert reply.headers["retry-after"] == "1"
            assert reply.json["retry"] == {"when": "same_key"}
        go_on.set()
        assert first.result().status == 201
    assert code(create(client, title="other")) == (422, "idempotency_body_changed")


def test_in_flight_in_another_process_is_409_too(client: Client, ledger: Deployment) -> None:
    with (
        serving(create_app(ledger)) as other,
        ThreadPoolExecutor(1) as pool,
        blocked(ledger) as (begun, go_on),
    ):
        first = pool.submit(create, client)
        assert begun.wait(10)
        assert code(create(other)) == (409, "idempotency_in_flight")
        go_on.set()
        done = first.result()
        until(lambda: create(other).status == 201, 10)
        again = create(other)
    assert (again.body, again.headers["idempotency-replayed"]) == (done.body, "true")


def test_finished_is_answered_with_the_same_status_and_bytes(
    client: Client, ledger: Deployment, owner_url: str
) -> None:
    first = create(client)
    for _ in range(2):
        again = create(client)
        assert (again.status, again.body) == (201, first.body)
        assert again.headers["idempotency-replayed"] == "true"
    until(lambda: [row[0] for row in rows(owner_url)] == [201], 10)
    assert create(client).body == first.body
    assert code(create(client, title="other")) == (422, "idempotency_body_changed")
    assert ledger.reader.size() == 1


def test_members_in_another_order_are_the_same_body(client: Client) -> None:
    first = create(client)
    text = b'{ "code":"SKU-1",\n "merchant":"M-LAN"}'
    assert client.post("/v1/products", text, MINE).body == first.body


def test_a_business_refusal_is_final_for_its_key(client: Client, ledger: Deployment) -> None:
    """The late duplicate must not buy what the client was told that it did not get."""
    product = create(client, price=100, currency="CNY").json["product"]
    wish = {"buyer": "usr_01m6b1yq00e2aafp47cgx674mz", "product": product}
    first = client.post("/v1/orders", wish, MINE)
    assert code(first) == (409, "sold_out")
    batch = {"merchant": "M-LAN", "product": product, "lines": ["AAAA-1"]}
    assert client.post("/v1/batches", batch, MINE).status == 201
    size = ledger.reader.size()
    late = client.post("/v1/orders", wish, MINE)
    assert (late.status, late.body) == (409, first.body), "its request id, too"
    assert late.headers["idempotency-replayed"] == "true"
    assert late.headers["content-type"] == "application/problem+json"
    assert ledger.reader.size() == size
    assert code(client.post("/v1/orders", wish | {"amount": 1, "currency": "CNY"}, MINE)) == (
        422,
        "idempotency_body_changed",
    )
    assert client.post("/v1/orders", wish, "another-0123456789").status == 201


def test_a_refusal_that_the_log_keeps_is_final_too(client: Client, owner_url: str) -> None:
    body = {"buyer": "usr_01m6b1yq00e2aafp47cgx674mz", "code": "AAAA-BBBB"}
    first = client.post("/v1/redemptions", body, MINE)
    again = client.post("/v1/redemptions", body, MINE)
    assert (first.status, first.body) == (422, again.body)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert [row[0] for row in rows(owner_url)] == [422]


def test_interrupted_is_driven_on_from_the_log(
    client: Client, clerk: Clerk, ledger: Deployment, owner_url: str
) -> None:
    unanswered(clerk)
    first = create(client)
    assert [row[0] for row in rows(owner_url)] == [None]
    assert code(create(client, title="other")) == (422, "idempotency_body_changed")
    again = create(client)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert ledger.reader.size() == 1


def test_a_5xx_before_the_commit_leaves_the_key_as_new(
    client: Client, ledger: Deployment, owner_url: str
) -> None:
    real = ledger.trade.create_product

    def away(*_: object, **__: object) -> None:
        raise OperationalError("host db of role xiyou is away")

    ledger.trade.create_product = away  # type: ignore[assignment,method-assign]
    reply = create(client)
    assert code(reply) == (503, "outcome_unknown")
    assert reply.json["retry"] == {"when": "same_key"}
    assert rows(owner_url) == []
    ledger.trade.create_product = real  # type: ignore[method-assign]
    assert create(client).status == 201


def test_a_5xx_after_the_commit_is_answered_by_the_effect(
    client: Client, ledger: Deployment
) -> None:
    real = ledger.trade.create_product

    def heard_nothing(*args: object, **kwargs: object) -> None:
        real(*args, **kwargs)  # type: ignore[arg-type]
        raise OperationalError("the connection was lost in COMMIT")

    ledger.trade.create_product = heard_nothing  # type: ignore[assignment,method-assign]
    assert create(client).status == 503
    ledger.trade.create_product = real  # type: ignore[method-assign]
    again = create(client)
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert ledger.reader.size() == 1


def test_an_answer_older_than_30_days_is_spent_and_has_no_second_effect(
    client: Client, clock: Clock, finisher: Finisher, ledger: Deployment, owner_url: str
) -> None:
    assert create(client).status == 201
    until(lambda: rows(owner_url)[0][0] == 201, 10)
    clock.ahead = 29 * DAY
    assert create(client).status == 201
    clock.ahead = 31 * DAY
    for _ in range(2):
        reply = create(client)
        assert code(reply) == (409, "idempotency_key_spent")
        assert reply.json["resource"] == "/v1/log/entries/0"
        assert code(create(client, title="x")) == (422, "idempotency_body_changed")
        finisher.step()
    assert rows(owner_url)[0][1] is None, "the answer was let go"
    assert ledger.reader.size() == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/products", b"{", 400),
        ("/v1/products", {"merchant": "lan"}, 422),
        (
            "/v1/batches",
            {"merchant": "M-A", "product": "prd_01m6b1yq00e2aafp47cgx674mz", "lines": ["A"]},
            404,
        ),
    ],
    ids=["malformed", "invalid", "not_found"],
)
def test_what_the_client_can_mend_is_not_kept(
    client: Client, owner_url: str, path: str, body: object, status: int
) -> None:
    # What nobody can read names nobody: its sender says who asks all the same.
    sender = client.bearing(**client.sign({"merchant": "M-LAN"})) if body == b"{" else client
    assert sender.post(path, body, MINE).status == status
    assert rows(owner_url) == []


def test_who_was_slower_is_refused_for_now_and_not_for_good(
    client: Client, ledger: Deployment, owner_url: str
) -> None:
    real, tries = ledger.trade.create_product, []

    def slower(*args: object, **kwargs: object) -> object:
        tries.append(1)
        if len(tries) < 9:
            raise ConcurrentChangeError("somebody was faster")
        return real(*args, **kwargs)  # type: ignore[arg-type]

    ledger.trade.create_product = slower  # type: ignore[assignment,method-assign]
    reply = create(client)
    assert (code(reply), len(tries)) == ((409, "state_conflict"), 5)
    assert reply.json["retry"] == {"when": "same_key"}
    assert rows(owner_url) == []
    assert create(client).status == 201


def test_f21_a_vault_that_is_away_is_not_final(client: Client, ledger: Deployment) -> None:
    real = ledger.trade.create_product

    def away(*_: object, **__: object) -> None:
        raise VaultUnavailableError("no key")

    ledger.trade.create_product = away  # type: ignore[assignment,method-assign]
    assert create(client).status == 503
    ledger.trade.create_product = real  # type: ignore[method-assign]
    assert create(client).status == 201


def test_f4_the_same_key_fifty_times_at_once_has_one_effect(
    client: Client, ledger: Deployment
) -> None:
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda _: create(client), range(50)))
    served = [each for each in replies if each.status == 201]
    in_flight = [each for each in replies if each.status == 409]
    assert served
    assert len(served) + len(in_flight) == 50
    assert len({each.body for each in served}) == 1
    assert sum("idempotency-replayed" not in each.headers for each in served) == 1
    assert {each.json["code"] for each in in_flight} <= {"idempotency_in_flight"}
    assert ledger.reader.size() == 1
    assert create(client).body == served[0].body


def test_f4_twenty_keys_fifty_times_each_over_two_doors(client: Client, ledger: Deployment) -> None:
    """Two applications share no memory: the lock and the rows are the database's."""
    with serving(create_app(ledger)) as other, ThreadPoolExecutor(32) as pool:
        asked = [(f"key-{n % 20:016}", (client, other)[n % 2]) for n in range(1_000)]
        replies = list(pool.map(lambda each: (each[0], create(each[1], each[0])), asked))
    answers: dict[str, set[bytes]] = {}
    for key, reply in replies:
        assert reply.status in (201, 409), reply.body
        if reply.status == 201:
            answers.setdefault(key, set()).add(reply.body)
        else:
            assert reply.json["code"] == "idempotency_in_flight"
    assert {len(each) for each in answers.values()} == {1}
    assert ledger.reader.size() == len(answers) == 20


def test_losing_the_locks_connection_harms_nothing(
    client: Client, clerk: Clerk, ledger: Deployment, owner_url: str
) -> None:
    assert create(client).status == 201
    connection = clerk._claims._connection
    assert connection is not None
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
    assert create(client).headers["idempotency-replayed"] == "true"
    assert create(client, "another-0123456789").status == 201
    assert ledger.reader.size() == 2


def test_a_key_s_row_tells_nobody_what_was_asked(
    client: Client, settings: Settings, owner_url: str
) -> None:
    create(client)
    with psycopg.connect(owner_url) as owner:
        text = str(owner.execute("SELECT * FROM ledger.idempotency_keys").fetchall())
    assert MINE not in text
    assert (settings.home / "keys" / "door.secret").stat().st_mode & 0o077 == 0
