"""Fixed keys for tests: seeds that anybody can guess."""

from hashlib import sha256

from chain.cosignature import signer_of, verifier_of
from chain.note import Signer, Verifier
from chain.vkey import KeyType, SigningKey

ORIGIN = "example.com/xiyou/test-log"


def key(name: str, kind: KeyType) -> SigningKey:
    return SigningKey(name, kind, sha256(f"{name} {kind:02x}".encode()).digest())


LOG = key(ORIGIN, KeyType.ED25519)
LOG_PQ = key(ORIGIN, KeyType.ML_DSA_44)
W1 = key("witness.example/w1", KeyType.ED25519_COSIGNATURE)
W2 = key("witness.example/w2", KeyType.ED25519_COSIGNATURE)
W3 = key("witness.example/w3", KeyType.ML_DSA_44)
ALL = (LOG, LOG_PQ, W1, W2, W3)


def signers(*keys: SigningKey) -> list[Signer]:
    return [signer_of(each) for each in keys]


def verifiers(*keys: SigningKey) -> list[Verifier]:
    return [verifier_of(each.verifier_key) for each in keys]
