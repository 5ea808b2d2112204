"""The demo's witnesses and authority: real ones over HTTP, and only where none is configured."""

from pathlib import Path

import pytest

from api.bootstrap import Deployment
from api.settings import load_settings
from chain.quorum import verify_checkpoint
from chain.store.openssl import has_openssl
from chain.timestamp import TEST_ORGANISATION
from scripts.deploying import deployment
from scripts.outsiders import WITNESSES, Outsiders
from scripts.trading import run_market


def test_what_is_published_with_them_is_witnessed_and_stamped(server_home: Path) -> None:
    with (
        deployment(server_home, make=True) as made,
        Outsiders(made) as outsiders,
        Deployment(outsiders.settings) as ledger,
    ):
        run_market(ledger, 2, lambda *_: None)
        ledger.publisher.publish_once()
        policy = ledger.policy()
        witnessed = verify_checkpoint(ledger.files.read("checkpoint"), policy)
        assert {name for name, _ in witnessed.witnesses} == set(WITNESSES)
        if has_openssl():
            assert TEST_ORGANISATION in ledger.stamper.stamp().said.authority


def test_a_later_run_is_watched_by_the_same_witnesses(server_home: Path) -> None:
    vkeys = []
    with deployment(server_home, make=True) as made:
        for _ in "ab":
            with Outsiders(made) as outsiders:
                vkeys.append([each.vkey for each in outsiders.witnesses])
    assert vkeys[0] == vkeys[1]


def test_who_has_witnesses_of_its_own_gets_no_others(
    server_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with deployment(server_home, make=True) as made, Outsiders(made) as outsiders:
        monkeypatch.setenv("XIYOU_WITNESSES", outsiders.environment["XIYOU_WITNESSES"])
        own = load_settings({"XIYOU_WITNESSES": ""}, server_home)
        with Deployment(own) as other, Outsiders(other) as none:
            assert none.witnesses == []
            assert "XIYOU_WITNESSES" not in none.environment
