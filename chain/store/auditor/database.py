"""Audits a log from its database, alone or against its published leaf hashes.

Every entry is read once, by several processes; receipts, checkpoints, the head and the
vault's tables are read in one snapshot beside them. Whatever it finds it goes on to the
end where it can, since what is found later may say which entry of several is at fault.
"""

import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from psycopg import Connection, IsolationLevel

from chain.audit import MAX_FINDINGS, Finding, RangeReport, join
from chain.errors import MalformedError
from chain.hashes import HASH_SIZE, leaf_hash
from chain.merkle import RightEdge, perfect_subtrees
from chain.store.auditor.chains import Chains
from chain.store.auditor.committed import audit_commitments
from chain.store.auditor.cosigned import audit_cosignatures
from chain.store.auditor.progress import CHAINS, SEALED, State, forget
from chain.store.auditor.receipts import BadRun, Receipts, named_command
from chain.store.auditor.report import AuditReport, Progress
from chain.store.auditor.sealed import SealedValues
from chain.store.auditor.stretches import (
    ALONE,
    FromDatabase,
    audit_stretches,
    stored_rows,
    stretches,
)
from chain.store.auditor.verdict import Evidence, judge
from chain.store.auditor.vouched import Vouched, Vouchers
from chain.store.database import Database
from chain.store.files import first_difference
from chain.store.reader import STEP, Head, StoredReceipt
from chain.store.signed_history import SignedHistory
from chain.store.vault import Vault
from chain.stream_index.commitment import EVENT_TYPE
from chain.vkey import VerifierKey

SAVE_EVERY = 2**20
"""Entries between two saved states."""

# A column may have lost its NOT NULL; what is missing is read as what is never right.
_HEAD = "SELECT coalesce(size, -1), coalesce(at, '?'), coalesce(edge, ''), only_row FROM head"
_OUTSIDE = """
SELECT (SELECT min(leaf_index) FROM entries), (SELECT max(leaf_index) FROM entries),
(SELECT count(*) FROM entries WHERE leaf_index IS NULL)
"""
_ENTRIES = """
SELECT coalesce(entry, '') FROM entries
WHERE leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index
"""
_RECEIPTS = """
SELECT coalesce(command_id, ''), coalesce(first_index, -1), coalesce(events, 0),
coalesce(digest, '') FROM receipts
WHERE first_index >= %s OR first_index IS NULL OR first_index < 0
ORDER BY first_index NULLS FIRST, command_id
"""
_CHECKPOINTS = """
SELECT coalesce(size, -1), coalesce(note, '') FROM checkpoints
WHERE size > %s OR size IS NULL OR size < 0 ORDER BY size NULLS FIRST
"""
_SUCCESSOR = """
SELECT min(e.leaf_index) FROM entries e WHERE e.leaf_index >= %s AND e.leaf_index < %s
AND NOT EXISTS (SELECT FROM entries n WHERE n.stream = e.stream AND n.seq = e.seq + 1)
"""


@dataclass(frozen=True, slots=True)
class Outside:
    """What an audit of the database may be given from outside it."""

    keys: Sequence[VerifierKey] = ()
    """The log's; without them no signature is verified."""

    signed: SignedHistory | None = None
    """The signer's record; finds a checkpoint that was removed."""

    vault: Vault | None = None
    """Opens sealed values; without it what is encrypted is not judged."""

    leaves: Callable[[int, int], bytes] | None = None
    """Published leaf hashes of a stretch, as far as they go; names changed entries exactly."""

    witnesses: Sequence[VerifierKey] = ()
    """Witnesses' keys; without them the form of cosignatures is judged, not their truth."""

    erased: Collection[str] = ()
    """Data subjects whose values were destroyed, as entries of the log say."""


class DatabaseAudit:
    """One audit of one database; `run` does it.

    Args:
        database: the log's.
        outside: what else it may be held against.
        progress: called after each stretch.
        state: folder in which the audit notes where it stands; None to keep no note.
        processes: how many read and hash.
    """

    def __init__(
        self,
        database: Database,
        outside: Outside,
        *,
        progress: Progress | None,
        state: Path | None,
        processes: int,
    ) -> None:
        self._database = database
        self._outside = outside
        self._progress = progress or (lambda _done, _all: None)
        self._folder = state
        self._processes = processes
        self._evidence = Evidence()
        self._edge = RightEdge()
        self._destroyed = 0
        self._is_indexed = False

    def run(self) -> AuditReport:
        """Audit the log.

        Raises:
            psycopg.OperationalError: the database is out of reach.
        """
        with ExitStack() as stack:
            connection = stack.enter_context(self._database.connect())
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            stack.enter_context(connection.transaction())
            head = self._read_head(connection)
            if head is not None:
                temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="xiyou-audit-"))
                self._follow(connection, head, self._folder or Path(temporary))
            findings = judge(self._evidence, lambda run: _without_successor(connection, run))
            if head is not None and self._is_indexed and not findings:
                findings = self._judge_index(connection, head.size)
        if self._folder:
            forget(self._folder)
        size = head.size if head else 0
        return AuditReport(size, self._edge.root(), tuple(findings), self._destroyed)

    def _read_head(self, connection: Connection) -> Head | None:
        rows = connection.execute(_HEAD, binary=True).fetchall()
        if len(rows) != 1 or rows[0][3] is not True:
            self._find(None, f"must be one row, and there are {len(rows)}", "head")
            return None
        head = Head(*rows[0][:3])
        if head.size < 0:
            self._find(0, f"size is {head.size}", "head")
            return None
        row = connection.execute(_OUTSIDE).fetchone()
        low, high, nowhere = row or (None, None, 0)
        if nowhere:
            self._find(None, f"{nowhere} entries have no leaf index", "entries")
        if low is not None and low < 0:
            self._find(low, "an entry has a negative leaf index", "entries")
        if high is not None and high >= head.size:
            self._find(head.size, f"an entry stands beyond the head's size, {head.size}", "entries")
        return head

    def _follow(self, connection: Connection, head: Head, folder: Path) -> None:
        """Read every entry, and hold against it whatever refers to entries."""
        name = f"database {connection.info.dbname}"
        state = State.load(folder, name) if self._folder else None
        joined = _Joined(connection, head, folder, self._outside, self._evidence)
        if state is None or not joined.take_up(state):
            forget(folder)
            joined = _Joined(connection, head, folder, self._outside, self._evidence)
            state = State(name)
        joined.open(state)
        work = FromDatabase(self._database.url)
        processes = self._processes if head.size - state.position > ALONE else 1
        wanted = stretches(state.position, head.size, joined.cuts)
        for stretch, report in audit_stretches(work, wanted, processes):
            joined.take(report)
            self._progress(report.stop, head.size)
            if report.stop < stretch.stop:
                if not any(each.index == report.stop for each in report.findings):
                    self._find(report.stop, "entry is missing", "entries")
                break
            if self._folder and report.stop - state.position >= SAVE_EVERY:
                state = joined.save(name)
        joined.end()
        self._edge, self._destroyed = joined.edge, joined.destroyed
        self._is_indexed = joined.is_indexed

    def _judge_index(self, connection: Connection, size: int) -> list[Finding]:
        """Judge what is committed of entries that are themselves as they must be."""
        with tempfile.TemporaryDirectory(prefix="xiyou-audit-") as scratch:
            read = partial(stored_rows, connection)
            return audit_commitments(read, size, Path(scratch))

    def _find(self, index: int | None, what: str, where: str) -> None:
        self._evidence.exact.append(Finding(index, what, where))


class _Joined:
    """What the stretches hold, joined in their order."""

    def __init__(
        self,
        connection: Connection,
        head: Head,
        folder: Path,
        outside: Outside,
        evidence: Evidence,
    ) -> None:
        self.edge = RightEdge()
        self.destroyed = 0
        self.is_indexed = False
        """Whether an entry commits to the stream index."""
        self._connection = connection
        self._head = head
        self._folder = folder
        self._outside = outside
        self._evidence = evidence
        self._at = b""
        self._due: list[Vouched] = []
        self._chains = Chains(folder / CHAINS, head.size, "entries")
        self._sealed = SealedValues(folder / SEALED, head.size, outside.vault, outside.erased)

    def take_up(self, state: State) -> bool:
        """Go on from *state*; return whether that is possible."""
        try:
            edge = RightEdge.from_bytes(state.position, bytes.fromhex(state.edge))
            self._chains.partitions.take_up(state.chains)
            self._sealed.partitions.take_up(state.sealed)
        except (ValueError, MalformedError):
            return False
        evidence = self._evidence
        evidence.exact += state.findings
        evidence.broken_links += state.broken_links
        evidence.bad_runs += state.bad_runs
        evidence.other_trees += state.other_trees
        evidence.good = state.good
        self.edge = edge
        self._at = state.at.encode()
        return True

    def open(self, state: State) -> None:
        """Open what is read beside the entries, from where *state* stands."""
        size, start = self._head.size, state.receipts_from
        self._receipts = Receipts(_receipts(self._connection, start), start, size)
        for low in range(start, state.position, STEP):
            stop = min(low + STEP, state.position)
            rows = self._connection.execute(_ENTRIES, [low, stop], binary=True).fetchall()
            leaves = b"".join(leaf_hash(entry) for (entry,) in rows)
            self._receipts.take(RangeReport(low, stop, leaves=leaves))
        # A checkpoint at the state's own size has been checked.
        after = state.position or -1
        signed = self._outside.signed
        self._vouchers = Vouchers(
            _checkpoints(self._connection, after),
            self._outside.keys,
            signed=(tree for tree in signed if tree.size > after) if signed else None,
            size=size,
        )
        self._vouchers.good = self._evidence.good

    def cuts(self, stop: int) -> tuple[int, ...]:
        """Return the sizes up to *stop* at which somebody has vouched for the tree."""
        trees = self._vouchers.up_to(stop)
        self._due += trees
        return tuple(sorted({tree.size for tree in trees}))

    def take(self, report: RangeReport) -> None:
        """Join one stretch to those before."""
        evidence = self._evidence
        if len(evidence.exact) + len(evidence.broken_links) < 10 * MAX_FINDINGS:
            evidence.exact += report.findings[:MAX_FINDINGS]
            evidence.broken_links += report.broken_links[:MAX_FINDINGS]
        if report.first_at and report.first_at < self._at:
            what = f"at goes back from {self._at.decode()}Z"
            evidence.exact.append(Finding(report.start, what, "entries"))
        self._at = max(self._at, report.last_at)
        self.is_indexed = self.is_indexed or EVENT_TYPE in report.kinds
        self._compare_leaves(report)
        self._receipts.take(report)
        self._chains.take(report.segments)
        self._sealed.take(report.sealed)
        while self._due and self._due[0].size <= report.stop:
            tree = self._due.pop(0)
            cut = report.cuts.get(tree.size)
            edge = self.edge if cut is None else join(self.edge, cut)
            self._vouchers.check(tree, edge.root())
        self.edge = join(self.edge, report.edge)

    def save(self, name: str) -> State:
        """Note durably where the audit stands, and return it."""
        evidence = self._evidence
        state = State(
            name,
            position=self.edge.size,
            edge=self.edge.to_bytes().hex(),
            at=self._at.decode(),
            receipts_from=self._receipts.restart,
            good=self._vouchers.good,
            is_indexed=self.is_indexed,
            chains=self._chains.partitions.sync(),
            sealed=self._sealed.partitions.sync(),
            findings=evidence.exact + self._receipts.findings + self._vouchers.findings,
            broken_links=evidence.broken_links,
            bad_runs=evidence.bad_runs + self._receipts.bad_runs,
            other_trees=evidence.other_trees + self._vouchers.other_trees,
        )
        state.save(self._folder)
        return state

    def end(self) -> None:
        """Judge what only the whole log can decide."""
        head, evidence = self._head, self._evidence
        whole = self.edge.size == head.size
        if whole:
            self._receipts.end()
            self._vouchers.end()
            self._check_head()
        evidence.exact += self._receipts.findings + self._vouchers.findings
        evidence.bad_runs += self._receipts.bad_runs
        evidence.other_trees += self._vouchers.other_trees
        evidence.good = self._vouchers.good
        evidence.exact += audit_cosignatures(self._connection, self._outside.witnesses)
        self._check_commands()
        findings, broken = self._chains.judge()
        evidence.exact += findings
        evidence.broken_links += broken
        self._sealed.judge(self._connection, whole=whole)
        evidence.exact += self._sealed.findings
        self.destroyed = self._sealed.destroyed

    def _compare_leaves(self, report: RangeReport) -> None:
        """Compare the entries of a stretch with the published leaf hashes."""
        if self._outside.leaves is None:
            return
        published = self._outside.leaves(report.start, report.stop)
        for low in range(0, min(len(published), len(report.leaves)), HASH_SIZE):
            high = low + HASH_SIZE
            if report.leaves.startswith(published):
                return
            if published[low:high] != report.leaves[low:high]:
                index = report.start + low // HASH_SIZE
                what = "is not the entry that was published"
                self._evidence.exact.append(Finding(index, what, "entries"))
                return

    def _check_head(self) -> None:
        """Compare the head with what the entries lead to."""
        head, evidence = self._head, self._evidence
        at = f"{self._at.decode()}Z" if head.size else ""
        if head.at != at:
            what = f"at is {head.at!r}, and the last entry says {at!r}"
            evidence.at_fault = Finding(max(0, head.size - 1), what, "head")
        found = self.edge.to_bytes()
        if head.edge != found:
            place = first_difference(head.edge, found) // HASH_SIZE
            subtrees = list(perfect_subtrees(0, head.size))
            level, number = subtrees[min(place, len(subtrees) - 1)] if subtrees else (0, 0)
            what = "the right edge is not that of the entries, from this one on"
            evidence.edge_fault = Finding(number << level, what, "head")

    def _check_commands(self) -> None:
        """Look closely at entries that seem to name another command than their receipt."""
        for index, receipt in self._receipts.other_commands:
            rows = self._connection.execute(_ENTRIES, [index, index + 1], binary=True).fetchall()
            named = named_command(rows[0][0]) if rows else None
            if named is not None and named != receipt.command_id:
                what = f"names command {named}, and its receipt is that of {receipt.command_id}"
                self._evidence.exact.append(Finding(index, what, "receipts"))


def _receipts(connection: Connection, start: int) -> Iterator[StoredReceipt]:
    with connection.cursor("receipts", binary=True) as cursor:
        cursor.itersize = 2000
        for row in cursor.execute(_RECEIPTS, [start]):
            yield StoredReceipt._make(row)


def _checkpoints(connection: Connection, after: int) -> Iterator[tuple[int, bytes]]:
    with connection.cursor("checkpoints", binary=True) as cursor:
        cursor.itersize = 100
        for size, note in cursor.execute(_CHECKPOINTS, [after]):
            yield size, note.encode()


def _without_successor(connection: Connection, run: BadRun) -> int | None:
    row = connection.execute(_SUCCESSOR, [run.first, run.end]).fetchone()
    return None if row is None else row[0]
