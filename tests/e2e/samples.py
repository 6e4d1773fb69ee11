"""One believable view model for every page of the console, in every state worth looking at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from bot.delivery import HELD
from bot.web import settings_views, views
from bot.web import talk_views as talk
from bot.web.access_views import Asked
from bot.web.alert_views import Answered, PutOff
from bot.web.consent_views import ConsentLink, ConsentPart
from bot.web.console.portrait import TABS
from bot.web.reasons import reason
from tests.e2e import desk_samples as desk
from tests.e2e.sampling import NOW, ZONE, Sample, ago, qr, shell, words

URGENT = views.AlertCard(
    id="a1",
    candidate_id="c1",
    candidate_name="张三丰",
    position="后端工程师",
    stage="accepted",
    topic="counter_offer",
    severity="now",
    quote=words(
        "王姐，跟您说个事，[领导昨天找我谈了，说给我涨到 24k|counter_offer]，"
        "我[可能需要再考虑两天|consider]，周五前给您答复可以吗？"
    ),
    quote_at=ago(hours=3, minutes=12),
    question="原公司挽留的条件是什么，他看重的是薪资还是别的？辞职信交了吗？",
    raised_at=ago(hours=3, minutes=10),
    due_at=ago(hours=1, minutes=10),
    overdue=True,
    turns=(
        views.Turn(author="bot", text="您好，离入职还有一周，辞职信已经交给公司了吗？"),
        views.Turn(author="candidate", text="还没，这两天比较忙"),
        views.Turn(author="hr", text="好的三丰，方便的时候和我说一声就行。"),
    ),
    suggestion=(
        "三丰，谢谢你坦诚告诉我。涨薪之外，当初想换的原因（带团队、做支付核心）现在解决了吗？"
        "今晚 8 点方便通个电话吗，我们一起把两边的条件摆一摆。"
    ),
    hit_rate=views.HitRate(useful=24, judged=30),
)


SALARY = views.AlertCard(
    id="a2",
    candidate_id="c2",
    candidate_name="欧阳雪",
    position="产品经理",
    stage="offer",
    topic="salary",
    severity="today",
    quote=words("整体都挺好的，就是[薪资这块能不能再谈谈，少于 28k 我确实没法接|salary]。"),
    quote_at=ago(minutes=26),
    question="28k 是底薪还是总包？对奖金和月数能接受到哪里？",
    raised_at=ago(minutes=25),
    due_at=NOW + timedelta(hours=3, minutes=35),
    put_off=PutOff(by="王敏", until=NOW + timedelta(hours=1)),
    escalated=1,
    answered=Answered(by="王敏", at=ago(minutes=2)),
)


SILENT = views.AlertCard(
    id="a3",
    candidate_id="c3",
    candidate_name="买买提·艾力",
    position="数据分析师",
    stage="accepted",
    topic="deadline",
    severity="digest",
    quote=words("好的，[体检我看看哪天有空|consider]"),
    quote_at=ago(days=3),
    question="体检约在哪天？三天没有回复，通常他当天就回。",
    raised_at=ago(hours=20),
    due_at=NOW + timedelta(days=2, hours=4),
)


def judged(card: views.AlertCard, value: Any, by: str, at: datetime) -> views.AlertCard:
    """The card after somebody pressed a button."""
    return replace(card, verdict=views.GivenVerdict(value=value, by=by, at=at))


JUDGED = judged(SALARY, "useful", "王敏", ago(minutes=4))


FALSE_ALARM = judged(SILENT, "false_alarm", "李磊", ago(days=1))


HANDLED = judged(URGENT, "handled", "王敏", ago(hours=5))


ROWS = (
    views.CandidateRow(id="c1", name="张三丰", position="后端工程师", stage="accepted",
        level="critical", score=82, open_alerts=2, last_at=ago(hours=3),
        start_on=date(2026, 12, 1), owner="王敏"),
    views.CandidateRow(id="c2", name="欧阳雪", position="产品经理", stage="offer",
        level="high", score=64, open_alerts=1, last_at=ago(minutes=26), owner="李磊"),
    views.CandidateRow(id="c3", name="买买提·艾力", position="数据分析师", stage="accepted",
        level="medium", score=41, open_alerts=1, last_at=ago(days=3),
        start_on=date(2026, 12, 14), owner="王敏"),
    views.CandidateRow(id="c4", name="陈静", position="前端工程师", stage="onboarded",
        level="low", score=8, open_alerts=0, last_at=ago(days=1), owner="王敏"),
    views.CandidateRow(id="c5", name="John Smith", position="", stage="interview",
        level="low", score=0, open_alerts=0, owner="", unread=True),
    views.CandidateRow(id="c6", name="诸葛明", position="资深基础架构与可靠性工程师（杭州）",
        stage="reneged", level="high", score=71, open_alerts=0, last_at=ago(days=40),
        owner="李磊"),
)  # fmt: skip


STAGES = ("interview", "offer", "accepted", "onboarded", "confirmed", "declined", "reneged")


NEW = views.NewCandidate(
    positions=(views.Choice(value="p1", text="后端工程师 · 杭州"),),
    stages=STAGES,
)


CANDIDATES = views.CandidatesPage(
    rows=ROWS, stages=STAGES, form=NEW, next_url="/console/candidates?cursor=abc"
)


PLAIN_WORDS = (views.Segment(text="[视频] 这是我们小区到公司的路"),)


ENTRIES = (
    talk.TimelineEntry(id="1", kind="event", author="staff", at=ago(days=6, hours=3),
        segments=words("阶段改为“已接受”，由 王敏 更改")),
    talk.TimelineEntry(id="2", kind="text", author="bot", outbound=True, channel="webchat",
        at=ago(days=6, hours=2), state="sent",
        segments=words("恭喜您接受 offer！入职前我会帮您记着几件事：辞职信、交接、体检。"
                       "入职日期是 12 月 1 日，对吗？")),
    talk.TimelineEntry(id="3", kind="press", author="candidate", channel="webchat",
        at=ago(days=6, hours=1), segments=words("对的，12 月 1 日"), intents=("accept",)),
    talk.TimelineEntry(id="4", kind="note", author="hr", author_name="王敏",
        at=ago(days=1, hours=5),
        segments=words("电话里提到妻子希望他离家近一些，通勤 50 分钟可以接受。")),
    talk.TimelineEntry(id="5", kind="text", author="bot", outbound=True, channel="telegram",
        at=ago(days=1, hours=4), state="sent",
        segments=words("您好，离入职还有一周，辞职信已经交给公司了吗？")),
    talk.TimelineEntry(id="6", kind="text", author="candidate", channel="telegram",
        at=ago(days=1, hours=2), segments=words("还没，[这两天比较忙|consider]"),
        intents=("consider",)),
    talk.TimelineEntry(id="7", kind="text", author="hr", author_name="王敏", outbound=True,
        channel="telegram", at=ago(days=1, hours=1), state="sent",
        segments=words("好的三丰，方便的时候和我说一声就行。")),
    talk.TimelineEntry(id="8", kind="text", author="candidate", channel="telegram",
        at=ago(hours=3, minutes=12), segments=URGENT.quote,
        intents=("counter_offer", "consider")),
    talk.TimelineEntry(id="9", kind="unsupported", author="candidate", channel="telegram",
        at=ago(hours=3), segments=()),
    talk.TimelineEntry(id="91", kind="unsupported", author="candidate", channel="webchat",
        at=ago(hours=2), segments=(), files=(
            talk.TimelineFile(id="t1", kind="file", name="张三丰-简历-2026年11月（最新版）.pdf",
                size=1_360_000, state="kept"),
            talk.TimelineFile(id="t2", kind="image", name="体检预约单.jpg", size=345_000,
                state="kept", picture=True))),
    talk.TimelineEntry(id="92", kind="unsupported", author="candidate", channel="wecom",
        at=ago(hours=1, minutes=50), segments=PLAIN_WORDS, files=(
            talk.TimelineFile(id="t3", kind="video", name="", size=0, state="new"),
            talk.TimelineFile(id="t4", kind="voice", name="", size=48_000, state="gone",
                reason=reason("zh", "附件已无法从企业微信下载（平台只保存三天）")))),
    talk.TimelineEntry(id="93", kind="unsupported", author="candidate", channel="wecom",
        at=ago(hours=1, minutes=45), segments=(views.Segment(text="[位置] 国贸大厦 A 座"),)),
    talk.TimelineEntry(id="94", kind="event", author="hr", author_name="李磊", outbound=True,
        channel="wecom", at=ago(hours=1, minutes=40), aside=True, segments=words("接入了会话")),
    talk.TimelineEntry(id="95", kind="text", author="hr", author_name="李磊", outbound=True,
        channel="wecom", at=ago(hours=1, minutes=39), aside=True,
        segments=words("三丰你好，材料收到了，我先替王敏回你一下。")),
    talk.TimelineEntry(id="96", kind="text", author="bot", outbound=True, channel="dingtalk",
        at=ago(minutes=30), state="ambiguous", segments=words("体检约在哪天？"),
        reason=reason("zh", "消息已发出，但没有收到钉钉的回应，可能已送达")),
    talk.TimelineEntry(id="10", kind="text", author="hr", author_name="王敏", outbound=True,
        channel="telegram", at=ago(minutes=8), state="dead",
        reason=reason("zh", "对方屏蔽了机器人、注销了账号，或从未点过“开始”，消息发不过去"),
        segments=words("三丰，今晚 8 点方便通个电话吗？")),
    talk.TimelineEntry(id="11", kind="text", author="hr", author_name="王敏", outbound=True,
        channel="webchat", at=ago(minutes=1), state="queued",
        segments=words("三丰，Telegram 好像没送到，这里再问一次：今晚 8 点方便通个电话吗？")),
    talk.TimelineEntry(id="12", kind="text", author="hr", author_name="王敏", outbound=True,
        channel="wecom", at=ago(minutes=1), state="held",
        reason=reason("zh", HELD["late"]),
        segments=words("三丰，材料我都收到了，谢谢。")),
)  # fmt: skip


CANDIDATE = views.CandidatePage(
    id="c1", name="张三丰", position="后端工程师", stage="accepted",
    stage_at=ago(days=6), level="critical", score=82, stages=STAGES,
    timeline=talk.Timeline(
        days=talk.by_day(ENTRIES, ZONE), older_url="/console/candidates/c1?before=1"
    ),
    takeover=views.Takeover(muted=True, by="王敏", since=ago(minutes=8), channel="webchat"),
    invite_channels=("webchat", "telegram"),
    phone="138****5678", owner="王敏", start_on=date(2026, 12, 1), tabs=tuple(TABS),
    own_chat="wecom",
    consent=ConsentPart(
        analysed=False,
        links=(
            ConsentLink(item="自动分析对话", answer="withdrawn", at=ago(days=2), source="chat"),
            ConsentLink(item="薪资证明", answer="given", at=ago(days=3), source="paper",
                detail="人事柜 3", by="王敏"),
            ConsentLink(item="自动分析对话", answer="given", at=ago(days=9), source="form",
                detail="应聘登记表 2026-11-01"),
        ),
        items=(("analysis", "自动分析对话"), ("pay_proof", "薪资证明")),
        most_note=25,
    ),
    channels=("webchat", "telegram"),
    accesses=(
        Asked(name="赵工", role="manager", what="status", via="wecom", at=ago(hours=2)),
        Asked(name="王敏", role="hr", what="reasons", via="telegram", at=ago(days=1)),
    ),
    alerts=(URGENT, replace(SALARY, id="a9", candidate_id="c1", candidate_name="张三丰")),
    factors=(
        views.RiskFactor(reason="原公司提出挽留条件", points=30, at=ago(hours=3),
            quote=words("[领导昨天找我谈了，说给我涨到 24k|counter_offer]")),
        views.RiskFactor(reason="接受后又说要再考虑", points=24.5, at=ago(hours=3),
            quote=words("[可能需要再考虑两天|consider]")),
        views.RiskFactor(reason="入职前一周没交辞职信", points=20, at=ago(days=1)),
        views.RiskFactor(reason="主动确认了入职日期", points=-6, at=ago(days=6)),
    ),
    facts=(
        views.AgreedFact(name="月薪", value="20k × 14 薪", source="offer 第 2 版",
            at=ago(days=8)),
        views.AgreedFact(name="入职日期", value="2026-12-01", source="候选人，网页聊天",
            at=ago(days=6)),
        views.AgreedFact(name="试用期", value="3 个月", source="offer 第 2 版", at=ago(days=8)),
    ),
    invites=(
        views.InviteRow(channel="telegram", created_at=ago(days=5), state="used"),
        views.InviteRow(channel="webchat", created_at=ago(days=9), state="expired"),
    ),
)  # fmt: skip


CHAT_URL = "https://hr.example.com/chat/3vJx8k2mQpZ7rT5wY1nB6cD9"


NEWCOMER = replace(
    CANDIDATE, id="c5", name="John Smith", position="", stage="interview", level="low", score=0,
    timeline=talk.Timeline(days=()), takeover=views.Takeover(
        blocked="还没有可以联系到对方的渠道。请先生成邀请链接发给对方。"),
    channels=(), alerts=(), factors=(), facts=(), invites=(), phone="", start_on=None,
    fresh_invite=views.FreshInvite(channel="webchat", url=CHAT_URL, qr=qr(CHAT_URL),
        expires_at=NOW + timedelta(days=7)),
    fresh_code=views.FreshCode(code="ACDE-3467", expires_at=NOW + timedelta(days=1)),
)  # fmt: skip


POSITIONS = views.PositionsPage(
    rows=(
        views.PositionRow(id="p1", title="后端工程师", department="支付技术部", city="杭州",
            budget_low=16000, budget_high=22000, months=14, candidates=12, owner="王敏",
            culture=("成长", "团队氛围", "专业精进"), needed_by=date(2026, 12, 15),
            team=("李磊", "陈若曦")),
        views.PositionRow(id="p2", title="产品经理", department="增长中心", city="上海",
            budget_high=28000, months=13.5, candidates=4, owner="李磊"),
        views.PositionRow(id="p3", title="数据分析师", candidates=0),
        views.PositionRow(id="p4", title="客户成功经理", city="北京", budget_low=12000,
            budget_high=18500, months=13, candidates=7, owner="李磊", closed=True),
    ),
    culture=tuple(
        views.Choice(value=key, text=text)
        for key, text in (("growth", "成长"), ("pay", "收入"), ("stability", "稳定"),
            ("balance", "工作生活平衡"), ("team", "团队氛围"), ("autonomy", "自主"),
            ("impact", "影响力"), ("craft", "专业精进"))
    ),
)  # fmt: skip
EDITED = replace(
    POSITIONS, open=True, editing="p1", chosen=("growth", "team"), team=desk.COLLEAGUES,
    values={"title": "后端工程师", "department": "支付技术部", "city": "杭州", "budget_low_k": "16",
            "budget_high_k": "22", "months": "14", "needed_by": "2026-12-15"},
)  # fmt: skip


LINK = "https://t.me/yinuo_demo_bot?start=k3f9x2"


SETTINGS = settings_views.SettingsPage(
    login="wangmin", name="王敏", role="hr_admin",
    chats=(
        settings_views.ChatAccount(channel="dingtalk"),
        settings_views.ChatAccount(channel="telegram", linked=True),
        settings_views.ChatAccount(channel="wecom", linked=True, chosen=True),
    ),
    sessions=(
        settings_views.SessionRow(id="s1", agent="Chrome · Windows", created_at=ago(hours=2),
            seen_at=ago(minutes=0), current=True),
        settings_views.SessionRow(id="s2", agent="企业微信 · iPhone", created_at=ago(days=1),
            seen_at=ago(hours=9)),
    ),
)  # fmt: skip


def console_samples() -> list[Sample]:
    """Pages of the console."""
    counts = {"open": 3, "mine": 2}
    cards = (URGENT, SALARY, SILENT)
    inbox = views.AlertsPage(
        show="open", cards=cards, counts=counts, next_url="/console/alerts?c=1"
    )
    handled = views.AlertsPage(show="handled", cards=(JUDGED, HANDLED, FALSE_ALARM), counts=counts)
    wrong = replace(NEW, open=True, name="", errors={"name": "请填写姓名。"}, stage="interview")
    link = settings_views.ChatLink(
        channel="dingtalk", url=LINK, qr=qr(LINK), expires_at=NOW + timedelta(minutes=30)
    )
    lost = (
        settings_views.ChatAccount(channel="feishu", linked=True, running=False),
        settings_views.ChatAccount(channel="wecom", linked=True, reachable=False),
    )
    welcome = (views.Flash(kind="ok", text="候选人档案已建立。"),)
    sorry = (views.Flash(kind="error", text="没有保存：请先改正下面标出的内容。"),)
    budget = views.PositionsPage(
        rows=(), open=True, values={"budget_low_k": "30", "budget_high_k": "20"},
        errors={"budget_high_k": "上限不能低于下限。", "title": "请填写职位名称。"},
    )  # fmt: skip
    free = views.Takeover(channel="telegram")
    console = "console/"
    pages: list[tuple[str, str, views.Shell, object]] = [
        ("alerts", "alerts.html", shell("alerts"), inbox),
        ("alerts-handled", "alerts.html", shell("alerts"), handled),
        ("alerts-empty", "alerts.html", shell("alerts", open_alerts=0),
         views.AlertsPage(show="open", cards=())),
        ("alerts-mine-empty", "alerts.html", shell("alerts"),
         views.AlertsPage(show="mine", cards=())),
        ("alerts-handled-empty", "alerts.html", shell("alerts"),
         views.AlertsPage(show="handled", cards=())),
        ("candidates", "candidates.html", shell("candidates"), CANDIDATES),
        ("candidates-form", "candidates.html", shell("candidates", flashes=sorry),
         replace(CANDIDATES, form=wrong)),
        ("candidates-empty", "candidates.html", shell("candidates"),
         replace(CANDIDATES, rows=(), next_url=None)),
        ("candidates-none", "candidates.html", shell("candidates"),
         replace(CANDIDATES, rows=(), next_url=None, query="张三")),
        ("candidate", "candidate.html", shell("candidates"), CANDIDATE),
        ("candidate-bot", "candidate.html", shell("candidates"),
         replace(CANDIDATE, takeover=free)),
        ("candidate-new", "candidate.html", shell("candidates", flashes=welcome), NEWCOMER),
        ("positions", "positions.html", shell("positions"), POSITIONS),
        ("positions-form", "positions.html", shell("positions", flashes=sorry), budget),
        ("positions-edit", "positions.html", shell("positions"), EDITED),
        ("positions-empty", "positions.html", shell("positions"), views.PositionsPage(rows=())),
        ("settings", "settings.html", shell("settings"), SETTINGS),
        ("settings-away", "settings.html", shell("settings"),
         replace(SETTINGS, absences=desk.ABSENCES)),
        ("settings-link", "settings.html", shell("settings"),
         replace(SETTINGS, chat_link=link)),
        ("settings-lost", "settings.html", shell("settings"), replace(SETTINGS, chats=lost)),
        ("settings-off", "settings.html", shell("settings"), replace(SETTINGS, chats=())),
    ]  # fmt: skip
    return [
        Sample(name=name, template=console + template, context={"shell": outer, "page": page})
        for name, template, outer, page in pages
    ]


def partial_samples() -> list[Sample]:
    """Pieces that answer htmx requests."""
    outer = shell()
    inbox = views.AlertsPage(show="open", cards=(URGENT,))
    pieces: list[tuple[str, dict[str, object]]] = [
        ("_alert_list", {"page": inbox}),
        ("_alert_card", {"card": JUDGED}),
        ("_candidate_rows", {"page": CANDIDATES}),
        ("_timeline", {"page": CANDIDATE}),
        ("_takeover", {"page": CANDIDATE}),
        ("_accesses", {"page": CANDIDATE}),
        ("_invites", {"page": NEWCOMER}),
        ("_consents", {"page": CANDIDATE}),
        ("_absences", {"page": replace(SETTINGS, absences=desk.ABSENCES)}),
    ]
    return [
        Sample(name=name, template=f"console/{name}.html", context={"shell": outer, **rest})
        for name, rest in pieces
    ]
