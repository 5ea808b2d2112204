"""Where the parts of access are joined, for one deployment: issuers, clients, the books.

``tests/api/access/test_asking.py``.
"""

from collections.abc import Mapping
from functools import cached_property
from secrets import token_urlsafe
from time import time
from typing import Any, Final

from fastapi import Request

from api.access.asking import Asker
from api.access.issuers import FetchedKeys, FixedKeys, Issuer, LocalIssuer, OidcIssuer
from api.access.issuing import AuthorizationServer
from api.access.ledger_books import LedgerBooks
from api.access.store.credentials import Credentials, Revocations
from api.access.store.fetching import fetch_json
from api.access.store.issuer_key import open_token_keys
from api.bootstrap import Deployment
from api.settings import Settings
from chain.errors import MalformedError

TIMEOUT: Final = 5.0


class Gate:
    """What the guard and the authorization server are made of."""

    def __init__(self, ledger: Deployment) -> None:
        self.settings = ledger.settings
        self.name = self.settings.public_url or f"https://{ledger.origin}"
        """Our issuer identifier, and the audience of our tokens."""
        self.keys = open_token_keys(ledger.home)
        self.database = ledger.database
        self.credentials = Credentials(ledger.database)
        self.books = LedgerBooks(ledger)
        self._revocations = Revocations(self.credentials, lambda: int(time()))

    @cached_property
    def asker(self) -> Asker:
        """Tells who asks."""
        found: dict[str, Issuer] = {self.name: LocalIssuer(self.name, FixedKeys(self.keys))}
        if self.settings.oidc_issuer is not None:
            provider = _provider(self.settings, self.name)
            found[provider.name] = provider
        sandbox = self.settings.is_sandbox
        return Asker(found, self.credentials, self._revocations, sandbox=sandbox)

    @cached_property
    def server(self) -> AuthorizationServer:
        """Gives tokens to clients."""
        sandbox = self.settings.is_sandbox
        return AuthorizationServer(
            self.name, self.keys[0], self.credentials, lambda: token_urlsafe(16), sandbox=sandbox
        )

    def url_of(self, request: Request) -> str:
        """Return where *request* was sent, as the world names the place, without its query."""
        base = self.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return f"{base}{request.url.path}"


def _provider(settings: Settings, ours: str) -> OidcIssuer:
    name = settings.oidc_issuer or ""

    def fetch() -> Mapping[str, Any]:
        found = fetch_json(f"{name.rstrip('/')}/.well-known/openid-configuration", TIMEOUT)
        if found.get("issuer") != name or not isinstance(found.get("jwks_uri"), str):
            raise MalformedError("identity provider: its configuration is of another issuer")
        return fetch_json(found["jwks_uri"], TIMEOUT)

    return OidcIssuer(
        name,
        settings.oidc_audience or ours,
        FetchedKeys(fetch),
        settings.oidc_claim,
        settings.oidc_kinds,
        settings.oidc_subject,
    )
