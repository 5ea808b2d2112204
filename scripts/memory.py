"""How much memory this process has held at most. ``tests/scripts/test_memory.py``."""

import re
import resource
import sys
from pathlib import Path
from typing import Final

STATUS: Final = Path("/proc/self/status")
_PEAK: Final = re.compile(r"^VmHWM:\s+([0-9]+) kB$", re.MULTILINE)


def peak_memory() -> int:
    """Return the bytes.

    On Linux from the process's own status: what `getrusage` says of a program that was
    started by a bigger one is the bigger one's memory, which it had before it was replaced.
    """
    try:
        found = _PEAK.search(STATUS.read_text(encoding="ascii"))
    except OSError:
        found = None
    if found is not None:
        return int(found[1]) * 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return own * (1 if sys.platform == "darwin" else 1024)
