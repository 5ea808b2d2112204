"""Settings: every fault named at once, and nothing that may be a secret."""

import os
from pathlib import Path

import pytest

from api.settings import Settings, SettingsError, load_settings
from tests.chain.keys import LOG, W1, W2, W3

VKEY = W1.verifier_key.text()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("XIYOU_"):
            monkeypatch.delenv(name)


def load() -> Settings:
    return load_settings(os.environ)


def test_nothing_needs_to_be_set() -> None:
    settings = load()
    assert settings.home == Path.home() / ".xiyou"
    assert settings.is_embedded
    assert settings.origin is None
    assert settings.publish_interval <= 1


def test_the_home_given_by_the_command_goes_before_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XIYOU_HOME", "/elsewhere")
    assert load_settings(os.environ, tmp_path).home == tmp_path
    assert load().home == Path("/elsewhere")
    assert load_settings(os.environ, Path("near")).home == Path.cwd() / "near"


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIYOU_DATABASE_URL", "")
    assert load().is_embedded


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("XIYOU_DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("XIYOU_OWNER_DATABASE_URL", "hunter2"),
        ("XIYOU_ORIGIN", "two words hunter2"),
        ("XIYOU_PUBLISH_INTERVAL", "hunter2"),
        ("XIYOU_PUBLISH_INTERVAL", "0"),
        ("XIYOU_WITNESSES", "hunter2"),
        ("XIYOU_WITNESSES", "hunter2 http://127.0.0.1:1"),
        ("XIYOU_WITNESSES", f"{VKEY} ftp://hunter2"),
        ("XIYOU_WITNESSES", f"{VKEY} http://user:hunter2@host/"),
        ("XIYOU_WITNESSES", f"{VKEY} http://a/ {VKEY} http://b/"),
        ("XIYOU_WITNESSES", f"{LOG.verifier_key.text()} http://hunter2/"),
        ("XIYOU_QUORUM", "hunter2"),
        ("XIYOU_QUORUM", "1"),
        ("XIYOU_QUORUM", "0"),
        ("XIYOU_WITNESS_DEADLINE", "1000"),
        ("XIYOU_STAMP_AUTHORITIES", "http://127.0.0.1:1"),
        ("XIYOU_STAMP_AUTHORITIES", "hunter2 roots.pem"),
        ("XIYOU_STAMP_INTERVAL", "48"),
        ("XIYOU_DEBUG", "hunter2"),
        ("XIYOU_DATABASE_UR", "postgresql://hunter2@db/x"),
    ],
)
def test_a_bad_value_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load()
    [fault] = caught.value.faults
    assert fault.startswith(f"{name}: ")
    assert fault.count(": ") >= 2


def test_all_faults_are_said_at_once_and_none_says_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XIYOU_DATABASE_URL", "mysql://root:hunter2@db/x")
    monkeypatch.setenv("XIYOU_PUBLISH_INTERVAL", "never")
    monkeypatch.setenv("XIYOU_PASSWORD", "hunter2")
    with pytest.raises(SettingsError) as caught:
        load()
    assert len(caught.value.faults) == 3
    assert "hunter2" not in str(caught.value)


def test_a_password_does_not_show_in_the_settings_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XIYOU_DATABASE_URL", "postgresql://app:hunter2@db/x")
    assert "hunter2" not in repr(load())


def test_variables_of_the_test_suite_are_let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIYOU_TEST_POSTGRES_BINARIES", "/usr/lib/postgresql/17")
    assert load().is_embedded


def test_the_policy_has_the_witnesses_and_more_than_half_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load().policy([LOG.verifier_key]).to_bytes() == (
        f"log {LOG.verifier_key.text()}\nquorum none\n".encode()
    )
    vkeys = [key.verifier_key.text() for key in (W1, W2, W3)]
    pairs = [(vkey, f"http://127.0.0.1:{n}/") for n, vkey in enumerate(vkeys, 1)]
    monkeypatch.setenv("XIYOU_WITNESSES", "  ".join(f"{vkey} {url}" for vkey, url in pairs))
    lines = load().policy([LOG.verifier_key]).to_bytes().decode().splitlines()
    assert lines[1] == f"witness {W1.name} {VKEY} http://127.0.0.1:1/"
    assert lines[4:] == [f"group witnesses 2 {W1.name} {W2.name} {W3.name}", "quorum witnesses"]
    monkeypatch.setenv("XIYOU_QUORUM", "3")
    assert load().policy().groups["witnesses"].threshold == 3
    monkeypatch.setenv("XIYOU_QUORUM", "4")
    with pytest.raises(SettingsError, match="4 of 3 witnesses"):
        load()
