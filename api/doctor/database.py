"""Checks of the database: D3 to D9, and D12."""

import resource
from typing import Final

from api.doctor.finding import GOOD, Exam, check, one

OLDEST: Final = 150_000
"""PostgreSQL 15, as ``server_version_num``."""
FILES: Final = 1_024
CONNECTIONS: Final = 24
"""Two pools of eight, and the connections of the log, its followers and the key locks."""
DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")
FORBIDDEN: Final = ("UPDATE", "DELETE", "TRUNCATE")
EVIDENCE: Final = ("entries", "receipts", "checkpoints", "cosignatures")


@check(
    3,
    "PostgreSQL is 15 or newer and is reached",
    why="older ones are not tested",
    fix="check XIYOU_DATABASE_URL, and that the server runs; upgrade it",
)
def version(exam: Exam) -> str:
    """D3."""
    found = int(one(exam.connection.execute("SHOW server_version_num")))
    return GOOD if found >= OLDEST else f"the server is {found // 10_000}"


@check(
    4,
    "the database writes through to the disk",
    why="what is acknowledged must not be lost",
    fix=f"set {', '.join(DURABLE)} to on",
)
def durable(exam: Exam) -> str:
    """D4."""
    off = [
        name
        for name in DURABLE
        if one(exam.connection.execute("SELECT current_setting(%s)", [name]))
        not in ("on", "remote_apply")
    ]
    return f"off: {', '.join(off)}" if off else GOOD


@check(
    5,
    "data checksums are on",
    why="damage on the disk is noticed when it is read",
    fix="stop the server and run pg_checksums --enable",
)
def sums(exam: Exam) -> str:
    """D5."""
    return GOOD if one(exam.connection.execute("SHOW data_checksums")) == "on" else "they are off"


@check(
    6,
    "it is a primary",
    why="a replica may show another order of commits",
    fix="name the primary in XIYOU_DATABASE_URL",
)
def primary(exam: Exam) -> str:
    """D6."""
    return "it is a replica" if one(exam.connection.execute("SELECT pg_is_in_recovery()")) else GOOD


@check(
    7,
    "the schema is this program's",
    why="an older one lacks tables",
    fix="run xiyou migrate",
)
def schema(exam: Exam) -> str:
    """D7."""
    found = one(exam.connection.execute("SELECT version_num FROM alembic_version"))
    return GOOD if found == exam.newest else f"it is at {found}, the program at {exam.newest}"


@check(
    8,
    "the application may add to the log and change nothing in it",
    why="T3: an insider",
    fix="log in as xiyou_app, and take back what it was granted",
)
def role(exam: Exam) -> str:
    """D8."""
    return _faults_of_role(exam)


@check(
    9,
    "row security is forced",
    why="it is the second net under the API's own checks",
    fix="run xiyou migrate",
)
def rows(exam: Exam) -> str:
    """D9."""
    bare = [
        name
        for (name,) in exam.connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
            " AND (relnamespace IN ('views_a'::regnamespace, 'views_b'::regnamespace)"
            " OR oid = 'ledger.readings'::regclass OR relrowsecurity)"
            " AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1"
        )
    ]
    return f"it is not on, or not forced, for {', '.join(bare[:5])}" if bare else GOOD


@check(
    12,
    "file handles and connections are enough",
    why="under load they run out all at once",
    fix=f"ulimit -n {FILES}; max_connections = {CONNECTIONS} or more",
)
def room(exam: Exam) -> str:
    """D12."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    allowed = int(one(exam.connection.execute("SHOW max_connections")))
    if files != resource.RLIM_INFINITY and files < FILES:
        return f"{files} file handles are allowed, {FILES} may be needed"
    return GOOD if allowed >= CONNECTIONS else f"max_connections is {allowed}"


def _faults_of_role(exam: Exam) -> str:
    if one(exam.connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
        return "it is a superuser"
    if one(
        exam.connection.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole"
        )
    ):
        return "it owns tables"
    may = [
        f"{right} {table}"
        for table in EVIDENCE
        for right in FORBIDDEN
        if one(
            exam.connection.execute(
                "SELECT has_table_privilege(%s, %s)", [f"ledger.{table}", right]
            )
        )
    ]
    return f"it may {', '.join(may)}" if may else GOOD
