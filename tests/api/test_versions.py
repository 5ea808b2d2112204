"""The version of behaviour: told always, asked for by date, and ended with notice."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI, Request

from api.versions import KNOWN, Ending, Versions
from tests.api.asking import Client, serving

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def application(**ending: Ending) -> FastAPI:
    app = FastAPI()

    @app.get("/v1/x")
    def x(request: Request) -> str:
        return str(request.state.version)

    app.add_middleware(Versions, ending={f"/v1/{name}": each for name, each in ending.items()})
    return app


def ask(client: Client, version: str) -> tuple[int, str | None]:
    reply = client.get("/v1/x", {"Xiyou-Version": version})
    return reply.status, reply.headers.get("xiyou-version")


def test_versions_are_dates_in_order() -> None:
    assert sorted(KNOWN) == list(KNOWN)
    for each in KNOWN:
        datetime.fromisoformat(each)


def test_the_newest_is_given_unless_another_is_asked_for() -> None:
    with serving(application()) as client:
        reply = client.get("/v1/x")
        assert reply.headers["xiyou-version"] == KNOWN[-1]
        for each in KNOWN:
            assert ask(client, each) == (200, each)
        assert ask(client, "1999-01-01") == (400, KNOWN[-1])
        refused = client.get("/v1/x", {"Xiyou-Version": "x"})
        assert refused.json["code"] == "version_unknown"
        assert "deprecation" not in reply.headers


def test_what_will_go_says_so_180_days_ahead() -> None:
    good = Ending(NOW, NOW + timedelta(days=180))
    with serving(application(x=good)) as client:
        headers = client.get("/v1/x").headers
    assert headers["deprecation"] == f"@{int(NOW.timestamp())}"
    assert headers["sunset"] == "Sun, 23 May 2027 00:00:00 GMT"
    short = Ending(NOW, NOW + timedelta(days=179))
    with pytest.raises(ValueError, match="180 days"):
        Versions(application(), {"/v1/x": short})
