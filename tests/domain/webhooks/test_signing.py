"""Signatures as Standard Webhooks has them: the specification's own vectors."""

from base64 import b64decode, b64encode

import pytest

from chain.errors import MalformedError, SignatureFailedError
from domain.webhooks.signing import (
    HmacKey,
    SigningKey,
    VerifyingKey,
    derived,
    headers_of,
    parse_key,
    verify,
)

ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
VECTORS = {
    # standard-webhooks/standard-webhooks, libraries/go, webhook_symmetric_test.go and
    # webhook_asymmetric_test.go (Apache-2.0).
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=": (
        "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
    ),
}


@pytest.mark.parametrize("key", VECTORS)
def test_the_specifications_vectors(key: str) -> None:
    parsed = parse_key(key)
    assert not isinstance(parsed, VerifyingKey)
    headers = headers_of([parsed], ID, AT, BODY)
    assert headers == {
        "webhook-id": ID,
        "webhook-timestamp": str(AT),
        "webhook-signature": VECTORS[key],
    }


def receiver(key: SigningKey | HmacKey) -> HmacKey | VerifyingKey:
    parsed = parse_key(key.spelt())
    assert not isinstance(parsed, SigningKey)
    return parsed


@pytest.mark.parametrize("which", [0, 1])
def test_during_a_rotation_old_and_new_receivers_verify(which: int) -> None:
    old, new = derived(b"m" * 32, "whk_x", 1), derived(b"m" * 32, "whk_x", 2)
    headers = headers_of([*new, *old], ID, AT, BODY)
    assert headers["webhook-signature"].count(" ") == 3
    for keys in (old, new):
        verify([receiver(keys[which])], headers, BODY, AT)
    later = headers_of(list(new), ID, AT, BODY)
    with pytest.raises(SignatureFailedError):
        verify([receiver(old[which])], later, BODY, AT)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_other"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(AT + 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1a,"},
        {"webhook-signature": "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="},
    ],
)
def test_what_was_changed_does_not_verify(change: dict[str, str]) -> None:
    keys = derived(b"m" * 32, "whk_x", 1)
    headers = headers_of(keys, ID, AT, BODY) | change
    for key in keys:
        with pytest.raises(SignatureFailedError):
            verify([receiver(key)], headers, BODY, AT)


def test_an_old_message_is_refused_and_so_is_another_body() -> None:
    keys = derived(b"m" * 32, "whk_x", 1)
    headers = headers_of(keys, ID, AT, BODY)
    for now, body in ((AT + 301, BODY), (AT - 301, BODY), (AT, BODY + b" ")):
        with pytest.raises(SignatureFailedError):
            verify([receiver(each) for each in keys], headers, body, now)


def test_keys_have_their_prefix_and_size_and_are_never_shown() -> None:
    for text in ("whsec_", "whsec_AAAA", "whsk_AAAA", "whpk_AAAA", "x_" + "A" * 44, "whsec_!"):
        with pytest.raises(MalformedError) as refused:
            parse_key(text)
        assert "AAAA" not in str(refused.value)
    signing, secret = derived(b"m" * 32, "whk_x", 1)
    assert b64encode(signing.seed).decode() not in repr(signing) + signing.spelt()
    assert b64encode(secret.secret).decode() not in repr(secret)
    assert len(b64decode(secret.spelt()[6:])) == 32
