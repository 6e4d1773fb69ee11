"""The page of one alert, in every state worth looking at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.web import alert_views as shapes
from bot.web.reasons import reason
from bot.web.review_views import Labels
from tests.e2e.samples import HANDLED, SALARY, URGENT
from tests.e2e.sampling import NOW, Sample, ago, shell, words

DRAFT = (
    "三丰您好，谢谢您坦诚告诉我。涨薪之外，当初想换的原因（带团队、做支付核心）现在解决了吗？"
    "今晚 8 点方便通个电话吗，我们一起把两边的条件摆一摆。"
)
LINES = (
    shapes.Line(id="m1", author="bot", name="", at=ago(days=1, hours=4), state="sent",
        segments=words("您好，离入职还有一周，辞职信已经交给公司了吗？")),
    shapes.Line(id="m2", author="candidate", name="张三丰", at=ago(days=1, hours=2),
        segments=words("还没，[这两天比较忙|consider]")),
    shapes.Line(id="m3", author="hr", name="王敏", at=ago(days=1, hours=1), state="sent",
        segments=words("好的三丰，方便的时候和我说一声就行。")),
    shapes.Line(id="m4", author="candidate", name="张三丰", at=ago(hours=3, minutes=12),
        segments=URGENT.quote, quoted=True),
)  # fmt: skip
AFTER = (
    *LINES,
    shapes.Line(id="m5", author="hr", name="王敏", at=ago(minutes=12), state="dead",
        segments=words("三丰，今晚 8 点方便通个电话吗？"),
        reason=reason("zh", "对方屏蔽了机器人、注销了账号，或从未点过“开始”，消息发不过去")),
    shapes.Line(id="m6", author="hr", name="王敏", at=ago(minutes=3), state="held",
        segments=words(DRAFT)),
)  # fmt: skip
KNOWN = (
    shapes.Known(name="阶段", value="已接受", note="11月18日 周三 起"),
    shapes.Known(name="入职日期", value="12月1日 周二"),
    shapes.Known(name="固定薪资", value="18,000 元/月（税前） × 14 个月",
        note="offer 第 2 版 · 已接受"),
    shapes.Known(name="试用期", value="3 个月，期间 18,000 元/月（税前）"),
    shapes.Known(name="职位预算", value="16–22k × 14 个月"),
    shapes.Known(name="期望月薪", value="20k", note="候选人说的", at=ago(days=8)),
    shapes.Known(name="辞职信", value="最迟 明天"),
    shapes.Known(name="负责人", value="王敏"),
)  # fmt: skip
EVENTS = (
    shapes.Event(kind="snoozed", at=ago(minutes=20), by="李磊", until=NOW + timedelta(hours=2)),
    shapes.Event(kind="escalated", at=ago(minutes=40), level=1, names=("李磊", "欧阳雪")),
    shapes.Event(kind="joined", at=ago(hours=1)),
    shapes.Event(kind="raised", at=ago(hours=3, minutes=10)),
)
TOLD = (
    shapes.Told(name="王敏", state="sent", at=ago(hours=3, minutes=9)),
    shapes.Told(name="李磊", state="waiting", why="quiet", at=NOW + timedelta(hours=18)),
    shapes.Told(name="欧阳雪", state="folded", why="limit", at=ago(minutes=40)),
)
OPEN = shapes.AlertPage(
    card=URGENT, lines=LINES, known=KNOWN, once="k" * 43, channel="telegram",
    aims=("弄清原公司用什么挽留，他最看重哪一点", "约一个今天的通话，把两边的条件摆在一起"),
    avoid="不要当场加价，不要催他马上答复，不要说原公司的坏话",
    suggestion=DRAFT, draft=DRAFT, drafted=True, events=EVENTS[-2:], told=TOLD[:1],
    later=(
        shapes.Choice(value="hour", at=NOW + timedelta(hours=1)),
        shapes.Choice(value="today", at=NOW + timedelta(hours=2, minutes=30)),
        shapes.Choice(value="morning", at=NOW + timedelta(hours=19)),
    ),
)  # fmt: skip
PUT_OFF = replace(
    OPEN, events=EVENTS, told=TOLD, lines=AFTER, drafted=False, draft="", muted=True,
    sent="已交给渠道发送。",
    card=replace(
        URGENT, escalated=1, put_off=shapes.PutOff(by="李磊", until=NOW + timedelta(hours=2)),
        answered=shapes.Answered(by="王敏", at=ago(minutes=3)),
    ),
)  # fmt: skip
REFUSED = replace(
    OPEN, drafted=False, draft="三丰您好，您这边打算什么时候结婚、要孩子？",
    why_unsent="不能问婚育（妇女权益保障法 第四十三条）",
)  # fmt: skip
LABELLED = Labels(intents=("counter_offer",), commitment=-1, reported=True, condition="none",
    by="王敏", at=ago(hours=4))  # fmt: skip
SETTLED = replace(
    OPEN, card=replace(HANDLED, labels=LABELLED), drafted=False, draft="", later=(), next_id="a2",
    muted=True, told=TOLD,
    events=(
        shapes.Event(kind="handled", at=ago(hours=5), by="王敏", via="wecom"),
        shapes.Event(kind="replied", at=ago(hours=5, minutes=4), by="王敏"),
        *EVENTS,
    ),
)  # fmt: skip
UNREACHED = replace(
    OPEN, card=SALARY, lines=(), aims=(), avoid="", drafted=False, draft="", told=(), channel="",
    known=KNOWN[:1], blocked="对方在这个渠道上已无法联系，可以生成新的邀请链接。",
)  # fmt: skip
PLAIN = replace(OPEN, card=SALARY, aims=(), avoid="", suggestion="", drafted=False, draft="")


def alert_samples() -> list[Sample]:
    """Whole pages."""
    pages = {
        "alert": OPEN,
        "alert-put-off": PUT_OFF,
        "alert-refused": REFUSED,
        "alert-settled": SETTLED,
        "alert-unreached": UNREACHED,
        "alert-plain": PLAIN,
    }
    return [
        Sample(
            name=name,
            template="console/alert.html",
            context={"shell": shell("alerts"), "page": page},
        )
        for name, page in pages.items()
    ]
