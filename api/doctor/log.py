"""Checks of the log, its signer and what is published: D14 to D20."""

from typing import Final

from api.bootstrap import Deployment
from api.doctor.finding import GOOD, Exam, Skipped, check
from api.health.readiness import CHECKPOINT_AGE, head_age, signed_size
from chain.errors import ChainError
from chain.hashes import HASH_SIZE, leaf_hash
from chain.store.files import MissingFileError
from chain.store.finality import read_state
from chain.store.signer import read_verifier_keys
from chain.tiles import TILE_WIDTH, bundle_path, parse_bundle, tile_path

LAST: Final = 1_000
"""Entries that are hashed again without ``--deep``."""


@check(
    14,
    "the signer has the log's keys",
    why="without them nothing more is signed",
    fix="restore keys/ from backup",
)
def signer(exam: Exam) -> str:
    """D14."""
    exam.ledger.signer.mark()
    origin = read_verifier_keys(exam.ledger.home)[0].name
    wanted = exam.ledger.settings.origin
    if wanted is not None and wanted != origin:
        return f"its keys are of {origin}, XIYOU_ORIGIN is {wanted}"
    return GOOD


@check(
    15,
    "the log is not below what was signed",
    why="an older backup was restored (F15)",
    fix="do not start it; bring the log back to the signed size first",
)
def mark(exam: Exam) -> str:
    """D15."""
    signed = exam.ledger.signer.mark()
    if signed is None or signed.size <= exam.ledger.reader.size():
        return GOOD
    return f"the log has {exam.ledger.reader.size()} entries, {signed.size} were signed"


@check(
    16,
    "the newest checkpoint is fresh and its signature good",
    why="it is what others check",
    fix="run xiyou publish, or xiyou serve without --no-publish",
)
def checkpoint(exam: Exam) -> str:
    """D16."""
    newest = exam.ledger.reader.size()
    if not newest:
        raise Skipped("the log is empty")
    exam.ledger.prover.checkpoint()
    if signed_size(exam.ledger) < newest and head_age(exam.ledger) > CHECKPOINT_AGE:
        return f"{newest - signed_size(exam.ledger)} entries are not signed"
    return GOOD


@check(
    17,
    "the quorum of witnesses is met",
    why="until then nothing new is final",
    fix="xiyou log head says which are missing",
)
def witnesses(exam: Exam) -> str:
    """D17."""
    if not exam.ledger.settings.witnesses:
        raise Skipped("no witnesses are configured")
    state = read_state(exam.ledger.home)
    if state is None:
        return "the publisher has not asked them yet"
    return GOOD if state.get("met") else f"missing since {state.get('missing_since')}"


@check(
    18,
    "stored entries hash to what is published",
    why="a changed byte is found (T3)",
    fix="run xiyou audit",
)
def hashes(exam: Exam) -> str:
    """D18."""
    return _compare(exam.ledger, 0 if exam.deep else max(0, _published(exam.ledger) - LAST))


@check(
    19,
    "no temporary file lies among the published ones",
    why="a publisher died in mid-write",
    fix="delete them while no publisher runs",
)
def files(exam: Exam) -> str:
    """D19."""
    root = exam.ledger.files.root
    if not root.exists():
        raise Skipped("nothing is published")
    left = [path for path in root.rglob(".*") if path.is_file()]
    return f"{len(left)} temporary files, such as {left[0].name}" if left else GOOD


@check(
    20,
    "leaf indexes have no gap, and every entry its receipt",
    why="rows are missing",
    fix="run xiyou audit",
)
def gaps(exam: Exam) -> str:
    """D20."""
    with exam.ledger.database.connection() as connection:
        row = connection.execute(
            "SELECT count(*), coalesce(max(leaf_index) + 1, 0), (SELECT size FROM head),"
            " (SELECT coalesce(sum(events), 0) FROM receipts) FROM entries"
        ).fetchone()
    assert row is not None  # noqa: S101 — an aggregate has one row
    return GOOD if len(set(map(int, row))) == 1 else f"entries, end, head, receipts: {row}"


def _published(ledger: Deployment) -> int:
    try:
        return ledger.prover.checkpoint()[0].size
    except MissingFileError:
        raise Skipped("nothing is published") from None


def _compare(ledger: Deployment, start: int) -> str:
    """Hash entries from *start* on, and compare with tiles and bundles."""
    size = _published(ledger)
    first = start // TILE_WIDTH
    for number in range(first, -(-size // TILE_WIDTH)):
        begin, end = number * TILE_WIDTH, min(size, (number + 1) * TILE_WIDTH)
        width = end - begin
        tile = ledger.prover.fetch(tile_path(0, number, width))
        try:
            bundle = parse_bundle(ledger.files.read(bundle_path(number, width)), width)
        except MissingFileError:
            bundle = parse_bundle(ledger.files.read(bundle_path(number)), TILE_WIDTH)[:width]
        except ChainError as error:
            return f"bundle {number}: {error}"
        for place, row in enumerate(ledger.reader.entries(begin, end)):
            hashed = tile[place * HASH_SIZE : (place + 1) * HASH_SIZE]
            if leaf_hash(row.entry) != hashed or bundle[place] != row.entry:
                return f"entry {begin + place} is another than the one that is published"
    return GOOD
