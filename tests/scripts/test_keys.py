"""``xiyou keys``: a rotation from the command line, repeated and interrupted."""

import os
from pathlib import Path

from chain.store.master_key import add_master_key
from tests.scripts.calling import call, spawn


def test_keys_are_rotated_and_rewrapped_and_the_audit_still_passes(server_home: Path) -> None:
    home = ("--home", server_home)
    spawn("demo", *home, "--orders", 5, "--json")
    early = call("keys", "rewrap", *home, "--json")
    assert (early.code, early.json["error"]) == (2, "malformed")

    rotated = call("keys", "rotate", *home, "--json")
    assert rotated.code == 0, rotated.err
    rewrapped = call("keys", "rewrap", *home, "--json")
    assert rewrapped.code == 0, rewrapped.err
    assert rewrapped.json["current"] == rotated.json["new"]
    assert rewrapped.json["rewrapped"] == rewrapped.json["newest"] > 5
    assert rewrapped.json["older"] == 0
    again = call("keys", "rewrap", *home, "--json").json
    assert (again["rewrapped"], again["newest"]) == (0, rewrapped.json["newest"])

    # A rotation that died before the log was told is recorded by the next call.
    add_master_key(server_home, os.urandom)
    assert call("keys", "rewrap", *home).code == 2
    resumed = call("keys", "rotate", *home, "--json").json
    assert resumed["old"] == rotated.json["new"]
    assert len(list((server_home / "keys").glob("vault-master*.key"))) == 3
    assert "data keys rewrapped" in call("keys", "rewrap", *home).out

    history = call("log", "history", "keyring/vault", *home, "--json").out
    assert history.count("key.keyring_rotated") == history.count("key.rewrapped") == 2
    audited = call("audit", "--database", *home, "--json")
    assert (audited.code, audited.json["erased_values"]) == (0, 0)
