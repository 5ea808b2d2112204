"""By use case: the operation that performs it over HTTP, or why there is none.

Whoever adds a use case to `domain.application.Trade` adds a line here, and whoever adds a
route puts its ``operation_id`` into it. Several operations may perform one use case.
``tests/api/test_coverage.py`` holds it against the use cases and the routes.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Route(NamedTuple):
    """Operations, by their ids, that perform the use case."""

    operation: str
    more: tuple[str, ...] = ()


class Without(NamedTuple):
    """No operation performs it, and this is why."""

    reason: str


class Pending(NamedTuple):
    """An operation is still to be made."""

    area: str = ""


POLICY: Final = "a policy calls it when the log says so: xiyou follow"
TIMER: Final = "a timer calls it when its time has come: xiyou follow"
TOOL: Final = "done beside the log, at the machine that has its keys: a command of xiyou"
WITHIN: Final = "happens within other requests, never by itself"
IMPORT: Final = "for whoever reads past sales from a file: xiyou import, the demo"

COVERAGE: Final[Mapping[str, Route | Without | Pending]] = {
    # intake
    "create_product": Route("products_create"),
    "rename_product": Pending(),
    "reprice_product": Pending(),
    "tell_cases_apart": Pending(),
    "withdraw_product": Pending(),
    "adjust_stock": Pending(),
    "import_batch": Route("batches_import"),
    "list_batch": Pending(),
    "list_key": Pending(),
    "unlist_key": Pending(),
    "void_key": Pending(),
    # upstream
    "check_upstream": Pending(),
    # placing
    "place_order": Route("orders_place"),
    "order_product": Route("orders_place"),
    "expire_order": Without(TIMER),
    # review
    "place_for_review": Route("reviews_open"),
    "place_blocked": Route("reviews_open"),
    "clear_order": Route("reviews_clear"),
    "block_order": Route("reviews_block"),
    # collecting
    "initiate_payment": Route("payments_initiate"),
    "capture_payment": Without("an order is paid by its channel's word alone: callbacks_receive"),
    "refuse_callback": Without(WITHIN),
    "return_unclaimed": Route("payments_return"),
    # receiving
    "receive_callback": Route("callbacks_receive"),
    "take_answer": Route("payments_inquire", ("refunds_inquire",)),
    # sales
    "deliver_order": Route("orders_deliver"),
    "expire_voucher": Without(TIMER),
    "renew_voucher": Route("orders_renew_voucher"),
    "activate_key": Route("orders_activate"),
    "use_units": Route("orders_use_units"),
    "confirm_order": Route("orders_confirm"),
    "release_funds": Without(TIMER),
    "close_order": Route("orders_cancel"),
    # redemption
    "redeem_code": Route("redemptions_redeem"),
    # revealing
    "reveal_key": Route("keys_reveal"),
    "view_key": Route("keys_reveal"),
    "show_code": Route("codes_show"),
    "opens_commitment": Route("keys_compare"),
    # refunds that are asked for
    "request_refund": Route("refunds_request"),
    "approve_refund": Route("refunds_approve"),
    "refund_undelivered": Without(TIMER),
    "decline_refund": Route("refunds_decline"),
    "settle_refund": Route("refunds_settle"),
    "fail_refund": Route("refunds_fail"),
    # arbitration
    "open_dispute": Pending(),
    "add_evidence": Pending(),
    "gather_evidence": Pending(),
    "decide_dispute": Pending(),
    "assign_dispute": Pending(),
    "rule": Pending(),
    "enter_bank_result": Pending(),
    "concede_dispute": Pending(),
    "withdraw_dispute": Pending(),
    "appeal_ruling": Pending(),
    "accept_ruling": Pending(),
    "execute_ruling": Pending(),
    # identity
    "open_account": Route("accounts_open"),
    "request_identity": Pending(),
    "check_source": Pending(),
    "compare_face": Pending(),
    "read_document": Pending(),
    "check_bankcard": Pending(),
    "decide_identity": Pending(),
    "expire_identity": Pending(),
    "revoke_identity": Pending(),
    # erasing
    "ask_erasure": Pending(),
    "erase_person": Pending(),
    "list_erasures": Pending(),
    # admission
    "submit_qualification": Pending(),
    "review_qualification": Pending(),
    "approve_qualification": Pending(),
    "reject_qualification": Pending(),
    "waiting_reviews": Pending(),
    # decisions
    "propose_scope": Pending(),
    "grant_scope": Pending(),
    "propose_scope_end": Pending(),
    "end_scope": Pending(),
    "propose_decision": Pending(),
    "suspend_qualification": Pending(),
    "reinstate_qualification": Pending(),
    "expire_qualification": Pending(),
    "revoke_qualification": Pending(),
    "clear_shelf": Pending(),
    # screening
    "ask_operator": Pending(),
    "quarantine_key": Pending(),
    "propose_lifting": Pending(),
    "lift_quarantine": Pending(),
    "stolen_in_stock": Pending(),
    # presenting
    "present_certificate": Pending(),
    # standing
    "recompute_credit": Pending(),
    # deposits
    "require_deposit": Pending(),
    "top_up_deposit": Pending(),
    "return_deposit": Pending(),
    "forfeit_deposit": Pending(),
    # wallet
    "request_withdrawal": Pending(),
    "pay_withdrawal": Pending(),
    "fund_guarantee": Pending(),
    # evidence
    "export_evidence": Pending(),
    # feeds
    "note_feed_read": Route("feeds_receipt"),
    # webhooks
    "register_webhook": Pending(),
    "fail_webhook": Pending(),
    "give_up_message": Pending(),
    # anchoring
    "anchor_checkpoint": Without(TOOL),
    # sanctions
    "apply_sanction": Pending(),
    "appeal_sanction": Pending(),
    "lift_sanction": Pending(),
    "expire_sanction": Pending(),
    # upkeep
    "unlist_keys": Without(POLICY),
    "withhold_key": Without(POLICY),
    "reassign_dispute": Without(POLICY),
    "adjust_deposit": Without(POLICY),
    # rotation
    "rotate_keyring": Without(TOOL),
    "note_rewrapped": Without(TOOL),
    # indexing
    "commit_index": Without(TOOL),
    # clients
    "register_client": Pending(),
    "issue_client_key": Route("clients_issue_key"),
    "revoke_client_keys": Route("clients_revoke_key"),
    "refuse_call": Without(WITHIN),
    "record_usage": Without(WITHIN),
    "request_opening": Route("openings_request"),
    "approve_opening": Route("openings_approve"),
}
"""In the order of `domain.application`."""
