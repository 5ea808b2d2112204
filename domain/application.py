"""The application: one object with one method a use case, over the log.

    intake       create_product, rename_product, reprice_product, tell_cases_apart,
                 withdraw_product, adjust_stock, import_batch, list_batch, list_key,
                 unlist_key, void_key
    upstream     check_upstream
    placing      place_order, order_product, expire_order
    review       place_for_review, place_blocked, clear_order, close_review, block_order
    collecting   initiate_payment, capture_payment, refuse_callback, return_unclaimed
    receiving    receive_callback, take_answer
    sales        deliver_order, expire_voucher, renew_voucher, activate_key, use_units,
                 confirm_order, release_funds, close_order
    redemption   redeem_code
    revealing    reveal_key, view_key, show_code, opens_commitment
    returns      request_refund, approve_refund, refund_undelivered, decline_refund,
                 settle_refund, fail_refund
    arbitration  open_dispute, add_evidence, gather_evidence, decide_dispute, assign_dispute,
                 rule, enter_bank_result, concede_dispute, withdraw_dispute, appeal_ruling,
                 accept_ruling, execute_ruling
    identity     open_account, request_identity, check_source, compare_face, read_document,
                 check_bankcard, decide_identity, expire_identity, revoke_identity
    erasing      ask_erasure, erase_person, list_erasures
    admission    submit_qualification, review_qualification, approve_qualification,
                 reject_qualification, waiting_reviews
    decisions    propose_scope, grant_scope, propose_scope_end, end_scope, propose_decision,
                 suspend_qualification, reinstate_qualification, expire_qualification,
                 revoke_qualification, clear_shelf
    screening    ask_operator, quarantine_key, propose_lifting, lift_quarantine,
                 stolen_in_stock
    presenting   present_certificate
    standing     recompute_credit
    deposits     require_deposit, top_up_deposit, return_deposit, forfeit_deposit
    wallet       request_withdrawal, pay_withdrawal, fund_guarantee
    evidence     export_evidence
    feeds        note_feed_read
    webhooks     register_webhook, fail_webhook, give_up_message
    anchoring    anchor_checkpoint
    sanctions    apply_sanction, appeal_sanction, lift_sanction, expire_sanction
    upkeep       unlist_keys, withhold_key, reassign_dispute, adjust_deposit
    rotation     rotate_keyring, note_rewrapped
    indexing     commit_index
    clients      register_client, issue_client_key, revoke_client_keys, refuse_call,
                 record_usage, request_opening, approve_opening, show_opening

Configured as every application of the eventsourcing library is: by its environment, with
``PERSISTENCE_MODULE`` naming the recorders' factory and ``ORIGINATOR_ID_TYPE=text``.
"""

from domain.clients.administration import Administration
from domain.credit.sanctions import Sanctions
from domain.credit.standing import Standing
from domain.disputes.arbitration import Arbitration
from domain.evidence.anchoring import Anchoring
from domain.evidence.exporting import Exporting
from domain.feeds.receipts import FeedReceipts
from domain.identity.erasing import Erasing
from domain.identity.identification import Identification
from domain.keys.checking import UpstreamChecks
from domain.keys.intake import Intake
from domain.keys.redemption import Redemption
from domain.keys.revealing import Revealing
from domain.keys.rotation import Rotation
from domain.ledger.wallet import Wallet
from domain.orders.review import Review
from domain.payments.receiving import Receiving
from domain.policies.upkeep import Upkeep
from domain.qualification.admission import Admission
from domain.qualification.decisions import Decisions
from domain.qualification.presenting import Presenting
from domain.qualification.screening import Screening
from domain.refunds.returns import Returns
from domain.webhooks.calling import Calling
from domain.witnessing.indexing import Indexing


class Trade(
    Intake,
    UpstreamChecks,
    Redemption,
    Revealing,
    Review,
    Receiving,
    Returns,
    Upkeep,
    Arbitration,
    Wallet,
    Identification,
    Erasing,
    Admission,
    Decisions,
    Screening,
    Presenting,
    Standing,
    Sanctions,
    Exporting,
    FeedReceipts,
    Calling,
    Anchoring,
    Rotation,
    Indexing,
    Administration,
):
    """A card-key trade, every action of which is recorded."""

    name = "xiyou"
