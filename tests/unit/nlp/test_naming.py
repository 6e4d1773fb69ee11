"""Who is named: whole, in part, by nickname, in pinyin, mistyped; and who is not."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.names import given as given_characters
from nlp.names import surnames, tagged, titles
from nlp.names.sounds import near, sounds, spelt
from nlp.naming import How, Match, Person, looks_named, named

CAST = [
    Person(id=name, name=name)
    for name in (
        "张三",
        "李四",
        "王建国",
        "李建国",
        "张伟",
        "章伟",
        "陈晓明",
        "欧阳娜",
        "时光",
        "高兴",
        "王者",
        "王志强",
        "吕布",
        "于航",
        "程旭",
        "林志玲",
        "王小明",
        "阿依古丽·买买提",
        "Kevin Li",
        "單小雨",
    )
] + [Person(id="刘洋", name="刘洋", also=("Tom", "洋葱"))]


def who(text: str, people: list[Person] = CAST) -> set[str]:
    return {one.id for one in named(text, people)}


@pytest.mark.parametrize(
    ("text", "people", "how"),
    [
        ("张三到哪一步了", {"张三"}, How.EXACT),
        ("張偉入職了嗎", {"张伟"}, How.EXACT),
        ("单小雨呢", {"單小雨"}, How.EXACT),
        ("张 三 呢", {"张三"}, How.EXACT),
        ("张伟和李四谁更好", {"张伟", "李四"}, How.EXACT),
        ("高兴到哪一步了", {"高兴"}, How.EXACT),
        ("阿依古丽怎么样", {"阿依古丽·买买提"}, How.PART),
        ("建国到哪步了", {"王建国", "李建国"}, How.PART),
        ("小张什么情况", {"张三", "张伟"}, How.PART),
        ("章工那边呢", {"章伟"}, How.PART),
        ("林经理定了吗", {"林志玲"}, How.PART),
        ("欧阳到哪了", {"欧阳娜"}, How.PART),
        ("欧阳工到哪了", {"欧阳娜"}, How.PART),
        ("阿强啥情况", {"王志强"}, How.NICKNAME),
        ("强哥来不来", {"王志强"}, How.NICKNAME),
        ("洋葱签了没", {"刘洋"}, How.NICKNAME),
        ("tom到岗没", {"刘洋"}, How.NICKNAME),
        ("zhangsan到哪了", {"张三"}, How.PINYIN),
        ("zhang san 呢", {"张三"}, How.PINYIN),
        ("San Zhang怎么样", {"张三"}, How.PINYIN),
        ("张san呢", {"张三"}, How.PINYIN),
        ("lvbu来吗", {"吕布"}, How.PINYIN),
        ("zs怎么样了", {"张三"}, How.PINYIN),
        ("zhangwei到哪了", {"张伟", "章伟"}, How.PINYIN),
        ("jianguo到哪了", {"王建国", "李建国"}, How.PINYIN),
        ("xiao lin 呢", {"林志玲"}, How.PINYIN),
        ("章三怎么样了", {"张三"}, How.TYPO),
        ("张山呢", {"张三"}, How.TYPO),
        ("陈小明到哪了", {"陈晓明"}, How.TYPO),
        ("王小名到哪了", {"王小明"}, How.TYPO),
        ("林治玲呢", {"林志玲"}, How.TYPO),
        ("王强志到哪了", {"王志强"}, How.TYPO),
        ("kevni li呢", {"Kevin Li"}, How.TYPO),
    ],
)
def test_people_are_named_as_people_name_them(text: str, people: set[str], how: How) -> None:
    found = named(text, CAST)
    assert {one.id for one in found} == people
    assert {one.how for one in found} == {how}


@pytest.mark.parametrize(
    "text",
    [
        "我很高兴",
        "大家都高兴坏了",
        "打王者荣耀",
        "两小时后再说",
        "时光荏苒",
        "程序员到哪了",
        "理想公司怎么样",
        "赵建国到哪了",  # another family name: another person
        "王建军到哪了",  # another given name that sounds otherwise
        "张伟丽到哪了",  # somebody with a longer name
        "欧阳娜娜到哪了",
        "王于航怎么样",
        "张三丰到哪了",
        "老师好",
        "offer发了吗",
        "hr在吗",
        "",
        "？？？",
    ],
)
def test_nobody_is_better_than_a_wrong_person(text: str) -> None:
    assert named(text, CAST) == ()


def test_people_of_one_name_share_a_span_and_a_score() -> None:
    people = [Person(id="c_1", name="张伟"), Person(id="c_2", name="张伟")]
    one, other = named("张伟呢", people)
    assert (one.score, one.start, one.end) == (other.score, other.start, other.end)
    assert {one.id, other.id} == {"c_1", "c_2"}


def test_who_bears_the_name_comes_before_who_only_sounds_like_it() -> None:
    assert who("章伟到哪了") == {"章伟"}
    assert who("张伟到哪了") == {"张伟"}


def test_a_nickname_we_were_told_counts_more_than_one_we_guess() -> None:
    people = [Person(id="c_1", name="王志强"), Person(id="c_2", name="李明", also=("阿强",))]
    assert who("阿强怎么样了", people) == {"c_2"}


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("张三到哪一步了", "张三"),
        ("把问卷发给歐陽小山", "歐陽小山"),
        ("小高那边呢", None),
        ("老李呢", "老李"),
        ("wang jianguo到哪了", "wang jianguo"),
        ("思远的进度", "思远"),
        ("今天有什么要处理的", None),
        ("我手上有哪些候选人", None),
        ("谁有风险", None),
        ("小时工还要吗", None),
        ("", None),
    ],
)
def test_what_looks_like_a_name_is_said(text: str, piece: str | None) -> None:
    assert looks_named(text) == piece


# Promises for any text and any people

_CHARS = st.sampled_from(
    [
        *"张王李欧阳三四建国明伟娜小老阿工的到哪了吗给和，。 \n@aizgnshw·",
        "經",
        "理",
        "\u200b",
        "\ud800",
        "😀",
    ]
)
_TEXTS = st.one_of(st.text(max_size=60), st.text(_CHARS, max_size=40))
_PEOPLE = st.lists(
    st.builds(
        Person,
        id=st.text(max_size=4),
        name=st.one_of(st.text(max_size=8), st.text(_CHARS, max_size=5)),
        also=st.lists(st.text(_CHARS, max_size=4), max_size=2).map(tuple),
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=300)
@given(_TEXTS, _PEOPLE)
def test_every_span_is_inside_the_text(text: str, people: list[Person]) -> None:
    found = named(text, people)
    for one in found:
        assert 0 <= one.start < one.end <= len(text)
        assert 0 < one.score <= 1
        assert one.id in {person.id for person in people}
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert looks_named(text) is None or looks_named(text) in text


@settings(deadline=None, max_examples=300)
@given(_TEXTS, _PEOPLE)
def test_spans_are_the_same_or_apart(text: str, people: list[Person]) -> None:
    spans = {(one.start, one.end) for one in named(text, people)}
    for (start, end), (first, last) in itertools.combinations(spans, 2):
        assert end <= first or last <= start


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(sorted(surnames())),
    st.text(st.sampled_from(sorted(given_characters())), min_size=1, max_size=2),
)
def test_a_whole_name_asked_about_is_found(surname: str, given_name: str) -> None:
    name = surname + given_name
    found = named(f"请问{name}现在到哪一步了", [Person(id="c_1", name=name)])
    assert [one.id for one in found] == ["c_1"]


def _words() -> list[str]:
    """Nouns of the dictionary that somebody's name could stand inside of (华宁 in 华宁县); who is
    called 任教授 is somebody named 任."""
    people = {*tagged("nr")} | {word for word in tagged("n") if word.endswith(tuple(titles()))}
    nouns = [word for word in tagged("n") if len(word) in (3, 4) and word not in people]
    return [word for word in nouns if any(char in surnames() for char in word[:-1])]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(_words()), st.data())
def test_a_name_inside_another_word_never_matches(word: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(word) - 2))
    end = data.draw(st.integers(start + 2, len(word)))
    if end - start < len(word):
        inside = [Person(id="c_1", name=word[start:end])]
        assert named(word, inside) == ()
        assert named(f"我觉得{word}还可以", inside) == ()


@pytest.mark.parametrize(
    ("word", "name"),
    [("高音喇叭", "高音喇"), ("乾安县", "乾安"), ("俾众周知", "周知"), ("尤云殢雨", "云殢雨")],
)
def test_a_word_that_is_spelt_otherwise_before_it_is_read_is_one_word(word: str, name: str) -> None:
    for text in (word, f"我觉得{word}还可以"):
        assert named(text, [Person(id="c_1", name=name)]) == ()


# What names sound like


def test_letters_are_read_as_syllables_in_every_way() -> None:
    assert spelt("zhangsan") == (("zhang", "san"),)
    assert set(spelt("xian")) == {("xian",), ("xi", "an")}
    assert spelt("offer") == ()
    assert spelt("a" * 500) == ()


def test_family_names_are_read_as_family_names() -> None:
    assert sounds("单")[0] == "shan"
    assert sounds("曾")[0] == "zeng"
    assert sounds("a") == ()


def test_what_many_do_not_tell_apart_is_near() -> None:
    assert near("zhang") == near("zang")
    assert near("lin") == near("ling")
    assert near("wang") != near("huang")


def test_a_match_is_a_plain_value() -> None:
    match = Match(id="c_1", how=How.EXACT, score=1.0, start=0, end=2)
    assert named("张三", [Person(id="c_1", name="张三")]) == (match,)
