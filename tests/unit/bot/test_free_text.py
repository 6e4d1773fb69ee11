"""Personal numbers are found in any spelling; ordinary sentences stay as they are."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.web.masking import mask_free_text

anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
dense = st.text(
    st.sampled_from(list("0123456789") + list("０８ 　-+()X*一三八〇幺@.，a微信Ee\u200b\n")),
    max_size=60,
)


@pytest.mark.parametrize(
    "phone",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+86 138 1234 5678",
        "0086-13812345678",
        "１３８１２３４５６７８",
        "一三八幺二三四五六七八",
        "一三八一二三四五六七八",
        "壹叁捌壹贰叁肆伍陆柒捌",
        "幺三八，幺二三四，五六七八",
        "1三8一2三4五6七8",
        "1 3 8 1 2 3 4 5 6 7 8",
        "138\u200b1234\u200d5678",
        "①③⑧①②③④⑤⑥⑦⑧",
        "1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣",
        "138.1234.5678",
        "138\n1234\n5678",
        "٠١٣٨١٢٣٤٥٦٧٨",
    ],
)
def test_a_phone_in_text_is_found_however_it_is_written(phone: str) -> None:
    assert mask_free_text(f"我电话{phone}，谢谢") == "我电话[手机号]，谢谢"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("身份证11010519491231002X。", "身份证[证件号]。"),
        ("身份证 110105 19491231 002x", "身份证 [证件号]"),
        ("身份证110105194912310021", "身份证[证件号]"),
        ("旧证110105491231002", "旧证[证件号]"),
        ("编号9110105200501310023", "编号9[证件号]"),  # its check digit fits, so it is one
        ("编号9110105200501310021", "编号9110105200501310021"),
        ("护照E12345678", "护照[证件号]"),
        ("卡号6222021234567894", "卡号[银行卡号]"),
        ("卡号 6222 0212 3456 7894 建行", "卡号 [银行卡号] 建行"),
        ("座机010-62345678", "座机[电话]"),
        ("+1 415 555 2671 138 1234 5678", "[电话] [手机号]"),
        ("（86）13812345678", "（[手机号]"),
        ("座机(0571)8888 8888", "座机([电话]"),
        ("香港+852 9123 4567", "香港[电话]"),
        ("美国 +1 415 555 2671 联系", "美国 [电话] 联系"),
        ("邮箱zhang.san+hr@mail.example.com，", "邮箱[邮箱]，"),
        ("邮箱 zhang＠qq。com", "邮箱 [邮箱]"),
        ("13812345678@qq.com", "[邮箱]"),
        ("微信号：wx_abc889 加我", "微信号：[微信号] 加我"),
        ("vx zhangsan889", "vx [微信号]"),
        ("微信13812345678", "微信[手机号]"),
        ("13812345678 13912345678", "[手机号] [手机号]"),
        ("1381234567813912345678", "[手机号][手机号]"),
        ("2024年13812345678", "2024年[手机号]"),
        ("010623456781381234567８", "[电话][手机号]"),
        ("什么13812345678", "什么[手机号]"),
    ],
)
def test_other_personal_numbers_in_text_are_named_by_kind(text: str, shown: str) -> None:
    assert mask_free_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "期望薪资18500，最低15000-16000",
        "我2024年3月15日入职，2026-09-01到期",
        "订单号1234567890",
        "工号 20240315",
        "卡号6222021234567890不对",  # fails Luhn
        "一二三四五，上山打老虎",
        "a@b，@所有人",
        "薪资20k-25k × 13薪",
        "offer在3天内答复\u200b，谢谢🙂",
        "电话",
        "",
        "\ud800",
    ],
)
def test_ordinary_sentences_stay_word_for_word(text: str) -> None:
    assert mask_free_text(text) == text


@given(value=dense)
@example("0106234567813812345678")
@example("0106234567801062345678013812345678")
def test_masked_text_holds_no_mobile_and_settles(value: str) -> None:
    once = mask_free_text(value)
    assert mask_free_text(once) == once
    assert not re.search(r"1[3-9][0-9]{9}", once)


@given(before=anything, after=anything)
def test_a_phone_is_found_in_any_company(before: str, after: str) -> None:
    assert "13812345678" not in mask_free_text(f"{before}，13812345678，{after}")


@pytest.mark.parametrize(
    "piece",
    ["1", "1 ", "a", "@", "a@", "a.", "a@a.", "微信 ", "微信是是", "(", "一", "1-", "138", "+1",
     "\u200b", "0106234567", "8 6 2 2 ", "E1", "110105194912310021", "62220212345678",
     "138123456781"],
)  # fmt: skip
def test_twenty_thousand_characters_take_linear_time(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        start = time.thread_time()  # whatever else this machine does
        mask_free_text(text)
        return time.thread_time() - start

    seconds(1000)
    assert any(seconds(20_000) < 1.0 for _ in range(2))
