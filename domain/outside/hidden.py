"""A secret or personal text that cannot be shown by mistake (``reliability.md``, 4.3).

Its ``repr`` and ``str`` say nothing, JSON knows no such thing, and pickle and copy refuse
it; only `Hidden.reveal` gives the text. ``tests/domain/outside/test_hidden.py``.
"""

import hmac
from typing import NoReturn


class Hidden:
    """A text that is shown to nobody who does not ask for it by name."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text: at the vault's and an outside party's door alone."""
        return self._text

    def __repr__(self) -> str:
        return "Hidden(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hidden):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a hidden text is neither copied nor pickled: hand on the object")
