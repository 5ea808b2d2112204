"""An unpacked package, and receipts, read from a folder: regular files with allowed names only.

No link is followed and nothing is written. Proved by ``tests/chain/evidence/test_parts.py``.
"""

import os
import re
import stat
from pathlib import Path

from chain.evidence.archive import check_folder
from chain.evidence.claims import MAX_MEMBERS, MAX_PACKAGE
from chain.evidence.fault import Fault
from chain.evidence.receipts import HeldReceipt

_RECEIPT = re.compile(r"([0-9]{1,12})\.txt")


def read_folder(root: Path) -> dict[str, bytes]:
    """Return the files under *root* by name, if all of them may be in a package.

    Raises:
        Fault: something else is there, or a limit is passed.
        OSError: a file cannot be read.
    """
    sizes: dict[str, int] = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(folder, name)
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode):
                continue
            if not stat.S_ISREG(found.st_mode):
                raise Fault("not_regular")
            sizes[path.relative_to(root).as_posix()] = found.st_size
            if len(sizes) > MAX_MEMBERS:
                raise Fault("too_large")
    check_folder(sizes)
    return {name: (root / name).read_bytes() for name in sizes}


def read_limited(path: Path) -> bytes:
    """Return the content of *path*, at most one byte more than a package may have.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(MAX_PACKAGE + 1)


def read_receipts(folder: Path) -> list[HeldReceipt]:
    """Return the receipts in *folder*: pairs ``<index>.txt`` and ``<index>.tlog-proof``.

    Raises:
        OSError: it cannot be read.
    """
    found = []
    for path in sorted(folder.iterdir()):
        match = _RECEIPT.fullmatch(path.name)
        proof = path.with_suffix(".tlog-proof")
        if match and proof.exists():
            found.append(HeldReceipt(int(match[1]), path.read_bytes(), proof.read_bytes()))
    return found
