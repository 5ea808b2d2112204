"""The use case of redeeming a code that somebody typed (``features.md``, E3, E4; rules 8, 9).

Every path to a code leads through here: page, API, support desk. Whatever speaks against an
attempt, the caller hears one text, and the true cause is recorded. A refused attempt is
recorded and then refused: its command is in the log, and asked again it is refused again.
Of attempts beyond a limit one is recorded for as long as the limit holds; the others leave
no trace, so that nobody can fill the log by typing.
``tests/domain/keys/test_e3_one_time.py``, ``test_e4_channel.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from chain.errors import MalformedError
from domain.catalogue.product import Product
from domain.command import Command
from domain.errors import CodeRefusedError, ConcurrentChangeError, UpstreamNotUnusedError
from domain.keys import limits
from domain.keys.activation import USABLE, activate
from domain.keys.code import VOUCHER_SYMBOLS, read_code
from domain.keys.guesser import Cause, Guesser, KeyActivationRefused
from domain.keys.key import Key
from domain.keys.register import ADDRESS, CODE, CODES, DEVICE, SLOTS
from domain.keys.slots import FOR_EVER, Slot
from domain.orders.order import Order
from domain.orders.sales import Sales
from domain.outside.hidden import Hidden
from domain.qualification.standing import require_revealable

TRIES: Final = 200
"""How often a redemption is decided anew because others were faster."""
MAX_TYPED: Final = 64
"""Characters of what was typed that are looked at."""
WRONG_HANDS: Final = frozenset({"foreign_buyer", "wrong_product"})
"""Causes that count against the code itself: somebody tries it who may not use it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody brings to redeem."""

    account: str
    """Whose order it must be, whoever types."""
    code: Hidden
    """As it was typed."""
    device: Hidden | None = None
    address: Hidden | None = None
    """The IP address."""
    product: str | None = None
    """The product whose page it was typed on, if it was one's."""


class Redeemed(NamedTuple):
    """What a redemption has brought."""

    ids: Sequence[int]
    """Notification ids of its events."""
    raw_key: Hidden | None = None
    """Where the product's policy shows it with the activation; not to who asks again."""


class _Tags(NamedTuple):
    """What stands for an attempt in log and registers."""

    code: str
    device: str | None
    address: str | None


class _Held(NamedTuple):
    """The key behind a code."""

    tag: str
    key: Key
    order: Order


class Redemption(Sales):
    """Redeeming codes."""

    def redeem_code(self, command: Command, attempt: Attempt, now: str) -> Redeemed:
        """Redeem the code that somebody typed; happens once for a key.

        Args:
            command: the caller's; asked again it gets the same answer, without the raw key.
            attempt: who types what, where.
            now: RFC 3339, UTC: what limits, locks and expiry are measured by.

        Raises:
            CodeRefusedError: it was not accepted; the log knows why.
            ConcurrentChangeError: others were faster two hundred times.
            ChainError: the vault is out of reach; nothing was recorded or counted.
        """
        done = self._redeem(command, attempt, now)
        if done is None or self._is_refusal(done.ids):
            raise CodeRefusedError
        return done

    def _redeem(self, command: Command, attempt: Attempt, now: str) -> Redeemed | None:
        """Record what becomes of *attempt*; None if that is left unrecorded."""
        for _ in range(TRIES):
            receipt = self.find_receipt(command.id)
            if receipt is not None:
                return Redeemed(receipt)
            tried = command.anew()
            raw_key = self._decide(tried, attempt, now)
            if not tried.events:
                return None
            try:
                return Redeemed(self.record(tried), raw_key)
            except ConcurrentChangeError:
                # Somebody took the key or the slot that this was decided by: look again.
                continue
        raise ConcurrentChangeError(f"{command.id}: too many at once; ask again")

    def _is_refusal(self, receipt: Sequence[int]) -> bool:
        found = self.recorder.select_notifications(receipt[0], len(receipt), stop=receipt[-1])
        return any(each.topic == KeyActivationRefused.TOPIC for each in found)

    def _decide(self, command: Command, attempt: Attempt, now: str) -> Hidden | None:
        """Let happen in *command* what becomes of *attempt*; return the key if it is shown."""
        typed, fault = read_typed(attempt.code)
        tags = _Tags(
            command.tag(CODE, typed),
            command.tag(DEVICE, attempt.device.reveal()) if attempt.device else None,
            command.tag(ADDRESS, attempt.address.reveal()) if attempt.address else None,
        )
        slots = self._slots(attempt, tags, now)
        spent = next((cause for cause, slot, _ in slots if slot.is_spent), None)
        held = None if fault else self._find(command, typed)
        cause = spent or fault or ("unknown" if held is None else _cause(held, attempt, now))
        if cause is None and held is not None:
            activate(command, held.order, held.key, attempt.account, now)
            for _, slot, _ in slots:
                slot.pass_through(command)
            return self._reveal_with(command, held, attempt, tags, now)
        if spent and all(slot.number is None for _, slot, _ in slots if slot.is_spent):
            return None
        for _, slot, limit in slots:
            slot.take(command, limits.after(now, limit.seconds))
        self._refuse(command, attempt, cause or "unknown", tags, held)
        if held is not None and cause in WRONG_HANDS:
            self._count_against(command, held, now)
        return None

    def _slots(
        self, attempt: Attempt, tags: _Tags, now: str
    ) -> list[tuple[Cause, Slot, limits.Limit]]:
        """Return the free slot of every counter that this attempt counts in."""
        counters: list[tuple[Cause, str, limits.Limit]] = [
            ("account_limit", f"account/{attempt.account}", limits.ACCOUNT)
        ]
        if tags.device:
            counters.append(("device_limit", f"device/{tags.device}", limits.DEVICE))
        if tags.address:
            counters.append(("address_limit", f"address/{tags.address}", limits.ADDRESS))
        return [
            (cause, self._free_slot(counter, limit.tries, now), limit)
            for cause, counter, limit in counters
        ]

    def _free_slot(self, counter: str, count: int, now: str) -> Slot:
        return Slot.first_free(counter, count, self.rows_of(SLOTS, counter=counter), now)

    def _find(self, command: Command, typed: str) -> _Held | None:
        """Return the key whose code, of now or before, was typed."""
        for tag in command.tags(CODE, typed):
            for _, key, order in self.rows_of(CODES, tag=tag):
                return _Held(tag, self.load(Key, key), self.load(Order, order))
        return None

    def _refuse(
        self, command: Command, attempt: Attempt, cause: Cause, tags: _Tags, held: _Held | None
    ) -> None:
        guesser = Guesser(f"{Guesser.PREFIX}{attempt.account}")
        # The stream may be long and holds no state: its last event says its version.
        for last in self.recorder.select_events(guesser.id, desc=True, limit=1):
            guesser.version = last.originator_version
        guesser.refuse(
            command,
            KeyActivationRefused(
                *guesser.follows(command),
                account=attempt.account,
                cause=cause,
                code=tags.code,
                key=held.key.id if held else None,
                order=held.order.id if held else None,
                device=tags.device,
                address=tags.address,
            ),
        )

    def _count_against(self, command: Command, held: _Held, now: str) -> None:
        """Count a try by wrong hands against the code itself, and lock it at the last one."""
        key = held.key
        usable = key.voucher_live and not key.voucher_expired(now) and not key.voucher_locked(now)
        if key.voucher_tag != held.tag or not usable:
            return
        counter = f"voucher/{held.tag}/{key.voucher_locks}"
        slot = self._free_slot(counter, limits.VOUCHER, now)
        slot.take(command, FOR_EVER)
        if slot.number == limits.VOUCHER - 1:
            seconds = limits.lock_seconds(key.voucher_locks)
            key.lock_voucher(command, limits.after(now, seconds))

    def _reveal_with(
        self, command: Command, held: _Held, attempt: Attempt, tags: _Tags, now: str
    ) -> Hidden | None:
        """Record the first view, where the product's policy gives it with the activation."""
        key, meta = held.key, command.meta
        policy = self.load(Product, key.product).release_policy
        if policy != "reveal_at_activation" or key.units > 1 or key.raw_key is None:
            return None
        if meta.role != "consumer" or meta.actor != attempt.account:
            # The support desk may type a buyer's code; it is shown nothing.
            return None
        try:
            require_revealable(self, command, key, now)
        except UpstreamNotUnusedError:
            # It can be looked at once its operator was asked.
            return None
        # Opened before the commit and handed out after it: a vault that is away activates
        # nothing, and dying in between shows nothing.
        raw_key = Hidden(str(command.unseal(key.raw_key)))
        key.reveal(command, attempt.account, "activation", tags.device)
        return raw_key


def read_typed(code: Hidden) -> tuple[str, Cause | None]:
    """Return what was typed in its one spelling; or as it is, where that is no code."""
    text = code.reveal()
    try:
        return read_code(text[: MAX_TYPED + 1], VOUCHER_SYMBOLS), None
    except MalformedError:
        return text[:MAX_TYPED].encode(errors="replace").decode(), "malformed"


def _cause(held: _Held, attempt: Attempt, now: str) -> Cause | None:
    """Return what speaks against the attempt; None if nothing does."""
    order, key = held.order, held.key
    causes: tuple[tuple[bool, Cause], ...] = (
        (order.buyer != attempt.account, "foreign_buyer"),
        (attempt.product not in (None, order.product), "wrong_product"),
        (order.state == "refunded" or key.order != order.id, "refunded"),
        (order.dispute is not None, "frozen"),
        (key.activated and key.voucher_tag == held.tag, "used"),
        (key.voucher_tag != held.tag or key.voucher_end == "revoked", "revoked"),
        (key.voucher_end == "expired" or key.voucher_expired(now), "expired"),
        (key.voucher_locked(now), "locked"),
        (not key.voucher_live or order.state not in USABLE, "unusable"),
    )
    return next((cause for applies, cause in causes if applies), None)
