"""An issued package as its issuer keeps it: everything but the opened values' bytes.

``evidence.md``, section 5: those are read from the vault again on request, so that an erasure
reaches old packages too. The manifests of the issued package stay in what is kept; so what is
rebuilt is that package to the last byte, or it is not handed out. Proved by
``tests/chain/evidence/test_kept.py``.
"""

from collections.abc import Iterable, Mapping

from chain.canonical import parse
from chain.errors import VerificationError
from chain.evidence import names
from chain.evidence.archive import read_archive, write_archive
from chain.evidence.digests import sha256_hex
from chain.evidence.page import enclosed_page, split_page
from chain.evidence.writing import with_manifests

OPENED = "opened/"


def kept_form(package: bytes) -> bytes:
    """Return *package* without its opened values, neither as files nor inside its page.

    Raises:
        Fault: *package* is no archive of its format.
    """
    members = read_archive(package)
    kept = {name: each for name, each in members.items() if not name.startswith(OPENED)}
    if names.PAGE in kept:
        kept[names.PAGE] = split_page(kept[names.PAGE])[0]
    return write_archive(kept)


def opened_in(kept: bytes) -> list[tuple[str, int, str]]:
    """Return digest, leaf index and pointer of every value that the package shows.

    Raises:
        Fault: *kept* is no archive of its format.
    """
    bundle = parse(read_archive(kept)[names.BUNDLE])
    sealed = bundle["sealed"] if isinstance(bundle, dict) else []
    return [
        (str(each["digest"]), int(str(each["index"])), str(each["pointer"]))
        for each in (sealed if isinstance(sealed, list) else [])
        if isinstance(each, dict) and each["state"] == "opened"
    ]


def rebuilt(kept: bytes, values: Iterable[bytes]) -> bytes:
    """Return the package that *kept* was, with the bytes of its opened *values*.

    Raises:
        Fault: *kept* is no archive of its format.
        VerificationError: what comes out is not the package that was issued.
    """
    members = dict(read_archive(kept))
    lists = {name: members.pop(name) for name in names.MANIFESTS.values()}
    members |= {names.opened_name(sha256_hex(each)): each for each in values}
    template = members.pop(names.PAGE, None)
    if template is not None:
        page = enclosed_page(template, members)
        members |= {} if page is None else {names.PAGE: page}
    package = with_manifests(members)
    _check_same(package, lists)
    return write_archive(package)


def _check_same(package: Mapping[str, bytes], lists: Mapping[str, bytes]) -> None:
    for name, listed in lists.items():
        if package[name] != listed:
            raise VerificationError(f"{name}: what was kept is not the package that was issued")
