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


POLICY: Final = "a policy calls it when the log says so: xiyou follow"
TIMER: Final = "a timer calls it when its time has come: xiyou follow"
TOOL: Final = "done beside the log, at the machine that has its keys: a command of xiyou"
WITHIN: Final = "happens within other requests, never by itself"
SENDER: Final = "what sends the messages records how one has ended: xiyou webhooks run"
CLIENTS: Final = "two of the staff make a client where the log's keys are: xiyou clients"
IMPORT: Final = "for whoever reads past sales from a file: xiyou import, the demo"

COVERAGE: Final[Mapping[str, Route | Without]] = {
    # intake
    "create_product": Route("products_create"),
    "rename_product": Route("products_rename"),
    "reprice_product": Route("products_reprice"),
    "tell_cases_apart": Route("products_tell_cases_apart"),
    "withdraw_product": Route("products_withdraw"),
    "adjust_stock": Route("products_adjust_stock"),
    "import_batch": Route("batches_import"),
    "list_batch": Route("keys_offer_many"),
    "list_key": Route("keys_offer"),
    "unlist_key": Route("keys_unlist"),
    "void_key": Route("keys_void"),
    # upstream
    "check_upstream": Route("keys_note_upstream"),
    # placing
    "place_order": Route("orders_place"),
    "order_product": Route("orders_place"),
    "expire_order": Without(TIMER),
    # review
    "place_for_review": Route("reviews_open"),
    "place_blocked": Route("reviews_open"),
    "clear_order": Route("reviews_clear"),
    "close_review": Route("reviews_clear"),
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
    "open_dispute": Route("disputes_open"),
    "add_evidence": Route("disputes_add_evidence"),
    "gather_evidence": Without(POLICY),
    "decide_dispute": Without(POLICY),
    "assign_dispute": Route("disputes_assign"),
    "rule": Route("disputes_rule"),
    "enter_bank_result": Route("disputes_enter_bank_result"),
    "concede_dispute": Route("disputes_concede"),
    "withdraw_dispute": Route("disputes_withdraw"),
    "appeal_ruling": Route("disputes_appeal"),
    "accept_ruling": Route("disputes_accept"),
    "execute_ruling": Route("disputes_execute"),
    # identity
    "open_account": Route("accounts_open"),
    "request_identity": Route("identities_request"),
    "check_source": Route("identities_check_source"),
    "compare_face": Route("identities_compare_face"),
    "read_document": Route("identities_read_document"),
    "check_bankcard": Route("identities_check_bankcard"),
    "decide_identity": Route("identities_decide"),
    "expire_identity": Without(TIMER),
    "revoke_identity": Route("identities_revoke"),
    # erasing
    "ask_erasure": Route("erasures_ask"),
    "erase_person": Route("erasures_agree"),
    "list_erasures": Without(TOOL),
    # admission
    "submit_qualification": Route("qualifications_submit"),
    "review_qualification": Route("qualifications_review"),
    "approve_qualification": Route("qualifications_approve"),
    "reject_qualification": Route("qualifications_reject"),
    "waiting_reviews": Route("qualifications_waiting"),
    # decisions
    "propose_scope": Route("scopes_propose"),
    "grant_scope": Route("scopes_grant"),
    "propose_scope_end": Route("scopes_propose_end"),
    "end_scope": Route("scopes_end"),
    "propose_decision": Route("qualifications_propose"),
    "suspend_qualification": Route("qualifications_suspend"),
    "reinstate_qualification": Route("qualifications_reinstate"),
    "expire_qualification": Without(TIMER),
    "revoke_qualification": Route("qualifications_revoke"),
    "clear_shelf": Without(POLICY),
    # screening
    "ask_operator": Route("keys_ask_operator"),
    "quarantine_key": Route("keys_quarantine"),
    "propose_lifting": Route("keys_propose_lifting"),
    "lift_quarantine": Route("keys_lift_quarantine"),
    "stolen_in_stock": Route("keys_stolen"),
    # presenting
    "present_certificate": Route("certificates_present"),
    # standing
    "recompute_credit": Route("credit_recompute"),
    # deposits
    "require_deposit": Route("deposits_require"),
    "top_up_deposit": Route("deposits_top_up"),
    "return_deposit": Route("deposits_return"),
    "forfeit_deposit": Route("deposits_forfeit"),
    # wallet
    "request_withdrawal": Route("withdrawals_request"),
    "pay_withdrawal": Route("withdrawals_pay"),
    "fund_guarantee": Route("guarantee_fund"),
    # evidence
    "export_evidence": Route("evidence_export"),
    # feeds
    "note_feed_read": Route("feeds_receipt"),
    # webhooks
    "register_webhook": Route("webhooks_register"),
    "fail_webhook": Without(SENDER),
    "give_up_message": Without(SENDER),
    # anchoring
    "anchor_checkpoint": Without(TOOL),
    # sanctions
    "apply_sanction": Route("sanctions_apply"),
    "appeal_sanction": Route("sanctions_appeal"),
    "lift_sanction": Route("sanctions_lift"),
    "expire_sanction": Without(TIMER),
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
    "register_client": Without(CLIENTS),
    "issue_client_key": Route("clients_issue_key"),
    "revoke_client_keys": Route("clients_revoke_key"),
    "refuse_call": Without(WITHIN),
    "record_usage": Without(WITHIN),
    "request_opening": Route("openings_request"),
    "approve_opening": Route("openings_approve"),
    "show_opening": Route("openings_value"),
}
"""In the order of `domain.application`."""
