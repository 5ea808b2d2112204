"""The schemas of payload versions that this program reads and no longer writes.

Files beside the code, ``domain/superseded/<type>-<version>.json``, put there by
``python -m tests.golden.domain.generate`` when a payload gets a new version: the classes
know their newest one alone. ``tests/domain/test_schemas.py``.
"""

import json
from importlib.resources import files

from domain.payload import Schema


def read_superseded() -> dict[str, Schema]:
    """Return, by type and payload version (``dispute.opened/1``), each superseded schema."""
    found = {}
    for each in files("domain").joinpath("superseded").iterdir():
        name, dot, suffix = each.name.rpartition(".")
        if (dot, suffix) == (".", "json"):
            topic, _, version = name.rpartition("-")
            found[f"{topic}/{version}"] = json.loads(each.read_text(encoding="utf-8"))
    return found
