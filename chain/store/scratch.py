"""Folders for what is made on the way and thrown away.

``tests/chain/store/stream_index/test_committed.py``.
"""

import tempfile
from pathlib import Path


class Scratch:
    """Temporary folders of one user; made when the first is asked for, gone with `close`."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._root: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0

    def folder(self) -> Path:
        """Return an empty folder that nobody else has."""
        if self._root is None:
            self._root = tempfile.TemporaryDirectory(prefix=self._prefix)
        self._count += 1
        made = Path(self._root.name) / str(self._count)
        made.mkdir()
        return made

    def close(self) -> None:
        """Remove all of them."""
        if self._root is not None:
            self._root.cleanup()
            self._root = None
