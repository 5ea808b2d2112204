"""The gate of ``/v1`` finds what would break a client, and lets additions pass."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.api.compatibility import breaks
from tests.api.test_openapi import RELEASED

Change = Callable[[dict[str, Any]], object]


def order(document: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = document["components"]["schemas"]["NewOrder"]
    return schema


def placed(document: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = document["components"]["schemas"]["OrdersPlaceAnswer"]
    return schema


def operation(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/v1/orders"]["post"]
    return found


BREAKING: list[tuple[Change, str]] = [
    (lambda it: it["paths"]["/v1/orders"].pop("post"), "POST /v1/orders: gone"),
    (lambda it: operation(it).update(operationId="x"), "POST /v1/orders: is called otherwise"),
    (lambda it: operation(it)["responses"].pop("201"), "POST /v1/orders: 201: gone"),
    (lambda it: placed(it)["properties"].pop("key"), "POST /v1/orders: 201/key: is gone"),
    (
        lambda it: placed(it)["required"].remove("key"),
        "POST /v1/orders: 201/key: is not always there now",
    ),
    (
        lambda it: placed(it)["properties"]["amount"].update(type="string"),
        "POST /v1/orders: 201/amount: has another type",
    ),
    (lambda it: order(it)["required"].append("key"), "POST /v1/orders: body/key: is needed now"),
    (lambda it: order(it)["properties"].pop("key"), "POST /v1/orders: body/key: is refused now"),
    (
        lambda it: operation(it)["parameters"].append(
            {"in": "query", "name": "new", "required": True, "schema": {}}
        ),
        "POST /v1/orders: query new: is needed now",
    ),
]
GROWING: list[Change] = [
    lambda it: it["paths"].update({"/v1/new": deepcopy(it["paths"]["/v1/orders"])}),
    lambda it: placed(it)["properties"].update(more={"type": "string"}),
    lambda it: order(it)["properties"].update(more={"type": "string"}),
]


@pytest.mark.parametrize(("change", "told"), BREAKING)
def test_what_breaks_a_client_is_found(change: Change, told: str) -> None:
    old = json.loads(RELEASED.read_bytes())
    new = deepcopy(old)
    change(new)
    assert breaks(old, new) == [told]


@pytest.mark.parametrize("change", GROWING)
def test_what_is_added_breaks_nobody(change: Change) -> None:
    old = json.loads(RELEASED.read_bytes())
    new = deepcopy(old)
    change(new)
    assert breaks(old, new) == []
