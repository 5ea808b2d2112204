"""Actions of the walk: all that may be asked of a few orders, and one at random."""

from collections.abc import Iterator, Sequence
from random import Random

from tests.domain.joint.model import FAULTS, PARTS, PRICE, Action, Model

POLICIES = ("redeem_on_platform", "reveal_at_activation", "reveal_after_confirmation")
ARBITRATORS = ("arb-01", "arb-02", "arb-03")
OPENERS = ("consumer", "platform", "channel")
PARTIES = ("consumer", "merchant")
ENDED = ("blocked", "closed_unpaid", "refunded")
EFFECTS = ("returned", "quarantined", "voided", "unchanged")
WHEN = ("soon", "late")


def actions_on(order: int, keys: Sequence[int]) -> Iterator[Action]:
    """Give everything that may be asked about *order*; *keys* may be held for it."""
    for key in keys:
        yield from (("clear", order, key, role) for role in ("staff", "consumer"))
    yield from ((name, order) for name in ("block", "deliver", "confirm", "release"))
    yield from ((name, order) for name in ("expire", "renew", "gather"))
    yield from (("pay", order, amount) for amount in (PRICE, PRICE - 1))
    causes = ("expired", "cancelled", "sold_out", "completed")
    yield from (("close", order, cause) for cause in causes)
    yield from (("activate", order, "buyer", late) for late in WHEN)
    yield ("activate", order, "stranger", "soon")
    yield from (("reveal", order, who) for who in ("buyer", "stranger"))
    yield from (("use", order, units) for units in (1, 2))
    yield from (("request", order, units) for units in (0, 1, 2))
    yield from (("give_up", order, "platform", late) for late in WHEN)
    yield ("give_up", order, "merchant", "late")
    yield from _disputes(order)


def _disputes(order: int) -> Iterator[Action]:
    yield from (("open", order, who, who, fault) for who in OPENERS for fault in FAULTS)
    yield ("open", order, "consumer", "merchant", "revoked")
    yield ("open", order, "platform", "staff", "revoked")
    yield ("decide", order, ARBITRATORS)
    for who in ARBITRATORS:
        yield ("assign", order, who)
        for outcome in ("refund", "rejected", *PARTS):
            yield from (("rule", order, who, outcome, effect) for effect in EFFECTS)
    yield from (("bank", order, outcome) for outcome in ("refund", "rejected"))
    for role in PARTIES:
        yield from ((name, order, role) for name in ("concede", "withdraw", "appeal", "accept"))
    yield from (("execute", order, late) for late in WHEN)


ON_ORDERS = tuple(actions_on(0, (0,)))
"""Templates, with 0 for the order and for the key."""
BY_NAME = tuple(
    tuple(each for each in ON_ORDERS if each[0] == name)
    for name in dict.fromkeys(each[0] for each in ON_ORDERS)
)


RARE = frozenset({"block", "give_up", "concede", "withdraw", "expire", "open", "reveal"})
"""Actions that end a story early, or begin a long one: they are chosen less often."""


def random_action(model: Model, random: Random) -> Action:
    """Return something to try: half of it lawful and about an order that can still go on."""
    throw = random.random()
    if throw < 0.5 and model.orders:
        return _lawful(model, random) or _beginning(model, random)
    if throw < 0.62 or not model.orders:
        return _beginning(model, random)
    if throw < 0.68:
        return _with_money(model, random)
    if throw < 0.76 and model.refunds:
        name = random.choice(("approve", "approve", "decline", "settle", "fail"))
        return name, _recent(len(model.refunds), random)
    name, _, *rest = random.choice(random.choice(BY_NAME))
    if name == "clear":
        rest[0] = _recent(len(model.keys), random)
    return (name, _recent(len(model.orders), random), *rest)


def unlawful(model: Model, random: Random) -> Iterator[Action]:
    """Give everything that must be refused about one order, of a random and a recent one."""
    order = _recent(len(model.orders), random)
    yield from (
        each
        for each in actions_on(order, (_recent(len(model.keys), random),))
        if not model.may(each)
    )


def _lawful(model: Model, random: Random) -> Action | None:
    """Return what an order that has not ended allows, endings less often."""
    going = [n for n, each in enumerate(model.orders) if each.state not in ENDED][-5:]
    if not going:
        return None
    order = random.choice(going)
    one = model.orders[order]
    listed = [
        n
        for n, each in enumerate(model.keys)
        if (each.state, each.merchant, each.units) == ("listed", one.merchant, 1)
    ] or [0]
    found: list[Action] = []
    for templates in BY_NAME:
        name = templates[0][0]
        early = name == "close" and one.state != "confirmed"
        late = name == "open" and one.funds == "released"
        if (name in RARE or early) and not late and random.random() < 0.75:
            continue
        key = random.choice(listed)
        asked = [
            (name, order, key if name == "clear" else rest[0], *rest[1:]) if rest else (name, order)
            for _, _, *rest in templates
        ]
        lawful = [each for each in asked if model.may(each)]
        if lawful:
            found.append(random.choice(lawful))
    return random.choice(found) if found else None


def _beginning(model: Model, random: Random) -> Action:
    """Return something with a key, or a new order."""
    if not model.keys or random.random() < 0.15:
        return ("import", random.randrange(2), random.choice(POLICIES), random.choice((1, 1, 3)))
    if random.random() < 0.2:
        return (random.choice(("review", "review", "block_new")), random.randrange(2))
    listed = [n for n, each in enumerate(model.keys) if each.state in ("listed", "returned")]
    if listed and random.random() < 0.6:
        key = random.choice(listed)
        return ("place" if model.keys[key].state == "listed" else "list", key)
    names = ("place", "list", "unlist", "quarantine", "void")
    return random.choice(names), _recent(len(model.keys), random)


def _recent(count: int, random: Random) -> int:
    """Return one of the last few of *count* things, now and then an old one."""
    first = 0 if random.random() < 0.15 else max(0, count - 5)
    return random.randrange(first, count)


def _with_money(model: Model, random: Random) -> Action:
    merchant, throw = random.randrange(2), random.random()
    if throw < 0.1:
        return ("fund", 1_000)
    if throw < 0.2:
        return ("top_up", merchant, 1_000)
    amount = random.choice((PRICE, model.balance[merchant], model.balance[merchant] + 1))
    return ("withdraw_money", merchant, amount)
