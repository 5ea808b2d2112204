"""What happens in a marketplace, each operation asked when its turn has come."""

from collections.abc import Sequence

from tests.api.tales import access, cases, shop, trading
from tests.api.tales.stage import Stage, Told


def tell_all(stage: Stage) -> Sequence[Told]:
    """Tell every tale; return every exchange, in order."""
    for tale in (*trading.TALES, *cases.TALES, *shop.TALES, *access.TALES):
        tale(stage)
    return stage.told
