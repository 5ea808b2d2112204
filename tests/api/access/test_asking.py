"""Which tokens are believed: of the right issuer, key, kind of text and time, and no others."""

import logging
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given, settings, strategies
from joserfc.jwk import OKPKey

from api.access.asking import Asker, Asking
from api.access.issuers import FetchedKeys, FixedKeys, LocalIssuer, OidcIssuer
from api.access.proof import check_proof
from api.access.refusal import UnauthenticatedError
from api.access.signed import sign
from api.access.token import Grant, write_token
from api.principal import ANONYMOUS, Kind, Principal
from chain.errors import MalformedError, VerificationError
from tests.api.access.world import World

KEY = OKPKey.generate_key("Ed25519")
ISSUER, NOW = "https://ledger.example", 1_800_000_000


class Nothing:
    """Stands where nothing is revoked and everything is used for the first time."""

    def is_revoked(self, *_: str) -> bool:
        return False

    def use_once(self, *_: object) -> bool:
        return True


def asker(*issuers: Any, sandbox: bool = True) -> Asker:
    known = issuers or (LocalIssuer(ISSUER, FixedKeys([KEY])),)
    nothing: Any = Nothing()
    return Asker({each.name: each for each in known}, nothing, nothing, sandbox=sandbox)


def identify(token: str, at: int = NOW, who: Asker | None = None) -> Principal:
    asking = Asking([f"Bearer {token}"], [], "GET", f"{ISSUER}/x")
    return (who or asker()).identify(asking, at)


def claims(**changes: object) -> dict[str, object]:
    members: dict[str, object] = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": "M-LAN",
        "client_id": "cli_x",
        "scope": "goods.write",
        "iat": NOW,
        "exp": NOW + 600,
        "jti": "one",
        "kind": "merchant",
    }
    return {name: value for name, value in (members | changes).items() if value is not None}


def signed(header: Any = None, **changes: object) -> str:  # noqa: ANN401 — what a test wants
    given = {"typ": "at+jwt", "kid": KEY.thumbprint()} if header is None else header
    return sign(given, claims(**changes), KEY)


def test_a_good_token_says_who_asks() -> None:
    who = identify(signed(auth_time=NOW - 60))
    assert (who.kind, who.subject, who.client) == (Kind.MERCHANT, "M-LAN", "cli_x")
    assert (who.scopes, who.token, who.stepped_up) == (frozenset({"goods.write"}), "one", True)
    assert not identify(signed(auth_time=NOW - 601)).stepped_up
    assert asker().identify(Asking([], [], "GET", ISSUER), NOW) is ANONYMOUS


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "https://elsewhere.example"},
        {"aud": None},
        {"exp": NOW},
        {"exp": None},
        {"exp": "never"},
        {"iat": NOW + 60},
        {"sub": None},
        {"sub": ""},
        {"client_id": None},
        {"jti": None},
        {"scope": ["goods.write"]},
        {"kind": "anonymous"},
        {"kind": "root"},
        {"kind": None},
        {"kind": "platform_client"},
        {"kind": "regulator"},
        {"cnf": {"x5t#S256": "x"}},
        {"cnf": {"jkt": KEY.thumbprint()}},
    ],
    # The key is a new one in every process, and a case has one name.
    ids="-".join,
)
def test_a_token_that_says_otherwise_is_not_believed(changes: dict[str, object]) -> None:
    with pytest.raises(UnauthenticatedError):
        identify(signed(None, **changes))


def test_a_token_of_another_key_algorithm_or_kind_of_text_is_not_believed() -> None:
    other = OKPKey.generate_key("Ed25519")
    good = {"typ": "at+jwt", "kid": KEY.thumbprint()}
    head, body, _ = signed().split(".")
    none = urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    for text in (
        sign(good, claims(), other),
        signed({**good, "typ": "jwt"}),
        signed({"typ": "at+jwt"}),
        signed({"typ": "at+jwt", "kid": "another"}),
        f"{none}.{body}.",
        f"{head}.{body}.",
        f"{head}.{body}.AAAA",
    ):
        with pytest.raises(UnauthenticatedError):
            identify(text)


def test_a_sandbox_s_token_is_for_a_sandbox() -> None:
    grant = Grant(Kind.CONSUMER, "usr_x", "cli_x", frozenset(), sandbox=True)
    token = write_token(grant, ISSUER, KEY, NOW, "one")
    assert identify(token).kind is Kind.CONSUMER
    with pytest.raises(UnauthenticatedError):
        identify(token, who=asker(sandbox=False))


@given(
    strategies.text(max_size=200)
    | strategies.from_regex(r"[\w=-]{0,60}\.[\w=-]{0,60}\.[\w=-]{0,60}")
)
@settings(max_examples=200, deadline=None)
def test_whatever_text_is_sent_is_refused_in_good_order(text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        identify(text)
    with pytest.raises((MalformedError, VerificationError)):
        check_proof(text, "GET", ISSUER, NOW)


def test_a_proof_with_a_private_key_is_refused() -> None:
    header = {"typ": "dpop+jwt", "jwk": KEY.as_dict(private=True)}
    with pytest.raises(MalformedError, match="private"):
        check_proof(sign(header, {"jti": "x"}, KEY), "GET", ISSUER, NOW)


class Provider:
    """An identity provider whose keys change."""

    def __init__(self) -> None:
        self.keys = [KEY]
        self.asked = 0
        self.clock = 0.0

    def fetch(self) -> dict[str, Any]:
        self.asked += 1
        return {"keys": [each.as_dict(private=False, kid=each.thumbprint()) for each in self.keys]}

    def issuer(self) -> OidcIssuer:
        kinds = {"staff": Kind.OPERATOR, "buyers": Kind.CONSUMER}
        keys = FetchedKeys(self.fetch, lambda: self.clock)
        return OidcIssuer("https://id.example", ISSUER, keys, "groups", kinds, "ledger_id")


def of_provider(key: OKPKey = KEY, **changes: object) -> str:
    members = claims(iss="https://id.example", kind=None, ledger_id="usr_1", groups=["buyers"])
    return sign({"typ": "at+jwt", "kid": key.thumbprint()}, members | changes, key)


def test_a_provider_s_claim_says_the_kind_and_our_matrix_what_it_may() -> None:
    who = identify(of_provider(), who=asker(Provider().issuer()))
    assert (who.kind, who.subject) == (Kind.CONSUMER, "usr_1")
    assert "trade.write" in who.scopes
    assert "goods.write" not in who.scopes
    for changes in ({"groups": ["strangers"]}, {"groups": None}, {"ledger_id": 5}, {"aud": "x"}):
        with pytest.raises(UnauthenticatedError):
            identify(of_provider(**changes), who=asker(Provider().issuer()))


def test_a_provider_s_keys_are_kept_and_end() -> None:
    provider, new = Provider(), OKPKey.generate_key("Ed25519")
    believing = asker(provider.issuer())
    for _ in range(3):
        identify(of_provider(), who=believing)
    assert provider.asked == 1
    provider.keys = [new]
    with pytest.raises(UnauthenticatedError):
        identify(of_provider(new), who=believing)  # asked a moment ago: not again yet
    assert provider.asked == 1
    provider.clock = 11
    assert identify(of_provider(new), who=believing).subject == "usr_1"
    with pytest.raises(UnauthenticatedError):
        identify(of_provider(), who=believing)


def test_a_refusal_is_logged_and_holds_no_token(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """ASVS 16.3.2."""
    token = signed()
    with caplog.at_level(logging.INFO):
        reply = world.client.bearing(Authorization=f"Bearer {token}").get("/v1/log/entries/0")
        assert reply.status == 401
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]
    assert token.split(".")[2] not in caplog.text + reply.body.decode()
    [record] = [each for each in caplog.records if each.name == "xiyou.access"]
    assert record.__dict__["operation"] == "log_entry"
    assert time.time() - record.created < 60
