"""Identifiers in requests: 400 in a path, a fault of the schema in a body."""

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from api import problems
from api.ids import OrderId
from domain.identifiers import check
from tests.api.asking import serving

GOOD = "ord_01m6b1yq00e2aafp47cgx674mz"
BAD = [
    "ord",
    "ord_",
    "key_01m6b1yq00e2aafp47cgx674mz",
    "ord_01M6B1YQ00E2AAFP47CGX674MZ",
    "ord_01m6b1yq00e2aafp47cgx674m",
    "ord_81m6b1yq00e2aafp47cgx674mz",
    "ord_00000000000000000000000000",
    "01m6b1yq00e2aafp47cgx674mz",
]


class Named(BaseModel):
    order: OrderId


def application() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.get("/orders/{order}")
    def read(order: OrderId) -> str:
        return order

    @app.post("/orders")
    def name(body: Named) -> str:
        return body.order

    return app


@pytest.mark.parametrize("bad", BAD)
def test_a_malformed_identifier_is_refused_by_where_it_stands(bad: str) -> None:
    with serving(application()) as client:
        reply = client.get(f"/orders/{bad}")
        assert (reply.status, reply.json["code"]) == (400, "id_malformed")
        assert reply.json["errors"][0]["pointer"] == "#path/order"
        reply = client.post("/orders", {"order": bad})
        assert (reply.status, reply.json["code"]) == (422, "validation_failed")
        assert reply.json["errors"] == [
            {
                "pointer": "/order",
                "code": "id_malformed",
                "detail": "must be ord_ and the 26 symbols of a UUIDv7",
            }
        ]
        assert client.get(f"/orders/{GOOD}").status == 200


def test_the_document_shows_its_form_and_a_good_example() -> None:
    schema = application().openapi()["components"]["schemas"]["Named"]["properties"]["order"]
    assert schema["pattern"].startswith("^ord_")
    assert check(schema["examples"][0], "ord")
