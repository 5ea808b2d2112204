"""Opening one sealed value of a case for whoever was allowed to ask (``reliability.md``, T8).

A card secret is never opened so: in a dispute about a key the buyer submits what she received,
and the system says whether it opens the commitment (``reliability.md``, 4.2).
``tests/api/access/test_cases.py``.
"""

from typing import Any, Final

from api.bootstrap import Deployment
from api.exporting.making import Request, look_up
from chain.canonical import parse
from domain.clients.opening import Opening
from domain.errors import ErasedError, NotFoundError
from domain.evidence.exporting import Approval
from domain.evidence.hiding import Disclosure

CARD_SECRETS: Final = frozenset({"/data/raw_key", "/data/platform_key", "/data/code"})
"""Places, in a key's events, of what the buyer alone may see."""


def openable(ledger: Deployment, opening: Opening) -> None:
    """Refuse unless the value of *opening* is of its case, may be shown, and is still kept.

    Raises:
        NotFoundError: the case has no such value, or it is a card secret.
        RestrictedError: it is kept for a duty's sake alone.
        ErasedError: it was erased.
    """
    value = opening.value or ""
    disclosure = check_no_card_secret(ledger, opening.object, opening)
    if value not in disclosure.opened:
        raise ErasedError(f"sealed value {value}: was erased")


def check_no_card_secret(ledger: Deployment, matter: str, opening: Opening) -> Disclosure:
    """Return what *opening* shows of *matter*, unless it is a card secret.

    Raises:
        NotFoundError: so it is, or the matter has no such value.
        RestrictedError: it is kept for a duty's sake alone.
    """
    named = {"ord": "order", "dsp": "dispute"}.get(matter.partition("_")[0], "stream")
    about = {"order": None, "dispute": None, "stream": None} | {named: matter}
    approval = Approval(opening.approver, opening.purpose)
    value = opening.value or ""
    request = Request(
        *(about["order"], about["dispute"], about["stream"], (), opening.requester, approval),
        *(None, None, (value,)),
    )
    disclosure = look_up(ledger, request)
    if any(each.digest == value and each.pointer in CARD_SECRETS for each in disclosure.hidden):
        raise NotFoundError(f"sealed value {value}: is a card secret, which is its buyer's alone")
    return disclosure


def open_value(ledger: Deployment, opening: Opening) -> object:
    """Return the value of *opening*, whose showing is on record by now."""
    content: Any = parse(ledger.vault.open(bytes.fromhex(opening.value or "")).content)
    value: object = content["value"]
    return value
