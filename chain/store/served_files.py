"""Published files on somebody's server, read with GET. ``tests/chain/store/test_served_files.py``.

Any static server will do: c2sp.org/tlog-tiles asks for no more.
"""

from http import HTTPStatus
from typing import Final

from chain.store.files import MissingFileError
from chain.store.http import UnreachableError, check_url, get
from chain.tiles import TILE_WIDTH

MOST: Final = TILE_WIDTH * (2 + 65_535)
"""Bytes of the longest file: a bundle of the longest entries."""
TIMEOUT: Final = 10.0
"""Seconds for one file."""


class ServedFiles:
    """The files below *url*, such as ``https://log.example/``.

    Raises:
        MalformedError: *url* is none.
    """

    def __init__(self, url: str) -> None:
        check_url(url)
        self._url = url.rstrip("/")

    def read(self, path: str) -> bytes:
        """Return the file at *path*.

        Raises:
            MissingFileError: the server says that there is none.
            UnreachableError: there is no answer, or one that is no file.
        """
        reply = get(f"{self._url}/{path}", TIMEOUT, MOST)
        if reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise MissingFileError(path)
        if reply.status != HTTPStatus.OK:
            raise UnreachableError(f"{self._url}/{path}: answered {reply.status}")
        return reply.body
