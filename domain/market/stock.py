"""The market's merchants, products and stock, as its driver knows them.

``tests/domain/market/test_marketplace.py``.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from domain.identity.person import IndexKey
from domain.keys.fingerprint import IndexRing
from domain.keys.intake import Upload
from domain.market.dice import Dice
from domain.money import Money

DAY = 86_400

TITLES = (
    ("游戏点卡 100 元", 9_800, 1),
    ("视频会员月卡", 2_500, 1),
    ("音乐会员季卡", 4_500, 1),
    ("云存储年卡", 16_800, 1),
    ("咖啡券十张", 19_900, 10),
    ("单机游戏激活码", 12_900, 1),
    ("外卖红包五张", 4_000, 5),
    ("办公软件授权", 29_900, 1),
    ("健身次卡二十次", 59_900, 20),
    ("手游皮肤兑换码", 6_800, 1),
    ("加油卡 200 元", 19_600, 1),
    ("电子书阅读卡", 3_000, 1),
)
MERCHANTS = ("M-LAN", "M-ZHU", "M-MEI", "M-SONG", "M-HE", "M-YAN")


@dataclass(slots=True)
class Product:
    """A product and the keys of it that can be bought."""

    id: str
    merchant: str
    code: str
    title: str
    price: Money
    units: int
    keys: deque[str] = field(default_factory=deque)
    batches: int = 0


class Stock:
    """All products, popular ones first; refilled in batches as they sell.

    Args:
        dice: the stock's own.
        began: Unix seconds at which the market opened.
        index_key: of the fingerprints.
    """

    def __init__(self, dice: Dice, began: int, index_key: IndexKey) -> None:
        self._dice = dice
        self._ring = IndexRing(index_key)
        self.products = [
            Product(
                dice.identifier("prd", began),
                MERCHANTS[number % len(MERCHANTS)],
                f"SKU-{number + 1:03}",
                title,
                Money(price, "CNY"),
                units,
            )
            for number, (title, price, units) in enumerate(TITLES)
        ]

    def upload(self, product: Product, size: int, at: int) -> dict[str, Any]:
        """Return the arguments of a batch of *size* good lines and some bad ones."""
        product.batches += 1
        lines = [self._raw_key() for _ in range(size)]
        if product.batches == 1:
            # The same key in other spacing, an empty line, and one with a control character.
            lines[2:2] = [lines[0].replace("-", " "), "", "BAD\x07KEY"]
        bad = {3, 4, 5} if product.batches == 1 else set()
        good = [number for number in range(1, len(lines) + 1) if number not in bad]
        keys = {number: self._dice.identifier("key", at) for number in good}
        product.keys.extend(keys.values())
        batch = self._dice.identifier("bat", at)
        return {
            "upload": Upload(batch, product.merchant, product.id, tuple(lines), product.units),
            "ring": self._ring,
            "new_key": keys.__getitem__,
        }

    def popular(self) -> Product:
        """Return a product, popular ones more often."""
        return self._dice.choose_popular(self.products)

    def _raw_key(self) -> str:
        symbols = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        return "-".join("".join(self._dice.choose(symbols) for _ in range(4)) for _ in range(4))

    def __iter__(self) -> Iterator[Product]:
        return iter(self.products)
