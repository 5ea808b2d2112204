"""A Python client that is generated from the document works: nobody has to write one."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from types import ModuleType
from typing import Any

import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from api.access.gate import Gate
from api.app import create_app
from api.bootstrap import Deployment
from api.principal import Kind
from tests.api.asking import serving, token_of

PACKAGE = "xiyou_made_client"
BYTES = "application/octet-stream"
BUYER = "usr_01m6b1yq00e2aafp47cgx674mz"


@pytest.fixture
def made(ledger: Deployment, tmp_path: Path) -> Iterator[Path]:
    """The client's package, which can be imported."""
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(create_app(ledger).openapi()))
    # The generator must be told which kinds of bytes there are beside application/octet-stream.
    settings = ConfigFile(post_hooks=[], content_type_overrides={"application/zip": BYTES})
    target = tmp_path / PACKAGE
    config = Config.from_sources(
        settings, MetaType.NONE, document, "utf-8", overwrite=True, output_path=target
    )
    assert list(generate(config=config)) == []
    sys.path.insert(0, str(tmp_path))
    yield target
    sys.path.remove(str(tmp_path))
    for name in [each for each in sys.modules if each.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def part(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{name}")


def test_a_generated_client_sells_a_key(ledger: Deployment, made: Path) -> None:
    models: Any = part("models")
    create, load = part("api.goods.products_create"), part("api.goods.batches_import")
    order, entry = part("api.orders.orders_place"), part("api.log.log_checkpoint")
    app = create_app(ledger)
    with (
        serving(app) as served,
        client(served.base, app.state.gate, Kind.MERCHANT, "M-LAN") as merchant,
        client(served.base, app.state.gate, Kind.CONSUMER, BUYER) as buyer,
    ):
        product = create.sync(
            client=merchant,
            body=models.NewProduct(merchant="M-LAN", code="SKU-1", price=2_500, currency="CNY"),
            idempotency_key=token_hex(12),
        )
        batch = load.sync(
            client=merchant,
            body=models.NewBatch(merchant="M-LAN", product=product.product, lines=["AAAA-BBBB"]),
            idempotency_key=token_hex(12),
        )
        wish = models.NewOrder(buyer=BUYER, product=product.product)
        placed = order.sync(client=buyer, body=wish, idempotency_key=token_hex(12))
        assert (placed.key, placed.amount) == (batch.keys[0], 2_500)
        assert ledger.reader.entry(placed.index).stream == placed.order
        sold_out = order.sync(client=buyer, body=wish, idempotency_key=token_hex(12))
        assert isinstance(sold_out, models.Problem)
        assert (sold_out.code, sold_out.retry.when.value) == ("sold_out", "never")
        ledger.publisher.publish_once()
        checkpoint = entry.sync_detailed(client=merchant)
        assert checkpoint.content.startswith(b"ledger.example/test\n")


def client(base: str, gate: Gate, kind: Kind, subject: str) -> Any:  # noqa: ANN401 — generated
    return part("client").AuthenticatedClient(base_url=base, token=token_of(gate, kind, subject))
