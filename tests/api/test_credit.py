"""An operator has a merchant scored over HTTP, on the whole log (C1)."""

from tests.api.shopkeeping import MERCHANT, Shop, done


def test_a_score_rests_on_the_log_up_to_its_end(shop: Shop) -> None:
    shop.product()
    for _ in range(2):
        size = shop.ledger.reader.size()
        scored = done(shop.staff(f"/v1/merchants/{MERCHANT}/scores"))
        assert scored["log_size"] == size
        assert shop.ledger.reader.entry(scored["index"]).type == "credit.recomputed"
