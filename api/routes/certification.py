"""Badges as a buyer is shown them, the status list, and the issuer's key (B6, B7).

Everybody may read them: a badge holds no personal value. They are checked by the reader, as
``docs/certificate.md`` says, and not by us for it. ``tests/api/test_qualification.py``.
"""

from threading import Lock
from time import monotonic
from typing import Any, Final

from fastapi import APIRouter, Response

from api.bootstrap import Deployment
from api.commands import this_moment
from api.ids import ProductId
from api.routes.log import TEXT
from domain.qualification.register import badges_for, publish_status

STATUS_LIFE: Final = 3_600
"""Seconds for which a list speaks."""
STATUS_AGE: Final = 30.0
"""Seconds after which a new one is signed, if anybody asks."""


def certification_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of badges."""
    router = APIRouter(prefix="/v1", tags=["certification"])
    newest = _Newest(ledger)

    @router.get("/products/{product}/badges", operation_id="products_badges")
    def badges(product: ProductId) -> dict[str, Any]:
        """Return the badges of a product's merchant and of its goods; none if it has none."""
        found = badges_for(ledger.trade, product)
        return {"product": product, "badges": [each.decode() for each in found]}

    @router.get("/certification/status", operation_id="certification_status")
    def status() -> Response:
        """Return the signed status list."""
        headers = {"Cache-Control": f"public, max-age={int(STATUS_AGE)}"}
        return Response(newest.status(), media_type=TEXT, headers=headers)

    @router.get("/certification/key", operation_id="certification_key")
    def key() -> Response:
        """Return the issuer's public key; whoever trusts it should have it from elsewhere."""
        return Response(f"{ledger.issuer.key.text()}\n", media_type=TEXT)

    return router


class _Newest:
    """The newest status list; askers share it, so that asking often costs nothing."""

    def __init__(self, ledger: Deployment) -> None:
        self._ledger = ledger
        self._lock = Lock()
        self._note = b""
        self._made = 0.0

    def status(self) -> bytes:
        """Return it, signed anew where it is too old."""
        with self._lock:
            if not self._note or monotonic() - self._made > STATUS_AGE:
                times = this_moment(), this_moment(STATUS_LIFE)
                self._note = publish_status(self._ledger.trade, self._ledger.issuer, times)
                self._made = monotonic()
            return self._note
