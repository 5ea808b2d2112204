"""The authorization matrix over HTTP: every operation, for 8 principals, own, other's, missing.

`CALLS` says how each operation is called for each: a route that is added adds a line. What is
expected is worked out here from the cell alone, not by the code that decides.
"""

import re
from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Any, Final, Literal, NamedTuple

import pytest
from fastapi import FastAPI
from joserfc.jwk import OKPKey

from api.access import guard
from api.access.matrix import OPERATIONS, ROWS, Cell, default_scopes
from api.app import create_app
from api.bootstrap import Deployment
from api.principal import Kind
from chain.store.finality import stamp_path
from domain.clients.client import Client as ApiClient
from tests.api.access.cased import (
    RULING,
    case,
    key,
    known_merchant,
    order,
    own_opening,
    package,
)
from tests.api.access.shop import SHOP
from tests.api.access.trading import TRADING
from tests.api.access.viewed import MISSING
from tests.api.access.world import MINE, NOBODY, THEIRS, World
from tests.api.asking import Reply

Whose = Literal["own", "other", "missing"]
WHOSE: Final[tuple[Whose, ...]] = ("own", "other", "missing")
Arguments = Callable[[World, Kind, Whose], dict[str, Any]]
TOPIC: Final = "leads"
"""Which a regulator's token names, where the operation itself names none."""
REQUEST_ID = re.compile(rb'"request_id":"req_[0-9a-z]+"')


class Call(NamedTuple):
    """How an operation is called.

    Attributes:
        method: of HTTP.
        path: with the arguments' names in braces.
        arguments: for a kind and whose thing it is.
        body: made from the arguments; None for none.
        form: whether the body is a form.
        is_thing: whether one thing is named that may be missing.
        is_list: whether what is asked for is whatever is within reach.
    """

    method: Literal["GET", "POST"]
    path: str
    arguments: Arguments = lambda *_: {}
    body: Callable[[dict[str, Any]], object] | None = None
    is_thing: bool = True
    is_list: bool = False


def public(path: str, **arguments: object) -> Call:
    return Call("GET", path, lambda *_: arguments, is_thing=False)


def buyer(world: World, kind: Kind, whose: Whose) -> dict[str, Any]:
    own = world.end_user if kind is Kind.PLATFORM_CLIENT else MINE
    return {"buyer": {"own": own, "other": THEIRS, "missing": NOBODY}[whose]}


def merchant(_: World, __: Kind, whose: Whose) -> dict[str, Any]:
    return {"merchant": {"own": "M-LAN", "other": "M-FOX", "missing": "M-NONE"}[whose]}


def goods(world: World, _: Kind, whose: Whose) -> dict[str, Any]:
    mine, theirs = world.products
    missing = "prd_01m6b1yq00e2aafp47cgx674mz"
    return {"product": {"own": mine, "other": theirs, "missing": missing}[whose]}


def api_client(world: World, kind: Kind, whose: Whose) -> dict[str, Any]:
    mine, theirs = world.clients.get(kind.value, world.clients["merchant"])
    missing = "cli_01m6b1yq00e2aafp47cgx674mz"
    named = {"own": mine, "other": theirs, "missing": missing}[whose]
    keys = [] if whose == "missing" else list(world.ledger.trade.load(ApiClient, named).keys)
    good = [each for each in keys if world.ledger.trade.load(ApiClient, named).keys[each]]
    return {"client": named, "name": (good or ["x" * 43])[-1]}


def subject(world: World, kind: Kind, whose: Whose) -> dict[str, Any]:
    own = {
        Kind.MERCHANT: "M-LAN",
        Kind.PLATFORM_CLIENT: world.clients["platform_client"][0],
    }.get(kind, MINE)
    return {"subject": {"own": own, "other": THEIRS, "missing": NOBODY}[whose]}


def dispute(world: World, _: Kind, whose: Whose) -> dict[str, Any]:
    mine, theirs = world.disputes
    missing = "dsp_01m6b1yq00e2aafp47cgx674mz"
    return {"dispute": {"own": mine, "other": theirs, "missing": missing}[whose]}


def opening(world: World, _: Kind, whose: Whose) -> dict[str, Any]:
    return {"opening": "opn_01m6b1yq00e2aafp47cgx674mz" if whose == "missing" else world.opening()}


def viewed(noun: str) -> Arguments:
    """Return the arguments that name a row of a view."""

    def arguments(world: World, kind: Kind, whose: Whose) -> dict[str, Any]:
        mine, theirs, client = world.views[noun]
        own = client if kind is Kind.PLATFORM_CLIENT else mine
        return {"row": {"own": own, "other": theirs, "missing": MISSING[noun]}[whose]}

    return arguments


def one(path: str, noun: str) -> Call:
    """Return how one row of a view is asked for."""
    return Call("GET", f"/v1/{path}/{{row}}", viewed(noun))


def listing(path: str, client: str = "buyer") -> Call:
    """Return how a list is asked for: by whose rows it shall show, from those that own some."""

    def arguments(world: World, kind: Kind, whose: Whose) -> dict[str, Any]:
        asked = {
            Kind.CONSUMER: ("buyer", buyer),
            Kind.MERCHANT: ("merchant", merchant),
            Kind.PLATFORM_CLIENT: (client, buyer if client == "buyer" else merchant),
        }
        if kind not in asked:
            return {"query": "limit=50"}
        name, of = asked[kind]
        return {"query": f"{name}={of(world, kind, whose)[name]}"}

    return Call("GET", f"/v1/{path}?{{query}}", arguments, is_thing=False, is_list=True)


def topic(_: World, kind: Kind, whose: Whose) -> dict[str, Any]:
    owns = kind in (Kind.MERCHANT, Kind.PLATFORM_CLIENT)
    other = "leads" if owns else "identity"
    return {"topic": {"own": "own" if owns else TOPIC, "other": other, "missing": "zzz"}[whose]}


def new_key(_: dict[str, Any]) -> object:
    return {"public_key": OKPKey.generate_key("Ed25519").as_dict(private=False)}


def _of(body: dict[str, Any]) -> Callable[[dict[str, Any]], object]:
    return lambda _: body


CALLS: Final[Mapping[str, Call]] = {
    "health_live": public("/livez"),
    "health_ready": public("/readyz"),
    "health_start": public("/startupz"),
    "metrics_read": Call("GET", "/metrics", is_thing=False),
    # feeds
    "feeds_read": Call("GET", "/v1/feeds/{topic}", topic),
    "feeds_file": Call("GET", "/v1/feeds/{topic}/files/2026-11-22.json", topic),
    "feeds_receipt": Call(
        *("POST", "/v1/feeds/{topic}/receipts", topic), lambda _: {"size": 1, "root": "ab" * 32}
    ),
    "log_checkpoint": public("/checkpoint"),
    "log_tile": public("/tile/0/000.p/{size}"),
    "log_bundle": public("/tile/entries/000.p/{size}"),
    "log_stamp": public("/stamps/1.txt"),
    "log_entry": public("/v1/log/entries/0"),
    "log_proof": public("/v1/log/proofs/0"),
    "products_create": Call(
        "POST", "/v1/products", merchant, lambda found: {**found, "code": token_hex(4)}
    ),
    "batches_import": Call(
        *("POST", "/v1/batches", goods),
        lambda found: {**found, "merchant": "M-LAN", "lines": [token_hex(8)]},
    ),
    "products_stock": Call("GET", "/v1/products/{product}/stock", goods, is_thing=False),
    "products_badges": Call("GET", "/v1/products/{product}/badges", goods, is_thing=False),
    "certification_status": public("/v1/certification/status"),
    "certification_key": public("/v1/certification/key"),
    "orders_place": Call(
        *("POST", "/v1/orders", lambda *at: {**buyer(*at), "product": at[0].products[0]}),
        lambda found: found,
    ),
    "redemptions_redeem": Call(
        "POST", "/v1/redemptions", buyer, lambda found: {**found, "code": "0" * 20}
    ),
    **{operation: Call(*line) for operation, line in TRADING.items()},
    **{operation: Call(*line) for operation, line in SHOP.items()},
    "callbacks_receive": Call("POST", "/v1/callbacks/x", body=lambda _: {}, is_thing=False),
    "oauth_metadata": public("/.well-known/oauth-authorization-server"),
    "oauth_keys": public("/oauth/keys"),
    "oauth_token": Call("POST", "/oauth/token", body=lambda _: {}, is_thing=False),
    "oauth_revoke": Call("POST", "/oauth/revoke", body=lambda _: {}, is_thing=False),
    "clients_read": Call("GET", "/v1/clients/{client}", api_client),
    "clients_issue_key": Call("POST", "/v1/clients/{client}/keys", api_client, new_key),
    "clients_revoke_key": Call(
        "POST", "/v1/clients/{client}/keys/{name}/revocation", api_client, lambda _: {}
    ),
    "readings_list": Call("GET", "/v1/readings?subject={subject}", subject, is_thing=False),
    "openings_request": Call(
        *("POST", "/v1/openings", dispute),
        lambda found: {**found, "value": "ab" * 32, "purpose": "court order"},
    ),
    "openings_approve": Call("POST", "/v1/openings/{opening}/approval", opening, lambda _: {}),
    # cases
    "openings_list": public("/v1/openings"),
    "openings_value": Call("GET", "/v1/openings/{opening}/value", own_opening),
    "disputes_open": Call("POST", "/v1/disputes", order, lambda found: found),
    **{
        f"disputes_{name}": Call("POST", f"/v1/disputes/{{dispute}}/{path}", case, _of(body))
        for name, path, body in (
            ("add_evidence", "evidence", {"field": "statement", "text": "a"}),
            ("concede", "concession", {}),
            ("withdraw", "withdrawal", {}),
            ("appeal", "appeal", {"reason": "a"}),
            ("accept", "acceptance", {}),
            ("assign", "assignment", {"arbitrator": "staff-5", "reason": "a"}),
            ("enter_bank_result", "bank_result", {"outcome": "refund", "reason": "a"}),
            ("execute", "execution", {}),
            ("rule", "ruling", RULING),
        )
    },
    "evidence_export": Call(
        *("POST", "/v1/evidence", case), lambda found: {**found, "certificate": False}
    ),
    "evidence_list": Call("GET", "/v1/evidence?dispute={dispute}", case),
    "evidence_read": Call("GET", "/v1/evidence/{number}.zip", package),
    "evidence_request": Call(
        *("POST", "/v1/evidence/requests", case),
        lambda found: {"object": found["dispute"], "purpose": "a"},
    ),
    "evidence_verify": Call("POST", "/v1/evidence/verifications", is_thing=False),
    "orders_replay": Call("GET", "/v1/orders/{order}/replay", order),
    "disputes_replay": Call("GET", "/v1/disputes/{dispute}/replay", case),
    "keys_replay": Call("GET", "/v1/keys/{key}/replay", key),
    "merchants_replay": Call("GET", "/v1/merchants/{merchant}/replay", known_merchant),
    "log_consistency": public("/v1/log/consistency?old=1"),
    "receipts_list": Call("GET", "/v1/receipts", is_thing=False, is_list=True),
    # views
    "orders_list": listing("orders"),
    "orders_read": one("orders", "order"),
    "steps_list": Call("GET", "/v1/orders/{row}/timeline", viewed("order")),
    "steps_read": Call("GET", "/v1/orders/{row}", viewed("step")),
    "refunds_list": listing("refunds"),
    "refunds_read": one("refunds", "refund"),
    "keys_list": listing("keys"),
    "keys_read": one("keys", "key"),
    "disputes_list": listing("disputes"),
    "disputes_read": one("disputes", "dispute"),
    "stock_list": listing("stock", "merchant"),
    "stock_read": Call("GET", "/v1/stock/{product}", goods),
    "batches_list": listing("batches", "merchant"),
    "batches_read": one("batches", "batch"),
    "merchants_list": listing("merchants"),
    "merchants_read": one("merchants", "merchant"),
    "certificates_list": listing("certificates"),
    "certificates_read": one("certificates", "certificate"),
    "credit_list": listing("credit"),
    "credit_read": one("credit", "merchant"),
    "sanctions_list": listing("sanctions"),
    "sanctions_read": one("sanctions", "sanction"),
    "work_list": listing("work"),
    "work_read": one("work", "work"),
    "balances_list": listing("balances"),
    "balances_read": one("balances", "balance"),
    "statistics_list": listing("statistics"),
    "statistics_read": one("statistics", "day"),
}
"""By operation."""

REACHED: Final = "reached"
"""The route's own answer: whatever it is, the caller was let through."""


def expected(cell: Cell, kind: Kind, whose: Whose, call: Call) -> int | str:
    """Return the status that the matrix asks for."""
    if cell is Cell.NONE:
        return 401 if kind is Kind.ANONYMOUS else 403
    if whose == "own":
        return REACHED
    if call.path == "/v1/receipts":
        return REACHED  # one's own, whoever asks
    if call.is_list and (cell is Cell.CASE or (cell is Cell.SCOPE and whose == "missing")):
        # It names nothing of anybody's: what comes is what is within reach.
        return REACHED
    everybodys = cell in (Cell.ALL, Cell.MASK, Cell.TWO)
    if whose == "other":
        return REACHED if everybodys else 404
    return REACHED if everybodys and not call.is_thing else 404


def scopes_for(kind: Kind, whose: Whose, operation: str) -> frozenset[str]:
    """Return what the token holds: a regulator's own is what its topics name."""
    scopes = default_scopes(kind)
    if kind is Kind.REGULATOR and whose != "other":
        scopes |= {f"topic:{OPERATIONS[operation].topic or TOPIC}"}
    if kind is Kind.PLATFORM_CLIENT:
        scopes |= {"merchant:M-LAN"}
    return scopes


def ask(world: World, operation: str, kind: Kind, whose: Whose) -> tuple[Reply, dict[str, Any]]:
    call = CALLS[operation]
    arguments = call.arguments(world, kind, whose)
    size = {"size": world.published} if "{size}" in call.path else {}
    path = call.path.format(**arguments, **size)
    scopes = scopes_for(kind, whose, operation)
    client = world.ask(kind, call.method, path, scopes=scopes)
    if call.method == "GET":
        return client.get(path), arguments
    body = call.body(arguments) if call.body else {}
    return client.post(path, body, token_hex(12)), arguments


def without_names(reply: Reply, arguments: Mapping[str, Any]) -> bytes:
    """Return the body but for the request's id and for what was asked for."""
    found = REQUEST_ID.sub(b"", reply.body)
    for each in arguments.values():
        found = found.replace(str(each).encode(), b"")
    return found


def changes_standing(operation: str) -> bool:
    """Say whether what it records changes what its party may do from then on."""
    return operation.startswith(("accounts_", "identities_", "erasures_", "sanctions_"))


def test_every_cell_of_every_operation(world: World) -> None:
    world.ledger.files.write([(stamp_path(1, "txt"), b"a stamp\n")])
    for each in (TOPIC, "identity", "own"):
        manifest = world.ledger.home / "feeds" / each / "2026-11-22.json"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_bytes(b"{}")
    wrong, hidden = [], set()
    # Whoever has an account is held against its standing from then on: that comes last.
    for operation in sorted(OPERATIONS, key=changes_standing):
        for kind in Kind:
            for whose in WHOSE:
                cell = ROWS[OPERATIONS[operation].row].cell(kind)
                want = expected(cell, kind, whose, CALLS[operation])
                reply, arguments = ask(world, operation, kind, whose)
                code = reply.json.get("code") if reply.status >= 400 else None
                turned_away = code in ("unauthenticated", "forbidden") or (
                    # What everybody may read and is not there is no matter of who asks.
                    code == "not_found" and (CALLS[operation].is_thing or want != REACHED)
                )
                got = reply.status if turned_away else REACHED
                if got != want:
                    wrong.append(
                        (operation, kind.value, whose, want, reply.status, reply.body[:200])
                    )
                if want == 404:
                    hidden.add((operation, without_names(reply, arguments)))
    assert wrong == []
    # Other's and missing, of every kind: one answer for each operation.
    answers: dict[str, list[bytes]] = {}
    for operation, answer in hidden:
        answers.setdefault(operation, []).append(answer)
    assert {name: each for name, each in answers.items() if len(each) > 1} == {}


def test_every_operation_of_the_document_has_a_row_and_a_call(ledger: Deployment) -> None:
    document = create_app(ledger).openapi()
    found = {each["operationId"] for path in document["paths"].values() for each in path.values()}
    assert found == OPERATIONS.keys() == CALLS.keys()


def test_a_route_without_a_row_keeps_the_program_from_starting(ledger: Deployment) -> None:
    app = create_app(ledger)
    gate = app.state.gate
    app = FastAPI()

    @app.get("/anything", operation_id="anything")
    def anything() -> None:
        """Stand here without a row."""

    with pytest.raises(LookupError, match=r"without a row \['anything'\]"):
        guard.install(app, gate)


def test_a_scope_that_the_token_lacks_is_403(world: World) -> None:
    reply = world.ask(Kind.MERCHANT, "POST", "/v1/products", scopes=frozenset({"feeds.read"})).post(
        "/v1/products", {"merchant": "M-LAN", "code": "x"}, token_hex(12)
    )
    assert (reply.status, reply.json["code"]) == (403, "forbidden")


def test_nothing_of_a_body_is_read_before_the_function_is_granted(world: World) -> None:
    client = world.client.bearing()
    assert client.post("/v1/orders", b"{", token_hex(12)).status == 401
    assert "DPoP" in client.post("/v1/orders", b"{", token_hex(12)).headers["www-authenticate"]
