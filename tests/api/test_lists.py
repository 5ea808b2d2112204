"""Lists: pages that follow each other, links that nobody can build, reads that wait."""

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Query, Request, Response
from starlette.middleware.base import RequestResponseEndpoint

from api import problems
from api.lists import LIFE, Fresh, Page
from api.principal import Kind, Principal
from tests.api.asking import Client, Reply, serving


class Reader:
    length = 120

    def size(self) -> int:
        return self.length


class Ledger:
    door_key = bytes(range(32))
    reader = Reader()


class Views:
    asked: tuple[str, int, float] | None = None

    def wait_for(self, view: str, index: int, seconds: float) -> bool:
        self.asked = (view, index, seconds)
        return index < 100


def listing() -> FastAPI:
    app = FastAPI()
    problems.install(app)
    app.state.ledger, app.state.views = Ledger(), Views()
    app.state.who = Principal(Kind.MERCHANT, "M-LAN")

    @app.get("/numbers", dependencies=[Depends(Fresh("numbers"))])
    def numbers(page: Page, odd: Annotated[bool | None, Query()] = None) -> dict[str, Any]:
        start = -1 if page.after is None else page.after
        found = [n for n in range(start + 1, page.size) if odd is None or n % 2 == odd]
        return page.answer(found[: page.limit + 1], lambda n: n)

    @app.middleware("http")
    async def known(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.principal = app.state.who
        return await call_next(request)

    return app


def walk(client: Client, path: str) -> list[Reply]:
    replies = [client.get(path)]
    while "next" in replies[-1].json:
        replies.append(client.get(replies[-1].json["next"]))
    return replies


def test_fifty_by_default_and_the_next_link_leads_through_all() -> None:
    with serving(listing()) as client:
        replies = walk(client, "/numbers")
    assert [len(each.json["items"]) for each in replies] == [50, 50, 20]
    assert [item for each in replies for item in each.json["items"]] == list(range(120))


def test_the_whole_list_is_of_one_tree_size_whatever_comes_meanwhile() -> None:
    app = listing()
    app.state.ledger.reader = Reader()
    with serving(app) as client:
        first = client.get("/numbers?odd=true&limit=40")
        app.state.ledger.reader.length = 500
        rest = walk(client, first.json["next"])
    assert {each.json["size"] for each in [first, *rest]} == {120}
    items = [item for each in [first, *rest] for item in each.json["items"]]
    assert items == list(range(1, 120, 2))


@pytest.mark.parametrize("limit", ["0", "201", "x"])
def test_a_page_has_one_to_two_hundred_items(limit: str) -> None:
    with serving(listing()) as client:
        assert client.get(f"/numbers?limit={limit}").status == 422
        assert len(client.get("/numbers?limit=200").json["items"]) == 120


def test_a_link_is_good_for_its_principal_its_filter_and_unchanged_only() -> None:
    app = listing()
    with serving(app) as client:
        link = client.get("/numbers?odd=true&limit=10").json["next"]
        assert client.get(link).status == 200
        token = link.rpartition("=")[2]
        altered = [
            link.replace("odd=true", "odd=false"),
            link.replace("odd=true&", ""),
            "/numbers?odd=true&next=",
            *(link[:-n] for n in (1, 5, 30)),
            *(
                link.replace(token, token[:n] + ("B" if token[n] == "A" else "A") + token[n + 1 :])
                for n in range(0, len(token), 3)
            ),
        ]
        for each in altered:
            reply = client.get(each)
            assert (reply.status, reply.json["code"]) == (400, "link_malformed"), each
        for other in (Principal(Kind.MERCHANT, "M-SHUO"), Principal(Kind.AUDITOR, "M-LAN")):
            app.state.who = other
            assert client.get(link).json["code"] == "link_malformed"


def test_a_link_is_good_for_a_day_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LIFE >= 24 * 3600
    with serving(listing()) as client:
        link = client.get("/numbers").json["next"]
        monkeypatch.setattr("api.lists.LIFE", -1)
        old = client.get("/numbers").json["next"]
        assert client.get(link).status == 200
        assert client.get(old).json["code"] == "link_malformed"


def test_a_read_waits_for_its_view_and_not_for_ever() -> None:
    app = listing()
    with serving(app) as client:
        assert client.get("/numbers?min_index=99").status == 200
        assert app.state.views.asked == ("numbers", 99, 2.0)
        reply = client.get("/numbers?min_index=100")
        assert (reply.status, reply.json["code"]) == (503, "view_behind")
        assert reply.json["retry"] == {"when": "after", "seconds": 1}
        assert client.get("/numbers?min_index=-1").status == 422
