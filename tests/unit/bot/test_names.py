"""What masking names promises: whoever is known is not named, and words stay words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.names import SOMEBODY, mask_names


@pytest.mark.parametrize(
    ("name", "said", "masked"),
    [
        ("张三丰", "我是张三丰", "我是某某"),
        ("张三丰", "叫我三丰就行", "叫我某某就行"),
        ("张三丰", "小张、老张、张工、张先生、三丰哥", "某某、某某、某某、某某、某某哥"),
        ("张三丰", "張三豐在的", "某某在的"),
        ("张三丰", "张 三 丰", "某某"),
        ("张三丰", "我叫Zhang Sanfeng，zhangsanfeng 也行", "我叫某某，某某 也行"),
        ("张三丰", "英文名是 SanFeng Zhang", "英文名是 某某"),
        ("张三", "我是张三，三月三号到", "我是某某，三月三号到"),
        ("欧阳雪", "欧阳老师好，阿雪在", "某某好，某某在"),
        ("王明", "明明说好了的，小明一会到", "明明说好了的，某某一会到"),
        ("于洋", "不能小于20k，小时工资", "不能小于20k，小时工资"),
        ("买买提·艾力", "我是买买提·艾力，叫艾力", "我是某某，叫某某"),
        ("John Smith", "This is john smith, call me Smith", "This is 某某, call me 某某"),
        ("John Smith", "Johnson 和 blacksmith 不是我", "Johnson 和 blacksmith 不是我"),
        ("李", "李子很甜", "李子很甜"),
        ("", "没有名字", "没有名字"),
    ],
)
def test_a_person_is_not_named(name: str, said: str, masked: str) -> None:
    assert mask_names(said, [name]) == masked


def test_several_people_are_found_and_the_longer_name_goes_first() -> None:
    said = "王姐，我是王明远，明远这边先这样"
    assert mask_names(said, ["王敏", "王明远"]) == "某某，我是某某，某某这边先这样"


@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_whole_name_never_stays_whatever_stands_around_it(before: str, after: str) -> None:
    masked = mask_names(f"{before}司马清风{after}", ["司马清风"])
    assert "司马清风" not in masked
    assert SOMEBODY in masked


@given(st.text(max_size=60))
def test_nobody_known_changes_nothing(text: str) -> None:
    assert mask_names(text, []) == text
