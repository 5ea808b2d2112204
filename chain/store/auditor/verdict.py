"""Which entry is at fault, when several things do not fit together.

A changed entry breaks more than itself: the next one of its stream, its receipt, the root
of every later tree. What names its entry exactly stands; what names a run or a pair is
dropped if something exact explains it, and narrowed down otherwise. Proved by
``tests/chain/store/test_f12_tampered_row.py``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from chain.audit import BrokenLink, Finding
from chain.store.auditor.receipts import WHERE as RECEIPTS
from chain.store.auditor.receipts import BadRun
from chain.store.auditor.vouched import OtherTree


@dataclass(slots=True)
class Evidence:
    """All that an audit has found."""

    exact: list[Finding] = field(default_factory=list)
    broken_links: list[BrokenLink] = field(default_factory=list)
    bad_runs: list[BadRun] = field(default_factory=list)
    other_trees: list[OtherTree] = field(default_factory=list)
    edge_fault: Finding | None = None
    """The head's right edge is not that of the entries."""

    at_fault: Finding | None = None
    """The head's time is not that of the last entry."""

    good: int = 0
    """The entries below this index lead to a root that somebody has vouched for."""

    where: str = "entries"


def judge(evidence: Evidence, without_successor: Callable[[BadRun], int | None]) -> list[Finding]:
    """Return what is wrong, the first leaf index first.

    Args:
        evidence: what was found.
        without_successor: returns the first entry of a run that no later entry of its
            stream vouches for, None if there is none.
    """
    findings = list(evidence.exact)

    def of_entries() -> list[Finding]:
        return [each for each in findings if each.where == evidence.where]

    links = {link.before: link for link in evidence.broken_links}
    whole = not evidence.other_trees and evidence.edge_fault is None
    for run in evidence.bad_runs:
        if _explained(run.first, run.end, of_entries()):
            continue
        if run.end <= evidence.good or whole:
            findings.append(_bad_receipt(run))
            continue
        findings.append(_narrow(run, links, without_successor, evidence.where))
    for link in evidence.broken_links:
        pair = (link.before, link.index)
        if not any(_explained(each, each + 1, of_entries()) for each in pair):
            what = f"prev is not the hash of entry {link.before}, the one before in its stream"
            findings.append(Finding(link.index, what, evidence.where))
    for tree in evidence.other_trees:
        if not _explained(0, tree.size, of_entries()):
            what = (
                f"entries {tree.good} to {tree.size - 1} are not those under the root at size"
                f" {tree.size}: one of them was changed and all hashes after it made to fit"
            )
            findings.append(Finding(tree.good, what, tree.where))
    if not _explained(0, 2**63, findings):
        findings += [each for each in (evidence.edge_fault, evidence.at_fault) if each is not None]
    return sort(findings)


def sort(findings: Iterable[Finding]) -> list[Finding]:
    """Return *findings* by leaf index, those without one last, each index and place once."""
    ordered = sorted(findings, key=lambda each: (each.index is None, each.index or 0))
    first: dict[tuple[int | None, str], Finding] = {}
    for each in ordered:
        first.setdefault((each.index, each.where), each)
    return list(first.values())


def _explained(start: int, end: int, findings: Iterable[Finding]) -> bool:
    return any(each.index is not None and start <= each.index < end for each in findings)


def _bad_receipt(run: BadRun) -> Finding:
    entries = f"entries {run.first} to {run.end - 1}"
    what = f"the digest of receipt {run.command_id} is not that of {entries}"
    return Finding(run.first, what, RECEIPTS)


def _narrow(
    run: BadRun,
    links: dict[int, BrokenLink],
    without_successor: Callable[[BadRun], int | None],
    where: str,
) -> Finding:
    """Name the entry of *run* that was changed, as exactly as the log itself allows."""
    run_text = f"receipt {run.command_id}, entries {run.first} to {run.end - 1}, does not fit"
    denied = sorted(index for index in links if run.first <= index < run.end)
    if denied:
        # The later one of the pair is at fault if the one after it denies it as well.
        index = denied[0]
        follower = links[index].index
        if follower in links and follower < run.end:
            index, follower = follower, links[follower].index
        what = f"is not the entry whose hash entry {follower} carries; {run_text}"
        return Finding(index, what, where)
    following = [link for link in links.values() if run.first <= link.index < run.end]
    if following:
        link = min(following, key=lambda each: each.index)
        what = f"prev is not the hash of entry {link.before}; {run_text}"
        return Finding(link.index, what, where)
    candidate = without_successor(run)
    if candidate is None:
        return _bad_receipt(run)
    return Finding(candidate, f"is the first that no later entry vouches for; {run_text}", where)
