"""``xiyou certificate``: check a badge offline; show and list badges of this log.

    verify BADGE [GOODS] --status FILE --key FILE     what a stranger runs
    show CERTIFICATE                                  the badge, made from the log
    status                                            the signed status list of this moment
    key                                               the issuer's public key

`verify` imports nothing but pure code: no database driver, no network. The others open the
deployment. ``tests/domain/qualification/test_b7_presented.py`` and
``tests/scripts/test_certificate.py``.
"""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from chain.errors import MalformedError
from chain.vkey import VerifierKey
from domain.qualification.badge import Certificate, open_badge
from domain.qualification.status import open_status, verify_badge, verify_double
from scripts.outcome import InputError, Outcome

if TYPE_CHECKING:
    from api.bootstrap import Deployment

STATUS_LIFE: Final = 3_600
"""Seconds for which a status list speaks."""
_BOTH: Final = 2


def verify_files(
    badges: Sequence[Path], status: Path, key: Path, now: str, category: str | None = None
) -> dict[str, Any]:
    """Check one badge, or a merchant's and its goods'; return what is then known to be true.

    Args:
        badges: one file or two.
        status: the file of the status list.
        key: the file of the issuers' vkeys, one a line.
        now: RFC 3339, UTC.
        category: of the goods, for two badges.

    Raises:
        MalformedError: a file is not in its format.
        InputError: a file cannot be read.
        VerificationError: a badge or the list is untrue, or the badge is not good at *now*.
    """
    keys = _keys(key)
    listed = _read(status)
    shown = [_read(each) for each in badges]
    if len(shown) == _BOTH:
        verify_double(shown[0], shown[1], listed, keys, now, category)
    else:
        verify_badge(shown[0], listed, keys, now)
        if category is not None:
            raise InputError("--category: show both badges, the merchant's and the goods'")
    found = open_status(listed, keys)
    return {
        "ok": True,
        "at": now,
        "certificates": [_facts(open_badge(each, keys)) for each in shown],
        "status": {
            "issued_at": found.issued_at,
            "next_update": found.next_update,
            "size": found.size,
        },
    }


def app(arguments: Sequence[str], *, prog_name: str, **_: object) -> Outcome:
    """Carry out the command. Its own small parser: the usual one takes longer than the work."""
    given = _parser(prog_name).parse_args(arguments)
    if given.what == "verify":
        badges = [given.badge] if given.goods is None else [given.badge, given.goods]
        now = given.at or _now()
        facts = verify_files(badges, given.status, given.key, now, given.category)
        return Outcome(facts, _words(facts))
    return _from_log(given)


def _from_log(given: Any) -> Outcome:  # noqa: ANN401 — argparse's own
    """Carry out what needs the deployment."""
    from scripts.deploying import deployment  # noqa: PLC0415 — `verify` needs no database

    with deployment(given.home) as ledger:
        content = _content(ledger, given)
    if given.out is None:
        text = content.decode()
        return Outcome({"ok": True, "text": text}, text.removesuffix("\n"))
    given.out.write_bytes(content)
    return Outcome({"ok": True, "file": str(given.out)}, f"{given.out}: written")


def _content(ledger: "Deployment", given: Any) -> bytes:  # noqa: ANN401 — argparse's own
    from domain.qualification.register import badge_of, publish_status  # noqa: PLC0415 — as above

    if given.what == "key":
        return f"{ledger.issuer.key.text()}\n".encode()
    if given.what == "show":
        return badge_of(ledger.trade, given.certificate)
    return publish_status(ledger.trade, ledger.issuer, (_now(), _now(given.life)))


def _parser(prog_name: str) -> "_Parser":
    parser = _Parser(prog_name, description="Badges of merchants.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="what", required=True, parser_class=_Parser)
    verify = commands.add_parser("verify", help="check a badge offline", allow_abbrev=False)
    verify.add_argument("badge", type=Path, metavar="BADGE", help="a badge")
    verify.add_argument(
        "goods", type=Path, nargs="?", metavar="GOODS", help="the badge of the goods beside it"
    )
    verify.add_argument("--status", type=Path, required=True, metavar="FILE", help="status list")
    verify.add_argument(
        "--key", type=Path, required=True, metavar="FILE", help="vkeys of the issuers you trust"
    )
    verify.add_argument("--category", metavar="NAME", help="the goods must be of this category")
    verify.add_argument("--at", metavar="TIME", help="as of this moment, UTC; default: now")
    verify.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    show = commands.add_parser("show", help="make a badge from the log", allow_abbrev=False)
    show.add_argument("certificate", metavar="CERTIFICATE", help="cer_…")
    status = commands.add_parser("status", help="sign a status list now", allow_abbrev=False)
    status.add_argument(
        "--life", type=int, default=STATUS_LIFE, metavar="SECONDS", help="until the next list"
    )
    key = commands.add_parser("key", help="write the issuer's public key", allow_abbrev=False)
    for each in (show, status, key):
        each.add_argument("--home", type=Path, metavar="FOLDER", help="of the deployment")
        each.add_argument("--out", type=Path, metavar="FILE", help="write to this file")
        each.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    return parser


class _Parser(ArgumentParser):
    """Raises what is wrong with the arguments, for the one place that answers errors."""

    def error(self, message: str) -> NoReturn:
        """Raise *message*."""
        raise InputError(f"{message}; see {self.prog} --help")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _keys(path: Path) -> list[VerifierKey]:
    try:
        lines = _read(path).decode("ascii").splitlines()
    except UnicodeDecodeError:
        raise MalformedError(f"{path}: not a list of vkeys") from None
    keys = [VerifierKey.parse(line) for line in lines]
    if not keys:
        raise MalformedError(f"{path}: holds no key; nobody is trusted")
    return keys


def _facts(certificate: Certificate) -> dict[str, Any]:
    return {name: value for name, value in asdict(certificate).items() if value is not None}


def _words(facts: dict[str, Any]) -> str:
    lines = [
        f"good: {each['merchant']}"
        + (f", goods of {each['category']}" if "category" in each else "")
        + (f" by {each['operator']}" if "operator" in each else "")
        + f"; {each['certificate']} by {each['issuer']}, until {each['valid_until']}"
        for each in facts["certificates"]
    ]
    status = facts["status"]
    lines.append(f"status list of {status['issued_at']}, good until {status['next_update']}")
    return "\n".join(lines)


def _now(later: int = 0) -> str:
    return f"{datetime.now(UTC) + timedelta(seconds=later):%Y-%m-%dT%H:%M:%SZ}"
