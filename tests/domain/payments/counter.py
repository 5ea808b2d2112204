"""The sandbox's counter: connections to it, and what the world does there."""

from typing import Any

from domain.outside.store.client import Endpoint, Patience, SignedClient
from domain.payments.channel import Channel, Route
from domain.payments.store.http_channel import HttpChannel
from tests.domain.payments.paying import ALGORITHMS, ROUTES, account_of, secret_of


class Counter:
    """Both sides of the sandbox's channels, over HTTP."""

    def __init__(self, endpoint: Endpoint, receiver: str) -> None:
        self.endpoint = endpoint
        self._client = SignedClient(endpoint, Patience(5, 1))
        self._asked = 0
        for route in ROUTES:
            asked = {"account": account_of(route), "receiver": receiver, "key": "k1"}
            asked |= {"algorithm": ALGORITHMS[route], "secret": secret_of(route).hex()}
            self.ask("connect", route, **asked)

    def channels(self, patience: Patience | None = None) -> dict[Route, Channel]:
        """Return a client of each connection."""
        return {route: HttpChannel.at(route, self.endpoint, patience) for route in ROUTES}

    def ask(self, what: str, route: Route, **question: Any) -> dict[str, Any]:
        """Let the world do something at a connection's counter."""
        self._asked += 1
        asked = {"channel": route.channel, "connection": route.connection, **question}
        return self._client.ask(f"/v1/pay/{what}", asked, f"test/{id(self)}/{self._asked}")

    def statuses(self) -> list[int]:
        """Return how each callback was answered."""
        self._asked += 1
        answer = self._client.ask("/v1/pay/sent", {}, f"test/{id(self)}/{self._asked}")
        return list(answer["statuses"])

    def fail(self, path: str, mode: str, times: int) -> None:
        """Make the next *times* answers of a path go wrong."""
        self._asked += 1
        order = {"path": f"/v1/pay/{path}", "mode": mode, "times": times}
        self._client.ask("/control", order, f"test/{id(self)}/{self._asked}")
