"""The scheme's rules for hard cases, each on sentences that hang on it."""

from __future__ import annotations

from datetime import date

import pytest

from nlp.scheme import Condition, Severity
from tests.unit.nlp.utterances import read, read_after

SURE = "您这边能确定接受这个offer吗？"


def told(text: str, *, stage: str = "offer", after: str | None = None) -> tuple[set[str], int]:
    """Intents and commitment of one message."""
    reading = read(text, stage=stage, after=after)
    return {str(intent) for intent in reading.intents}, reading.commitment


def test_pay_to_be_thought_over_raises_an_alert_with_a_quote() -> None:
    reading = read("offer收到了，薪资这块我还想再考虑一下")
    assert reading.alert
    assert {str(e.intent): e.text for e in reading.evidence} == {
        "salary": "薪资",
        "consider": "我还想再考虑一下",
    }


@pytest.mark.parametrize(
    "text", ["", "   ", "@小助手", "> 引用的话", "[自动回复]我不在，再考虑", "😀😀"]
)
def test_rule_1_nothing_of_their_own_is_social(text: str) -> None:
    assert told(text) == ({"social"}, 0)


def test_rule_2_the_half_after_the_turn_decides() -> None:
    assert told("谢谢认可，但我不考虑了")[1] == -3
    assert told("我妈不太愿意，不过我已经决定来了")[1] == 2
    assert told("offer挺好的，只是薪资有点低") == ({"salary"}, -1)


@pytest.mark.parametrize(
    ("text", "commitment"),
    [
        ("考虑到距离，能不能申请远程？", 0),
        ("经过慎重考虑，我接受贵司的offer", 2),
        ("经过慎重考虑，我决定放弃这个机会", -3),
        ("我不考虑别家了", 2),
        ("我不考虑了", -3),
        ("不用再考虑了，我接受", 2),
        ("不用再考虑我了", -3),
        ("请贵司考虑一下我的职级", 0),
        ("这次不去了，以后有岗位请优先考虑我", -3),
    ],
)
def test_rule_3_a_word_for_considering_is_read_by_its_frame(text: str, commitment: int) -> None:
    assert told(text)[1] == commitment


def test_rule_4_reported_words_are_not_the_speakers() -> None:
    reading = read("HR说薪资可以再谈")
    assert (reading.reported, reading.commitment, reading.alert) == (True, 0, False)
    consequence = read("HR说薪资可以再谈，那我再等等")
    assert (consequence.reported, consequence.commitment) == (False, -1)
    assert told("领导说给我涨薪留我") == ({"counter_offer"}, -1)
    resolved = read("领导留我，我没答应")
    assert (resolved.commitment, resolved.alert) == (2, False)


def test_rule_5_not_for_now_answers_an_offer_or_a_date() -> None:
    assert told("暂时不考虑新机会")[1] == -3
    assert told("先不接受了吧")[1] == -3
    assert told("暂时还没定", after="您大概什么时候能入职？")[1] == -1


@pytest.mark.parametrize(
    ("text", "commitment"),
    [
        ("应该会来", 1),
        ("很可能会去", 1),
        ("不一定", -1),
        ("不好说", -1),
        ("应该不会来了", -2),
        ("应该来不了", -2),
        ("应该不考虑了", -3),
    ],
)
def test_rule_6_words_of_probability(text: str, commitment: int) -> None:
    assert told(text)[1] == commitment


@pytest.mark.parametrize(
    ("text", "condition", "commitment"),
    [
        ("到25k我马上办入职", Condition.SOFT, 1),
        ("待遇谈妥我就签", Condition.SOFT, 1),
        ("只要能双休我就来", Condition.SOFT, 1),
        ("不到25k就算了", Condition.HARD, -2),
        ("到不了两万我就不过去了", Condition.HARD, -2),
        ("必须给到3万，否则我不会去", Condition.HARD, -2),
        ("方便的话薪资还能谈吗", Condition.NONE, 0),
    ],
)
def test_rule_7_conditions(text: str, condition: Condition, commitment: int) -> None:
    reading = read(text)
    assert (reading.condition, reading.commitment) == (condition, commitment)
    assert reading.alert is (condition is Condition.HARD)


def test_rule_8_a_double_negation_is_no_refusal() -> None:
    assert told("不是不能接受，薪资再高一点就好了")[1] == 1
    assert told("不是不来，是想晚点定") == ({"consider"}, -1)


def test_rule_9_polite_questions() -> None:
    assert told("请问报到要带什么材料？") == ({"logistics"}, 0)
    assert told("请问薪资能不能再提高一点？") == ({"salary"}, 0)
    intents, commitment = told("另一家给的base比你们高3k，能不能匹配一下？")
    assert (intents, commitment) == ({"salary", "competing_offer"}, -1)


def test_rule_10_which_company_was_refused() -> None:
    assert told("别家的offer我都拒了")[1] == 3
    assert told("offer我拒了")[1] == -3
    assert told("我已经签了别家")[1] == -3


def test_rule_11_moving_the_start_date() -> None:
    assert told("能不能晚一周入职，改到12月14号？") == ({"onboard_date"}, 0)
    assert told("入职时间能往后延一延吗")[1] == -1
    again = read_after(
        "还得再往后推一推", ("candidate", "能不能晚一周入职？"), ("hr", "可以的，那就14号")
    )
    assert again.commitment == -2
    assert told("怎么入职又被推迟了呀？", stage="accepted") == ({"company_doubt"}, 0)
    assert told("公司给我涨薪，不放我走", stage="accepted") == ({"counter_offer"}, -1)


def test_rule_12_the_family_says() -> None:
    assert told("家里人有意见") == ({"family_location"}, -1)
    assert told("家里不同意，还是算了")[1] == -3
    assert told("家里都支持") == ({"family_location"}, 1)


@pytest.mark.parametrize(
    ("text", "intent", "commitment"),
    [
        ("好的", "accept", 2),
        ("嗯嗯", "accept", 2),
        ("👌", "accept", 2),
        ("哦", "consider", -1),
        ("呵呵", "consider", -1),
        ("[微笑]", "consider", -1),
        ("嗯嗯再说", "consider", -1),
    ],
)
def test_rule_13_a_bare_answer_is_judged_by_the_question(
    text: str, intent: str, commitment: int
) -> None:
    assert told(text, after=SURE) == ({intent}, commitment)


@pytest.mark.parametrize("text", ["好的", "嗯嗯", "收到", "👌"])
def test_rule_13_without_a_question_it_is_social(text: str) -> None:
    assert told(text) == ({"social"}, 0)
    assert told(text, after="材料清单发您邮箱了") == ({"social"}, 0)


def test_rule_14_a_promise_with_a_date_is_a_timer() -> None:
    reading = read("我考虑一下，周五前回复您")
    assert (reading.deadline, reading.commitment, reading.alert) == (date(2026, 11, 27), 0, False)
    assert told("晚点再说")[1] == -1
    second = read_after("还得再给我几天", ("candidate", "周五给您答复"), ("hr", "好的"))
    assert second.commitment == -2


def test_rule_14_their_wish_for_our_answer_is_no_deadline_of_theirs() -> None:
    assert read("你们周五前能答复我吗？").deadline is None


def test_rule_15_three_kinds_of_letting_go() -> None:
    assert told("还是算了")[1] == -3
    assert told("算了，就这么定吧")[1] == 2
    assert told("算了，我再想想")[1] == -2


def test_rules_16_and_17_acceptance_in_disguise() -> None:
    assert told("那我现在可以提离职了吧？", stage="accepted") == ({"accept"}, 2)
    assert told("下周就入职了好紧张", stage="accepted") == ({"accept"}, 2)


def test_rule_18_irony_has_the_meant_sense() -> None:
    assert told("就这点钱？你们可真大方[微笑]") == ({"salary"}, -1)


def test_rule_19_after_acceptance_any_no_is_at_least_minus_two() -> None:
    reading = read("身体出了点问题，可能没法过去了", stage="accepted")
    assert reading.commitment <= -2
    assert reading.severity is Severity.NOW


@pytest.mark.parametrize(
    ("text", "intents", "commitment"),
    [
        ("还凑合吧", {"social"}, 0),
        ("太不公平了，工资比同组的低两千", {"salary"}, -1),
        ("最近在看外面的机会", {"leave_signal"}, -2),
        ("我打算月底辞职了", {"leave_signal"}, -3),
        ("有点后悔来了", {"leave_signal"}, -1),
        ("都挺好的", {"positive"}, 0),
        ("师傅教得特别细，收获很大", {"positive"}, 1),
        ("打算长期干下去", {"positive"}, 2),
        ("猎头找我我都没理", {"positive"}, 2),
        ("天天加班到十一点，真受不了", {"workload"}, -1),
        ("任务不太清楚", {"workload"}, 0),
        ("被同事孤立了", {"team_fit"}, -1),
        ("当初说好做算法，来了天天让我标数据", {"company_doubt"}, -1),
    ],
)
def test_rules_20_25_30_31_after_joining(text: str, intents: set[str], commitment: int) -> None:
    assert told(text, stage="onboarded") == (intents, commitment)


@pytest.mark.parametrize("text", ["之前拒过一家大厂", "要是离家近点就好了"])
def test_rule_21_past_and_wish_are_not_facts_about_now(text: str) -> None:
    assert told(text)[1] == 0


def test_rule_22_of_two_readings_the_weaker() -> None:
    assert told("大概率会来，我再想想")[1] == -1


def test_rule_24_what_is_asked_about_is_the_intent() -> None:
    assert told("年终奖几个月？") == ({"salary"}, 0)
    assert told("宿舍几人间？") == ({"terms"}, 0)
    assert told("几号发工资？", stage="onboarded") == ({"logistics"}, 0)
    assert told("面试改到周四下午两点可以吗？", stage="interview") == ({"logistics"}, 0)
    assert told("面试能不能往后推推", stage="interview") == ({"consider"}, -1)
    assert told("先放放吧")[1] == -2


def test_rules_26_27_costly_acts_and_other_ways() -> None:
    assert told("离职手续昨天办完了")[1] == 3
    assert told("房子都租好了", stage="accepted")[1] == 3
    assert told("在准备考研") == ({"competing_offer"}, -1)
    refused = read("别家的offer我都拒了，就等你们")
    assert {"accept", "competing_offer"} <= {str(i) for i in refused.intents}
    assert (refused.commitment, refused.alert) == (3, False)


def test_rule_28_rumour_worry_and_plain_question() -> None:
    rumour = read("听同学讲你们要裁员，是真的吗？")
    assert (rumour.reported, rumour.commitment, rumour.alert) == (True, 0, False)
    worry = read("听说你们在裁员，我有点慌")
    assert (worry.reported, worry.commitment, worry.alert) == (False, -1, True)
    assert told("加班多吗") == ({"company_doubt"}, 0)


def test_rule_29_a_grudging_yes() -> None:
    assert told("行吧，那就这样", after=SURE) == ({"accept"}, 1)
    assert told("好吧，知道了", after="薪资已经是上限了") == ({"salary"}, 0)


def test_rule_32_before_joining() -> None:
    assert told("面试聊得挺好", stage="interview") == ({"social"}, 0)
    assert told("解约函找谁开？", stage="accepted") == ({"decline"}, -2)


def test_rule_33_resolved_means_firm() -> None:
    assert read("别家我都推了，来你们这").alert is False
    assert read("应该会来，另外一家也在谈").alert is True


@pytest.mark.parametrize(
    "text",
    ["新资这块我再考虑一下", "薪資這塊我再考慮一下", "薪.资我再考虑一下", "薪\u200b资我再考虑一下",
     "xin资我再考虑一下", "薪资我想在考虑一下", "薪咨方面我再烤虑一下"],
)  # fmt: skip
def test_disguises_do_not_hide_it(text: str) -> None:
    assert told(text) == ({"salary", "consider"}, -1)
