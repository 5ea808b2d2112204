"""Lists: pages of ``items`` with an opaque ``next`` link, all of one list at one tree size.

    @router.get("/orders")
    def list_orders(page: Page, who: Who, state: State | None = None) -> dict[str, Any]:
        \"\"\"List this principal's orders, the newest first.\"\"\"
        found = view.orders(who.subject, state, page.size, page.after, page.limit + 1)
        return page.answer(found, lambda order: order["order"])

`page.after` is what the last page's last item was given as its position, None on the first
page; `page.size` is the tree size that the whole list is pinned to. Hand in one item more
than `page.limit` and there is a next page. The link is authenticated with the door's secret
and bound to the principal, the path and every other query parameter, and good for 25 hours;
any other is 400 `link_malformed`. Clients follow it and never build it.

A read that takes ``min_index`` (`Fresh`) waits until its view has come there, for two seconds
at the most, and is then 503 `view_behind`; so a client reads its own writes. What waits is
``app.state.views``, a `Views`. ``tests/api/test_lists.py``.
"""

import base64
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from time import time
from typing import Annotated, Any, Final, Protocol, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request

from api.access.asking import principal
from api.errors import LinkMalformedError, ViewBehindError
from api.numbers import SPELT
from api.principal import Principal

T = TypeVar("T")
Position = str | int | list[str | int]
"""Of an item in its list: what the next page begins after."""

DEFAULT: Final = 50
MOST: Final = 200
LIFE: Final = 25 * 3600
"""Seconds for which a link is good: a day, and an hour for slow clients."""
WAIT: Final = 2.0
"""Seconds for which a read waits for its view."""
SEAL: Final = 16
"""Bytes of a link's authenticator."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="Items of a page, at most."), SPELT]
Next = Annotated[
    str | None,
    Query(alias="next", max_length=2_048, description="From the `next` link of the page before."),
]
MinIndex = Annotated[
    int | None,
    Query(ge=0, le=2**63 - 1, description="Wait until this leaf index can be seen here."),
    SPELT,
]


class Views(Protocol):
    """What reads are answered from."""

    def wait_for(self, view: str, index: int, seconds: float) -> bool:
        """Wait until *view* has seen leaf *index*; False if it has not after *seconds*."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page that is asked for: see the module."""

    size: int
    limit: int
    after: Any
    _path: str
    _filter: tuple[tuple[str, str], ...]
    _who: str
    _secret: bytes
    _now: int

    def answer(self, found: Sequence[T], position: Callable[[T], Position]) -> dict[str, Any]:
        """Return the page of *found*, of which one more than `limit` may be there."""
        items = list(found[: self.limit])
        page: dict[str, Any] = {"items": items, "size": self.size}
        if len(found) > self.limit:
            held = [self.size, position(items[-1]), self._now + LIFE]
            token = _seal(self._secret, self._bound(), held)
            query = urlencode([*self._filter, ("limit", str(self.limit)), ("next", token)])
            page["next"] = f"{self._path}?{query}"
        return page

    def _bound(self) -> bytes:
        return _bound(self._path, self._filter, self._who)


def list_page(request: Request, limit: Limit = DEFAULT, following: Next = None) -> ListPage:
    """Return the page that *request* asks for.

    Raises:
        LinkMalformedError: the link is not ours, another's, for another list, or too old.
    """
    ledger = request.app.state.ledger
    asked = request.query_params.multi_items()
    chosen = tuple(sorted(each for each in asked if each[0] not in ("next", "limit", "min_index")))
    who, now, path = _name(principal(request)), int(time()), request.url.path
    if following is None:
        size, after = ledger.reader.size(), None
    else:
        held = _open(ledger.door_key, _bound(path, chosen, who), following)
        size, after, until = held
        if until < now:
            raise LinkMalformedError("next: this link is too old: begin the list again")
    return ListPage(size, limit, after, path, chosen, who, ledger.door_key, now)


Page = Annotated[ListPage, Depends(list_page)]
"""A list's page, as a route takes it."""


class Fresh:
    """Waits for a view: ``dependencies=[Depends(Fresh("orders"))]``.

    Args:
        view: its name.
        seconds: to wait, at the most.
    """

    def __init__(self, view: str, seconds: float = WAIT) -> None:
        self._view = view
        self._seconds = seconds

    def __call__(self, request: Request, min_index: MinIndex = None) -> None:
        """Wait, if it is asked for.

        Raises:
            ViewBehindError: the view has not come there.
        """
        if min_index is None:
            return
        views: Views = request.app.state.views
        if not views.wait_for(self._view, min_index, self._seconds):
            raise ViewBehindError(f"{self._view}: has not come to index {min_index} yet")


def _name(who: Principal) -> str:
    return "\n".join((who.kind, who.subject, who.client or ""))


def _bound(path: str, chosen: Sequence[tuple[str, str]], who: str) -> bytes:
    return json.dumps([path, list(chosen), who], separators=(",", ":")).encode()


def _seal(secret: bytes, bound: bytes, held: object) -> str:
    text = json.dumps(held, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_authenticator(secret, bound, text) + text).decode().rstrip("=")


def _open(secret: bytes, bound: bytes, token: str) -> Any:  # noqa: ANN401 — what was sealed
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    seal, text = raw[:SEAL], raw[SEAL:]
    if not hmac.compare_digest(seal, _authenticator(secret, bound, text)):
        raise LinkMalformedError("next: follow the link of the page before, unchanged")
    return json.loads(text)


def _authenticator(secret: bytes, bound: bytes, text: bytes) -> bytes:
    content = b"list" + sha256(bound).digest() + text
    return hmac.digest(secret, content, "sha256")[:SEAL]
