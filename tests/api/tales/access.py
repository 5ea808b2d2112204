"""Tales of programs: a token and its end, a channel's callback, a feed's file of a day."""

from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlencode

from joserfc.jwk import OKPKey

from api.commands import this_moment
from api.principal import Kind
from chain.store.feed_files import write_day
from domain.feeds.topics import is_in_topic
from domain.payments.callback import HEADERS
from tests.api.access.test_oauth import assertion
from tests.api.access.world import make_client
from tests.api.buying import MERCHANT
from tests.api.tales.stage import Stage
from tests.api.test_payments import asking
from tests.domain.payments.paying import MAIN, account_of, signed

FORM = "application/x-www-form-urlencoded"


def tokens(stage: Stage) -> None:
    """A client shows itself by its key, gets a token, and gives it back."""
    key = OKPKey.generate_key("Ed25519")
    client = make_client(stage.world.ledger, "merchant", MERCHANT, key)
    program = stage.market.client.bearing(Content_Type=FORM)
    asked = urlencode(assertion(stage.world, client, key)).encode()
    token = stage.tell("oauth_token", program, "/oauth/token", asked)["access_token"]
    shown = assertion(stage.world, client, key) | {"token": token}
    del shown["grant_type"]
    stage.tell("oauth_revoke", program, "/oauth/revoke", urlencode(shown).encode())


def callbacks(stage: Stage) -> None:
    """A channel says that an order was paid."""
    market = stage.market
    payment = market.buyer.do("/v1/payments", asking(market.placed()))
    about = {each: payment[each] for each in ("payment", "checkout", "amount", "currency")}
    now = this_moment()
    brought = {"transaction": "T000000001", "at": now, "sandbox": True}
    said = {"kind": "payment.paid", "account": account_of(MAIN), **about, **brought}
    told = signed(said, date=now)
    headers = {header.replace("-", "_"): getattr(told, name) for name, header in HEADERS.items()}
    channel = market.client.bearing(**headers)
    stage.tell("callbacks_receive", channel, f"/v1/callbacks/{MAIN.channel}", told.body)


def feeds(stage: Stage) -> None:
    """The file of a day, once it is over."""
    ledger, today = stage.world.ledger, datetime.now(UTC)
    ledger.publisher.publish_once()
    topic = ("leads", partial(is_in_topic, "leads"))
    over = datetime(today.year, today.month, today.day, 1, tzinfo=UTC) + timedelta(days=1)
    folder = ledger.home / "feeds"
    write_day(ledger.feeding.pages, ledger.reader, folder, topic, today.date(), over)
    auditor = stage.being(Kind.AUDITOR, "staff-1")
    stage.tell("feeds_file", auditor, f"/v1/feeds/leads/files/{today.date()}.json")


TALES = (tokens, callbacks, feeds)
