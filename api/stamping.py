"""The client of the configured time-stamp authorities. ``tests/scripts/test_stamp.py``."""

from collections.abc import Iterable

from api.not_ready import NotReadyError
from api.settings import Authority
from chain.errors import MalformedError
from chain.store.files import Folder
from chain.store.stamps import StampAuthority, Stamper
from chain.timestamp import read_authorities


def stamper_of(files: Folder, authorities: Iterable[Authority]) -> Stamper:
    """Return what gets time stamps over what is published in *files*.

    Raises:
        NotReadyError: a file of an authority's roots cannot be read.
    """
    return Stamper(files, [_authority(each) for each in authorities])


def _authority(configured: Authority) -> StampAuthority:
    try:
        roots = read_authorities(configured.roots.read_bytes())
    except (OSError, MalformedError) as error:
        raise NotReadyError(
            f"XIYOU_STAMP_AUTHORITIES: {configured.roots}: {error}: name a file of certificates"
        ) from None
    return StampAuthority(configured.url, roots)
