"""The authorization server over HTTP: clients show themselves by a key, tokens are bound to one."""

import base64
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import ECKey, OKPKey

from api.access.issuing import ASSERTION_TYPE
from api.access.signed import Key, sign
from api.access.store.credentials import digest_of
from api.commands import new_id
from domain.clients.administration import Credential, Registration
from tests.api.access.world import World, make_client
from tests.api.asking import Client, Reply, proof_of

KEYS = [
    pytest.param(lambda: OKPKey.generate_key("Ed25519"), id="Ed25519"),
    pytest.param(lambda: ECKey.generate_key("P-256"), id="P-256"),
]


def form(client: Client, path: str, members: Mapping[str, str], **headers: str) -> Reply:
    """Post a form."""
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    request = urllib.request.Request(
        client.base + path, urlencode(members).encode(), sent, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return Reply(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, dict(error.headers), error.read())


def assertion(world: World, client: str, key: Key, **changes: object) -> dict[str, str]:
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": client,
        "sub": client,
        "aud": world.gate.name,
        "jti": token_hex(8),
        "iat": now,
        "exp": now + 60,
    }
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": sign({"kid": key.thumbprint()}, claims | changes, key),
    }


def get_token(world: World, client: str, key: Key, **headers: str) -> Reply:
    return form(world.client, "/oauth/token", assertion(world, client, key), **headers)


@pytest.mark.parametrize("make", KEYS)
def test_a_key_gets_a_token_that_opens_what_its_kind_may(
    world: World, make: Callable[[], Key]
) -> None:
    key = make()
    client = make_client(world.ledger, "auditor", "staff-1", key)
    reply = get_token(world, client, key)
    assert (reply.status, reply.json["token_type"]) == (200, "Bearer")
    assert reply.headers["cache-control"] == "no-store"
    asked = world.client.bearing(Authorization=f"Bearer {reply.json['access_token']}")
    assert asked.get("/v1/log/entries/0").status == 200
    assert asked.post("/v1/products", {"merchant": "M-LAN", "code": "x"}, "k" * 16).status == 403


def test_t07_a_thief_of_a_bound_token_gets_nowhere(world: World) -> None:
    """reliability.md, T7: a token, or a whole request, in the hands of another key: 401."""
    key, thief = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
    client = make_client(world.ledger, "platform_client", key=key)
    reply = get_token(world, client, key)
    assert (reply.status, reply.json["error"]) == (400, "invalid_dpop_proof")
    url = f"{world.client.base}/oauth/token"
    reply = get_token(world, client, key, DPoP=proof_of(key, "POST", url))
    assert (reply.status, reply.json["token_type"]) == (200, "DPoP")
    token, path = reply.json["access_token"], f"/v1/clients/{client}"
    url = world.client.base + path

    def ask(proof: str | None, scheme: str = "DPoP") -> int:
        headers = {} if proof is None else {"DPoP": proof}
        return world.client.bearing(Authorization=f"{scheme} {token}", **headers).get(path).status

    good = proof_of(key, "GET", url, token)
    assert ask(good) == 200
    assert ask(good) == 401
    assert ask(None) == 401
    assert ask(proof_of(key, "GET", url, token), "Bearer") == 401
    assert ask(proof_of(thief, "GET", url, token)) == 401
    for changes in (
        *({"htm": "POST"}, {"htu": f"{url}x"}, {"htu": f"https://elsewhere.example{path}"}),
        *({"iat": int(time.time()) - 120}, {"iat": int(time.time()) + 60}, {"ath": "x"}),
        *({"jti": ""}, {"jti": 5}, {"iat": "now"}),
    ):
        assert ask(proof_of(key, "GET", url, token, **changes)) == 401, changes
    told = [
        each for each in world.ledger.reader.history(client) if each.type == "client.call_refused"
    ]
    causes = [b'"replayed_proof"' in each.entry for each in told]
    assert sorted(causes) == [False, True]


def test_after_revocation_no_call_is_accepted_later_than_a_second(world: World) -> None:
    key = OKPKey.generate_key("Ed25519")
    client = make_client(world.ledger, "auditor", "staff-1", key)
    first, second = (get_token(world, client, key).json["access_token"] for _ in range(2))
    asking = {
        each: world.client.bearing(Authorization=f"Bearer {each}") for each in (first, second)
    }
    assert {each.get("/v1/log/entries/0").status for each in asking.values()} == {200}
    asked = assertion(world, client, key) | {"token": first}
    del asked["grant_type"]
    assert form(world.client, "/oauth/revoke", asked).status == 200
    time.sleep(1)
    assert asking[first].get("/v1/log/entries/0").status == 401
    assert asking[second].get("/v1/log/entries/0").status == 200
    world.ledger.trade.revoke_client_keys(world.command("staff-8"), client, [], "lost")
    time.sleep(1)
    assert asking[second].get("/v1/log/entries/0").status == 401
    assert get_token(world, client, key).json["error"] == "invalid_client"


def test_a_client_revokes_its_own_tokens_alone(world: World) -> None:
    mine, theirs = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
    me = make_client(world.ledger, "auditor", "staff-1", mine)
    other = make_client(world.ledger, "auditor", "staff-5", theirs)
    token = get_token(world, other, theirs).json["access_token"]
    asked = assertion(world, me, mine) | {"token": token}
    assert form(world.client, "/oauth/revoke", asked).status == 200
    time.sleep(1)
    asking = world.client.bearing(Authorization=f"Bearer {token}")
    assert asking.get("/v1/log/entries/0").status == 200


def test_an_assertion_is_taken_once_for_this_server_and_for_minutes(world: World) -> None:
    key = OKPKey.generate_key("Ed25519")
    client = make_client(world.ledger, "auditor", "staff-1", key)
    asked, now = assertion(world, client, key), int(time.time())
    assert form(world.client, "/oauth/token", asked).status == 200
    for again in (
        asked,
        assertion(world, client, key, aud="https://elsewhere.example"),
        assertion(world, client, key, exp=now - 1),
        assertion(world, client, key, exp=now + 3_600),
        assertion(world, client, key, iss="somebody"),
        assertion(world, client, OKPKey.generate_key("Ed25519")),
        assertion(world, new_id("cli"), key),
        asked | {"client_assertion": "x.y.z"},
        asked | {"client_assertion_type": "x"},
        {"grant_type": "client_credentials"},
    ):
        reply = form(world.client, "/oauth/token", again)
        assert (reply.status, reply.json["error"]) == (401, "invalid_client"), again
        assert "www-authenticate" in reply.headers


def test_a_secret_is_for_a_sandbox_and_kept_as_a_digest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, secret = new_id("cli"), token_hex(32)
    world.ledger.trade.register_client(
        world.command("staff-8"),
        client,
        Registration("shop", "merchant", "M-LAN", ()),
        Credential("s" * 43, "client_secret", secret=digest_of(secret)),
    )
    members = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    reply = form(world.client, "/oauth/token", members)
    assert reply.status == 200
    basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
    only = {"grant_type": "client_credentials"}
    assert form(world.client, "/oauth/token", only, Authorization=f"Basic {basic}").status == 200
    for wrong in (members | {"client_secret": "x"}, members | {"client_id": new_id("cli")}):
        assert form(world.client, "/oauth/token", wrong).json["error"] == "invalid_client"
    entries = b"".join(e.entry for e in world.ledger.reader.entries(0, world.ledger.reader.size()))
    assert secret.encode() not in entries
    assert digest_of(secret).hex().encode() not in entries
    monkeypatch.setattr(world.gate.server, "sandbox", False)
    reply = form(world.client, "/oauth/token", members)
    assert (reply.status, reply.json["error"]) == (401, "invalid_client")


def test_scopes_can_be_narrowed_and_never_widened(world: World) -> None:
    key = OKPKey.generate_key("Ed25519")
    client = make_client(world.ledger, "auditor", "staff-1", key)
    asked = assertion(world, client, key) | {"scope": "log.read"}
    assert form(world.client, "/oauth/token", asked).json["scope"] == "log.read"
    asked = assertion(world, client, key) | {"scope": "log.read goods.write"}
    assert form(world.client, "/oauth/token", asked).json["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("members", "kind", "error"),
    [
        ({"grant_type": "password"}, None, "unsupported_grant_type"),
        ({}, "application/json", "invalid_request"),
        ({"grant_type": "x" * 20_000}, None, "invalid_request"),
    ],
)
def test_what_is_no_request_is_told_so(
    world: World, members: dict[str, str], kind: str | None, error: str
) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    reply = form(world.client, "/oauth/token", members, **headers)
    assert (reply.status, reply.json["error"]) == (400, error)


def test_metadata_and_keys_are_what_the_tokens_are(world: World) -> None:
    client = world.client.bearing()
    told = client.get("/.well-known/oauth-authorization-server").json
    assert told["issuer"] == world.gate.name
    assert told["token_endpoint"] == f"{client.base}/oauth/token"
    [key] = client.get("/oauth/keys").json["keys"]
    assert key["kid"] == world.gate.keys[0].thumbprint()
    assert "d" not in key
