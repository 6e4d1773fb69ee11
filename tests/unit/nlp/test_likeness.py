"""Career plans against roles: right ways round, as good as measured, blind to who somebody is."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.profile.forbidden import FORBIDDEN
from nlp.likeness import lexicon
from nlp.likeness.features import NAMES
from nlp.likeness.masked import masked
from nlp.likeness.said import said
from nlp.likeness.score import likeness, row_of, scored, shipped
from nlp.measure.likeness import PARTS, area, figures, labelled, spearman
from nlp.normalize import normalize
from nlp.reading import Compared

PAIRS = labelled()
SALES = ("大客户销售", "拜访企业客户，跟招投标，签年度合同。两年做区域经理")
WHO = (
    "准备生孩子", "不打算生孩子", "已婚已育", "未婚未育", "今年四十五岁了", "今年23岁", "我是女生",
    "本人男", "老家河南", "我是回族", "信佛教", "身体健康", "孩子两岁", "没有对象", "95后",
)  # fmt: skip


def near(plan: str, title: str = SALES[0], role: str = SALES[1]) -> float | None:
    [found] = likeness([Compared(plan=plan, title=title, role=role)])
    return found


def test_the_same_word_the_other_way() -> None:
    towards, away = near("想一直做销售，以后带团队"), near("不想再做销售了，想找后台的活")
    assert towards is not None
    assert away is not None
    assert towards >= 0.8
    assert away < 0.4


def test_towards_without_a_shared_word() -> None:
    found = near("手里有些老板的人脉，喜欢跑业务、背业绩，多劳多得")
    assert found is not None
    assert found >= 0.8


@pytest.mark.parametrize("plan", ["", "没想好", "赚钱", "？！……", "  ", "努力工作，天天向上，加油"])
def test_who_said_too_little_is_not_judged(plan: str) -> None:
    assert near(plan) is None


def test_a_role_with_only_a_title_is_not_compared() -> None:
    assert near("想一直做销售，以后带团队", role="") is None
    assert near("想一直做销售，以后带团队", role="销售") is None


def test_from_one_to_the_other() -> None:
    found = said("想从客服转到产品，学学数据")
    assert (found.unwanted, "产品" in found.wanted) == ("客服", True)


def test_years_behind_are_not_a_wish_of_who_leaves() -> None:
    assert "出纳" in said("做出纳三年，不想再管收付款，想做账").unwanted
    assert "质检" in said("做质检三年，想往质量工程师走").wanted


@pytest.mark.parametrize(
    ("part", "rho", "towards", "not_contrary", "known"),
    [("unseen", 0.76, 0.92, 0.90, 0.85), ("first_sight", 0.55, 0.85, 0.72, 0.6)],
)
def test_as_good_as_measured(
    part: str, rho: float, towards: float, not_contrary: float, known: float
) -> None:
    """The floors are below what was measured and above chance, words alone or the encoder."""
    some = [one for one in PAIRS if one.part == part]
    found = figures(likeness([one.pair for one in some]), some)
    assert found.rho >= rho
    assert found.towards >= towards
    assert found.not_contrary >= not_contrary
    assert found.known / found.pairs >= known
    assert found.low <= found.rho <= found.high


def test_the_thresholds_mean_what_they_say() -> None:
    """On pairs nobody fitted: above 80 mostly towards, below 60 mostly contrary or unrelated."""
    some = [one for one in PAIRS if one.part != "development"]
    found = [
        (score, one.label)
        for score, one in zip(likeness([one.pair for one in some]), some, strict=True)
        if score is not None
    ]
    above = [label for score, label in found if score >= 0.8]
    below = [label for score, label in found if score < 0.6]
    assert sum(label == 2 for label in above) / len(above) >= 0.7
    assert sum(label == 0 for label in below) / len(below) >= 0.7


@pytest.mark.parametrize("who", WHO)
def test_who_somebody_is_changes_nothing(who: str) -> None:
    for one in PAIRS[::7]:
        plain = likeness([one.pair])
        for plan in (f"{who}，{one.pair.plan}", f"{one.pair.plan}，{who}"):
            pair = Compared(plan=plan, title=one.pair.title, role=one.pair.role)
            assert likeness([pair]) == plain, plan
        role = Compared(plan=one.pair.plan, title=one.pair.title, role=f"{one.pair.role}，{who}")
        assert likeness([role]) == plain, role.role


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("女生也想一直干维修", "男生也想一直干维修"),
        ("怀孕以后也想继续做维修", "结婚以后也想继续做维修"),
        ("三十岁前当上维修班长", "五十岁前当上维修班长"),
        ("我是藏族人，想学修电路", "我是汉族人，想学修电路"),
    ],
)
def test_swapped_inside_a_sentence(one: str, other: str) -> None:
    role = ("设备维修电工", "车间设备点检，修电路，值夜班。维修班长")
    assert near(one, *role) == near(other, *role) is not None


def test_nothing_forbidden_is_left_to_compare() -> None:
    words = (
        "年龄 岁 性别 男性 女性 籍贯 户籍 老家 结婚 生育 怀孕 孩子 民族 宗教 信仰 疾病 健康 "
        "乙肝 残疾 星座 血型 政治面貌"
    )
    for word in words.split():
        text = f"想做会计{word}想带团队"
        assert FORBIDDEN.search(text)
        assert not FORBIDDEN.search(masked(text)), word


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_taken(plan: str, role: str) -> None:
    found = near(plan, role, role)
    assert found is None or 0 <= found <= 1


def test_a_long_text_costs_no_more_than_its_beginning() -> None:
    start = "想一直做销售，以后带团队，" * 80
    assert near(start + "不" * 200_000) == near(start)


@pytest.mark.parametrize("piece", ["今年", "一二三四五", "不想想要", "从", "过一年", "的我", "个"])
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    near(piece * 1_000, role=piece * 4_000)
    assert time.process_time() - began < 5


def test_more_of_what_is_wanted_never_lowers() -> None:
    row = row_of(PAIRS[0].pair)
    assert row is not None
    weights = shipped()
    values = []
    for amount in np.linspace(0, 1, 21):
        row[NAMES.index("field")] = amount
        values.append(scored(row, weights))
    assert values == sorted(values)
    assert values[0] < values[-1]


def test_the_pairs_keep_apart() -> None:
    assert {one.part for one in PAIRS} == set(PARTS)
    assert {one.label for one in PAIRS} == {0, 1, 2}
    for one, other in itertools.combinations(PARTS, 2):
        mine = [pair for pair in PAIRS if pair.part == one]
        theirs = [pair for pair in PAIRS if pair.part == other]
        for key in ("plan", "title", "role"):
            assert not {getattr(p.pair, key) for p in mine} & {getattr(p.pair, key) for p in theirs}
        assert not {pair.family for pair in mine} & {pair.family for pair in theirs}


def test_ranks_with_ties_and_areas_as_by_hand() -> None:
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 2])) == pytest.approx(1)
    assert spearman(np.array([3.0, 2.0, 1.0]), np.array([0, 1, 2])) == pytest.approx(-1)
    values = np.array([0.1, 0.5, 0.5, 0.9])
    assert area(values, np.array([False, False, True, True])) == pytest.approx(0.875)


@pytest.mark.parametrize("text", ["销售", " 词", "sales:", "sales: ?", "Sales 卖"])
def test_a_line_that_does_not_parse_is_named(text: str) -> None:
    with pytest.raises(lexicon.FieldsError, match=r"fields.txt:1"):
        list(lexicon.parse(text))


def test_letters_stand_alone() -> None:
    assert "software" in lexicon.fields(normalize("想学 Java").text)
    assert "software" not in lexicon.fields("javanese")
