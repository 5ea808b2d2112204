"""Given, when, then: a trade in memory, and commands of made-up callers.

The recorder is the library's in-memory one, taught what our own offers beyond it: command
ids, sealed rows and submission. It shares no code with the real one.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from eventsourcing.persistence import ApplicationRecorder, IntegrityError, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from chain.entry import Entry
from chain.hashes import ChainHash
from chain.register import Register, RegisterConflictError, RegisterRow
from chain.sealed import SealedValue, seal
from domain.application import Trade
from domain.command import Command
from domain.entropy import KeyedEntropy
from domain.event import Event, Meta
from domain.identifiers import derive
from domain.keys.events import KeyImported
from domain.keys.intake import Upload
from domain.money import Money
from domain.orders.sales import Basket
from domain.sealing import Sealer

SECRET = b"test secret, 32 bytes, no more!!"
NOW = "2026-11-22T10:00:00Z"
LATER = "2026-11-23T10:00:00Z"
MUCH_LATER = "2026-12-22T10:00:00Z"
PRICE = Money(9_800, "CNY")


@dataclass(frozen=True)
class MemoryRow:
    """A sealed value that is kept in the clear."""

    subject: str
    content: bytes
    digest: bytes


class MemorySealer:
    """Seals without a key; what was sealed can be looked at."""

    def __init__(self) -> None:
        self.values: dict[bytes, tuple[str, Any]] = {}
        self._kept: dict[bytes, SealedValue] = {}

    def seal(self, subject: str, value: object, salt: bytes) -> MemoryRow:
        """Bind *value* with *salt*."""
        sealed = seal(value, salt)
        self.values[sealed.digest] = (subject, value)
        self._kept[sealed.digest] = sealed
        return MemoryRow(subject, sealed.content, sealed.digest)

    def open(self, digest: bytes) -> SealedValue:
        """Return what was sealed, recorded or not."""
        return self._kept[digest]

    def tag(self, kind: str, *parts: str) -> str:
        """Return a keyed digest."""
        return f"0:{hmac.digest(SECRET, '/'.join((kind, *parts)).encode(), 'sha256').hex()}"

    def tags(self, kind: str, *parts: str) -> list[str]:
        """Return the one tag."""
        return [self.tag(kind, *parts)]


class MemoryRegisters:
    """Registers as dictionaries, with their unique constraints."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}

    def after(self, rows: Sequence[RegisterRow]) -> "MemoryRegisters":
        """Return the registers as *rows* leave them; this one stays as it is."""
        if not rows:
            return self
        made = MemoryRegisters()
        made.tables = {name: dict(table) for name, table in self.tables.items()}
        for row in rows:
            made._take(row)
        return made

    def select(self, register: Register, where: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows that have the values *where*, in the order of their key."""
        table = self.tables.get(register.name, {})
        return [
            tuple(table[key][name] for name in register.columns)
            for key in sorted(table)
            if where.items() <= table[key].items()
        ]

    def _take(self, row: RegisterRow) -> None:
        table = self.tables.setdefault(row.register.name, {})
        values = dict(zip(row.columns, row.values, strict=True))
        key = tuple(values[name] for name in row.register.key)
        if row.how == "drop":
            if key in table and values.items() <= table[key].items():
                del table[key]
            return
        if row.how == "new" and key in table:
            self._refuse(row.register, f"{row.register.name}_pkey")
        for name, columns in row.register.unique.items():
            mark = [values[each] for each in columns]
            others = (other for at, other in table.items() if at != key)
            if None not in mark and any([each[c] for c in columns] == mark for each in others):
                self._refuse(row.register, name)
        table[key] = values

    def _refuse(self, register: Register, constraint: str) -> None:
        conflict = RegisterConflictError(register.name, constraint)
        raise IntegrityError(str(conflict)) from conflict


class MemoryRecorder(POPOApplicationRecorder):
    """The in-memory recorder with receipts and sealed rows."""

    def __init__(self) -> None:
        super().__init__()
        self.receipts: dict[str, list[int]] = {}
        self.sealed: dict[bytes, Any] = {}
        self.places: dict[str, list[int]] = {}
        self.registers = MemoryRegisters()

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Insert, once a command id; return the notification ids."""
        command_id = kwargs.get("command_id")
        with self._database_lock:
            if command_id in self.receipts:
                return self.receipts[command_id]
            # Looked at before anything is written, taken when everything was.
            kept = self.registers.after(kwargs.get("beside", ()))
            ids = list(self._insert_events(stored_events) or [])
            self.registers = kept
            for event, number in zip(stored_events, ids, strict=True):
                self.places.setdefault(str(event.originator_id), []).append(number - 1)
            if command_id:
                self.receipts[command_id] = ids
            self.sealed.update({row.digest: row for row in kwargs.get("sealed", ())})
        self._notify_listeners()
        return ids

    def submit_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        command_id: str | None = None,
        sealed: Sequence[Any] = (),
        beside: Sequence[RegisterRow] = (),
    ) -> Future[list[int]]:
        """Insert at once; the future is done."""
        answer: Future[list[int]] = Future()
        try:
            ids = self.insert_events(
                stored_events, command_id=command_id, sealed=sealed, beside=beside
            )
            answer.set_result(list(ids))
        except Exception as error:  # noqa: BLE001 — the future hands it on
            answer.set_exception(error)
        return answer

    def select_history(self, stream: str) -> list[tuple[int, bytes]]:
        """Return leaf index and entry of the stream's events."""
        events = self.select_events(stream)
        return [
            (index, entry_of(event))
            for index, event in zip(self.places.get(stream, []), events, strict=True)
        ]

    def select_receipt(self, command_id: str) -> Sequence[int] | None:
        """Return what the command wrote."""
        return self.receipts.get(command_id)

    def select_register(
        self, register: Register, where: Mapping[str, Any], limit: int | None = None
    ) -> list[tuple[Any, ...]]:
        """Return the register's rows that have the values *where*."""
        return self.registers.select(register, where)[:limit]


def entry_of(event: StoredEvent) -> bytes:
    """Return the entry of *event*, taken by the log at the same moment as any other."""
    prev = None if event.originator_version == 1 else ChainHash(bytes(32))
    at, seq, stream = f"{NOW[:-1]}.000000Z", event.originator_version, str(event.originator_id)
    return Entry(at, prev, seq, stream, event.topic, event.state).to_bytes()


class MemoryTrade(Trade):
    """The application over a recorder in memory."""

    def construct_recorder(self) -> ApplicationRecorder:
        """Return the recorder in memory."""
        return MemoryRecorder()


class Fingerprints(dict[str, str]):
    """Raw keys in stock."""

    def find(self, fingerprint: str) -> str | None:
        """Return the key with that fingerprint."""
        return self.get(fingerprint)

    def add(self, fingerprint: str, key: str) -> None:
        """Remember *key*."""
        self[fingerprint] = key


def identifier(prefix: str, name: str = "a") -> str:
    """Return an identifier that *name* always has."""
    return derive(prefix, 1_795_341_600_000, name)


BUYER = identifier("usr", "buyer")
PRODUCT = identifier("prd")
MERCHANT = "M-LAN"


class World:
    """A trade with a sealer, and one call for each use case."""

    policy = "reveal_at_activation"
    """Of the products that are offered."""

    def __init__(self) -> None:
        self.trade: Trade = MemoryTrade()
        self.sealer = MemorySealer()
        self.taken = Fingerprints()
        self._count = 0

    def command(self, command_id: str | None = None) -> Command:
        """Return a new command."""
        self._count += 1
        return command_of(command_id or f"cmd/{self._count}", self.sealer)

    def do(self, use_case: str, *arguments: Any, **named: Any) -> list[str]:
        """Call *use_case*; return the topics of what it recorded, in the log's order."""
        before = self.size()
        getattr(self.trade, use_case)(self.command(), *arguments, **named)
        return self.topics()[before:]

    def size(self) -> int:
        """Return how many events the log has."""
        return self.trade.recorder.max_notification_id() or 0

    def topics(self) -> list[str]:
        """Return the types of all events in the log."""
        return [each.topic for each in self.trade.recorder.select_notifications(1, 1_000_000)]

    def events(self) -> list[Event]:
        """Return all events in the log."""
        found = self.trade.recorder.select_notifications(1, 1_000_000)
        return [self.trade.mapper.to_domain_event(each) for each in found]  # type: ignore[misc]

    def stocked(self, lines: Sequence[str] = ("AAAA-BBBB",), units: int = 1) -> list[str]:
        """Offer a product and import *lines*; return the ids of the lines' keys."""
        title = "音乐会员季卡"
        self.do("create_product", PRODUCT, MERCHANT, "SKU-001", title, release_policy=self.policy)
        upload = Upload(identifier("bat"), MERCHANT, PRODUCT, lines, units)
        self.do("import_batch", upload, SECRET, self.taken, key_of_line)
        return [key_of_line(number) for number in range(1, len(lines) + 1)]

    def placed(self, key: str | None = None, name: str = "a", units: int = 1) -> str:
        """Place an order; return its id."""
        key = key or self.stocked(units=units)[0]
        order = identifier("ord", name)
        basket = Basket(order, identifier("chk", name), BUYER, key, PRICE)
        self.do("place_order", basket)
        return order

    def paid(self, key: str | None = None, name: str = "a", units: int = 1) -> str:
        """Place an order and pay it; return its id."""
        order = self.placed(key, name, units)
        payment = identifier("pay", name)
        self.do("initiate_payment", payment, identifier("chk", name), PRICE)
        self.do("capture_payment", payment, PRICE, [order], {"name": "somebody"})
        return order

    def delivered(self, key: str | None = None, name: str = "a", units: int = 1) -> str:
        """Place, pay and deliver an order; return its id."""
        order = self.paid(key, name, units)
        self.do("deliver_order", order, LATER)
        return order

    def activated(self, units: int = 1) -> str:
        """Deliver an order and activate its key; return the order's id."""
        order = self.delivered(units=units)
        self.do("activate_key", order, BUYER, NOW)
        return order

    def confirmed(self) -> str:
        """Deliver an order and confirm it; return its id."""
        order = self.delivered()
        self.do("confirm_order", order, "consumer")
        return order


def key_of_line(number: int) -> str:
    """Return the id of the key that a batch's line becomes."""
    return identifier("key", f"line {number}")


def meta_of(command_id: str) -> Meta:
    """Return the meta of a consumer's command."""
    return Meta(
        actor=BUYER,
        role="consumer",
        source="test",
        channel="web",
        command_id=command_id,
        correlation_id=command_id,
        occurred_at=NOW,
    )


def command_of(command_id: str = "cmd/0", sealer: Sealer | None = None) -> Command:
    """Return a consumer's command."""
    entropy = KeyedEntropy(SECRET, command_id)
    return Command(meta_of(command_id), sealer or MemorySealer(), entropy)


def recorded(command: Command) -> list[str]:
    """Return the topics of what would be recorded."""
    return [event.TOPIC for event in command.events]


def imported(key_id: str, command: Command, units: int = 1) -> KeyImported:
    """Return the first event of a key."""
    return KeyImported(key_id, 1, command.meta, MERCHANT, PRODUCT, units)


Bytes = Callable[[int], bytes]
