"""The published log over HTTP: the same bytes as the files, and no other file."""

import pytest

from api.bootstrap import Deployment
from chain.evidence.consistency_file import ConsistencyFile
from chain.hashes import leaf_hash
from chain.store.finality import stamp_path
from chain.tlog_proof import TlogProof, verify_proof
from domain.command import Command
from domain.event import Meta
from domain.identifiers import derive
from tests.api.asking import Client
from tests.api.test_bootstrap import offer


@pytest.fixture
def published(ledger: Deployment) -> Deployment:
    offer(ledger)
    ledger.publisher.publish_once()
    return ledger


def test_files_are_served_as_they_are(published: Deployment, client: Client) -> None:
    for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"):
        reply = client.get(f"/{path}")
        assert reply.status == 200
        assert reply.body == (published.home / "log" / path).read_bytes()
        assert ("immutable" in reply.headers["cache-control"]) == path.startswith("tile")


def test_a_stamp_and_the_bytes_that_it_is_over_are_served(
    published: Deployment, client: Client
) -> None:
    for kind, media in (("txt", "text/plain"), ("tsr", "application/timestamp-reply")):
        content = f"content of {kind}\n".encode()
        published.files.write([(stamp_path(1, kind), content)])
        for path in (f"/stamps/1.{kind}", f"/stamps/000000000001.{kind}"):
            reply = client.get(path)
            assert (reply.status, reply.body) == (200, content)
            assert reply.headers["content-type"].startswith(media)


@pytest.mark.parametrize(
    "path",
    [
        "/tile/0/001",
        "/tile/../checkpoint",
        "/tile/%2e%2e/%2e%2e/keys/log-ed25519.key",
        "/tile/entries/000.p/256",
        "/tile//etc/passwd",
        "/tile/0/000.p/1/",
        "/keys/log-ed25519.key",
        "/stamps/1.tsr",
        "/stamps/../../keys/log-ed25519.key",
        "/v1/log/entries/1",
        "/v1/log/proofs/1",
    ],
)
def test_what_is_not_there_is_never_another_file(
    published: Deployment, client: Client, path: str
) -> None:
    reply = client.get(path)
    assert reply.status in (400, 404)
    assert reply.headers["content-type"] == "application/problem+json"
    assert b"PRIVATE" not in reply.body


@pytest.mark.parametrize("index", ["-1", "one", "9223372036854775808"])
def test_an_index_that_cannot_be_is_422(published: Deployment, client: Client, index: str) -> None:
    assert client.get(f"/v1/log/entries/{index}").status == 422


def test_an_entry_and_its_proof_verify_with_the_policy_alone(
    published: Deployment, client: Client
) -> None:
    entry = client.get("/v1/log/entries/0")
    assert entry.body == published.reader.entry(0).entry
    assert entry.headers["x-leaf-hash"] == leaf_hash(entry.body).hex()
    proof = TlogProof.parse(client.get("/v1/log/proofs/0").body)
    assert verify_proof(proof, published.policy(), entry.body).checkpoint.size == 1


def test_before_anything_is_published_there_is_no_checkpoint(
    ledger: Deployment, client: Client
) -> None:
    assert client.get("/checkpoint").status == 404
    assert client.get("/v1/log/proofs/0").status == 404


def test_it_lives_and_is_ready(ledger: Deployment, client: Client) -> None:
    assert client.get("/livez").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ok"}


def add(ledger: Deployment, number: int) -> None:
    meta = Meta("M-LAN", "merchant", "test", "test", f"cmd/{number}", f"cmd/{number}")
    command = Command(meta, ledger.vault, bytes)
    ledger.trade.create_product(command, derive("prd", 0, f"{number}"), "M-LAN", f"SKU-{number}")


def test_a_consistency_proof_joins_any_two_sizes_and_verifies(
    ledger: Deployment, client: Client
) -> None:
    notes = []
    for number in range(3):
        add(ledger, number)
        ledger.publisher.publish_once()
        notes.append(ledger.prover.checkpoint()[0])
    for old in notes:
        for new in notes:
            reply = client.get(f"/v1/log/consistency?old={old.size}&new={new.size}")
            if old.size > new.size:
                assert reply.status == 400
                continue
            ConsistencyFile.parse(reply.body).verify(old, new)
            assert "immutable" in reply.headers["cache-control"]
    newest = client.get(f"/v1/log/consistency?old={notes[0].size}")
    ConsistencyFile.parse(newest.body).verify(notes[0], notes[-1])
    assert client.get(f"/v1/log/consistency?old=1&new={notes[-1].size + 1}").status == 404
    assert client.get("/v1/log/consistency?old=0").status == 422


def test_a_consistency_proof_over_damaged_tiles_is_never_handed_out(
    ledger: Deployment, client: Client
) -> None:
    for number in range(2):
        add(ledger, number)
        ledger.publisher.publish_once()
    size = ledger.prover.checkpoint()[0].size
    tile = ledger.home / "log" / f"tile/0/000.p/{size}"
    tile.chmod(0o600)
    tile.write_bytes(bytes(len(tile.read_bytes())))
    reply = client.get("/v1/log/consistency?old=1")
    assert (reply.status, reply.json["code"]) == (503, "log_recovering")
