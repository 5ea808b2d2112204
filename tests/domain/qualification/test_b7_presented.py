"""B7: a third party checks signature and revocation without access to the database."""

import json
import os
import subprocess
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chain.errors import MalformedError
from domain.errors import BadgeNotGoodError, IllegalTransitionError
from tests.domain.given import LATER, MERCHANT, NOW
from tests.domain.qualification.applying import (
    BADGE,
    CLIENT,
    GOODS,
    GOODS_BADGE,
    ISSUER,
    Applying,
)

KEYS = [ISSUER.key]
ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "scripts", "certificate", "verify"]


def qualified() -> Applying:
    world = Applying()
    world.admitted()
    world.granted()
    return world


def present(world: Applying, badge: bytes, status: bytes, at: str = NOW) -> list[str]:
    return world.by(CLIENT, "present_certificate", "cli-1", badge, status, KEYS, at)


def test_b7_a_presented_badge_is_an_event_that_names_what_was_shown() -> None:
    world = qualified()
    badge, status = world.badge(), world.status()
    assert present(world, badge, status) == ["certificate.presented"]
    assert world.last("certificate.presented") == {
        "audience": "cli-1",
        "badge_sha256": sha256(badge).hexdigest(),
        "status_sha256": sha256(status).hexdigest(),
        "presented_at": NOW,
    }


def test_b7_a_badge_that_does_not_verify_is_not_presented() -> None:
    world = qualified()
    badge, status = world.badge(), world.status()
    forged = badge.replace(b"M-LAN", b"M-ZHU")
    assert forged != badge
    for shown in ((forged, status, NOW), (badge, status, LATER)):
        with pytest.raises(BadgeNotGoodError):
            present(world, *shown)
    with pytest.raises(MalformedError):
        present(world, b"badge", status)
    assert "certificate.presented" not in world.topics()


def test_b7_with_an_old_list_the_log_knows_better() -> None:
    world = qualified()
    badge, old = world.badge(), world.status()
    world.two("suspension", "suspend_qualification")
    with pytest.raises(BadgeNotGoodError, match="suspended"):
        present(world, badge, world.status())
    with pytest.raises(IllegalTransitionError):
        present(world, badge, old)


class Stranger:
    """A folder with the files that a third party has, and a process that has nothing else."""

    def __init__(self, world: Applying, folder: Path) -> None:
        self.folder = folder
        self.put("badge", world.badge())
        self.put("goods", world.badge(GOODS_BADGE))
        self.put("status", world.status())
        self.put("key", f"{ISSUER.key.text()}\n".encode())

    def put(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def verify(self, *more: str, badges: tuple[str, ...] = ("badge",), at: str = NOW) -> "Verdict":
        """Run the command in a process without database, home or network settings."""
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [*COMMAND, *badges, "--status", "status", "--key", "key", "--at", at, "--json", *more],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Verdict(done.returncode, json.loads(done.stdout) if done.stdout else {})


class Verdict:
    """What the process said."""

    def __init__(self, code: int, facts: dict[str, object]) -> None:
        self.code = code
        self.facts = facts


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    return Stranger(qualified(), tmp_path)


def test_b7_a_stranger_verifies_both_badges_from_files_alone(stranger: Stranger) -> None:
    verdict = stranger.verify("--category", GOODS, badges=("badge", "goods"))
    assert verdict.code == 0
    found = verdict.facts["certificates"]
    assert isinstance(found, list)
    assert [each["certificate"] for each in found] == [BADGE, GOODS_BADGE]
    assert found[0]["merchant"] == MERCHANT


def test_b7_a_stranger_learns_of_a_suspension_from_the_next_list(
    stranger: Stranger,
) -> None:
    world = qualified()
    world.two("suspension", "suspend_qualification")
    stranger.put("status", world.status())
    verdict = stranger.verify()
    assert (verdict.code, verdict.facts["error"]) == (1, "untrue")
    assert "is suspended" in str(verdict.facts["message"])


def test_b7_untrue_and_malformed_end_differently(stranger: Stranger) -> None:
    badge = (stranger.folder / "badge").read_bytes()
    stranger.put("badge", badge.replace(b"M-LAN", b"M-ZHU"))
    assert stranger.verify().code == 1
    stranger.put("badge", badge[:-20])
    assert stranger.verify().code == 2
    assert stranger.verify(badges=("nowhere",)).code == 2
    stranger.put("badge", badge)
    assert stranger.verify(at="yesterday").code == 2
    assert stranger.verify(at=LATER).code == 1


def test_b7_verifying_loads_no_database_driver_and_opens_no_socket(stranger: Stranger) -> None:
    """Run with every socket refused, and look at what was imported."""
    program = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('a socket')\n"
        "socket.socket.connect = refuse\n"
        "from scripts.__main__ import run\n"
        "done = run(sys.argv[1:])\n"
        "assert done.code == 0, done\n"
        "heavy = {'psycopg', 'sqlalchemy', 'eventsourcing', 'fastapi', 'api', 'typer'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    arguments = ["certificate", "verify", "badge", "--status", "status", "--key", "key"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments, "--at", NOW],
        cwd=stranger.folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_b7_a_reader_written_from_the_document_alone_agrees(stranger: Stranger) -> None:
    """``docs/certificate.md``, 1 to 4, with a JSON parser and Ed25519 and nothing of ours."""

    def opened(name: str, head: str) -> dict[str, Any]:
        text, _, signatures = (stranger.folder / name).read_text().rpartition("\n\n")
        vkey = (stranger.folder / "key").read_text().strip()
        signer, key_id, encoded = vkey.split("+", 2)
        mark, named, signature = signatures.rstrip("\n").split(" ")
        raw = b64decode(signature)
        assert (mark, named, raw[:4].hex()) == ("\u2014", signer, key_id)
        public = b64decode(encoded)
        assert public[0] == 1
        assert sha256(f"{signer}\n".encode() + public).digest()[:4].hex() == key_id
        Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], f"{text}\n".encode())
        first, line = text.split("\n")
        members = json.loads(line)
        assert first == head
        assert isinstance(members, dict)
        assert members["issuer"] == signer
        spelt = json.dumps(members, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert spelt == line
        return members

    status = opened("status", "xiyou-status/1")
    assert set(status) == {"issued_at", "issuer", "next_update", "revoked", "size", "suspended"}
    assert status["issued_at"] <= NOW < status["next_update"]
    for name, kind in (("badge", "merchant"), ("goods", "goods")):
        badge = opened(name, "xiyou-certificate/1")
        assert (badge["kind"], badge["merchant"]) == (kind, MERCHANT)
        assert badge["issued_at"] <= NOW < badge["valid_until"]
        assert badge["certificate"] not in status["revoked"] + status["suspended"]
