"""The authorization matrix as data: who may do what (``reliability.md``, 4.2). All of it.

A *row* has one cell for each of the eight kinds, and the scope that a token must hold; an
*operation* of the API, by its ``operation_id``, stands in one row and may ask for more: a
step-up, or that the read is recorded. A route without a row keeps the program from starting,
and so does a row of `OPERATIONS` without a route. Published as ``docs/authorization.md``;
``tests/api/access/test_matrix.py`` asserts every cell.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.principal import Kind


class Cell(StrEnum):
    """What one kind may do in one row."""

    NONE = "–"
    ALL = "all"
    OWN = "own"
    OWN_MASKED = "own, buyer masked"
    CASE = "case"
    SCOPE = "scope"
    MASK = "mask"
    TWO = "2p"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the matrix.

    Attributes:
        title: what is done, in the words of ``reliability.md``.
        cells: in the order of `Kind`.
        scope: that a token must hold; None for what needs no token.
        end_users: whether what a platform client owns are its end users' things.
        delegated: whether a platform client may do it for a merchant that its scopes name.
    """

    title: str
    cells: tuple[Cell, ...]
    scope: str | None = None
    end_users: bool = True
    delegated: bool = False

    def cell(self, kind: Kind) -> Cell:
        """Return what *kind* may do."""
        return self.cells[list(Kind).index(kind)]


_CELLS: Final = {
    "-": Cell.NONE,
    "a": Cell.ALL,
    "o": Cell.OWN,
    "b": Cell.OWN_MASKED,
    "c": Cell.CASE,
    "s": Cell.SCOPE,
    "m": Cell.MASK,
    "2": Cell.TWO,
}


def _row(
    title: str,
    cells: str,
    scope: str | None = None,
    *,
    end_users: bool = True,
    delegated: bool = False,
) -> Row:
    found = tuple(_CELLS[each] for each in cells.split())
    if len(found) != len(Kind):
        raise ValueError(f"{title}: a row has a cell for each kind")
    return Row(title, found, scope, end_users, delegated)


# consumer, merchant, platform client, auditor, arbitrator, regulator, operator, anonymous
ROWS: Final[dict[str, Row]] = {
    "public": _row("What is public", "a a a a a a a a"),
    "signed": _row("Sent under a signature of its own, which is checked", "a a a a a a a a"),
    "verify": _row("Verify an uploaded proof or badge", "a a a a a a a a"),
    "bundles": _row("Entry bundles and entries", "- - - a - - a -", "log.read"),
    "goods": _row(*("Manage goods, import keys", "- o o - - - - -", "goods.write"), delegated=True),
    "trade": _row("Order, pay, confirm receipt", "o - o - - - - -", "trade.write"),
    "order": _row("Read an order", "o b o m c s m -", "trade.read"),
    "reveal": _row("Reveal a card secret", "o - - - - - - -", "keys.reveal"),
    "activate": _row("Activate a code", "o - o - - - - -", "keys.activate"),
    "dispute": _row("Open or answer a dispute", "o o o - - - - -", "disputes.write"),
    "replay": _row("Replay a history at a tree size", "- - - m c s m -", "history.read"),
    "history": _row(
        "Replay what is of no one case: a key over its orders, a merchant",
        *("- - - m - s m -", "history.read"),
    ),
    "rule": _row("Rule on a dispute", "- - - - c - - -", "disputes.rule"),
    "evidence": _row("Export an evidence bundle", "o o o m c s 2 -", "evidence.read"),
    "ask_export": _row(
        "Ask for a second person's word on an export", "- - - - - - a -", "evidence.ask"
    ),
    "manage": _row(
        "Assign a dispute, enter a bank's result, execute a ruling by hand",
        *("- - - - - - a -", "disputes.manage"),
    ),
    "ask": _row("Ask to open a sealed value", "- - - - c s - -", "openings.ask"),
    "approve": _row("Approve that request", "- - - - - - 2 -", "openings.approve"),
    "feed": _row("Feeds", "- o o m - s m -", "feeds.read"),
    "client": _row(*("API clients, webhooks", "- o o - - - - -", "clients.write"), end_users=False),
    "readers": _row(*("Who read my data", "o o o a - - a -", "readings.read"), end_users=False),
    "govern": _row(
        *("Grant role, rotate or destroy key, new epoch", "- - - - - - 2 -", "govern"),
        end_users=False,
    ),
    # trading: what reliability.md, 4.2, has no row for, by its words for who acts
    "account": _row(*("Open an account", "o o o - - - - -", "accounts.write")),
    "risk": _row(*("Send an order to review, or block it", "- - o - - - - -", "risk.write")),
    "answer": _row(
        *("Agree to a refund, or decline it", "- o o - - - - -", "refunds.write"), delegated=True
    ),
    "desk": _row(*("Carry an order, a payment or a refund on", "- - - - - - a -", "desk.write")),
    # views
    "stock": _row(*("Read stock and batches", "- o o m - s m -", "goods.read"), delegated=True),
    "standing": _row("Read a merchant's standing", "- o - m c s m -", "standing.read"),
    "work": _row("Read the work queue", "- - - m c - m -", "work.read"),
    "books": _row("Read balances and daily statistics", "- o - m - s m -", "books.read"),
    "receipts": _row("Receipts of one's own", "o o o - - - - -", "receipts.read"),
    "operate": _row("Metrics, readiness detail", "- - - - - - a -", "operate"),
    # the shop: what design 4.2 has no line for; the staff's are never a merchant's
    "enrol": _row(
        "Apply for admission, appeal a sanction, withdraw money",
        "- o - - - - - -",
        "merchant.write",
    ),
    "identify": _row(
        "Say who one is, and ask to be forgotten", "o o o - - - - -", "identity.write"
    ),
    "rely": _row(
        *("Put on record that a badge was shown", "- - o - - - - -", "badges.present"),
        end_users=False,
    ),
    "vouch": _row("Decide on a person's identity", "- - - - - - a -", "identity.decide"),
    "forget": _row("Agree to an erasure", "- - - - - - 2 -", "erasures.agree"),
    "screen": _row(
        "Screen keys: ask their operator, set them aside", "- - - - - - a -", "keys.screen"
    ),
    "release": _row("Let a key out of quarantine", "- - - - - - 2 -", "keys.screen"),
    "review": _row("Review a merchant and its documents", "- - - - - - a -", "merchants.review"),
    "admit": _row(
        "Approve, suspend, reinstate or revoke a merchant; grant or end a scope",
        *("- - - - - - 2 -", "merchants.review"),
    ),
    "book": _row("Book deposits, withdrawals, the guarantee", "- - - - - - a -", "money.book"),
    "sanction": _row("Sanction a merchant, score it", "- - - - - - a -", "merchants.sanction"),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API.

    Attributes:
        row: its row's name.
        read_event: whether what is read is recorded, for those whom it concerns.
        step_up: whether the person must have shown anew who it is.
        resource: what its answer shows, for `api.access.masking`.
        topic: what a regulator's scope must name, as ``topic:<topic>``.
    """

    row: str
    read_event: bool = False
    step_up: bool = False
    resource: str | None = None
    topic: str | None = None

    @property
    def rule(self) -> Row:
        """Its row."""
        return ROWS[self.row]


def _read(row: str, resource: str, topic: str | None = None) -> Operation:
    """Return a read of a view's rows that is recorded for those whom it concerns."""
    return Operation(row, read_event=True, resource=resource, topic=topic)


OPERATIONS: Final[dict[str, Operation]] = {
    # health
    "health_live": Operation("public"),
    "health_ready": Operation("public"),
    "health_start": Operation("public"),
    "metrics_read": Operation("operate"),
    # the log
    "log_checkpoint": Operation("public"),
    "log_tile": Operation("public"),
    "log_bundle": Operation("bundles"),
    "log_stamp": Operation("public"),
    "log_entry": Operation("bundles"),
    "log_proof": Operation("public"),
    "log_consistency": Operation("public"),
    # goods
    "products_create": Operation("goods"),
    "batches_import": Operation("goods"),
    "products_stock": Operation("public"),
    "products_badges": Operation("public"),
    "certification_status": Operation("public"),
    "certification_key": Operation("public"),
    # trade
    "orders_place": Operation("trade"),
    "redemptions_redeem": Operation("activate"),
    "callbacks_receive": Operation("signed"),
    # trading
    "accounts_open": Operation("account"),
    "orders_cancel": Operation("trade"),
    "orders_confirm": Operation("trade"),
    "orders_renew_voucher": Operation("trade"),
    "orders_activate": Operation("activate"),
    "orders_use_units": Operation("activate"),
    "orders_deliver": Operation("desk"),
    "reviews_open": Operation("risk"),
    "reviews_clear": Operation("desk"),
    "reviews_block": Operation("desk"),
    "payments_initiate": Operation("trade"),
    "payments_inquire": Operation("desk"),
    "payments_return": Operation("desk"),
    "keys_reveal": Operation("reveal", read_event=True),
    "keys_compare": Operation("reveal", read_event=True),
    "codes_show": Operation("reveal", read_event=True),
    "refunds_request": Operation("trade"),
    "refunds_approve": Operation("answer"),
    "refunds_decline": Operation("answer"),
    "refunds_send": Operation("desk"),
    "refunds_inquire": Operation("desk"),
    "refunds_settle": Operation("desk"),
    "refunds_fail": Operation("desk"),
    # feeds
    "feeds_read": Operation("feed"),
    "feeds_file": Operation("feed"),
    "feeds_receipt": Operation("feed"),
    # access
    "oauth_metadata": Operation("public"),
    "oauth_keys": Operation("public"),
    "oauth_token": Operation("signed"),
    "oauth_revoke": Operation("signed"),
    "clients_read": Operation("client"),
    "clients_issue_key": Operation("client"),
    "clients_revoke_key": Operation("client"),
    "readings_list": Operation("readers"),
    "openings_request": Operation("ask", topic="dispute"),
    "openings_approve": Operation("approve"),
    # the shop: goods
    "products_rename": Operation("goods"),
    "products_reprice": Operation("goods"),
    "products_tell_cases_apart": Operation("goods"),
    "products_withdraw": Operation("goods"),
    "products_adjust_stock": Operation("goods"),
    "keys_offer_many": Operation("goods"),
    "keys_offer": Operation("goods"),
    "keys_unlist": Operation("goods"),
    "keys_void": Operation("goods"),
    # the shop: screening
    "keys_note_upstream": Operation("screen"),
    "keys_ask_operator": Operation("screen"),
    "keys_quarantine": Operation("screen"),
    "keys_stolen": Operation("screen"),
    "keys_propose_lifting": Operation("release"),
    "keys_lift_quarantine": Operation("release"),
    # the shop: identity
    "identities_request": Operation("identify"),
    "identities_check_source": Operation("identify"),
    "identities_compare_face": Operation("identify"),
    "identities_read_document": Operation("identify"),
    "identities_check_bankcard": Operation("identify"),
    "identities_decide": Operation("vouch"),
    "identities_revoke": Operation("vouch"),
    "erasures_ask": Operation("identify"),
    "erasures_agree": Operation("forget"),
    # the shop: qualification
    "documents_send": Operation("enrol"),
    "documents_read": Operation("review", read_event=True),
    "qualifications_submit": Operation("enrol"),
    "qualifications_waiting": Operation("review"),
    "qualifications_review": Operation("review"),
    "qualifications_reject": Operation("review"),
    "qualifications_approve": Operation("admit"),
    "qualifications_propose": Operation("admit"),
    "qualifications_suspend": Operation("admit"),
    "qualifications_reinstate": Operation("admit"),
    "qualifications_revoke": Operation("admit"),
    "scopes_propose": Operation("admit"),
    "scopes_grant": Operation("admit"),
    "scopes_propose_end": Operation("admit"),
    "scopes_end": Operation("admit"),
    "certificates_present": Operation("rely"),
    # the shop: money and credit
    "deposits_require": Operation("book"),
    "deposits_top_up": Operation("book"),
    "deposits_return": Operation("book"),
    "deposits_forfeit": Operation("book"),
    "withdrawals_request": Operation("enrol"),
    "withdrawals_pay": Operation("book"),
    "guarantee_fund": Operation("book"),
    "sanctions_apply": Operation("sanction"),
    "sanctions_appeal": Operation("enrol"),
    "sanctions_lift": Operation("sanction"),
    "credit_recompute": Operation("sanction"),
    # the shop: webhooks
    "webhooks_register": Operation("client"),
    "webhooks_list": Operation("client"),
    # cases
    "openings_list": Operation("approve"),
    "openings_value": Operation("ask", read_event=True, topic="dispute"),
    "disputes_open": Operation("dispute"),
    "disputes_add_evidence": Operation("dispute"),
    "disputes_concede": Operation("dispute"),
    "disputes_withdraw": Operation("dispute"),
    "disputes_appeal": Operation("dispute"),
    "disputes_accept": Operation("dispute"),
    "disputes_assign": Operation("manage"),
    "disputes_enter_bank_result": Operation("manage"),
    "disputes_execute": Operation("manage"),
    "disputes_rule": Operation("rule"),
    "evidence_export": Operation("evidence", read_event=True, topic="dispute"),
    "evidence_list": Operation("evidence", read_event=True, topic="dispute"),
    "evidence_read": Operation("evidence", read_event=True, topic="dispute"),
    "evidence_request": Operation("ask_export"),
    "evidence_verify": Operation("verify"),
    "orders_replay": Operation("replay", read_event=True, resource="replay", topic="dispute"),
    "keys_replay": Operation("history", read_event=True, resource="replay", topic="dispute"),
    "merchants_replay": Operation("history", read_event=True, resource="replay", topic="dispute"),
    "disputes_replay": Operation("replay", read_event=True, resource="replay", topic="dispute"),
    "receipts_list": Operation("receipts"),
    # views
    "orders_list": _read("order", "order", "transactions"),
    "orders_read": _read("order", "order", "transactions"),
    "steps_list": _read("order", "step", "transactions"),
    "steps_read": _read("order", "step", "transactions"),
    "refunds_list": _read("order", "refund", "transactions"),
    "refunds_read": _read("order", "refund", "transactions"),
    "keys_list": _read("order", "key", "transactions"),
    "keys_read": _read("order", "key", "transactions"),
    "disputes_list": _read("order", "dispute", "assistance"),
    "disputes_read": _read("order", "dispute", "assistance"),
    "stock_list": Operation("stock", resource="stock", topic="transactions"),
    "stock_read": Operation("stock", resource="stock", topic="transactions"),
    "batches_list": Operation("stock", resource="batch", topic="transactions"),
    "batches_read": Operation("stock", resource="batch", topic="transactions"),
    "merchants_list": Operation("standing", resource="merchant", topic="identity"),
    "merchants_read": Operation("standing", resource="merchant", topic="identity"),
    "certificates_list": Operation("standing", resource="certificate", topic="identity"),
    "certificates_read": Operation("standing", resource="certificate", topic="identity"),
    "credit_list": Operation("standing", resource="credit", topic="leads"),
    "credit_read": Operation("standing", resource="credit", topic="leads"),
    "sanctions_list": Operation("standing", resource="sanction", topic="leads"),
    "sanctions_read": Operation("standing", resource="sanction", topic="leads"),
    "work_list": _read("work", "work"),
    "work_read": _read("work", "work"),
    "balances_list": Operation("books", resource="balance", topic="transactions"),
    "balances_read": Operation("books", resource="balance", topic="transactions"),
    "statistics_list": Operation("books", resource="day", topic="transactions"),
    "statistics_read": Operation("books", resource="day", topic="transactions"),
}


def default_scopes(kind: Kind) -> frozenset[str]:
    """Return every scope that *kind* can make use of."""
    return frozenset(
        row.scope
        for row in ROWS.values()
        if row.scope is not None and row.cell(kind) is not Cell.NONE
    )


def check_complete(operations: Iterable[str]) -> None:
    """Refuse to start with a route that has no row, or a row that has no route.

    Args:
        operations: the ``operation_id`` of every route that the application has.

    Raises:
        LookupError: so it is; all of them are named.
    """
    found = list(operations)
    doubled = sorted({each for each in found if found.count(each) > 1})
    missing, unused = sorted({*found} - OPERATIONS.keys()), sorted(OPERATIONS.keys() - {*found})
    if doubled or missing or unused:
        raise LookupError(
            "api/access/matrix.py and the routes disagree:"
            f" routes without a row {missing}, rows without a route {unused}, twice {doubled}"
        )
