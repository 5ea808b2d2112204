"""Make the golden file of callback signatures, which every version of the adapter must read.

Run ``python -m tests.golden.payments.generate`` at the root of the repository when a scheme or
an algorithm is added. What was signed once stays signed: nothing in the file may change.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from domain.payments.callback import Delivery, public_key, sign
from domain.payments.channel import Algorithm

FILE: Final = Path(__file__).parent / "callbacks.json"
CHANNELS: Final[tuple[tuple[str, Algorithm], ...]] = (
    ("paylink", "hmac-sha256"),
    ("bankpay", "ed25519"),
)
_NOTICE: Final = (
    '{"account":"acct","amount":9800,"at":"2026-11-22T10:00:00Z",'
    '"checkout":"chk_01m6b1yq00e2aafp47cgx674mz","currency":"CNY","kind":"payment.paid",'
    '"payment":"pay_01m6b1yq00e2aafp47cgx674mz","sandbox":true,"transaction":"T-00000001"}'
)
BODIES: Final = (
    _NOTICE,
    '{"note":"已付款"}',
    "",
)


def current() -> list[dict[str, Any]]:
    """Return the callbacks as this program signs them."""
    return [
        _signed(channel, algorithm, place * 64 + number * 7, body, f"{number + 1:032x}")
        for place, (channel, algorithm) in enumerate(CHANNELS)
        for number, body in enumerate(BODIES)
    ]


def frozen() -> list[dict[str, Any]]:
    """Return what the golden file holds; nothing where there is none yet."""
    return list(json.loads(FILE.read_text())["valid"]) if FILE.exists() else []


def _signed(
    channel: str, algorithm: Algorithm, first: int, body: str, nonce: str
) -> dict[str, Any]:
    secret = bytes((first + place) % 256 for place in range(32))
    unsigned = Delivery(
        channel, "main", "k1", algorithm, "2026-11-22T10:00:00Z", nonce, "", body.encode()
    )
    delivery = sign(unsigned, algorithm, secret)
    members = {
        "text": delivery.text().decode(),
        "secret": secret.hex(),
        "verifies_with": public_key(algorithm, secret).hex(),
    }
    return {**asdict(delivery), **members, "body": body}


def main() -> None:
    """Add what is new; refuse to change what is there."""
    before, now = frozen(), current()
    if [each for each in before if each not in now]:
        raise SystemExit("changed: what was signed must verify for ever: add another scheme")
    spelt = json.dumps({"valid": now}, indent=1, sort_keys=True, ensure_ascii=False)
    FILE.write_text(f"{spelt}\n")


if __name__ == "__main__":
    main()
