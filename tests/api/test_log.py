"""The published log over HTTP: the same bytes as the files, and no other file."""

import pytest

from api.bootstrap import Deployment
from chain.hashes import leaf_hash
from chain.store.finality import stamp_path
from chain.tlog_proof import TlogProof, verify_proof
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
