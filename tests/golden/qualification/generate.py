"""Make the golden files of badges and status lists: bytes that must never change.

Run ``python -m tests.golden.qualification.generate`` at the root of the repository. The key is
made of 32 bytes that everybody knows; nothing that it signs is true.
"""

from pathlib import Path

from chain.vkey import KeyType, SigningKey
from domain.identifiers import derive
from domain.qualification.badge import Certificate, badge_bytes, sign_badge
from domain.qualification.issuer import IssuerKey
from domain.qualification.status import StatusList, sign_status

FILES = Path(__file__).parent
KEY = SigningKey("issuer.example/2026", KeyType.ED25519, bytes(range(32)))
SIGNER = IssuerKey(KEY)
NOW, NEXT, UNTIL = "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", "2027-11-22T10:00:00Z"
MERCHANT = Certificate(
    certificate=derive("cer", 1_795_341_600_000, "merchant"),
    merchant="M-LAN",
    kind="merchant",
    issuer=KEY.name,
    issued_at=NOW,
    valid_until=UNTIL,
)
GOODS = Certificate(
    certificate=derive("cer", 1_795_341_600_000, "goods"),
    merchant="M-LAN",
    kind="goods",
    issuer=KEY.name,
    issued_at=NOW,
    valid_until=UNTIL,
    category="game_card",
    operator="西游游戏",
)
EMPTY = StatusList(KEY.name, NOW, NEXT, 42, (), ())
LISTED = StatusList(KEY.name, NOW, NEXT, 57, (MERCHANT.certificate,), (GOODS.certificate,))


def made() -> dict[str, bytes]:
    """Return the files' content by name."""
    return {
        "issuer-key-test-only.txt": f"{KEY.text()}\n".encode(),
        "issuer.vkey": f"{SIGNER.key.text()}\n".encode(),
        "merchant.badge": badge_bytes(MERCHANT, sign_badge(MERCHANT, SIGNER)),
        "goods.badge": badge_bytes(GOODS, sign_badge(GOODS, SIGNER)),
        "empty.status": sign_status(EMPTY, SIGNER),
        "listed.status": sign_status(LISTED, SIGNER),
    }


def main() -> None:
    """Add what is not there; refuse to change what is."""
    for name, content in made().items():
        path = FILES / name
        if path.exists() and path.read_bytes() != content:
            raise SystemExit(f"{name}: would change; formats outlive code")
        path.write_bytes(content)


if __name__ == "__main__":
    main()
