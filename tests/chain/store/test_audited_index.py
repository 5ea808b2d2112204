"""An audit makes the stream index again, and names the commitment and range that is a lie."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.audit import Finding
from chain.store.auditor import AuditReport, audit_both, audit_database, audit_files
from chain.store.database import Database
from chain.store.publisher import LOG_FOLDER, Publisher
from chain.store.signer import Signer, read_verifier_keys
from chain.stream_index.commitment import EVENT_TYPE, Commitment
from chain.stream_index.ranges import coarsest_cover
from tests.chain.store.published import AT, make_home
from tests.chain.store.stream_index.following import grow, indexer_of, record
from tests.chain.store.writing import Command, Event, write


class Operator:
    """A log with some true commitments, whose operator can add any other."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.home = make_home(home)
        made: list[Commitment] = []
        with indexer_of(database, home) as indexer:
            for number in range(9):
                grow(database, 5 + number * 3)
                committed = indexer.commit_once()
                assert committed is not None
                made.append(committed.commitment)
        self.true = made[-1]
        """The newest commitment."""

    def audits(self) -> Iterator[AuditReport]:
        """Publish, and give the three audits' reports."""
        with Publisher(self.database, self.home, Signer(self.home), clock=lambda: AT) as publisher:
            publisher.publish_once()
        keys = read_verifier_keys(self.home)
        yield audit_database(self.database, keys=keys)
        yield audit_files(self.home / LOG_FOLDER, keys=keys)
        yield audit_both(self.database, self.home)

    def findings(self) -> list[Finding]:
        """Return what all three audits find, which is the same."""
        first, *others = (each.findings for each in self.audits())
        assert [*others] == [first, first]
        return list(first)


@pytest.fixture
def operator(database: Database, tmp_path: Path) -> Operator:
    return Operator(database, tmp_path / "home")


def test_true_commitments_pass_all_three_audits(operator: Operator) -> None:
    assert operator.findings() == []


@pytest.mark.parametrize("place", [0, 1, -2])
@pytest.mark.parametrize("name", ["stream_root", "type_root", "streams", "types"])
def test_a_lie_is_named_with_its_entry_and_its_range(
    operator: Operator, place: int, name: str
) -> None:
    size, ranges = operator.true
    true = ranges[place]
    false = bytes(32) if name.endswith("root") else 1 + getattr(true, name) % 2
    lie = true._replace(**{name: false})  # type: ignore[arg-type] # each of its own kind
    told = [*ranges]
    told[place] = lie
    index = record(operator.database, Commitment(size, tuple(told))) - 1
    grow(operator.database, 3)
    (found,) = operator.findings()
    assert (found.index, found.where) == (index, "index")
    part = true.range
    assert f"range {part.number} of level {part.level}: {name} is " in found.what


def test_who_commits_to_what_is_still_to_come_is_named(operator: Operator) -> None:
    size, ranges = operator.true
    after = 2 * size
    beyond = [ranges[-1]._replace(range=each) for each in coarsest_cover(size, after)]
    told = Commitment(after, (*ranges, *beyond))
    index = record(operator.database, told) - 1
    grow(operator.database, after)
    (found,) = operator.findings()
    assert found.index == index
    assert f"covers {after} entries, and only {index} are before it" in found.what


def test_what_is_no_commitment_is_named(operator: Operator) -> None:
    index = write(operator.database, [Command("x", [Event("aside", EVENT_TYPE, {"n": 1})])]) - 1
    (found,) = operator.findings()
    assert found.index == index
    assert "is not a commitment" in found.what


def test_any_true_cut_of_the_log_is_good(operator: Operator, tmp_path: Path) -> None:
    """The cover need not be the one that we would make."""
    with indexer_of(operator.database, tmp_path / "other") as indexer:
        indexer._base = 3
        grow(operator.database, 1)
        committed = indexer.commit_once()
    assert committed is not None
    assert committed.commitment.cover != operator.true.cover
    assert operator.findings() == []
