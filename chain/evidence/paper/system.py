"""How the package was made, on paper: software, environment and extraction record.

``evidence.md``, 10.1. Proved by ``tests/chain/evidence/paper/test_certificate.py``.
"""

from collections.abc import Mapping
from typing import Any, Final

from chain.evidence.bundle import Bundle
from chain.evidence.paper.text import beijing, grouped, printable
from chain.evidence.paper.wording import Group, Row

UNKNOWN = "未载明 / not stated"


def system(bundle: Bundle, custody: Mapping[str, Any]) -> Group:
    """Return what the certificate says of the system and of the extraction."""
    software, exhibits = bundle["software"], custody["exhibits"]
    version = printable(f"{software['name']} {software['version']}")
    return Group(
        "系统与提取",
        "System and extraction",
        [
            Row("软件版本", "Software", [version, f"commit {software['commit']}"]),
            Row("软硬件环境", "Environment", [printable(bundle["environment"])]),
            Row("提取时间", "Extracted", [span(custody)]),
            Row("提取人员", "Extracted by", [person(custody["extracted_by"])]),
            Row("第二人", "Second person", [person(custody["second_person"])]),
            Row("提取工具", "Tool", tool(custody["tool"])),
            Row(
                "检材",
                "Exhibits",
                [f"{number(exhibits['count'])} 条 / entries，{number(exhibits['bytes'])} bytes"],
            ),
        ],
    )


_MEMBERS: Final = (
    *("name_masked", "staff_reference", "role", "organisation"),
    *("system", "origin", "database_version"),
)
"""Of the record's parts, in the order in which they are read."""


def person(said: Mapping[str, Any] | None) -> str:
    """Return who or what a part of the record names."""
    named = {} if said is None else said
    parts = [printable(str(named[each])) for each in _MEMBERS if named.get(each)]
    return "，".join(parts) or UNKNOWN


def span(said: Mapping[str, Any]) -> str:
    """Return from when to when the extraction took."""
    began, ended = said["started_at"], said["finished_at"]
    return f"{moment(began)} – {moment(ended)}"


def moment(at: str | None) -> str:
    """Return a time that may not be known."""
    return UNKNOWN if at is None else beijing(at)


def tool(said: Mapping[str, Any]) -> list[str]:
    """Return name, version and digest of a tool."""
    lines = [printable(" ".join(str(said[each]) for each in ("name", "version") if said[each]))]
    if said["verify_py_sha256"]:
        lines.append(f"verify.py SHA-256 {grouped(said['verify_py_sha256'])}")
    return lines


def number(value: int | None) -> str:
    """Return a count that may not be known."""
    return UNKNOWN if value is None else f"{value:,}"
