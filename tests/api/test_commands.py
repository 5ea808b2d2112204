"""Routes that write: what a route's author says, and what comes of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from api.access.refusal import ForbiddenError
from api.app import create_app, operations_of
from api.bootstrap import Deployment
from api.commands import Recorded, Task, Who, command_route, new_id
from api.principal import Kind, Principal
from tests.api.asking import Client, Reply, known, serving

KEYLESS = {
    *("/v1/callbacks/{channel}", "/oauth/token", "/oauth/revoke"),
    # They record nothing, are addressed by content, or ask an outside party again.
    *("/v1/documents", "/v1/evidence/verifications", "/v1/orders/{order}/comparisons"),
    *("/v1/payments/{payment}/inquiry", "/v1/refunds/{refund}/inquiry"),
    "/v1/refunds/{refund}/transfer",
}
"""Their protocols know no Idempotency-Key, or they are safe to repeat."""
KEY = "mine-0123456789abcdef"
LAN = Principal(Kind.MERCHANT, "M-LAN")
SHUO = Principal(Kind.MERCHANT, "M-SHUO")


class Named(BaseModel):
    code: str


class Desk:
    """An application with one route of a test's own, asked by whoever the test says."""

    def __init__(self, ledger: Deployment) -> None:
        self.who = LAN
        self.within: list[str] = []
        self.app = create_app(ledger)
        router = APIRouter(prefix="/v1", tags=["trying"])

        @contextmanager
        def within() -> Iterator[None]:
            self.within.append("in")
            yield
            self.within.append("out")

        @command_route(
            router, "/shelves/{shelf}", answer=created, link=link, within=within, status=202
        )
        def name_product(shelf: str, body: Named, who: Who) -> Task:
            """Name it."""
            if who.kind is not Kind.MERCHANT:
                raise ForbiddenError("only merchants name products")
            product = new_id("prd")
            return Task(
                lambda command: ledger.trade.create_product(
                    command, product, who.subject, f"{shelf}/{body.code}", None, None, None
                ),
                shown=lambda done: {"secret": "s3cret", "again": done.replayed},
            )

        self.app.include_router(router)
        known(self.app, lambda: self.who)


def created(done: Recorded) -> dict[str, Any]:
    return {"product": done.one("product.created").stream, **done.receipt()}


def link(done: Recorded) -> str:
    return f"/v1/products/{done.one('product.created').stream}"


def name(client: Client, shelf: str = "a", key: str | None = KEY, **body: object) -> Reply:
    return client.post(f"/v1/shelves/{shelf}", {"code": "x"} | body, key)


def test_a_route_is_a_task_an_answer_and_a_link(ledger: Deployment) -> None:
    desk = Desk(ledger)
    with serving(desk.app) as client:
        reply = name(client)
    assert reply.status == 202
    assert reply.headers["location"] == f"/v1/products/{reply.json['product']}"
    assert reply.headers["cache-control"] == "no-store"
    assert desk.within == ["in", "out"]
    entry = ledger.reader.entry(reply.json["index"]).entry
    assert b'"actor":"M-LAN"' in entry
    assert b'"role":"merchant"' in entry


def test_what_is_only_shown_is_kept_nowhere_and_shown_again_for_ten_minutes(
    ledger: Deployment, owner_url: str
) -> None:
    desk = Desk(ledger)
    clerk = desk.app.state.clerk
    with serving(desk.app) as client:
        first, again = name(client), name(client)
        assert (first.json["secret"], first.json["again"]) == ("s3cret", False)
        assert (again.json["secret"], again.json["again"]) == ("s3cret", True)
        now = clerk._clock()
        clerk._clock = lambda: now + 601
        late = name(client)
        assert late.status == 202
        assert "secret" not in late.json
        assert late.json.items() <= first.json.items()
    with ledger.database.connect() as connection:
        [(kept,)] = connection.execute("SELECT answer FROM idempotency_keys").fetchall()
    assert kept == late.body


def test_one_s_key_is_not_another_s(ledger: Deployment) -> None:
    desk = Desk(ledger)
    with serving(desk.app) as client:
        first = name(client)
        desk.who = SHUO
        other = name(client)
        assert "idempotency-replayed" not in other.headers
        assert other.json["product"] != first.json["product"]


def test_what_the_path_names_is_part_of_what_is_asked(ledger: Deployment) -> None:
    with serving(Desk(ledger).app) as client:
        assert name(client, "a").status == 202
        reply = name(client, "b")
        assert (reply.status, reply.json["code"]) == (422, "idempotency_body_changed")


def test_whoever_may_not_do_it_now_gets_no_old_answer_either(ledger: Deployment) -> None:
    desk = Desk(ledger)
    with serving(desk.app) as client:
        assert name(client).status == 202
        desk.who = Principal(Kind.AUDITOR, "M-LAN")
        reply = name(client)
        assert (reply.status, reply.json["code"]) == (403, "forbidden")


def test_a_key_is_asked_for_before_the_body_is_looked_at(ledger: Deployment) -> None:
    with serving(Desk(ledger).app) as client:
        reply = name(client, key=None, code=7)
        assert (reply.status, reply.json["code"]) == (400, "idempotency_key_missing")
        assert name(client, code=7).status == 422


def test_every_command_of_the_application_is_known_to_the_finisher(ledger: Deployment) -> None:
    app = create_app(ledger)
    assert isinstance(app, FastAPI)
    assert set(operations_of(app)) >= {
        "POST /v1/orders",
        "POST /v1/products",
        "POST /v1/batches",
        "POST /v1/redemptions",
    }
    posts = {path for path, item in app.openapi()["paths"].items() if "post" in item}
    assert posts >= KEYLESS
    assert {f"POST {path}" for path in posts - KEYLESS} == set(operations_of(app))
