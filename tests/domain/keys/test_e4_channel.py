"""E4: a code works through the platform alone; whatever speaks against it, one text answers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chain.register import Register
from domain.errors import CodeRefusedError
from domain.keys.code import VOUCHER_SYMBOLS, read_code
from domain.keys.register import CODES, SLOTS, CodeRow, rebuild_codes
from tests.domain.given import BUYER, LATER, MUCH_LATER, NOW, World, identifier
from tests.domain.keys.redeeming import NO_CODE, STRANGER, Typing

TEXT = "兑换码无效或暂不可用。 / This code is not valid or cannot be used now."


def foreign_buyer(world: Typing) -> str:
    code = world.code(world.delivered())
    return world.refused(code, STRANGER)


def wrong_product(world: Typing) -> str:
    code = world.code(world.delivered())
    return world.refused(code, product=identifier("prd", "another"))


def refunded(world: Typing) -> str:
    order = world.delivered()
    code = world.code(order)
    give_back(world, order)
    return world.refused(code)


def frozen(world: Typing) -> str:
    order = world.delivered()
    code = world.code(order)
    world.do("open_dispute", identifier("dsp"), order, "consumer")
    return world.refused(code)


def expired(world: Typing) -> str:
    code = world.code(world.delivered())
    return world.refused(code, now=LATER)


def revoked(world: Typing) -> str:
    order = world.delivered()
    code = world.code(order)
    world.do("renew_voucher", order, MUCH_LATER)
    return world.refused(code)


def used(world: Typing) -> str:
    code = world.code(world.delivered())
    world.redeem(code)
    return world.refused(code)


def unknown(world: Typing) -> str:
    return world.refused(NO_CODE)


def malformed(world: Typing) -> str:
    return world.refused("12345")


CAUSES = (
    *(foreign_buyer, wrong_product, refunded, frozen, expired),
    *(revoked, used, unknown, malformed),
)


def give_back(world: World, order: str) -> None:
    """Refund *order* with the merchant's consent."""
    refund = identifier("rfd", order)
    world.do("request_refund", refund, order)
    world.do("approve_refund", refund)


@pytest.mark.parametrize("case", CAUSES, ids=lambda each: each.__name__)
def test_e4_the_true_cause_is_in_the_log_and_nothing_else_happened(
    case: Callable[[Typing], str],
) -> None:
    world = Typing()
    assert case(world) == case.__name__
    refused = world.events()[-1]
    assert refused.TOPIC == "key.activation_refused"
    assert refused.originator_id.startswith("redemption/usr_")
    known = case not in (unknown, malformed)
    assert ("key" in refused.data()) is ("order" in refused.data()) is known


def test_e4_every_cause_is_answered_by_the_same_words() -> None:
    said: set[Any] = set()
    for case in CAUSES:
        world = Typing()
        case(world)
        said |= world.answers
    assert said == {(CodeRefusedError, (TEXT,), None, None)}


def test_e4_the_check_symbol_is_verified_before_the_database_is_asked() -> None:
    world = Typing()
    code = world.code(world.delivered())
    last = "1" if code[-1] != "1" else "2"
    asked: list[str] = []
    recorder: Any = world.trade.recorder
    select = recorder.select_register

    def listen(register: Register, *arguments: Any) -> object:
        asked.append(register.name)
        return select(register, *arguments)

    recorder.select_register = listen
    assert world.refused(code[:-1] + last) == "malformed"
    assert SLOTS.name in asked
    assert CODES.name not in asked


@pytest.mark.parametrize("typed", ["", "\ud800", "-" * 10_000, "x" * 10_000, "\0", "兑换码"])
def test_e4_whatever_is_typed_is_refused_alike(typed: str) -> None:
    assert Typing().refused(typed) == "malformed"


def test_e4_a_code_may_be_typed_as_people_do() -> None:
    world = Typing()
    code = world.code(world.delivered())
    typed = code.lower().replace("-", "").replace("0", "o").replace("1", "l")
    assert read_code(typed, VOUCHER_SYMBOLS) == code
    assert "key.activated" in world.redeem(typed)


def test_e4_no_code_device_or_address_stands_in_the_log() -> None:
    world = Typing()
    code = world.code(world.delivered())
    world.refused(code, STRANGER, device="device-7788", address="203.0.113.9")
    world.refused(NO_CODE, device="device-7788", address="203.0.113.9")
    log = b"\n".join(each.body() for each in world.events())
    rows = json.dumps([str(each) for each in register_rows(world)])
    for secret in (code, code.replace("-", ""), NO_CODE, "device-7788", "203.0.113.9"):
        assert secret.encode() not in log
        assert secret not in rows
    refused = [each.data() for each in world.events() if each.TOPIC == "key.activation_refused"]
    assert refused[0]["device"] == refused[1]["device"]
    assert refused[0]["code"] != refused[1]["code"]


def register_rows(world: World) -> list[object]:
    recorder = world.trade.recorder
    tables = recorder.registers.tables  # type: ignore[attr-defined]
    return [row for table in tables.values() for row in table.items()]


def test_e4_the_register_of_codes_is_told_again_by_the_log() -> None:
    world = Typing()
    key = world.stocked()[0]
    order = world.delivered(key)
    world.do("renew_voucher", order, MUCH_LATER)
    give_back(world, order)
    world.do("list_key", key)
    world.delivered(key, "second")
    rows = sorted(CodeRow(*each) for each in world.trade.rows_of(CODES))
    assert len(rows) == 3
    assert rebuild_codes(world.events()) == rows


def test_t13_refunded_and_then_activated_is_refused() -> None:
    """antiwork/gumroad#7326, license-wp/license-wp#34, woocommerce/woocommerce#18363."""
    world = Typing()
    order = world.delivered()
    code = world.code(order)
    give_back(world, order)
    before = world.size()
    assert world.refused(code) == "refunded"
    assert world.topics()[before:] == ["key.activation_refused"]


def test_t13_activated_and_then_refunded_the_key_is_void() -> None:
    """antiwork/gumroad#7326, license-wp/license-wp#34, woocommerce/woocommerce#18363."""
    world = Typing()
    order = world.delivered()
    code = world.code(order)
    world.redeem(code)
    give_back(world, order)
    assert "key.voided" in world.topics()
    assert world.refused(code) == "refunded"


def test_t14_a_key_sold_again_shows_nothing_of_its_first_order() -> None:
    """awesomemotive/easy-digital-downloads#1175, pluginever/wc-serial-numbers#480."""
    world = Typing()
    key = world.stocked()[0]
    first = world.delivered(key)
    old = world.code(first)
    give_back(world, first)
    world.do("list_key", key)
    second = world.delivered(key, "second")
    assert world.code(second) != old
    assert world.refused(old) == "refunded"
    for use_case, arguments in (
        ("renew_voucher", (first, MUCH_LATER)),
        ("expire_voucher", (first, MUCH_LATER)),
        ("activate_key", (first, BUYER, NOW)),
    ):
        with pytest.raises(Exception, match=r"no longer the key|refused"):
            world.do(use_case, *arguments)
    assert "key.activated" in world.redeem(world.code(second))
