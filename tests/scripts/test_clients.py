"""``xiyou clients`` and ``xiyou token``: who may ask, and a made-up person to try it with."""

import json
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from chain.store.embedded import EmbeddedPostgres
from tests.scripts.calling import call


@pytest.fixture
def home(server_home: Path) -> Path:
    return server_home


def test_clients_are_made_listed_and_revoked(home: Path, tmp_path: Path) -> None:
    key = OKPKey.generate_key("Ed25519")
    public, private = tmp_path / "public.jwk", tmp_path / "private.jwk"
    public.write_text(json.dumps(key.as_dict(private=False)))
    private.write_text(json.dumps(key.as_dict(private=True)))
    with EmbeddedPostgres(home / "postgres"):
        at = ("--home", home, "--json")
        assert call("migrate", "--home", home).code == 0
        made = call("clients", "make", "platform_client", "--key", public, *at).json
        assert made["key"] == key.thumbprint()
        for wrong, code in (
            (("make", "auditor", "--subject", "staff-1", "--key", public), 3),
            (("make", "merchant", "--key", public), 2),
            (("make", "platform_client", "--key", private), 2),
            (("make", "platform_client"), 2),
            (("make", "merchant", "--subject", "M-A", "--secret", "--scope", "govern"), 2),
            (("revoke", "cli_x"), 2),
        ):
            assert call("clients", *wrong, *at).code == code, wrong
        secret = call("clients", "make", "merchant", "--subject", "M-LAN", "--secret", *at).json
        listed = call("clients", "list", *at)
        assert secret["secret"] not in listed.out
        assert {each["client"] for each in listed.json["keys"]} == {
            made["client"],
            secret["client"],
        }
        assert call("clients", "revoke", made["client"], *at).code == 0
        found = {e["client"]: e["revoked"] for e in call("clients", "list", *at).json["keys"]}
        assert found == {made["client"]: True, secret["client"]: False}


def test_a_made_up_person_s_token_is_a_sandbox_s_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("token", "--home", home, "--as", "consumer", "--subject", "usr_x", "--json")
    with EmbeddedPostgres(home / "postgres"):
        assert call("migrate", "--home", home).code == 0
        assert call(*asked).json["access_token"].count(".") == 2
        bound = ("token", "--home", home, "--as", "regulator", "--subject", "staff-3")
        assert call(*bound).code == 2
        monkeypatch.setenv("XIYOU_PUBLIC_URL", "https://ledger.example")
        assert call(*asked).code == 2
        assert call("clients", "make", "platform_client", "--secret", "--home", home).code == 2
