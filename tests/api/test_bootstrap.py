"""The parts joined: made once, checked at every start, closed in good order."""

import pytest
from pydantic import SecretStr

from api.bootstrap import SECRETS, Deployment
from api.home_secrets import SECRET_SIZE
from api.not_ready import NotReadyError
from api.settings import Settings
from chain.errors import MalformedError, VerificationError
from chain.quorum import verify_checkpoint
from chain.store.embedded import EmbeddedPostgres
from chain.store.files import MissingFileError
from chain.store.master_key import VaultUnavailableError
from domain.command import Command
from domain.event import Meta
from scripts.migrate import migrate

PRODUCT = "prd_01m6b1yq00efza980r9sxbxpms"


def offer(ledger: Deployment, command_id: str = "cmd/1") -> list[int]:
    meta = Meta("M-LAN", "merchant", "test", "test", command_id, command_id)
    command = Command(meta, ledger.vault, bytes)
    return list(ledger.trade.create_product(command, PRODUCT, "M-LAN", "X"))


def test_what_is_recorded_is_published_and_signed_with_both_keys(ledger: Deployment) -> None:
    assert offer(ledger) == [1]
    published = ledger.publisher.publish_once()
    assert published is not None
    assert published.size == ledger.reader.size() == 1
    witnessed = verify_checkpoint(ledger.files.read("checkpoint"), ledger.policy())
    assert len(witnessed.logs) == 2
    assert ledger.prover.prove(0)


def test_the_same_command_again_records_nothing(ledger: Deployment) -> None:
    assert offer(ledger) == offer(ledger) == [1]
    assert ledger.reader.size() == 1


def test_a_second_start_finds_the_keys_that_the_first_one_made(settings: Settings) -> None:
    with Deployment(settings, migrate) as first:
        origin, secret, policy = first.origin, first.secret("import"), first.policy()
    with Deployment(settings) as second:
        assert (second.origin, second.policy()) == (origin, policy)
        assert second.secret("import") == secret
    with Deployment(settings, migrate) as third:
        assert third.policy() == policy


def test_nothing_is_made_unless_asked(settings: Settings) -> None:
    with pytest.raises(NotReadyError, match="xiyou migrate"), Deployment(settings):
        pass
    assert not settings.home.exists()


def test_a_home_whose_database_was_never_migrated_is_refused(
    settings: Settings, postgres_server: EmbeddedPostgres
) -> None:
    with Deployment(settings, migrate):
        pass
    empty = SecretStr(postgres_server.url(user="xiyou_app", database="postgres"))
    other = settings.model_copy(update={"database_url": empty})
    with pytest.raises(NotReadyError, match="no ledger"), Deployment(other):
        pass


def test_a_log_keeps_its_name(settings: Settings) -> None:
    with Deployment(settings, migrate):
        pass
    renamed = settings.model_copy(update={"origin": "ledger.example/other"})
    with pytest.raises(NotReadyError, match="keeps its name"), Deployment(renamed):
        pass


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_private_and_checked(ledger: Deployment, name: str) -> None:
    path = ledger.home / "keys" / f"{name}.secret"
    assert len(ledger.secret(name)) == SECRET_SIZE
    assert path.stat().st_mode & 0o077 == 0
    path.chmod(0o644)
    with pytest.raises(VerificationError, match="chmod 600"):
        ledger.secret(name)
    path.chmod(0o600)
    path.write_text("not hex\n")
    with pytest.raises(MalformedError, match="backup"):
        ledger.secret(name)
    path.unlink()
    with pytest.raises(MissingFileError):
        ledger.secret(name)


def test_a_lost_master_key_is_never_replaced_by_a_new_one(settings: Settings) -> None:
    with Deployment(settings, migrate) as ledger:
        offer(ledger)
    (settings.home / "keys" / "vault-master.key").unlink()
    with Deployment(settings, migrate) as ledger, pytest.raises(VaultUnavailableError):
        offer(ledger, "cmd/2")
