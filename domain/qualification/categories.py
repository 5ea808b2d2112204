"""What each category of goods asks of a merchant, version 1 (``features.md``, B1 and B4).

A category is a word of the payload, so that adding one changes no event; which words are
known, and what each asks for, is this table. ``tests/domain/qualification/test_b1_documents.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from chain.errors import MalformedError
from domain.payload import Moment, Pattern, kind_of

Category = Annotated[str, Pattern("[a-z][a-z0-9_]{0,39}")]
DocumentKind = Literal[
    "business_licence", "authorisation_letter", "source_proof", "trade_certificate"
]
"""营业执照、授权书、来源证明、资质证书."""

_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"
_MOMENT = kind_of(Moment)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one category asks for."""

    title: str
    documents: tuple[DocumentKind, ...]
    """Mandatory, each filed for this category."""
    operator: bool
    """Whether somebody else runs what the goods open: named in the scope, asked before listing.

    The merchant's own service has no such party: whom would one ask?
    """


def _demands() -> Mapping[str, Demand]:
    licensed: tuple[DocumentKind, ...] = ("authorisation_letter", "source_proof")
    return {
        "game_card": Demand("游戏点卡", licensed, operator=True),
        "game_item": Demand("游戏道具", licensed, operator=True),
        "membership": Demand("会员账号", ("source_proof",), operator=True),
        "software": Demand("软件授权", licensed, operator=True),
        "gift_card": Demand("礼品卡", ("source_proof",), operator=True),
        "prepaid_card": Demand("预付卡", ("trade_certificate",), operator=False),
        "package_card": Demand("套餐卡", ("source_proof",), operator=False),
    }


@dataclass(frozen=True, slots=True)
class Rules:
    """The figures and demands that qualification goes by."""

    version: int = 1
    general: tuple[DocumentKind, ...] = ("business_licence",)
    """Mandatory once, whatever is sold."""
    life_days: int = 365
    """How long an approval is good, unless the licence ends before."""
    upstream_hours: int = 24
    """How old the operator's "unused" may be where goods are listed, reserved or shown."""
    demands: Mapping[str, Demand] = field(default_factory=_demands)

    def demand(self, category: str) -> Demand:
        """Return what *category* asks for.

        Raises:
            MalformedError: there is no such category.
        """
        found = self.demands.get(category)
        if found is None:
            known = ", ".join(self.demands)
            raise MalformedError(f"category {category!a:.60}: must be one of {known}")
        return found


VERSION_1: Final = Rules()


def after(moment: str, *, days: int = 0, hours: int = 0, seconds: int = 0) -> str:
    """Return the moment so much later than *moment*; earlier where a figure is negative.

    Raises:
        MalformedError: *moment* is no moment.
    """
    then = instant(moment) + timedelta(days=days, hours=hours, seconds=seconds)
    return then.strftime(_FORM)


def instant(moment: str) -> datetime:
    """Return *moment*, RFC 3339 in UTC to the second, as a date and time.

    Raises:
        MalformedError: it is none.
    """
    try:
        return datetime.strptime(_MOMENT.read(moment), _FORM)  # noqa: DTZ007 — the form says UTC
    except ValueError:
        raise MalformedError(f"{moment!a:.40}: is no moment such as 2026-11-22T10:00:00Z") from None
