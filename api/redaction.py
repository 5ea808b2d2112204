"""The net under the logs: what looks like a secret does not come out (``reliability.md``, 7.3).

The first net is types: a value that is no plain text, number or truth value is not written at
all but named by its type, so that a hidden text, a settings object or a body cannot slip in.
This is the second: patterns, over every text of every line. ``tests/api/test_redaction.py``.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

NETS: Final = {
    "key": re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|$)", re.DOTALL
    ),
    "url": re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),
    "token": re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.?[\w-]*"),
    "credential": re.compile(
        r"(?i)(?<=bearer )\S+|(?<=dpop )\S+|(?<=basic )\S+"
        r"|(?<=password=)\S+|(?<=secret=)\S+|(?<=token=)\S+"
    ),
    "identity": re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{9}[\dXx](?![0-9A-Za-z])"),
    "card": re.compile(r"(?<![0-9A-Za-z.])\d{4}(?:[ -]?\d{4}){2,3}[ -]?\d{1,4}(?![0-9A-Za-z])"),
    "phone": re.compile(r"(?<![0-9A-Za-z.])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"),
    "mail": re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b"),
    "code": re.compile(
        r"(?<![0-9A-Za-z_/.:-])(?=[0-9A-Z-]*\d)(?=[0-9A-Z-]*[A-Z])"
        r"[0-9A-Z]{4,8}(?:-[0-9A-Z]{4,8}){2,}(?![0-9A-Za-z_-])"
    ),
}
"""By what they catch; a raw key or an alias code is groups of capitals and digits."""
PLAIN: Final = (str, int, float, bool, type(None))


def clean(text: str) -> str:
    """Return *text* with what looks like a secret replaced by its kind."""
    for kind, net in NETS.items():
        text = net.sub(f"[{kind}]", text)
    return text


def plain(value: object) -> Any:  # noqa: ANN401 — what JSON can hold
    """Return *value* if it may be written, cleaned; otherwise the name of its type.

    Subclasses of plain types are named, too: they may be there to hide something.
    """
    if type(value) is str:
        return clean(value)
    if type(value) in PLAIN:
        return value
    if type(value) is list or type(value) is tuple:
        return [plain(each) for each in value]
    if isinstance(value, Mapping) and type(value) is dict:
        return {clean(str(name)): plain(each) for name, each in value.items()}
    return f"[{type(value).__name__}]"
