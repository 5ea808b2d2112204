"""The authorization server over HTTP: metadata, keys, tokens, revocation.

RFC 8414, 7517, 6749, 7009. ``tests/api/access/test_oauth.py``.
"""

from time import time
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.access.gate import Gate
from api.access.issuing import TokenRequest
from api.access.matrix import ROWS
from api.access.refusal import OAuthError
from api.principal import ANONYMOUS

MAX_FORM: Final = 16_384
FORM: Final = "application/x-www-form-urlencoded"
NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
AN_HOUR: Final = {"Cache-Control": "public, max-age=3600"}
ALGORITHMS: Final = ["EdDSA", "ES256"]


def _body(**members: str) -> dict[str, Any]:
    properties = {name: {"type": "string", "description": what} for name, what in members.items()}
    # A form spells texts alone, known or not.
    others = {"type": "string"}
    schema = {"type": "object", "properties": properties, "additionalProperties": others}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


TOKEN: Final = _body(
    grant_type="client_credentials",
    scope="What is asked for, separated by spaces; by default all that the client may have.",
    client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion="A JWT that the client's key has signed (RFC 7523).",
    client_id="In a sandbox, with a secret.",
    client_secret="In a sandbox alone.",  # noqa: S106 — says what it is
)
REVOKE: Final = _body(token="What is to be accepted no longer.", client_assertion="As above.")  # noqa: S106 — says what it is


def oauth_routes(gate: Gate) -> APIRouter:
    """Return the routes of the authorization server."""
    router = APIRouter(tags=["access"])

    @router.get("/.well-known/oauth-authorization-server", operation_id="oauth_metadata")
    def metadata(request: Request, response: Response) -> dict[str, Any]:
        """Return what a client needs to know of this server (RFC 8414)."""
        response.headers.update(AN_HOUR)
        base = gate.url_of(request).removesuffix(request.url.path)
        methods = ["private_key_jwt"]
        if gate.server.sandbox:
            methods += ["client_secret_basic", "client_secret_post"]
        return {
            "issuer": gate.name,
            "token_endpoint": f"{base}/oauth/token",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "jwks_uri": f"{base}/oauth/keys",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "scopes_supported": sorted(each.scope for each in ROWS.values() if each.scope),
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
            "revocation_endpoint_auth_methods_supported": methods,
            "dpop_signing_alg_values_supported": ALGORITHMS,
        }

    @router.get("/oauth/keys", operation_id="oauth_keys")
    def keys(response: Response) -> dict[str, Any]:
        """Return the public keys of our access tokens (RFC 7517)."""
        response.headers.update(AN_HOUR)
        public = [
            each.as_dict(private=False, kid=each.thumbprint(), use="sig", alg="EdDSA")
            for each in gate.keys
        ]
        return {"keys": public}

    @router.post("/oauth/token", operation_id="oauth_token", openapi_extra=TOKEN)
    async def token(request: Request, response: Response) -> dict[str, Any]:
        """Give a client an access token; 400 and 401 after RFC 6749, 5.2."""
        asked = await _request(gate, request)
        response.headers.update(NO_STORE)
        try:
            return await run_in_threadpool(gate.server.token, asked)
        except OAuthError as error:
            await run_in_threadpool(_tell, gate, error, "oauth_token")
            raise

    @router.post("/oauth/revoke", operation_id="oauth_revoke", openapi_extra=REVOKE)
    async def revoke(request: Request) -> Response:
        """Accept a token of the client's own no longer, from a second later at the latest."""
        asked = await _request(gate, request)
        try:
            await run_in_threadpool(gate.server.revoke, asked)
        except OAuthError as error:
            await run_in_threadpool(_tell, gate, error, "oauth_revoke")
            raise
        return Response(status_code=200, headers=NO_STORE)

    return router


def _tell(gate: Gate, error: OAuthError, operation: str) -> None:
    gate.books.note_refusal(ANONYMOUS, operation, error.code)
    if error.told is not None:
        gate.books.tell_refused_call(*error.told, operation)


async def _request(gate: Gate, request: Request) -> TokenRequest:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthError("invalid_request", f"Content-Type: {FORM}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            raise OAuthError("invalid_request", f"body: longer than {MAX_FORM} bytes")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=32)
    except ValueError:
        raise OAuthError("invalid_request", "body: no form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError("invalid_request", "body: a parameter stands twice")
    return TokenRequest(
        form,
        request.headers.get("authorization"),
        request.headers.getlist("dpop"),
        gate.url_of(request),
        int(time()),
    )
