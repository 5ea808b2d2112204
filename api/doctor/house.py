"""Checks of the house around the log: D1, D2, D10, D11, D13 and D22 to D25."""

import hmac
import re
import secrets
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, cast

from api.bootstrap import SECRETS, Deployment
from api.doctor.finding import GOOD, Exam, Skipped, check
from api.health.readiness import CLOCK_SKEW, FREE_BYTES, FREE_RATIO, clock_skew
from api.idempotency.finisher import ALERT
from api.idempotency.register import count_interrupted
from chain.store.master_key import MASTER_KEY_FILE
from domain.keys.conservation import Conservation
from domain.ledger.accounts import kind_of
from domain.ledger.balances import BALANCES

PINNED: Final = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)(.*)$")
STUCK: Final = timedelta(minutes=30)
"""After which an unpaid order's hold should have been ended."""
AT_ONCE: Final = 1_000


@check(
    1,
    "the settings are good and no secret is a default",
    why="else anybody has them",
    fix="xiyou config check; restore keys/ from backup",
)
def settings(exam: Exam) -> str:
    """D1."""
    names = [name for name in SECRETS if not any(exam.ledger.secret(name))]
    same = hmac.compare_digest(exam.ledger.secret(SECRETS[0]), exam.ledger.secret(SECRETS[1]))
    return f"secrets are alike or empty: {names or SECRETS}" if names or same else GOOD


@check(
    2,
    "libraries are those that were tested",
    why="others were not",
    fix="make dev, or install by requirements.lock",
)
def versions(exam: Exam) -> str:
    """D2."""
    if not exam.lock.exists():
        raise Skipped("no requirements.lock beside the program")
    wrong = list(_other_versions(exam.lock.read_text(encoding="utf-8")))
    return f"other than locked: {', '.join(wrong[:5])}" if wrong else GOOD


@check(
    10,
    "there is free space",
    why="writes stop before the volume is full",
    fix="free some, or grow the volume",
)
def space(exam: Exam) -> str:
    """D10."""
    usage = shutil.disk_usage(exam.ledger.home)
    least = max(int(FREE_RATIO * usage.total), FREE_BYTES)
    return GOOD if usage.free >= least else f"{usage.free >> 20} of {least >> 20} MiB"


@check(
    11,
    "our clock is the database's",
    why="deadlines are measured by it",
    fix="synchronise both by NTP",
)
def clock(exam: Exam) -> str:
    """D11."""
    skew = clock_skew(exam.ledger)
    return GOOD if abs(skew) <= CLOCK_SKEW else f"{skew:.1f} s ahead of the database"


@check(
    13,
    "the vault seals and opens, its key apart from the database",
    why="T10: a stolen dump",
    fix="restore keys/ from backup; chmod 600",
)
def vault(exam: Exam) -> str:
    """D13."""
    value, binding = secrets.token_bytes(32), b"doctor"
    key = exam.ledger.keyring.current
    if key.unwrap(key.wrap(value, binding), binding) != value:
        return "what it seals it does not open"
    mode = (exam.ledger.home / "keys" / MASTER_KEY_FILE).stat().st_mode & 0o077
    return f"others may read the master key ({mode:o})" if mode else GOOD


@check(
    22,
    "balances are within their bounds; with --deep, batches balance",
    why="I3",
    fix="run xiyou audit, then look at the account",
)
def balance(exam: Exam) -> str:
    """D22."""
    wrong = [
        f"{account} {currency} {amount}"
        for account, currency, amount in exam.ledger.trade.rows_of(BALANCES)
        if (amount > 0 if kind_of(account) == "debt" else amount < 0)
    ]
    if wrong:
        return f"beyond its bound: {wrong[0]}"
    if not exam.deep:
        return GOOD
    return _unbalanced(exam.ledger)


@check(
    23,
    "no key is interrupted and no hold overdue for long",
    why="somebody waits for it",
    fix="xiyou serve finishes keys, xiyou follow ends holds: run both",
)
def stuck(exam: Exam) -> str:
    """D23."""
    return _stuck(exam.ledger)


@check(
    24,
    "the last backup is a day old at most",
    why="what is not backed up can be lost",
    fix="back up",
)
def backup(exam: Exam) -> str:
    """D24."""
    del exam
    raise Skipped("this version makes no backups itself")


@check(
    25,
    "nothing for trying out is on",
    why="it shows more than it should",
    fix="unset XIYOU_DEBUG; name real time-stamp authorities",
)
def production(exam: Exam) -> str:
    """D25."""
    if exam.ledger.settings.debug:
        return "XIYOU_DEBUG is on"
    tests = [each.url for each in exam.ledger.settings.stamp_authorities if "127.0.0.1" in each.url]
    return f"a test time-stamp authority is trusted: {tests[0]}" if tests else GOOD


def _other_versions(lock: str) -> Iterator[str]:
    """Yield what is installed in another version than *lock* pins."""
    for line in lock.splitlines():
        pinned = PINNED.match(line)
        if pinned is None or ";" in pinned[3]:
            continue
        try:
            found = version(pinned[1])
        except PackageNotFoundError:
            # Tools of development need not be there.
            continue
        if found != pinned[2]:
            yield f"{pinned[1]} {found}, not {pinned[2]}"


def _unbalanced(ledger: Deployment) -> str:
    """Fold every event, and name a batch of which keys are missing (I3)."""
    books, start = Conservation(), 1
    recorder, mapper = ledger.trade.recorder, ledger.trade.mapper
    while found := recorder.select_notifications(start, AT_ONCE):
        for each in found:
            books.take(cast("Any", mapper.to_domain_event(each)))
        start = found[-1].id + 1
    wrong = books.unbalanced()
    return f"{len(wrong)} batches do not balance, such as {wrong[0]}" if wrong else GOOD


def _stuck(ledger: Deployment) -> str:
    now = datetime.now(UTC)
    overdue = f"{now - STUCK:%Y-%m-%dT%H:%M:%SZ}"
    with ledger.database.connection() as connection:
        count, _ = count_interrupted(connection, int(now.timestamp()) - ALERT)
        row = connection.execute(
            "SELECT count(*) FROM holds WHERE until < %s", [overdue]
        ).fetchone()
    holds = row[0] if row else 0
    if not count and not holds:
        return GOOD
    return f"{count} keys interrupted, {holds} holds overdue"
