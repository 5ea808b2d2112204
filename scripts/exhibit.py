"""The demo's last part: one dispute as a package for a court, a forged one beside it.

The three verifiers look at both, with the policy as a reader has it from elsewhere: the
installed command, the stand-alone program that the package encloses, run by a bare Python,
and the page, in a browser without a window where this machine has one.
``tests/scripts/test_demo.py``.
"""

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from api.bootstrap import Deployment
from api.exporting.making import Request, make_package
from chain.evidence import names
from chain.evidence.archive import read_archive
from chain.evidence.claims import published
from chain.evidence.verification import Trust
from chain.evidence.writing import Issue, Parts, bundle_of, facts_of, package_of
from domain.evidence.exporting import Approval
from scripts import browser
from scripts.story import POLICY_FILE, Story
from scripts.verify_package import report_on

FOLDER: Final = "evidence"
FORGED: Final = "forged.zip"
GREEN, RED = 0, 1

_AMOUNT = re.compile(rb'"amount":([0-9]+)')


def show(ledger: Deployment, story: Story) -> None:
    """Export, forge, and let the verifiers look at both; the checks stand in *story*."""
    story.screen.heading("7. One dispute as a package for a court, and a forged one beside it")
    dispute = _ruled(ledger)
    if dispute is None:
        story.screen.say("there is no ruling in this log")
        return
    request = Request(None, dispute, None, (), "operator", Approval(), None, None)
    number, package, parts = make_package(ledger, request, datetime.now(UTC))
    folder = ledger.home / FOLDER
    folder.mkdir(exist_ok=True)
    good, forged = folder / f"{number}.zip", folder / FORGED
    good.write_bytes(package)
    before, after, content = forge(package, parts)
    forged.write_bytes(content)
    story.screen.say(f"{good}  ({len(package):,} bytes, {len(parts.entries)} entries)")
    policy = (ledger.home / POLICY_FILE).read_bytes()
    roots = b"".join(each.roots.read_bytes() for each in ledger.settings.stamp_authorities)
    trust = Trust(policy=policy, tsa_roots=roots or None, allow_test_authority=bool(roots))
    facts: dict[str, Any] = {"dispute": dispute, "file": str(good), "verifiers": {}}
    for name, reports in _looked_at([good, forged], trust).items():
        true, false = reports
        facts["verifiers"][name] = {
            "colour": true["colour"],
            "not_verified": _unverified(true),
            "forged": _first_fault(false),
        }
        story.check(
            f"package_{name}",
            f"{name}: {true['colour']}, {true['counts']['verified']} claims verified, none"
            f" failed; of the forged one ({before} -> {after}): {_first_fault(false)}",
            good=true["exit"] == GREEN and false["exit"] == RED,
        )
    if browser.PROGRAM is None:
        story.screen.say(f"no browser here: open the enclosed {names.PAGE} in yours")
    story.facts["package"] = facts


def forge(package: bytes, parts: Parts) -> tuple[str, str, bytes]:
    """Return what a forger changes, into what, and the package: every digest made anew.

    The forger has all that the operator has but the log: an amount is written higher, and
    manifests, digests and the enclosed page are right again.
    """
    place = next(n for n, each in enumerate(parts.entries) if _AMOUNT.search(each.content))
    entry = parts.entries[place]
    amount = _AMOUNT.search(entry.content)
    if amount is None:
        raise AssertionError("it was found just now")
    digits = amount[1]
    other = (b"9" if digits[:1] != b"9" else b"8") + digits[1:]
    content = entry.content[: amount.start(1)] + other + entry.content[amount.end(1) :]
    entries = list(parts.entries)
    entries[place] = replace(entry, content=content)
    told = replace(parts, entries=entries)
    members, files = read_archive(package), facts_of(told)
    issue = Issue(
        members[names.ISSUE_ENTRY],
        members[names.ISSUE_PROOF],
        members[names.ISSUE_CONSISTENCY],
        members.get(names.ISSUE_STAMP),
        members.get(names.CERTIFICATE),
    )
    return digits.decode(), other.decode(), package_of(files, bundle_of(told, files), issue)


def _ruled(ledger: Deployment) -> str | None:
    """Return the newest dispute with a ruling: others may go on in a log that is traded in."""
    found = ledger.trade.recorder.select_notifications(1, 1_000_000, topics=["ruling.issued"])
    return str(found[-1].originator_id) if found else None


def _looked_at(packages: list[Path], trust: Trust) -> dict[str, list[dict[str, Any]]]:
    """Return each verifier's reports on *packages*."""
    with tempfile.TemporaryDirectory(prefix="xiyou-reader-") as name:
        folder = Path(name)
        found = {
            "xiyou verify": [report_on(each, trust) for each in packages],
            "verify.py": [_by_program(each, trust, folder) for each in packages],
        }
    if browser.PROGRAM is not None:
        found["verify.html"] = browser.run_page([(p.read_bytes(), trust) for p in packages])
    return found


def _by_program(package: Path, trust: Trust, folder: Path) -> dict[str, Any]:
    """Return the stand-alone program's report; it is run apart from everything of ours."""
    program = folder / "verify.py"
    program.write_bytes(published("verify.py.txt"))
    told: list[object] = ["--json"]
    for option, content in (("--policy", trust.policy), ("--tsa-roots", trust.tsa_roots)):
        if content is not None:
            path = folder / option.strip("-")
            path.write_bytes(content)
            told += [option, path]
    if trust.allow_test_authority:
        told.append("--allow-test-authority")
    words = [str(each) for each in (sys.executable, "-I", program, package.absolute(), *told)]
    done = subprocess.run(words, capture_output=True, check=False, cwd=folder)  # noqa: S603 — ours
    report = json.loads(done.stdout)
    if not isinstance(report, dict):
        raise TypeError("a report is an object")
    return report


def _first_fault(report: dict[str, Any]) -> str:
    for each in report["claims"]:
        if each["verdict"] == "failed":
            return f"{report['colour']}, {each['claim']} {each['code']}"
    return str(report["colour"])


def _unverified(report: dict[str, Any]) -> dict[str, str]:
    return {
        each["claim"]: f"{each['verdict']} {each['code']}"
        for each in report["claims"]
        if each["verdict"] != "verified"
    }
