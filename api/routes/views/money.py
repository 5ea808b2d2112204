"""Money: balances of the double entry, and statistics by day. ``tests/api/views/``.

Amounts are minor units. These rows show their newest state only: a list that goes on while
they change says so in ``pinned``.
"""

from typing import Annotated

from fastapi import APIRouter, Path

from api.stating import Merchant
from api.views.reading import Viewing
from api.views.resources import BALANCES, DAYS
from api.views.routes import Route, add_list, add_one
from projections.balances import balance_id

Account = Annotated[
    str, Path(pattern=r"^[a-z]{1,32}(:[A-Za-z0-9_.-]{1,64})?$", examples=["merchant:M-LAN"])
]
Currency = Annotated[str, Path(pattern=r"^[A-Z]{3}$", examples=["CNY"])]
Day = Annotated[str, Path(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=["2026-06-01"])]


def money_views(viewing: Viewing) -> APIRouter:
    """Return the routes of balances and of statistics."""
    router = APIRouter(prefix="/v1", tags=["money"])
    add_list(
        *(router, viewing, BALANCES),
        Route(
            "/balances",
            "balances_list",
            "List accounts and what they hold; a merchant its own. Minor units.",
        ),
    )
    add_one(
        *(router, viewing, BALANCES),
        Route(
            "/balances/{account}/{currency}",
            "balances_read",
            "Read what an account holds in one currency. Minor units.",
        ),
        named={"account": Account, "currency": Currency},
        row_id=lambda names: balance_id(names["account"], names["currency"]),
    )
    add_list(
        *(router, viewing, DAYS),
        Route(
            "/statistics",
            "statistics_list",
            "List a merchant's trade by UTC day and currency. Amounts are minor units.",
        ),
    )
    add_one(
        *(router, viewing, DAYS),
        Route(
            "/statistics/{day}/{merchant}/{currency}",
            "statistics_read",
            "Read one day of a merchant's trade in one currency. Amounts are minor units.",
        ),
        named={"day": Day, "merchant": Merchant, "currency": Currency},
        row_id=lambda names: "/".join(names[each] for each in ("day", "merchant", "currency")),
    )
    return router
